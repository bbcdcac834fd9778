//! A model of a rollback session: inputs, acknowledgements and stalls, without a simulation.

use std::collections::BTreeMap;

use netplay_protocol::PeerKey;

use super::super::encoded::{EncodedInputs, MAX_FRAMES};
use super::super::{MatchTraffic, SessionMessage};
use super::INPUT_BYTES;

/// How many frames a session runs ahead of the last confirmed one.
const WINDOW: i32 = 8;

/// One rollback session.
#[derive(Debug)]
pub(super) struct Session {
    /// The frame that is simulated next.
    pub(super) frame: i32,
    /// The input delay, in frames.
    delay: i32,
    /// The local inputs from frame `delay` on.
    local: Vec<Vec<u8>>,
    remotes: BTreeMap<PeerKey, Remote>,
}

/// What a session knows of another one.
#[derive(Debug)]
struct Remote {
    /// The frame of the first input.
    start: i32,
    inputs: Vec<Vec<u8>>,
    /// The last local input that it has acknowledged.
    acked: i32,
}

impl Remote {
    fn last_frame(&self) -> i32 {
        if self.inputs.is_empty() { -1 } else { self.start + self.inputs.len() as i32 - 1 }
    }
}

impl Session {
    pub(super) fn new(delay: i32, peers: impl Iterator<Item = PeerKey>) -> Self {
        let remote = || Remote { start: 0, inputs: Vec::new(), acked: -1 };
        let remotes = peers.map(|peer| (peer, remote())).collect();
        Self { frame: 0, delay, local: Vec::new(), remotes }
    }

    /// The inputs of a player that the session received, with the frame of the first.
    pub(super) fn received(&self, of: PeerKey) -> (i32, Vec<u8>) {
        let remote = &self.remotes[&of];
        (remote.start, remote.inputs.concat())
    }

    /// Receives messages and simulates the next frame with this input, unless it has to wait for other players.
    pub(super) fn run_frame(&mut self, traffic: &mut MatchTraffic, until: i32, input: u8) -> bool {
        while let Some((from, message)) = traffic.poll_message() {
            self.receive(traffic, from, message);
        }
        let confirmed = self.remotes.values().map(Remote::last_frame).min();
        let waits = confirmed.is_some_and(|confirmed| self.frame > confirmed + WINDOW);
        if waits || self.frame >= until {
            return false;
        }
        let replayed = traffic.replayed_input(self.frame).map(<[u8]>::to_vec);
        self.local.push(replayed.unwrap_or_else(|| vec![input, 0]));
        self.frame += 1;
        self.send(traffic);
        true
    }

    fn receive(&mut self, traffic: &mut MatchTraffic, from: PeerKey, message: SessionMessage) {
        let remote = self.remotes.get_mut(&from).unwrap();
        match message {
            SessionMessage::Inputs { ack_frame, inputs, .. } => {
                remote.acked = remote.acked.max(ack_frame);
                let zero = vec![0; INPUT_BYTES];
                let decoded = inputs.decode(remote.inputs.last().unwrap_or(&zero), MAX_FRAMES);
                match remote.inputs.is_empty() {
                    true => remote.start = inputs.start_frame,
                    false => assert_eq!(inputs.start_frame, remote.last_frame() + 1, "a gap"),
                }
                remote.inputs.extend(decoded.unwrap());
                let ahead = remote.last_frame() - self.frame;
                assert!(ahead < MAX_FRAMES as i32, "{ahead} frames ahead");
                let ack_frame = remote.last_frame();
                traffic.handle_message(from, SessionMessage::InputAck { ack_frame });
            }
            SessionMessage::InputAck { ack_frame } => remote.acked = remote.acked.max(ack_frame),
            SessionMessage::FrameAdvantage(_) | SessionMessage::Checksum { .. } => {}
        }
    }

    /// Sends every peer all inputs that it has not acknowledged.
    fn send(&self, traffic: &mut MatchTraffic) {
        let last_frames: Vec<i32> = vec![self.frame; self.remotes.len() + 1];
        for (key, remote) in &self.remotes {
            let known = (remote.acked + 1 - self.delay).clamp(0, self.local.len() as i32) as usize;
            let (acked, pending) = self.local.split_at(known);
            assert!(pending.len() <= MAX_FRAMES, "{} inputs wait for {key:?}", pending.len());
            if pending.is_empty() {
                continue;
            }
            let zero = vec![0; INPUT_BYTES];
            let before = acked.last().unwrap_or(&zero);
            let start_frame = self.delay + known as i32;
            let inputs = EncodedInputs::encode(start_frame, before, pending);
            let (ack_frame, last_frames) = (remote.last_frame(), last_frames.clone());
            let message = SessionMessage::Inputs { ack_frame, last_frames, inputs };
            traffic.handle_message(*key, message);
        }
    }
}
