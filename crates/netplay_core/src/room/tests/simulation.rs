//! A rollback session without rollback: it gives one input a frame, waits where the prediction window ends, and
//! acknowledges what it has received.

use std::collections::BTreeMap;

use netplay_protocol::PeerKey;

use crate::match_::{EncodedInputs, MAX_FRAMES, SessionMessage, SharedTraffic};
use crate::room::{MatchStart, RoomConfig};

/// The size of an input: what the player gives, and whether it is disconnected.
pub(super) const INPUT_BYTES: usize = 2;

/// One peer's simulation of a match.
pub(super) struct Simulation {
    pub(super) start: MatchStart,
    traffic: SharedTraffic,
    max_prediction: i32,
    /// The frame that is simulated next.
    pub(super) frame: i32,
    /// By player: the inputs of the frames from 0 on.
    inputs: Vec<Vec<[u8; INPUT_BYTES]>>,
    /// By peer: up to which frame it has the local inputs.
    acked: BTreeMap<PeerKey, i32>,
    /// Makes inputs of one process and match different from those of another.
    salt: u8,
}

impl Simulation {
    pub(super) fn new(start: MatchStart, traffic: SharedTraffic, config: &RoomConfig) -> Self {
        let players = start.players.len();
        let salt = (config.incarnation as u8).wrapping_add(start.epoch as u8);
        Self {
            traffic,
            max_prediction: config.max_prediction as i32,
            frame: 0,
            inputs: vec![Vec::new(); players],
            acked: BTreeMap::new(),
            salt,
            start,
        }
    }

    /// The last frame of which every player's input is known.
    pub(super) fn confirmed(&self) -> i32 {
        self.inputs.iter().map(|inputs| inputs.len() as i32 - 1).min().unwrap_or(-1)
    }

    /// Every player's inputs of the frames up to one, which is confirmed.
    pub(super) fn history(&self, frame: i32) -> Vec<&[[u8; INPUT_BYTES]]> {
        self.inputs.iter().map(|inputs| &inputs[..=frame as usize]).collect()
    }

    /// What is simulated in one update: a frame, or many while there is something to catch up with.
    pub(super) fn update(&mut self) {
        let frames = self.traffic.lock().frames_behind().unwrap_or(1).min(120);
        for _ in 0..frames {
            self.receive();
            if self.frame - self.confirmed() <= self.max_prediction {
                self.advance();
            }
            self.send();
        }
    }

    fn receive(&mut self) {
        let mut traffic = self.traffic.lock();
        while let Some((from, message)) = traffic.poll_message() {
            let Some(player) = self.start.players.iter().position(|key| *key == from) else {
                continue;
            };
            let (ack, inputs) = match message {
                SessionMessage::Inputs { ack_frame, inputs, .. } => (ack_frame, Some(inputs)),
                SessionMessage::InputAck { ack_frame } => (ack_frame, None),
                _ => continue,
            };
            let acked = self.acked.entry(from).or_insert(-1);
            *acked = ack.max(*acked);
            let Some(EncodedInputs { start_frame, bytes }) = inputs else { continue };
            let log = &mut self.inputs[player];
            // The frames of the input delay come without inputs.
            if log.is_empty() {
                log.resize(start_frame as usize, [0; INPUT_BYTES]);
            }
            assert_eq!(start_frame, log.len() as i32, "a gap or a repetition");
            let bytes = bitfield_rle::decode(bytes).unwrap();
            for difference in bytes.chunks_exact(2 + INPUT_BYTES) {
                let last = log.last().copied().unwrap_or_default();
                log.push([last[0] ^ difference[2], last[1] ^ difference[3]]);
            }
        }
    }

    fn advance(&mut self) {
        let log = &mut self.inputs[self.start.local_player];
        if log.is_empty() {
            log.resize(self.start.input_delay, [0; INPUT_BYTES]);
        }
        let replayed = self.traffic.lock().replayed_input(self.frame).map(|it| [it[0], it[1]]);
        // Changes now and then, as the input of a player does.
        let given = [(self.frame / 7).wrapping_mul(31) as u8 ^ self.salt, 0];
        log.push(replayed.unwrap_or(given));
        self.frame += 1;
    }

    fn send(&mut self) {
        let local = &self.inputs[self.start.local_player];
        let last_frames: Vec<i32> = self.inputs.iter().map(|it| it.len() as i32 - 1).collect();
        for (player, peer) in self.start.players.iter().enumerate() {
            if player == self.start.local_player {
                continue;
            }
            let acked = self.acked.get(peer).copied().unwrap_or(-1);
            let from = ((acked + 1) as usize).max(self.start.input_delay);
            assert!(local.len() <= from + MAX_FRAMES, "ggrs would give up");
            let mut bytes = Vec::new();
            let mut last = from.checked_sub(1).and_then(|at| local.get(at)).copied();
            for input in local.get(from..).unwrap_or_default() {
                let before = last.replace(*input).unwrap_or_default();
                bytes.extend([INPUT_BYTES as u8, 0, before[0] ^ input[0], before[1] ^ input[1]]);
            }
            let ack_frame = last_frames[player];
            let message = match bytes.is_empty() {
                true => SessionMessage::InputAck { ack_frame },
                false => SessionMessage::Inputs {
                    ack_frame,
                    last_frames: last_frames.clone(),
                    inputs: EncodedInputs {
                        start_frame: from as i32,
                        bytes: bitfield_rle::encode(bytes),
                    },
                },
            };
            self.traffic.lock().handle_message(*peer, message);
        }
    }
}
