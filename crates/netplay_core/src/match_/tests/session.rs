//! A model of a rollback session: inputs, acknowledgements and stalls, without a simulation.

use std::collections::BTreeMap;

use netplay_protocol::PeerKey;

use super::super::encoded::{EncodedInputs, MAX_FRAMES};
use super::super::{MatchTraffic, SessionMessage};
use super::settings::Settings;

/// One rollback session.
#[derive(Debug)]
pub(super) struct Session {
    /// The frame that is simulated next.
    pub(super) frame: i32,
    /// How many frames it runs ahead of the last confirmed one.
    window: i32,
    /// The input delay, in frames.
    delay: i32,
    /// The frame before which the next local input is given.
    given: i32,
    /// The local inputs.
    local: Inputs,
    remotes: BTreeMap<PeerKey, Remote>,
}

/// The inputs of a player that a session has.
#[derive(Clone, Debug)]
struct Inputs {
    /// The frame of the first input.
    start: i32,
    inputs: Vec<Vec<u8>>,
    /// What the first input is encoded as the difference from.
    zero: Vec<u8>,
}

/// What a session knows of another one.
#[derive(Debug)]
struct Remote {
    inputs: Inputs,
    /// The last local input that it has acknowledged.
    acked: i32,
}

impl Inputs {
    fn new(settings: &Settings) -> Self {
        Self { start: 0, inputs: Vec::new(), zero: vec![0; settings.default_input.len()] }
    }

    fn last_frame(&self) -> i32 {
        if self.inputs.is_empty() { -1 } else { self.start + self.inputs.len() as i32 - 1 }
    }

    fn last(&self) -> &Vec<u8> {
        self.inputs.last().unwrap_or(&self.zero)
    }
}

impl Session {
    pub(super) fn new(
        delay: usize,
        settings: &Settings,
        peers: impl Iterator<Item = PeerKey>,
    ) -> Self {
        let local = Inputs::new(settings);
        let remote = || Remote { inputs: local.clone(), acked: -1 };
        let remotes = peers.map(|peer| (peer, remote())).collect();
        let (window, delay) = (settings.window as i32, delay as i32);
        Self { frame: 0, window, delay, given: 0, local, remotes }
    }

    /// The inputs of a player that the session received, with the frame of the first.
    pub(super) fn received(&self, of: PeerKey) -> (i32, Vec<u8>) {
        let inputs = &self.remotes[&of].inputs;
        (inputs.start, inputs.inputs.concat())
    }

    /// The last frame of which the session has every other player's input.
    pub(super) fn confirmed(&self) -> i32 {
        self.remotes.values().map(|remote| remote.inputs.last_frame()).min().unwrap_or(i32::MAX)
    }

    /// Receives messages and simulates the next frame with this input, unless it has to wait for other players.
    pub(super) fn run_frame(
        &mut self,
        traffic: &mut MatchTraffic,
        until: i32,
        input: &[u8],
    ) -> bool {
        while let Some((from, message)) = traffic.poll_message() {
            self.receive(traffic, from, message);
        }
        if self.frame >= until {
            return false;
        }
        self.give(traffic, input);
        if self.frame > self.confirmed().saturating_add(self.window) {
            return false;
        }
        self.frame += 1;
        true
    }

    /// Gives the local input of the frame, and sends it, unless that was done before the session had to wait.
    fn give(&mut self, traffic: &mut MatchTraffic, input: &[u8]) {
        let replayed = traffic.replayed_input(self.frame).map(<[u8]>::to_vec);
        let input = replayed.unwrap_or_else(|| input.to_vec());
        if let Some(delay) = traffic.poll_input_delay(self.frame, &input) {
            self.delay = delay as i32;
        }
        if self.frame < self.given {
            return;
        }
        self.given = self.frame + 1;
        let frame = self.frame + self.delay;
        let Inputs { start, inputs, .. } = &mut self.local;
        if inputs.is_empty() {
            *start = frame;
        }
        let place = (frame - *start) as usize;
        if place < inputs.len() {
            return;
        }
        let repeated = inputs.last().unwrap_or(&input).clone();
        inputs.resize(place, repeated);
        inputs.push(input);
        self.send(traffic);
    }

    fn receive(&mut self, traffic: &mut MatchTraffic, from: PeerKey, message: SessionMessage) {
        let remote = self.remotes.get_mut(&from).unwrap();
        match message {
            SessionMessage::Inputs { ack_frame, inputs, .. } => {
                remote.acked = remote.acked.max(ack_frame);
                let decoded = inputs.decode(remote.inputs.last(), MAX_FRAMES);
                match remote.inputs.inputs.is_empty() {
                    true => remote.inputs.start = inputs.start_frame,
                    false => {
                        assert_eq!(inputs.start_frame, remote.inputs.last_frame() + 1, "a gap")
                    }
                }
                remote.inputs.inputs.extend(decoded.unwrap());
                let ahead = remote.inputs.last_frame() - self.frame;
                assert!(ahead < MAX_FRAMES as i32, "{ahead} frames ahead");
                let ack_frame = remote.inputs.last_frame();
                traffic.handle_message(from, SessionMessage::InputAck { ack_frame });
            }
            SessionMessage::InputAck { ack_frame } => remote.acked = remote.acked.max(ack_frame),
        }
    }

    /// Sends every peer all inputs that it has not acknowledged.
    fn send(&self, traffic: &mut MatchTraffic) {
        let last_frames: Vec<i32> = vec![self.frame; self.remotes.len() + 1];
        let Inputs { start, inputs, zero } = &self.local;
        for (key, remote) in &self.remotes {
            let known = (remote.acked + 1 - start).clamp(0, inputs.len() as i32) as usize;
            let (acked, pending) = inputs.split_at(known);
            assert!(pending.len() <= MAX_FRAMES, "{} inputs wait for {key:?}", pending.len());
            if pending.is_empty() {
                continue;
            }
            let before = acked.last().unwrap_or(zero);
            let inputs = EncodedInputs::encode(start + known as i32, before, pending);
            let (ack_frame, last_frames) = (remote.inputs.last_frame(), last_frames.clone());
            let message = SessionMessage::Inputs { ack_frame, last_frames, inputs };
            traffic.handle_message(*key, message);
        }
    }
}
