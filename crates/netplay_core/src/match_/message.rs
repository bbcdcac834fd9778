//! Messages between two rollback sessions, as plain values.

use super::encoded::EncodedInputs;

/// A message of a rollback session to the session of one peer, or from it.
///
/// What ggrs sends beyond these never reaches another peer: the driver answers synchronization and round-trip
/// requests itself, because the peers have agreed to play and the link measures round trips, and the match measures how far
/// the simulations are apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionMessage {
    /// All inputs of the sender that the receiver has not acknowledged.
    Inputs {
        /// The last frame whose input the sender has of the receiver; -1 if there is none.
        ack_frame: i32,
        /// For each player, the last frame whose input the sender has.
        last_frames: Vec<i32>,
        /// The inputs.
        inputs: EncodedInputs,
    },
    /// An acknowledgement alone.
    InputAck {
        /// The last frame whose input the sender has of the receiver; -1 if there is none.
        ack_frame: i32,
    },
}

impl SessionMessage {
    /// Inputs of a player that did not come from the player itself, in a match of so many players.
    pub(super) fn synthesized(players: usize, inputs: EncodedInputs, ack_frame: i32) -> Self {
        Self::Inputs { ack_frame, last_frames: vec![inputs.start_frame; players], inputs }
    }
}
