//! The traffic of one match: from the rollback session to the links and back, for every peer.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use netplay_protocol::PeerKey;

use super::activity::Activity;
use super::catch_up::CatchUp;
use super::checksums::ChecksumExchange;
use super::comparison::{Desync, StateComparison};
use super::encoded::MAX_FRAMES;
use super::input_delay::InputDelay;
use super::input_log::InputLog;
use super::message::SessionMessage;
use super::outbox::{Pace, Transmit};
use super::payload::{Bounds, MAX_AHEAD, Payload, PayloadError};
use super::peer::PeerTraffic;
use super::statements::{Signatures, Statements};
use super::{MAX_INPUT_DELAY, MAX_INPUT_REDUNDANCY, NULL_FRAME};

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
    /// In how many datagrams in a row a changed input is sent, whatever is acknowledged: 1 to
    /// [`MAX_INPUT_REDUNDANCY`]. One loss less in a row costs nothing.
    pub input_redundancy: u8,
}

/// What came of a payload that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadTaken {
    /// What it shows of the peer's simulation.
    pub activity: Activity,
    /// How many inputs in it were new.
    pub inputs: u64,
}

/// The traffic of one match. See the [module](super).
#[derive(Debug)]
pub struct MatchTraffic {
    players: usize,
    input_bytes: usize,
    pub(super) max_prediction: usize,
    /// The frame that is simulated next.
    pub(super) frame: i32,
    pub(super) origin: Origin,
    /// The inputs of the local player.
    pub(super) local: InputLog,
    /// How long these wait.
    delay: InputDelay,
    pub(super) peers: BTreeMap<PeerKey, PeerTraffic>,
    checksums: ChecksumExchange,
    pub(super) statements: Statements,
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
    /// A match that begins, of players who sign their inputs.
    pub fn new(config: MatchConfig, signatures: Signatures) -> Self {
        let MatchConfig { players, default_input, input_delay, max_prediction, .. } = config;
        let redundancy = config.input_redundancy.clamp(1, MAX_INPUT_REDUNDANCY);
        let peer = |key| (key, PeerTraffic::new(&default_input, redundancy));
        let peers = signatures.others().map(peer);
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
            statements: Statements::new(signatures),
            delay: InputDelay::new(input_delay),
            inbox: VecDeque::new(),
        }
    }

    /// Checks the payload of a datagram, logs its inputs, compares its checksums and passes its messages to the
    /// session. Returns what came of it; none while the local session receives the input logs and no payload is read.
    ///
    /// # Errors
    ///
    /// [`PayloadError`] if the payload is malformed, or the peer does not play; it changes nothing then.
    pub fn handle_payload(
        &mut self,
        from: PeerKey,
        payload: &[u8],
    ) -> Result<Option<PayloadTaken>, PayloadError> {
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
        let payload = Payload::decode(payload, &bounds)?;
        self.statements.check(from, &payload.statements)?;
        let before = peer.log.last_frame().unwrap_or(NULL_FRAME);
        let (mut payload, activity) = peer.handle_payload(payload, self.input_bytes)?;
        let last = peer.log.last_frame().unwrap_or(NULL_FRAME);
        let inputs = u64::try_from(last - before).unwrap_or(0);
        self.statements.handle_part(from, payload.statements, &peer.log);
        if let Some(stated) = self.statements.last(from) {
            peer.handle_agreed(stated.frame);
        }
        self.checksums.handle_part(from, std::mem::take(&mut payload.checksums));
        let last_frames = payload.inputs.map(|part| part.last_frames);
        if !self.deliver(from, payload.ack_frame, last_frames.as_deref()) {
            let ack = SessionMessage::InputAck { ack_frame: payload.ack_frame };
            self.inbox.push_back((from, ack));
        }
        Ok(Some(PayloadTaken { activity, inputs }))
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
        if let Some(frames) = peer.time_sync.poll_report(now) {
            peer.outbox.set_frame_advantage(frames);
        }
        let pace = Pace::new(frame, peer.rtt, self.max_prediction == 0);
        let statements = self.statements.due(to, now, pace.repeat, &self.local);
        peer.outbox.set_statements(statements);
        let room = peer.outbox.room_for_checksums();
        let checksums = self.checksums.due(to, now, pace.repeat, room);
        peer.outbox.set_checksums(checksums.clone());
        let transmit = peer.outbox.poll_transmit(now, pace)?;
        if peer.outbox.took_checksums() {
            self.checksums.handle_sent(to, now, &checksums);
        }
        if peer.outbox.took_statements() {
            self.statements.handle_sent(to, now, &statements);
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
        for peer in self.peers.values_mut() {
            peer.outbox.handle_activity(activity);
            if activity == Activity::Advancing {
                peer.time_sync.handle_frame(frame, peer.log.last_frame());
            }
        }
        let until = frame.saturating_add(MAX_INPUT_DELAY as i32);
        self.peers.values_mut().for_each(|peer| peer.synthesize(until));
        // What the session could not take before.
        let waiting = self.peers.iter().filter(|(_, peer)| !peer.is_delivered());
        for (key, is_playing) in
            waiting.map(|(key, it)| (*key, it.is_playing())).collect::<Vec<_>>()
        {
            let ack_frame = if is_playing { NULL_FRAME } else { self.ack_of_everything() };
            self.deliver(key, ack_frame, None);
        }
    }

    /// The simulation has come to its end: what is sent from now on is for those who have not.
    pub fn handle_ended(&mut self) {
        self.peers.values_mut().for_each(|peer| peer.outbox.handle_activity(Activity::Waiting));
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
        self.statements.handle_restart(peer);
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

    /// How many frames the simulation is ahead of the player who is the farthest behind; negative if it is itself. Who is
    /// ahead should run slower, so that all wait for inputs equally long.
    pub fn frames_ahead(&self) -> i32 {
        let playing = self.peers.values().filter(|peer| peer.is_playing());
        playing.map(|peer| peer.time_sync.frames_ahead()).max().unwrap_or(0)
    }

    /// How many frames the simulation is ahead of a peer's, averaged over half a second; negative if it is behind. None
    /// for a peer that does not play.
    pub fn frame_advantage(&self, peer: PeerKey) -> Option<f32> {
        let peer = self.peers.get(&peer).filter(|peer| peer.is_playing())?;
        Some(peer.time_sync.frame_advantage())
    }

    /// How many frames the simulation is ahead of the peer's that is the farthest behind, averaged over half a second;
    /// negative if it is itself behind all of them.
    pub fn frame_advantage_max(&self) -> f32 {
        let playing = self.peers.values().filter(|peer| peer.is_playing());
        let advantages = playing.map(|peer| peer.time_sync.frame_advantage());
        advantages.reduce(f32::max).unwrap_or(0.0)
    }

    /// The last frame of which the inputs of a peer are known, if there is one.
    pub fn last_input(&self, peer: PeerKey) -> Option<i32> {
        self.peers.get(&peer)?.log.last_frame()
    }

    /// Another session takes the place of the one before, and simulates the match from frame 0.
    pub(super) fn restart_session(&mut self) {
        self.frame = 0;
        self.inbox.clear();
        self.checksums.handle_session_restart();
        for peer in self.peers.values_mut() {
            peer.outbox.handle_session_restart();
            peer.delivered = NULL_FRAME;
        }
    }

    /// The size of an input, in bytes.
    pub(super) fn input_bytes(&self) -> usize {
        self.input_bytes
    }

    /// Whether the session receives the input logs and nothing else.
    pub(super) fn is_replaying(&self) -> bool {
        matches!(&self.origin, Origin::CatchingUp(catch_up) if catch_up.is_replaying())
    }

    /// Passes the inputs to the session that it is to catch up on next.
    fn replay(&mut self) {
        if self.is_replaying() {
            for key in self.peers.keys().copied().collect::<Vec<_>>() {
                let Origin::CatchingUp(catch_up) = &self.origin else { return };
                let ack_frame = catch_up.acked(key);
                self.deliver(key, ack_frame, None);
            }
            let reach = self.reach();
            let is_delivered = |it: &PeerTraffic| it.is_delivered() || it.delivered >= reach;
            let all = self.peers.values().all(is_delivered);
            if let Origin::CatchingUp(catch_up) = &mut self.origin {
                catch_up.update(all);
            }
        }
        let Origin::CatchingUp(catch_up) = &self.origin else { return };
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

    /// Up to which frame the session may have inputs of any player.
    ///
    /// ggrs keeps 128 inputs of each player and asserts that there are no more. The oldest that it keeps is at most a
    /// prediction window and two frames before the frame that it is in, and the local frame is that one or an earlier
    /// one; with [`MAX_AHEAD`] after it there are at most 115.
    fn reach(&self) -> i32 {
        let ahead = self.frame.saturating_add(MAX_AHEAD);
        match &self.origin {
            Origin::CatchingUp(catch_up) if catch_up.is_replaying() => catch_up.reach(),
            Origin::CatchingUp(catch_up) => catch_up.reach().max(ahead),
            Origin::Start | Origin::Rejoined => ahead,
        }
    }

    /// Passes the session the inputs in a peer's log that it has not received, as far as it can take them. No input
    /// gets to the session another way, from any sender: the rest waits in the log. Returns whether there were
    /// any.
    ///
    /// `last_frames` is what the peer says of the players, if it said anything.
    pub(super) fn deliver(
        &mut self,
        of: PeerKey,
        ack_frame: i32,
        last_frames: Option<&[i32]>,
    ) -> bool {
        let reach = self.reach();
        let Some(peer) = self.peers.get_mut(&of) else { return false };
        let reach = reach.min(peer.delivered.saturating_add(MAX_FRAMES as i32));
        let mut delivered = false;
        while let Some(inputs) = peer.log.chunk(peer.delivered.saturating_add(1), reach) {
            let Some(frames) = peer.log.frames_of(&inputs).filter(|frames| *frames > 0) else {
                break;
            };
            peer.delivered = inputs.start_frame + frames - 1;
            let message = match last_frames {
                Some(last_frames) => {
                    let last_frames = last_frames.to_vec();
                    SessionMessage::Inputs { ack_frame, last_frames, inputs }
                }
                None => SessionMessage::synthesized(self.players, inputs, ack_frame),
            };
            self.inbox.push_back((of, message));
            delivered = true;
        }
        delivered
    }
}
