//! A rollback session without rollback: it gives one input a frame, waits where the prediction window ends, and
//! acknowledges what it has received.

use std::collections::BTreeMap;

use netplay_protocol::PeerKey;

use crate::match_::{EncodedInputs, MAX_FRAMES, SessionMessage, SharedTraffic};
use crate::room::{MatchStart, RoomConfig};

/// How many frames lie between two checksums that peers compare.
const CHECKSUM_INTERVAL: i32 = 15;

/// One peer's simulation of a match.
pub(super) struct Simulation {
    pub(super) start: MatchStart,
    traffic: SharedTraffic,
    max_prediction: i32,
    default_input: Vec<u8>,
    /// The frame that is simulated next.
    pub(super) frame: i32,
    /// The frame whose checksum is confirmed next.
    next_confirmed: i32,
    /// The frame before which the next local input is given.
    given: i32,
    /// The input delay at present.
    delay: usize,
    /// By player: the inputs of the frames from 0 on.
    inputs: Vec<Vec<Vec<u8>>>,
    /// By peer: up to which frame it has the local inputs.
    acked: BTreeMap<PeerKey, i32>,
    /// Makes inputs of one process and match different from those of another.
    salt: u8,
    /// From which frame on it gives other inputs than another process of the same peer.
    pub(super) lies_from: Option<i32>,
}

impl Simulation {
    pub(super) fn new(start: MatchStart, traffic: SharedTraffic, config: &RoomConfig) -> Self {
        let players = start.players.len();
        let salt = (config.incarnation as u8).wrapping_add(start.epoch as u8);
        Self {
            traffic,
            max_prediction: config.max_prediction as i32,
            default_input: config.default_input.clone(),
            frame: 0,
            next_confirmed: 0,
            given: 0,
            delay: start.input_delay,
            inputs: vec![Vec::new(); players],
            acked: BTreeMap::new(),
            salt,
            lies_from: None,
            start,
        }
    }

    /// The last frame of which every player's input is known.
    pub(super) fn confirmed(&self) -> i32 {
        self.inputs.iter().map(|inputs| inputs.len() as i32 - 1).min().unwrap_or(-1)
    }

    /// Every player's inputs of the frames up to one, which is confirmed.
    pub(super) fn history(&self, frame: i32) -> Vec<&[Vec<u8>]> {
        self.inputs.iter().map(|inputs| &inputs[..=frame as usize]).collect()
    }

    /// What is simulated in one update: a frame, or many while there is something to catch up with.
    pub(super) fn update(&mut self) {
        let frames = self.traffic.lock().frames_behind().unwrap_or(1).min(120);
        for _ in 0..frames {
            self.receive();
            self.give();
            if self.frame - self.confirmed() <= self.max_prediction {
                self.frame += 1;
            }
            self.send();
        }
    }

    /// Receives and sends, and simulates nothing.
    pub(super) fn poll(&mut self) {
        self.receive();
        self.send();
    }

    /// The checksums of the compared frames that are confirmed since the last call. The state of the frames from
    /// `differs_from` on differs from that of everybody else.
    pub(super) fn confirm(&mut self, differs_from: Option<i32>) -> Vec<(i32, u64)> {
        let until = (self.confirmed() + 1).min(self.frame);
        let frames = std::mem::replace(&mut self.next_confirmed, until)..until;
        let checksum = |frame: i32| {
            let differs = differs_from.is_some_and(|from| frame >= from);
            (frame, seahash::hash(&[frame.to_le_bytes(), [u8::from(differs); 4]].concat()))
        };
        frames.filter(|frame| frame % CHECKSUM_INTERVAL == 0).map(checksum).collect()
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
            };
            let acked = self.acked.entry(from).or_insert(-1);
            *acked = ack.max(*acked);
            let Some(EncodedInputs { start_frame, bytes }) = inputs else { continue };
            let log = &mut self.inputs[player];
            let mut last = log.last().cloned().unwrap_or_else(|| vec![0; self.default_input.len()]);
            // The frames of the input delay come without inputs.
            if log.is_empty() {
                log.resize(start_frame as usize, self.default_input.clone());
            }
            assert_eq!(start_frame, log.len() as i32, "a gap or a repetition");
            let bytes = bitfield_rle::decode(bytes).unwrap();
            for difference in bytes.chunks_exact(2 + self.default_input.len()) {
                last.iter_mut().zip(&difference[2..]).for_each(|(byte, delta)| *byte ^= delta);
                log.push(last.clone());
            }
        }
    }

    /// Gives the local input of the frame, unless that was done before the simulation had to wait.
    fn give(&mut self) {
        let mut traffic = self.traffic.lock();
        let replayed = traffic.replayed_input(self.frame).map(<[u8]>::to_vec);
        let input = replayed.unwrap_or_else(|| self.input());
        if let Some(delay) = traffic.poll_input_delay(self.frame, &input) {
            self.delay = delay;
        }
        if self.frame < self.given {
            return;
        }
        self.given = self.frame + 1;
        let log = &mut self.inputs[self.start.local_player];
        let frame = self.frame as usize + self.delay;
        if frame >= log.len() {
            let repeated = log.last().unwrap_or(&self.default_input).clone();
            log.resize(frame, repeated);
            log.push(input);
        }
    }

    /// An input that changes now and then, as that of a player does, and is held now and then.
    fn input(&self) -> Vec<u8> {
        let turn = self.frame / 7;
        let turn = if turn & 4 == 0 { turn } else { turn | 3 };
        let lie = u8::from(self.lies_from.is_some_and(|from| self.frame >= from));
        let given = turn.wrapping_mul(31) as u8 ^ self.salt ^ lie;
        let bytes = 0..self.default_input.len() - 1;
        bytes.map(|at| given.wrapping_mul((2 * at + 1) as u8)).chain([0]).collect()
    }

    fn send(&mut self) {
        let local = &self.inputs[self.start.local_player];
        let last_frames: Vec<i32> = self.inputs.iter().map(|it| it.len() as i32 - 1).collect();
        for (player, peer) in self.start.players.iter().enumerate() {
            if player == self.start.local_player {
                continue;
            }
            let acked = self.acked.get(peer).copied().unwrap_or(-1);
            let first = self.start.input_delay;
            let from = ((acked + 1) as usize).max(first);
            assert!(
                local.len() <= from + MAX_FRAMES,
                "ggrs would give up: player {player} has {acked} of {}, at {} of {last_frames:?}",
                local.len(),
                self.frame
            );
            let zero = vec![0; self.default_input.len()];
            let mut last = match from == first {
                true => &zero,
                false => local.get(from - 1).unwrap_or(&zero),
            };
            let mut bytes = Vec::new();
            for input in local.get(from..).unwrap_or_default() {
                bytes.extend((input.len() as u16).to_le_bytes());
                bytes.extend(last.iter().zip(input).map(|(before, now)| before ^ now));
                last = input;
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
