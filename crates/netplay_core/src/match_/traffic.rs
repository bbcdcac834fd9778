//! The traffic of one match: from the rollback session to the links and back, for every peer.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use log::info;
use netplay_protocol::PeerKey;

use super::activity::Activity;
use super::catch_up::CatchUp;
use super::checksums::ChecksumExchange;
use super::comparison::{Desync, StateComparison};
use super::delay_fit::{DelayBounds, DelayFit};
use super::encoded::MAX_FRAMES;
use super::input_delay::InputDelay;
use super::input_log::InputLog;
use super::message::SessionMessage;
use super::outbox::{Pace, Transmit};
use super::pacing::{FramePace, Pacer, speed_beside};
use super::payload::{Bounds, MAX_AHEAD, PaceReport, Payload, PayloadError};
use super::peer::PeerTraffic;
use super::statements::{Signatures, Statements};
use super::{MAX_INPUT_DELAY, MAX_INPUT_REDUNDANCY, NULL_FRAME};

/// So many frames before the end of the prediction window every input is sent at once, also one that the peer predicts: a
/// datagram that is lost holds it up no longer than a frame. In lockstep that is always so.
const TIGHT_WINDOW: i32 = 3;

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
    /// Within what that may change.
    pub delay_bounds: DelayBounds,
    /// How long a frame lasts.
    pub frame: Duration,
    /// How many frames the session runs ahead of the last confirmed one; none in lockstep.
    pub max_prediction: usize,
    /// In how many datagrams in a row a changed input is sent, whatever is acknowledged: 1 to
    /// [`MAX_INPUT_REDUNDANCY`]. One loss less in a row costs nothing.
    pub input_redundancy: u8,
}

/// How fast a peer's simulation runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PeerSpeed {
    /// In frames per second, over the last second.
    pub rate: f32,
    /// Whether it says that its machine is too slow.
    pub says_slow: bool,
    /// Whether it has been slower than it may for ten seconds, and everybody has waited for it.
    pub is_too_slow: bool,
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
    /// How long these wait, and which time fits.
    delay: InputDelay,
    delay_fit: DelayFit,
    pacer: Pacer,
    /// How much of the last second the local machine could not simulate.
    lost_percent: u8,
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
            delay_fit: DelayFit::new(config.delay_bounds, config.frame, max_prediction),
            pacer: Pacer::default(),
            lost_percent: 0,
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
        if let Some(eighths_behind) = peer.time_sync.poll_report(now) {
            let lost_percent = self.lost_percent;
            let fitting_delay = u8::try_from(self.delay_fit.chosen()).unwrap_or(0);
            peer.outbox.set_report(PaceReport { eighths_behind, lost_percent, fitting_delay });
        }
        let left = peer.window_left(self.frame, self.max_prediction as i32);
        let pace = Pace::new(frame, peer.rtt, left <= TIGHT_WINDOW);
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
        let before = std::mem::replace(&mut self.frame, frame);
        let activity = match before {
            _ if before != frame => Activity::Advancing,
            _ if self.is_window_full() => Activity::Waiting,
            _ => Activity::Standing,
        };
        if self.is_replaying() {
            return;
        }
        for peer in self.peers.values_mut() {
            peer.outbox.handle_activity(activity);
            if activity == Activity::Advancing {
                let delay = self.delay.frames();
                peer.time_sync.handle_frames(before, frame, peer.log.last_frame(), delay);
            }
        }
        self.fit_delay(u32::try_from(frame.saturating_sub(before)).unwrap_or(0));
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

    /// The local player's inputs are to wait within these bounds from now on. `frame` is how long a frame lasts.
    pub fn set_delay_bounds(&mut self, bounds: DelayBounds, frame: Duration) {
        self.delay_fit = DelayFit::new(bounds, frame, self.max_prediction);
        self.delay.request(self.delay.wanted().min(bounds.most).max(bounds.least));
    }

    /// So many frames were simulated: another input delay may fit by now.
    fn fit_delay(&mut self, frames: u32) {
        let playing = self.peers.values().filter(|peer| peer.is_playing());
        let Some(round_trip) = playing.clone().filter_map(|peer| peer.rtt).max() else { return };
        let of_others = playing.map(|peer| peer.fitting_delay).max().unwrap_or_default();
        let present = self.delay.wanted();
        let fits = self.delay_fit.handle_frames(frames, round_trip, present, of_others);
        if let Some(fits) = fits {
            info!(
                "the input delay is to be {fits} frames: the longest round trip is {} ms",
                round_trip.as_millis()
            );
            self.delay.request(fits);
        }
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

    /// How the next frame is simulated, so that all wait for inputs equally long. `frame` is how long a frame lasts.
    pub fn poll_pace(&mut self, frame: Duration) -> FramePace {
        let playing = self.peers.values().filter(|peer| peer.is_playing());
        let ahead = playing.map(|peer| f64::from(peer.time_sync.frame_advantage()));
        let (count, sum) = ahead.fold((0, 0.0), |(count, sum), ahead| (count + 1, sum + ahead));
        let mean = if count > 0 { sum / f64::from(count) } else { 0.0 };
        let most = self.max_speed(frame);
        self.pacer.poll_frame(mean, frame, most)
    }

    /// How fast the simulation may run beside the machines that are too slow; without any there is no limit.
    fn max_speed(&self, frame: Duration) -> f64 {
        let window = self.max_prediction as i32;
        let slow = self.peers.values().filter(|peer| peer.is_playing() && peer.lost_percent > 0);
        let speeds = slow.filter_map(|peer| {
            let told = 1.0 - f64::from(peer.lost_percent) / 100.0;
            // Nobody slows the others down by its word alone.
            let measured = f64::from(peer.speed.rate()?) * frame.as_secs_f64();
            let speed = told.max(measured).min(1.0);
            Some(speed_beside(speed, peer.window_left(self.frame, window), window))
        });
        speeds.fold(f64::INFINITY, f64::min)
    }

    /// The local machine could not simulate this share of the last second, 0 to 1. The others are told.
    pub fn handle_lost_time(&mut self, share: f32) {
        self.lost_percent = (share.clamp(0.0, 1.0) * 100.0).ceil() as u8;
    }

    /// A payload of a peer came at `at`, and is taken in already. Peers simulate at least `least` frames per second.
    pub fn handle_speed(&mut self, from: PeerKey, at: Duration, least: f32) -> Option<PeerSpeed> {
        let last_frame = self.last_input(from)?;
        let local = self.local.last_frame();
        let others = self.peers.iter().filter(|(key, peer)| **key != from && peer.is_playing());
        let others = others.map(|(_, peer)| peer.log.last_frame());
        let is_last = others.chain([local]).all(|last| last.is_some_and(|last| last > last_frame));
        let peer = self.peers.get_mut(&from)?;
        peer.speed.handle_payload(at, last_frame, is_last, least);
        Some(PeerSpeed {
            rate: peer.speed.rate()?,
            says_slow: peer.lost_percent > 0,
            is_too_slow: peer.speed.is_too_slow(),
        })
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
        self.peers.values().any(|peer| peer.window_left(self.frame, window) <= 0)
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
