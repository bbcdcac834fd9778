//! [`DesyncBundle`]: all that is known of a desync.

use serde::{Deserialize, Serialize};

use super::DesyncSide;

/// All that is known of a desync. Players have neither names nor keys nor addresses in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesyncBundle {
    /// The game.
    pub game: GameInfo,
    /// The match.
    pub this_match: MatchInfo,
    /// What the peer had that wrote this.
    pub ours: DesyncSide,
    /// What the other peer had, if it has said so.
    pub theirs: Option<DesyncSide>,
    /// The inputs of all peers, in the order of the match.
    pub inputs: Vec<PlayerInputs>,
    /// The latest rollbacks, oldest first.
    pub rollbacks: Vec<RollbackEntry>,
    /// Changes of the local input delay, oldest first.
    pub delays: Vec<DelayChange>,
    /// The link to the other peer.
    pub link: LinkSummary,
    /// How it came about, where it was not written by a match: such as that it was shortened.
    pub note: String,
}

/// A game and what it registers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GameInfo {
    /// Its name and version.
    pub name: String,
    /// The hash of what is registered, which peers compare before a match.
    pub registered: u64,
    /// What is registered for rollback.
    pub types: Vec<RegisteredType>,
}

/// A registered type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredType {
    /// What peers call it.
    pub name: String,
    /// Component, resource, state or message.
    pub kind: String,
    /// By what it is compared: serde, Reflect, Hash or nothing.
    pub compared_by: String,
}

/// A match, and how it was simulated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchInfo {
    /// Counts the matches of its room, from 1.
    pub epoch: u16,
    /// Its seed.
    pub seed: u64,
    /// For how many players its room is.
    pub places: u8,
    /// With how many players a match of the room starts at least, if players say in its lobby that they are ready.
    pub least: Option<u8>,
    /// How many players each peer brings.
    pub player_counts: Vec<u8>,
    /// The peer that wrote the bundle, by its place.
    pub local_peer: u8,
    /// The other peer of the desync.
    pub remote_peer: u8,
    /// The values of the lobby that it started with: that of the room, and those of the players.
    pub lobby: (Vec<u8>, Vec<Vec<u8>>),
    /// Frames per second.
    pub frame_rate: u32,
    /// The local input delay at its beginning, in frames.
    pub input_delay: u32,
    /// How far it ran ahead of the last confirmed frame.
    pub max_prediction: u32,
    /// Whether confirmed frames were saved only.
    pub sparse_saving: bool,
    /// One frame in so many was compared.
    pub checksum_interval: u32,
    /// Every frame up to this one was confirmed.
    pub confirmed: i32,
}

/// All inputs of a peer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerInputs {
    /// The frame of the first input. Before it the input is the default one.
    pub start: i32,
    /// How many bytes an input has. The last one is 1 where the peer was disconnected.
    pub input_bytes: u32,
    /// The default input.
    pub default_input: Vec<u8>,
    /// The inputs, frame by frame, without separators.
    #[serde(with = "serde_bytes_as_slice")]
    pub inputs: Vec<u8>,
    /// The last frame whose input was its own, if it was dropped.
    pub dropped_after: Option<i32>,
}

/// The simulation went back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackEntry {
    /// The frame that it was at.
    pub frame: i32,
    /// By how many frames.
    pub depth: u32,
}

/// The local input delay changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelayChange {
    /// The frame that was simulated.
    pub frame: i32,
    /// The delay from then on, in frames.
    pub delay: u32,
}

/// A link, in short.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkSummary {
    /// The path in use: direct, turn, relay or memory.
    pub path: String,
    /// The round-trip time, in microseconds.
    pub rtt_us: u64,
    /// Lost packets per million.
    pub loss_ppm: u32,
    /// How often the path changed.
    pub path_changes: u32,
    /// Whether it was good, degraded, poor or lost.
    pub quality: String,
}

impl PlayerInputs {
    /// The input of a frame: the default one before the first. None after the last.
    pub fn get(&self, frame: i32) -> Option<&[u8]> {
        if frame < self.start {
            return Some(&self.default_input);
        }
        let len = self.input_bytes.max(1) as usize;
        let first = usize::try_from(frame.checked_sub(self.start)?).ok()?.checked_mul(len)?;
        self.inputs.get(first..first.checked_add(len)?)
    }

    /// The first frame without an input.
    pub fn end(&self) -> i32 {
        let count = self.inputs.len() / self.input_bytes.max(1) as usize;
        self.start.saturating_add(i32::try_from(count).unwrap_or(i32::MAX))
    }

    /// Drops the inputs of a frame and of those after it.
    pub fn truncate(&mut self, end: i32) {
        let frames = usize::try_from(end.saturating_sub(self.start)).unwrap_or(0);
        self.inputs.truncate(frames.saturating_mul(self.input_bytes as usize));
    }

    /// Gives the frames of a range the default input.
    pub fn neutralize(&mut self, frames: std::ops::Range<i32>) {
        let len = self.input_bytes.max(1) as usize;
        if self.default_input.len() != len {
            return;
        }
        let place = |frame: i32| usize::try_from(frame.saturating_sub(self.start)).unwrap_or(0);
        let inputs = self.inputs.chunks_exact_mut(len).enumerate();
        let wanted = place(frames.start)..place(frames.end);
        for (_, input) in inputs.filter(|(at, _)| wanted.contains(at)) {
            // That a peer is disconnected is no input of its player.
            let disconnected = input.last().copied().unwrap_or(0);
            input.copy_from_slice(&self.default_input);
            if let Some(last) = input.last_mut() {
                *last = disconnected;
            }
        }
    }

    /// Whether a frame has the default input.
    pub fn is_neutral(&self, frame: i32) -> bool {
        self.get(frame) == Some(&self.default_input[..])
    }
}

impl DesyncBundle {
    /// The first frame for which some peer has no input.
    pub fn end(&self) -> i32 {
        self.inputs.iter().map(PlayerInputs::end).min().unwrap_or(0)
    }

    /// How many inputs differ from the default one.
    pub fn inputs_given(&self) -> usize {
        let of = |peer: &PlayerInputs| {
            (peer.start..peer.end()).filter(|frame| !peer.is_neutral(*frame)).count()
        };
        self.inputs.iter().map(of).sum()
    }

    /// Whether its parts fit together, so that it can be simulated.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.inputs.len() != self.this_match.player_counts.len() || self.inputs.len() > 8 {
            return Err("it does not have the inputs of its peers");
        }
        for peer in &self.inputs {
            let len = peer.input_bytes as usize;
            if len == 0 || peer.default_input.len() != len || peer.inputs.len() % len != 0 {
                return Err("an input has another length than the others");
            }
            if !(0..=1024).contains(&peer.start) {
                return Err("the inputs of a peer begin too late");
            }
        }
        if self.this_match.frame_rate == 0 || self.this_match.checksum_interval == 0 {
            return Err("it has no frame rate or no interval of checksums");
        }
        Ok(())
    }
}

/// Bytes as bytes and not as a list of numbers.
mod serde_bytes_as_slice {
    use std::fmt;

    use serde::de::{Deserializer, Error, Visitor};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }
        from.deserialize_bytes(Bytes)
    }
}
