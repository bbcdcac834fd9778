//! [`NetplayConfig`]: everything that can be set.

use std::time::Duration;

use bevy::prelude::*;
#[cfg(feature = "emulator")]
use netplay_core::emulator::NetworkEmulation;
use netplay_core::link::LinkConfig;
use netplay_core::match_::{self, DelayBounds};
use netplay_core::transport::TransportOptions;
use netplay_transport::PathPolicy;

#[cfg(feature = "emulator")]
use crate::reflect::OptionalNetworkEmulation;
use crate::reflect::{ReflectedLinkConfig, ReflectedPathPolicy, ReflectedTransportOptions};
use crate::{DesyncConfig, PeerIdentity};

/// Where `netplay-server` listens unless told otherwise.
pub const DEFAULT_SERVER: &str = "ws://127.0.0.1:3536";

/// Everything that can be set. Changes take effect when the next room is joined, but for those of
/// [`input_delay`](Self::input_delay) and of `emulate`.
#[derive(Resource, Clone, Debug, Reflect)]
#[reflect(Resource, Debug, Default)]
pub struct NetplayConfig {
    /// The name and version of the game: peers with another one are refused. At most 64 bytes.
    pub game: String,
    /// The signaling server that rooms are on unless a [`JoinRoom`](crate::JoinRoom) names another; or several,
    /// separated by commas, which are tried in turn: every player needs them in the same order. Default
    /// [`DEFAULT_SERVER`].
    pub server: String,
    /// Frames per second of the simulation, 1 to 1000; every peer must agree. Default 60.
    pub frame_rate: usize,
    /// How many frames a local input waits before it takes effect, at least: 1 to 16. A frame of delay hides a
    /// frame of latency from the others. Default 1.
    ///
    /// When a match starts, the delay that fits the round trip to the farthest player is chosen: this one up to 100 ms,
    /// and one frame more for each frame that an input travels longer. While it is played, the delay follows when another
    /// one has fitted for 5 s (a longer one) or 30 s (a shorter one). It can also be changed by hand at any time: set
    /// this and [`max_input_delay`](Self::max_input_delay). A delay moves by one frame at a time, once the input has been
    /// the same for 10 frames, so that no press is lost or repeated. A player who rejoins goes on with the delay that the
    /// match began with, and changes it once it has caught up. [`RollbackMetrics::input_delay`](crate::RollbackMetrics)
    /// shows it.
    pub input_delay: usize,
    /// How many frames a local input waits at most, up to 16. Not more than [`input_delay`](Self::input_delay), such as
    /// 0: the delay is always that one. Default 4.
    pub max_input_delay: usize,
    /// Whether all players have the same input delay, which fits the longest of all round trips, and does not change
    /// while a match is played. All must agree on these three. Default false: each has the one that fits.
    pub equal_input_delay: bool,
    /// How many frames the simulation may run ahead of the last confirmed one, up to 32. Default 8. 0 is lockstep:
    /// nothing is predicted and nothing rolls back; every input waits for those of the others, so choose an
    /// [`input_delay`](Self::input_delay) of at least the latency.
    pub max_prediction: usize,
    /// In how many datagrams in a row a changed input is sent, whatever is acknowledged: 1 to 8. One loss less in a row
    /// costs nothing; an input that is lost in all of them comes a round trip later. Default 3.
    pub input_redundancy: u8,
    /// How many frames are simulated in one update at most, 1 or more; what is due beyond them comes in the next updates.
    /// Default 15. An update also leaves the rest to the next one after 50 ms, so that a slow machine is slow and does not
    /// freeze. Catching up with a match after a rejoin, only the time counts.
    pub max_frames_per_update: usize,
    /// Saves confirmed frames only, for a simulation whose state takes longer to save than to simulate. A rollback goes
    /// back farther then, and simulates more frames again. Default false.
    pub sparse_saving: bool,
    /// After how long without a sign of life a player is lost. It is dropped from the match when more than half of the
    /// others have lost it; until then, its inputs may come from them. Default 10 s.
    ///
    /// A page gives none while it is busy with one update, a native game none once it has been so for five seconds: let
    /// this be longer than any update that loads something.
    pub disconnect_timeout: Duration,
    /// For how long a player is waited for whose page goes away: it is closed, loaded again or left for another one, and
    /// the page cannot tell which. The game is told at once ([`PeerAway`](crate::messages::PeerAway)). A page that is
    /// back in time rejoins the match; otherwise the player has left. Default 10 s, as long as the server keeps a place
    /// by default (`grace`).
    pub away_timeout: Duration,
    /// After how long a player is dropped from the match whose simulation stands still although its link is alive: its
    /// clock is paused, or its game runs no frames. It is reported within a second whatever this is
    /// ([`PeerStalled`](crate::messages::PeerStalled)). Default none: the others wait.
    pub stall_timeout: Option<Duration>,
    /// How many frames per second a player must simulate at least. One that stays below it for ten seconds, while the
    /// inputs of all others are further, is dropped from the match: its machine is too slow, or it pretends to be. Every
    /// player is told before ([`PeerTooSlow`](crate::messages::PeerTooSlow)). Default 0: everybody waits for the slowest.
    pub min_frame_rate: usize,
    /// How long the countdown to a match lasts in a room of
    /// [`JoinRoom::players_between`](crate::JoinRoom::players_between). Every peer should have the same. Default 3 s.
    pub countdown: Duration,
    /// How many frames lie between two compared checksums. Default 15.
    pub checksum_interval: u32,
    /// What is kept to explain a desync, whether the match goes on after one, and where bundles are written.
    pub desync: DesyncConfig,
    /// Thresholds of links, of the choice of paths and of what a peer may send: after what silence a path is left,
    /// how long a broken connection may recover, when another one is attempted.
    /// [LINKS.md](https://github.com/bevy-netplay/bevy_netplay/blob/main/docs/LINKS.md) has them all; each is taken
    /// within its bounds.
    #[reflect(remote = ReflectedLinkConfig)]
    pub link: LinkConfig,
    /// What is set of WebRTC connections ([`TransportOptions`]): the deadline of an attempt, retransmits of the
    /// unreliable channel, and STUN and TURN servers of the game. Each is taken within its bounds. The debug text hides
    /// credentials.
    ///
    /// ```
    /// use bevy_netplay::prelude::NetplayConfig;
    /// use bevy_netplay::protocol::signaling::IceServer;
    ///
    /// let urls = vec!["stun:stun.example.org:3478".to_owned()];
    /// let server = IceServer { urls, username: None, credential: None };
    /// let mut config = NetplayConfig::default();
    /// config.transport.ice_servers.push(server);
    /// ```
    #[reflect(remote = ReflectedTransportOptions)]
    pub transport: TransportOptions,
    /// Which paths may carry packets.
    #[reflect(remote = ReflectedPathPolicy)]
    pub policy: PathPolicy,
    /// The key pair of this peer, to be the same peer after a restart: keep [`PeerIdentity::secret`] where nobody
    /// else can read it. Default none: a new identity with every start, which is stored nowhere.
    pub identity: Option<PeerIdentity>,
    /// For development (feature `emulator`): the bad network that this peer emulates, in what it sends and in what it
    /// receives. A change takes effect at once, also during a match, and loses nothing that is on its way.
    /// [`CurrentEmulation`](crate::CurrentEmulation) shows what is in use. Default none, which costs nothing.
    ///
    /// ```
    /// use bevy_netplay::prelude::{NetplayConfig, NetworkConditions, NetworkEmulation};
    ///
    /// let mut config = NetplayConfig::default();
    /// // What this peer sends: with both peers set so, each direction is a mobile network.
    /// config.emulate = Some("mobile".parse().unwrap());
    /// // Both directions, by this peer alone.
    /// config.emulate = Some(NetworkEmulation::both(NetworkConditions::mobile()));
    /// // Each direction in its own way.
    /// config.emulate = Some("out:mobile,loss=0.1;in:latency_ms=50".parse().unwrap());
    /// ```
    ///
    /// What several peers emulate adds up: see [`NetworkEmulation`].
    #[cfg(feature = "emulator")]
    #[reflect(remote = OptionalNetworkEmulation)]
    pub emulate: Option<NetworkEmulation>,
}

impl Default for NetplayConfig {
    fn default() -> Self {
        Self {
            game: "unnamed".into(),
            server: DEFAULT_SERVER.into(),
            frame_rate: 60,
            input_delay: 1,
            max_input_delay: 4,
            equal_input_delay: false,
            max_prediction: 8,
            input_redundancy: match_::DEFAULT_INPUT_REDUNDANCY,
            max_frames_per_update: 15,
            sparse_saving: false,
            disconnect_timeout: Duration::from_secs(10),
            away_timeout: Duration::from_secs(10),
            stall_timeout: None,
            min_frame_rate: 0,
            countdown: Duration::from_secs(3),
            checksum_interval: 15,
            desync: DesyncConfig::default(),
            link: LinkConfig::default(),
            transport: TransportOptions::default(),
            policy: PathPolicy::Any,
            identity: None,
            #[cfg(feature = "emulator")]
            emulate: None,
        }
    }
}

impl NetplayConfig {
    /// The longest input delay, in frames.
    pub(crate) const MAX_INPUT_DELAY: usize = match_::MAX_INPUT_DELAY;
    /// The widest prediction window, in frames.
    pub(crate) const MAX_PREDICTION: usize = match_::MAX_PREDICTION;

    /// The shortest input delay, within its bounds. One frame is the least: a match that stalls at its very
    /// first frame needs one snapshot more than the window holds without it.
    pub(crate) fn bounded_input_delay(&self) -> usize {
        self.input_delay.clamp(1, Self::MAX_INPUT_DELAY)
    }

    /// The input delays of a match in a room, within their bounds.
    pub(crate) fn delay_bounds(&self) -> DelayBounds {
        let least = self.bounded_input_delay();
        let most = self.max_input_delay.clamp(least, Self::MAX_INPUT_DELAY);
        DelayBounds { least, most, is_equal: self.equal_input_delay }
    }

    /// The prediction window, within its bounds.
    pub(crate) fn bounded_max_prediction(&self) -> usize {
        self.max_prediction.min(Self::MAX_PREDICTION)
    }
}
