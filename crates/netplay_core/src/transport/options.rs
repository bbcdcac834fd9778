//! [`TransportOptions`]: what a game can set of the connections that its transport attempts.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use netplay_protocol::signaling::IceServer;

/// What a game can set of the connections that its transport attempts.
///
/// A transport takes the values [within their bounds](Self::bounded). The debug text hides user names and credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct TransportOptions {
    /// How long an attempt may take until its channels are open. 2 s to 60 s; default 10 s. Below the time that ICE
    /// needs on a slow network, no attempt succeeds.
    pub attempt_deadline: Duration,
    /// How often a lost packet of the unreliable channel is sent again (`maxRetransmits` of a WebRTC data channel). 0 to
    /// 8; default 0. Inputs are repeated until they are acknowledged anyway, and a retransmit comes a round trip late:
    /// more than 0 helps only where datagrams are lost in bursts and round trips are short.
    pub max_retransmits: u16,
    /// STUN and TURN servers of the game. At most 16; default none.
    pub ice_servers: Vec<IceServer>,
    /// Whether those that the signaling server names are used as well.
    pub ice_source: IceSource,
}

/// Which STUN and TURN servers attempts use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum IceSource {
    /// [`TransportOptions::ice_servers`] first, and those that the signaling server names besides.
    #[default]
    GameAndServer,
    /// [`TransportOptions::ice_servers`] only: the signaling server learns nothing of who uses which, and decides
    /// nothing about it.
    GameOnly,
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            attempt_deadline: Duration::from_secs(10),
            max_retransmits: 0,
            ice_servers: Vec::new(),
            ice_source: IceSource::GameAndServer,
        }
    }
}

impl TransportOptions {
    /// The bounds of [`Self::attempt_deadline`].
    pub const ATTEMPT_DEADLINE: RangeInclusive<Duration> =
        Duration::from_secs(2)..=Duration::from_secs(60);
    /// The bounds of [`Self::max_retransmits`].
    pub const MAX_RETRANSMITS: RangeInclusive<u16> = 0..=8;
    /// How many of [`Self::ice_servers`] are used.
    pub const MAX_ICE_SERVERS: usize = 16;

    /// The options with every value within its bounds.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let (deadline, retransmits) = (Self::ATTEMPT_DEADLINE, Self::MAX_RETRANSMITS);
        self.attempt_deadline = self.attempt_deadline.clamp(*deadline.start(), *deadline.end());
        self.max_retransmits = self.max_retransmits.clamp(*retransmits.start(), *retransmits.end());
        self.ice_servers.truncate(Self::MAX_ICE_SERVERS);
        self
    }

    /// The servers that an attempt uses, where the signaling server names these.
    pub fn ice_servers(&self, of_server: &[IceServer]) -> Vec<IceServer> {
        let of_server = match self.ice_source {
            IceSource::GameAndServer => of_server,
            IceSource::GameOnly => &[],
        };
        let own = &self.ice_servers[..self.ice_servers.len().min(Self::MAX_ICE_SERVERS)];
        own.iter().chain(of_server).cloned().collect()
    }
}

impl fmt::Debug for TransportOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let urls: Vec<&String> = self.ice_servers.iter().flat_map(|server| &server.urls).collect();
        f.debug_struct("TransportOptions")
            .field("attempt_deadline", &self.attempt_deadline)
            .field("max_retransmits", &self.max_retransmits)
            .field("ice_servers", &urls)
            .field("ice_source", &self.ice_source)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn server(url: &str) -> IceServer {
        let [username, credential] = ["user", "hunter2"].map(|text| Some(text.to_owned()));
        IceServer { urls: vec![url.to_owned()], username, credential }
    }

    #[test]
    fn the_servers_of_the_game_come_first_or_alone() {
        let [game, signaling] = ["turn:game.example", "stun:server.example"].map(server);
        let ice_servers = vec![game.clone()];
        let mut options = TransportOptions { ice_servers, ..TransportOptions::default() };
        let of_server = [signaling.clone()];
        assert_eq!(options.ice_servers(&of_server), [game.clone(), signaling.clone()]);
        options.ice_source = IceSource::GameOnly;
        assert_eq!(options.ice_servers(&of_server), [game]);
        assert_eq!(TransportOptions::default().ice_servers(&of_server), [signaling]);
    }

    #[test]
    fn every_value_has_bounds_and_the_defaults_are_within_them() {
        let defaults = TransportOptions::default();
        assert_eq!(defaults.clone().bounded(), defaults);
        let wild = TransportOptions {
            attempt_deadline: Duration::ZERO,
            max_retransmits: u16::MAX,
            ice_servers: vec![server("stun:a.example"); 40],
            ..TransportOptions::default()
        };
        assert_eq!(wild.ice_servers(&[]).len(), 16);
        let wild = wild.bounded();
        assert_eq!((wild.attempt_deadline, wild.max_retransmits), (Duration::from_secs(2), 8));
        assert_eq!(wild.ice_servers.len(), 16);
    }

    #[test]
    fn the_debug_text_has_no_credential() {
        let ice_servers = vec![server("turn:game.example")];
        let text = format!("{:?}", TransportOptions { ice_servers, ..Default::default() });
        assert!(text.contains("turn:game.example") && !text.contains("hunter2"), "{text}");
        assert!(!text.contains("user"), "{text}");
    }
}
