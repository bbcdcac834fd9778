//! Reliable, ordered messages between two peers: before, during and after a match.

use serde::{Deserialize, Serialize};

use crate::limits::{MAX_CONTROL_BYTES, MAX_GAME_ID_BYTES, MAX_NAME_BYTES, MAX_PLAYERS};
use crate::seed::{SeedCommitment, SeedReveal, SeedReveals};
use crate::{ReliableHeader, Roster};

/// A reliable, ordered message between two peers.
///
/// On the wire: a [`ReliableHeader`](crate::ReliableHeader), which carries the version, then the message in
/// postcard. The order of the variants is part of the format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ControlMessage {
    /// The first message on a link: what the sender plays.
    Hello(Hello),
    /// The sender has received every [`Hello`] and is ready to play this epoch.
    Ready {
        /// A hash of the roster to play with, as in [`Hello::roster`].
        roster: u64,
        /// The match that is to start.
        epoch: u16,
    },
    /// The sender ends the match and leaves the room.
    Bye {
        /// Why: a sentence for the player.
        reason: String,
    },
    /// A player is to be dropped from the match.
    DropProposal(DropProposal),
    /// The receiver's process restarted, and it belongs to a running match. [`InputLogChunk`]s follow.
    RejoinState(RejoinState),
    /// A part of a player's input log.
    InputLogChunk(InputLogChunk),
    /// A part of a message that is longer than a packet.
    Fragment {
        /// Whether it is the last one of the message.
        last: bool,
        /// The part.
        bytes: Vec<u8>,
    },
    /// The sender has drawn its part of a match's seed.
    SeedCommitment(SeedCommitment),
    /// The sender has every [`SeedCommitment`] and reveals its part of the seed.
    SeedReveal(SeedReveal),
    /// The sender has every [`SeedReveal`], and the match starts.
    SeedReveals(SeedReveals),
}

/// The state of a running match, for a player whose process restarted and who rejoins it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejoinState {
    /// The match.
    pub epoch: u16,
    /// The players of the match, in order. The server's roster may have changed since it began.
    pub roster: Roster,
    /// The players who were dropped from it.
    pub disconnected: Vec<u8>,
    /// For each player, the last frame whose input the sender has; -1 if there is none. The sender sends
    /// every input up to these frames as [`InputLogChunk`]s.
    pub last_frames: Vec<i32>,
    /// The seed of the match.
    pub seed: u64,
}

/// Consecutive inputs of one player, out of its input log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputLogChunk {
    /// The match.
    pub epoch: u16,
    /// The player whose inputs these are.
    pub player: u8,
    /// The frame of the first input.
    pub start_frame: i32,
    /// The inputs, each as its difference from the one before, in ggrs' encoding.
    pub inputs: Vec<u8>,
}

/// What a survivor has of a player that is to be dropped from the match.
///
/// The sender accepts nothing more from that player. Survivors exchange proposals until all of them have the
/// same inputs; then each drops the player after the same frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropProposal {
    /// The match.
    pub epoch: u16,
    /// The player to drop.
    pub player: u8,
    /// The last frame whose input of that player the sender has; -1 if there is none.
    pub last_frame: i32,
    /// The player's inputs of the last frames up to that one, oldest first, without separators: other
    /// survivors may lack some of them.
    pub inputs: Vec<u8>,
    /// Why: a sentence for the player.
    pub reason: String,
}

/// What both sides of a link must agree on before a match starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The name of the game and its version, as the game chose it.
    pub game: String,
    /// A hash of everything that is registered for rollback, and of the default input.
    pub registered: u64,
    /// A hash of the room's roster: the same peers in the same order.
    pub roster: u64,
    /// Frames per second of the simulation.
    pub frame_rate: u16,
    /// The player's name; empty if it has none. At most [`MAX_NAME_BYTES`].
    pub name: String,
}

/// The bytes are not a control message: too long, truncated or malformed. Holds their number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a malformed control message of {0} bytes")]
pub struct ControlError(pub usize);

impl ControlMessage {
    /// The largest encoded message, in bytes.
    pub const MAX_BYTES: usize = MAX_CONTROL_BYTES - ReliableHeader::BYTES;

    /// Encodes the message.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the message is longer than [`Self::MAX_BYTES`].
    pub fn encode(&self) -> Result<Vec<u8>, ControlError> {
        let bytes = postcard::to_stdvec(self).map_err(|_| ControlError(0))?;
        if bytes.len() > Self::MAX_BYTES {
            return Err(ControlError(bytes.len()));
        }
        Ok(bytes)
    }

    /// Decodes a message and checks its sizes.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the bytes are not a message.
    pub fn decode(bytes: &[u8]) -> Result<Self, ControlError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(ControlError(bytes.len()));
        }
        Self::decode_checked(bytes)
    }

    /// Decodes a message of any length and checks the sizes in it.
    pub(crate) fn decode_checked(bytes: &[u8]) -> Result<Self, ControlError> {
        let malformed = || ControlError(bytes.len());
        match postcard::from_bytes(bytes) {
            Ok(Self::Hello(hello))
                if hello.game.len() > MAX_GAME_ID_BYTES || hello.name.len() > MAX_NAME_BYTES =>
            {
                Err(malformed())
            }
            Ok(Self::RejoinState(state))
                if state.roster.members.len() > usize::from(MAX_PLAYERS)
                    || state.last_frames.len() != state.roster.members.len() =>
            {
                Err(malformed())
            }
            Ok(Self::SeedReveals(reveals)) if reveals.nonces.len() > usize::from(MAX_PLAYERS) => {
                Err(malformed())
            }
            Ok(message) => Ok(message),
            Err(_) => Err(malformed()),
        }
    }
}

#[cfg(test)]
#[path = "control_tests.rs"]
mod tests;
