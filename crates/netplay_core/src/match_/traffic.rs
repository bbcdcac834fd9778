//! The traffic of one match: from the rollback session to the links and back, for every peer.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use netplay_protocol::PeerKey;

use super::activity::Activity;
use super::catch_up::CatchUp;
use super::checksums::ChecksumExchange;
use super::comparison::{Desync, StateComparison};
use super::encoded::EncodedInputs;
use super::input_delay::InputDelay;
use super::input_log::InputLog;
use super::message::SessionMessage;
use super::outbox::{Pace, Transmit};
use super::payload::{Bounds, PayloadError};
use super::peer::PeerTraffic;
use super::{MAX_INPUT_DELAY, NULL_FRAME};

/// What a match is played with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchConfig {
    /// How many players play.
    pub players: usize,
    /// The encoded default input, whose last byte tells that the player is not disconnected: 0. Every input of every
    /// player has its length.
    pub default_input: Vec<u8>,
    /// How many frames a local input waits before it takes effect, when the match begins.
    pub input_delay: usize,
    /// How many frames the session runs ahead of the last confirmed one; none in lockstep.
    pub max_prediction: usize,
}

/// The traffic of one match. See the [module](super).
#[derive(Debug)]
pub struct MatchTraffic {
    players: usize,
    input_bytes: usize,
    max_prediction: usize,
    /// The frame that is simulated next.
    pub(super) frame: i32,
    pub(super) origin: Origin,
    /// The inputs of the local player.
    pub(super) local: InputLog,
    /// How long these wait.
    delay: InputDelay,
    pub(super) peers: BTreeMap<PeerKey, PeerTraffic>,
    checksums: ChecksumExchange,
    /// Messages for the session.
    inbox: VecDeque<(PeerKey, SessionMessage)>,
}

/// How the local player came into the match.
#[derive(Debug)]
pub(super) enum Origin {
    /// It has played from the beginning.
    Start,
    /// It rejoined, and the session catches up with the others.
    CatchingUp(CatchUp),
    /// It rejoined and has caught up.
    Rejoined,
}

impl MatchTraffic {
    /// A match that begins, with these other peers.
    pub fn new(config: MatchConfig, peers: impl IntoIterator<Item = PeerKey>) -> Self {
        let MatchConfig { players, default_input, input_delay, max_prediction } = config;
        let peers = peers.into_iter().map(|key| (key, PeerTraffic::new(&default_input)));
        let peers: BTreeMap<PeerKey, PeerTraffic> = peers.collect();
        Self {
            players,
            input_bytes: default_input.len(),
            max_prediction,
            frame: 0,
            origin: Origin::Start,
            local: InputLog::new(&default_input),
            checksums: ChecksumExchange::new(peers.keys().copied()),
            peers,
            delay: InputDelay::new(input_delay),
            inbox: VecDeque::new(),
        }
    }

    /// Checks the payload of a datagram, logs its inputs, compares its checksums and passes its messages to the
    /// session. Returns what it shows of the peer's simulation; none while the local one receives the input logs and no
    /// payload is read.
    ///
    /// # Errors
    ///
    /// [`PayloadError`] if the payload is malformed, or the peer does not play; it changes nothing then.
    pub fn handle_payload(
        &mut self,
        from: PeerKey,
        payload: &[u8],
    ) -> Result<Option<Activity>, PayloadError> {
        let is_replaying = self.is_replaying();
        let peer = self.peers.get_mut(&from).filter(|peer| peer.is_playing());
        let peer = peer.ok_or(PayloadError::Stranger)?;
        if is_replaying {
            // The peer repeats it until it is acknowledged.
            return Ok(None);
        }
        let bounds = Bounds {
            players: self.players,
            input_bytes: self.input_bytes,
            latest_start: peer.log.latest_start(),
            local_frame: self.frame,
            last_input: self.local.last_frame().unwrap_or(NULL_FRAME),
        };
        let (mut payload, activity) = peer.handle_payload(payload, &bounds)?;
        self.checksums.handle_part(from, std::mem::take(&mut payload.checksums));
        self.inbox.extend(payload.into_messages().map(|message| (from, message)));
        Ok(Some(activity))
    }

    /// The next payload that is due to a peer now, if there is one. `frame` is how long a frame lasts.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_transmit(
        &mut self,
        now: Duration,
        to: PeerKey,
        frame: Duration,
    ) -> Option<Transmit> {
        if self.is_replaying() {
            return None;
        }
        let peer = self.peers.get_mut(&to).filter(|peer| peer.is_playing())?;
        let pace = Pace::new(frame, peer.rtt, self.max_prediction == 0);
        let room = peer.outbox.room_for_checksums();
        let checksums = self.checksums.due(to, now, pace.repeat, room);
        peer.outbox.set_checksums(checksums.clone());
        let transmit = peer.outbox.poll_transmit(now, pace)?;
        if peer.outbox.took_checksums() {
            self.checksums.handle_sent(to, now, &checksums);
        }
        Some(transmit)
    }

    /// Takes a message of the session for a peer.
    pub fn handle_message(&mut self, to: PeerKey, message: SessionMessage) {
        let Some(peer) = self.peers.get_mut(&to) else { return };
        peer.outbox.push(message);
        // The session sends the local inputs to every peer: the first message of each frame is logged.
        let Some((last, part)) = peer.outbox.inputs() else { return };
        if let Origin::CatchingUp(catch_up) = &mut self.origin {
            catch_up.handle_submitted(last);
        }
        let known = self.local.last_frame();
        if known.is_none_or(|known| known < last)
            && let Some(inputs) = part.inputs.after(known, self.input_bytes)
        {
            // The encoding is the session's own: it always decodes.
            let _ = self.local.append(&inputs);
        }
    }

    /// The next message for the session, with its sender.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_message(&mut self) -> Option<(PeerKey, SessionMessage)> {
        if self.inbox.is_empty() {
            self.replay();
        }
        self.inbox.pop_front()
    }

    /// The simulation has run, or did not go on: `frame` is simulated next.
    pub fn handle_frame(&mut self, frame: i32) {
        let activity = match std::mem::replace(&mut self.frame, frame) {
            before if before != frame => Activity::Advancing,
            _ if self.is_window_full() => Activity::Waiting,
            _ => Activity::Standing,
        };
        if self.is_replaying() {
            return;
        }
        self.peers.values_mut().for_each(|peer| peer.outbox.handle_activity(activity));
        let until = frame + MAX_INPUT_DELAY as i32;
        let peers = self.peers.iter_mut();
        let synthesized: Vec<_> =
            peers.filter_map(|(key, peer)| Some((*key, peer.synthesize(until)?))).collect();
        for (key, inputs) in synthesized {
            self.deliver(key, inputs, self.ack_of_everything());
        }
    }

    /// The checksum of the state before a frame was simulated, once the frame is confirmed: of every compared frame, in
    /// their order. It is sent to every peer, and compared with the peer's.
    pub fn handle_checksum(&mut self, frame: i32, checksum: u64) {
        self.checksums.handle_own(frame, checksum);
    }

    /// The next peer whose state was found to differ from the local one: once for each peer.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_desync(&mut self) -> Option<Desync> {
        self.checksums.poll_desync()
    }

    /// What comparing the local state with a peer's has shown.
    pub fn comparison(&self, peer: PeerKey) -> StateComparison {
        self.checksums.comparison(peer)
    }

    /// The process of a peer restarted: it simulates the match again, and its checksums are compared again.
    pub fn handle_restart(&mut self, peer: PeerKey) {
        self.checksums.handle_restart(peer);
    }

    /// The local player's inputs are to wait for so many frames from now on, at most [`MAX_INPUT_DELAY`].
    pub fn request_input_delay(&mut self, frames: usize) {
        self.delay.request(frames);
    }

    /// The input delay to set in the session before it is given this local input of a frame, if it is to change now.
    /// It must be called before each local input, also while the session is given the same one again because it
    /// stalls.
    #[must_use = "the session would have another delay"]
    pub fn poll_input_delay(&mut self, frame: i32, input: &[u8]) -> Option<usize> {
        // What is in the log was given with the delay that the match began with.
        let can_change = !matches!(self.origin, Origin::CatchingUp(_));
        self.delay.poll(frame, input, can_change)
    }

    /// How many frames a local input waits before it takes effect.
    pub fn input_delay(&self) -> usize {
        self.delay.frames()
    }

    /// The round-trip time to a peer, as the link measures it.
    pub fn handle_rtt(&mut self, peer: PeerKey, rtt: Option<Duration>) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.rtt = rtt;
        }
    }

    /// The round-trip time to a peer; zero while it is unknown.
    pub fn rtt(&self, peer: PeerKey) -> Duration {
        self.peers.get(&peer).and_then(|peer| peer.rtt).unwrap_or_default()
    }

    /// Whether the session receives the input logs and nothing else.
    pub(super) fn is_replaying(&self) -> bool {
        matches!(&self.origin, Origin::CatchingUp(catch_up) if catch_up.is_replaying())
    }

    /// Passes the inputs to the session that it is to catch up on next.
    fn replay(&mut self) {
        let Origin::CatchingUp(catch_up) = &mut self.origin else { return };
        if catch_up.is_replaying() {
            for (key, peer) in &self.peers {
                if let Some((inputs, ack_frame)) = catch_up.poll_inputs(*key, &peer.log) {
                    self.inbox.push_back((
                        *key,
                        SessionMessage::synthesized(self.players, inputs, ack_frame),
                    ));
                }
            }
            catch_up.update(self.peers.iter().map(|(key, peer)| (*key, &peer.log)));
        }
        if catch_up.is_done() {
            self.origin = Origin::Rejoined;
        }
    }

    /// Whether the simulation is as far ahead of the inputs of another player as it may be.
    fn is_window_full(&self) -> bool {
        // In lockstep it waits for the inputs of the very frame that is next.
        let window = self.max_prediction.max(1) as i32;
        let last = self.peers.values().map(|peer| peer.log.last_frame().unwrap_or(NULL_FRAME));
        last.min().is_some_and(|last| self.frame.saturating_sub(last) >= window)
    }

    /// What a peer acknowledges that receives nothing more: everything, or the session would keep the local inputs
    /// for it.
    pub(super) fn ack_of_everything(&self) -> i32 {
        self.frame + MAX_INPUT_DELAY as i32 + 1
    }

    /// Passes inputs of a peer to the session that did not come from the peer itself.
    pub(super) fn deliver(&mut self, of: PeerKey, inputs: EncodedInputs, ack_frame: i32) {
        self.inbox.push_back((of, SessionMessage::synthesized(self.players, inputs, ack_frame)));
    }
}
