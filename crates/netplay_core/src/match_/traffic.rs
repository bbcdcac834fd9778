//! The traffic of one match: from the rollback session to the links and back, for every peer.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use netplay_protocol::PeerKey;

use super::catch_up::CatchUp;
use super::encoded::EncodedInputs;
use super::input_log::InputLog;
use super::message::SessionMessage;
use super::outbox::Pace;
use super::payload::{Bounds, MAX_AHEAD, PayloadError};
use super::peer::{PeerProgress, PeerTraffic};
use super::{MAX_INPUT_DELAY, MAX_PREDICTION, NULL_FRAME};

/// The traffic of one match. See the [module](super).
#[derive(Debug)]
pub struct MatchTraffic {
    players: usize,
    input_bytes: usize,
    /// The frame that is simulated next.
    frame: i32,
    origin: Origin,
    /// The inputs of the local player.
    local: InputLog,
    peers: BTreeMap<PeerKey, PeerTraffic>,
    /// Messages for the session.
    inbox: VecDeque<(PeerKey, SessionMessage)>,
}

/// How the local player came into the match.
#[derive(Debug)]
enum Origin {
    /// It has played from the beginning.
    Start,
    /// It rejoined, and the session catches up with the others.
    CatchingUp(CatchUp),
    /// It rejoined and has caught up.
    Rejoined,
}

/// A payload to send to a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// The payload of the datagram.
    pub payload: Vec<u8>,
    /// Whether there are inputs in it.
    pub has_inputs: bool,
}

impl MatchTraffic {
    /// A match that begins, of so many players with inputs of so many bytes, with these other peers.
    pub fn new(
        players: usize,
        input_bytes: usize,
        peers: impl IntoIterator<Item = PeerKey>,
    ) -> Self {
        let peers = peers.into_iter().map(|key| (key, PeerTraffic::new(input_bytes)));
        Self {
            players,
            input_bytes,
            frame: 0,
            origin: Origin::Start,
            local: InputLog::new(input_bytes),
            peers: peers.collect(),
            inbox: VecDeque::new(),
        }
    }

    /// The local player rejoins: `local` is the log of its inputs, and `peers` are the logs of the others with the
    /// last frame of the local inputs that each of them has. The session catches up before it hears the peers.
    pub fn catch_up(
        &mut self,
        peers: impl IntoIterator<Item = (PeerKey, InputLog, i32)>,
        local: InputLog,
    ) {
        let mut acked = BTreeMap::new();
        for (key, log, last_frame) in peers {
            acked.insert(key, last_frame);
            if let Some(peer) = self.peers.get_mut(&key) {
                if let PeerProgress::Disconnected(last_own_frame) = &mut peer.progress {
                    *last_own_frame = log.last_own_frame();
                }
                peer.log = log;
            }
        }
        let until = local.last_frame().unwrap_or(NULL_FRAME);
        self.origin = Origin::CatchingUp(CatchUp::new(until, acked));
        self.local = local;
    }

    /// Checks the payload of a datagram, logs its inputs and passes its messages to the session.
    ///
    /// # Errors
    ///
    /// [`PayloadError`] if the payload is malformed, or the peer does not play; it changes nothing then.
    pub fn handle_payload(&mut self, from: PeerKey, payload: &[u8]) -> Result<(), PayloadError> {
        let is_replaying = self.is_replaying();
        let peer = self.peers.get_mut(&from).filter(|peer| peer.is_playing());
        let peer = peer.ok_or(PayloadError::Stranger)?;
        if is_replaying {
            // The peer repeats it until it is acknowledged.
            return Ok(());
        }
        let bounds = Bounds {
            players: self.players,
            input_bytes: self.input_bytes,
            latest_start: peer.log.latest_start(),
            local_frame: self.frame,
        };
        let payload = peer.handle_payload(payload, &bounds)?;
        self.inbox.extend(payload.into_messages().map(|message| (from, message)));
        Ok(())
    }

    /// The payload that is due to a peer now, if there is one. `frame` is how long a frame lasts.
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
        let pace = Pace::new(frame, peer.rtt);
        let payload = peer.outbox.poll_transmit(now, pace)?;
        Some(Transmit { payload, has_inputs: peer.outbox.inputs().is_some() })
    }

    /// Takes a message of the session for a peer.
    pub fn handle_message(&mut self, to: PeerKey, message: SessionMessage) {
        let Some(peer) = self.peers.get_mut(&to) else { return };
        peer.outbox.push(message, self.input_bytes);
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

    /// The simulation has run: `frame` is simulated next.
    pub fn handle_frame(&mut self, frame: i32) {
        self.frame = frame;
        if self.is_replaying() {
            return;
        }
        let until = frame + MAX_INPUT_DELAY as i32;
        let peers = self.peers.iter_mut();
        let synthesized: Vec<_> =
            peers.filter_map(|(key, peer)| Some((*key, peer.synthesize(until)?))).collect();
        for (key, inputs) in synthesized {
            self.deliver(key, inputs, self.ack_of_everything());
        }
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

    /// The input log of another peer's player, or of the local player for none.
    pub fn log(&self, of: Option<PeerKey>) -> Option<&InputLog> {
        match of {
            Some(peer) => self.peers.get(&peer).map(|peer| &peer.log),
            None => Some(&self.local),
        }
    }

    /// The last frame whose input, given by the player itself, is known of a peer; -1 if there is none.
    pub fn last_frame(&self, peer: PeerKey) -> i32 {
        self.peers.get(&peer).map_or(NULL_FRAME, PeerTraffic::last_own_frame)
    }

    /// The recent inputs of a peer's player up to that frame, oldest first, without separators: what other survivors
    /// may lack.
    pub fn recent_inputs(&self, peer: PeerKey) -> Vec<u8> {
        let peer = self.peers.get(&peer);
        peer.map_or(Vec::new(), |peer| peer.log.recent_inputs(peer.last_own_frame()))
    }

    /// A peer is about to be dropped: nothing more is accepted from it or sent to it.
    pub fn freeze(&mut self, peer: PeerKey) {
        if let Some(peer) = self.peers.get_mut(&peer).filter(|peer| peer.is_playing()) {
            peer.progress = PeerProgress::Frozen;
        }
    }

    /// A peer is dropped: from its next frame on, its player's inputs are synthesized.
    pub fn disconnect(&mut self, peer: PeerKey) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.disconnect();
        }
    }

    /// Merges the recent inputs of a peer's player, the last of which is of `last_frame`, from another survivor.
    ///
    /// # Errors
    ///
    /// [`PayloadError`] if nobody can have these inputs.
    pub fn merge(
        &mut self,
        of: PeerKey,
        last_frame: i32,
        inputs: &[u8],
    ) -> Result<(), PayloadError> {
        if last_frame > self.latest_input() {
            return Err(PayloadError::Frame);
        }
        let peer = self.peers.get_mut(&of).ok_or(PayloadError::Stranger)?;
        // A replay delivers what is in the log.
        if let Some(missing) = peer.log.merge(last_frame, inputs)?
            && !self.is_replaying()
        {
            self.deliver(of, missing, self.ack_of_everything());
        }
        Ok(())
    }

    /// Merges a chunk of the input log of a peer's player, from another peer. It matters to a local player who has
    /// rejoined only: the peer restarted as well, and does not know that its inputs never arrived here.
    ///
    /// # Errors
    ///
    /// [`PayloadError`] if nobody can have these inputs.
    pub fn merge_chunk(
        &mut self,
        of: PeerKey,
        start_frame: i32,
        inputs: &[u8],
    ) -> Result<(), PayloadError> {
        let latest = self.latest_input();
        let peer = self.peers.get_mut(&of).ok_or(PayloadError::Stranger)?;
        if matches!(self.origin, Origin::Start) || !peer.is_playing() {
            return Ok(());
        }
        if start_frame > latest {
            return Err(PayloadError::Frame);
        }
        let first = peer.log.next_frame();
        peer.log.merge_chunk(start_frame, inputs)?;
        let missing = peer.log.chunk(first, latest);
        if let Some(missing) = missing.filter(|_| !self.is_replaying()) {
            self.deliver(of, missing, NULL_FRAME);
        }
        Ok(())
    }

    /// How many frames the simulation is behind the frame at which the others wait, while it catches up.
    pub fn frames_behind(&self) -> Option<u32> {
        let Origin::CatchingUp(catch_up) = &self.origin else { return None };
        Some(catch_up.frames_behind(self.local.start_frame().unwrap_or(0), self.frame))
    }

    /// The local input to give the session at a frame, while it catches up.
    pub fn replayed_input(&self, frame: i32) -> Option<&[u8]> {
        let Origin::CatchingUp(_) = &self.origin else { return None };
        self.local.get(frame.checked_add(self.local.start_frame()?)?)
    }

    /// Whether the session receives the input logs and nothing else.
    fn is_replaying(&self) -> bool {
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

    /// The latest frame for which any player can have given an input.
    fn latest_input(&self) -> i32 {
        let frame = match &self.origin {
            Origin::CatchingUp(catch_up) => catch_up.until(),
            Origin::Start | Origin::Rejoined => self.frame,
        };
        frame.saturating_add(2 * MAX_PREDICTION as i32 + MAX_AHEAD)
    }

    /// What a peer acknowledges that receives nothing more: everything, or the session would keep the local inputs
    /// for it.
    fn ack_of_everything(&self) -> i32 {
        self.frame + MAX_INPUT_DELAY as i32 + 1
    }

    /// Passes inputs of a peer to the session that did not come from the peer itself.
    fn deliver(&mut self, of: PeerKey, inputs: EncodedInputs, ack_frame: i32) {
        self.inbox.push_back((of, SessionMessage::synthesized(self.players, inputs, ack_frame)));
    }
}
