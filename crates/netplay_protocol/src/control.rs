//! Reliable, ordered messages between two peers: before, during and after a match.

use serde::{Deserialize, Serialize};

use crate::limits::{MAX_CONTROL_BYTES, MAX_GAME_ID_BYTES, MAX_NAME_BYTES, MAX_PLAYERS};
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
    /// The sender's state at this frame differs from the one that the receiver reported.
    Desync {
        /// The match in which it happened.
        epoch: u16,
        /// The frame whose checksums differ.
        frame: i32,
        /// The sender's checksum of that frame.
        checksum: u64,
    },
    /// A player is to be dropped from the match.
    DropProposal(DropProposal),
    /// The receiver's process restarted, and it belongs to a running match. [`InputLogChunk`]s follow.
    RejoinState(RejoinState),
    /// A part of a player's input log.
    InputLogChunk(InputLogChunk),
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
    /// A hash of everything that is registered for rollback, and of the input's size.
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
        let malformed = || ControlError(bytes.len());
        if bytes.len() > Self::MAX_BYTES {
            return Err(malformed());
        }
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
            Ok(message) => Ok(message),
            Err(_) => Err(malformed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PeerKey;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn messages_come_back_as_they_were_sent() {
        let hello = Hello {
            game: "arena 1".into(),
            registered: 1,
            roster: u64::MAX,
            frame_rate: 60,
            name: "Ann".into(),
        };
        let state = RejoinState {
            epoch: 1,
            roster: Roster { size: 2, members: vec![PeerKey::from_bytes([1; 16]); 2] },
            disconnected: vec![1],
            last_frames: vec![-1, 90],
        };
        let short = RejoinState { last_frames: vec![5], ..state.clone() };
        let short = ControlMessage::RejoinState(short).encode().unwrap();
        assert!(ControlMessage::decode(&short).is_err(), "a frame for every player");
        for message in [
            ControlMessage::Hello(hello),
            ControlMessage::Ready { roster: 9, epoch: 7 },
            ControlMessage::Bye { reason: "left".into() },
            ControlMessage::Desync { epoch: 1, frame: -1, checksum: 5 },
            ControlMessage::DropProposal(DropProposal {
                epoch: 1,
                player: 2,
                last_frame: 77,
                inputs: vec![1, 2],
                reason: "left".into(),
            }),
            ControlMessage::RejoinState(state),
            ControlMessage::InputLogChunk(InputLogChunk {
                epoch: 1,
                player: 1,
                start_frame: 2,
                inputs: vec![7],
            }),
        ] {
            assert_eq!(ControlMessage::decode(&message.encode().unwrap()), Ok(message));
        }
    }

    #[test]
    fn the_bytes_of_a_message_do_not_depend_on_its_name() {
        let proposal = DropProposal {
            epoch: 1,
            player: 2,
            last_frame: -1,
            inputs: vec![9],
            reason: "x".into(),
        };
        let roster = Roster { size: 2, members: vec![PeerKey::from_bytes([7; 16])] };
        let state = RejoinState {
            epoch: 300,
            roster: roster.clone(),
            disconnected: vec![1],
            last_frames: vec![64],
        };
        let chunk = InputLogChunk { epoch: 1, player: 3, start_frame: 2, inputs: vec![7, 8] };
        let encoded = |message: ControlMessage| message.encode().unwrap();
        assert_eq!(
            encoded(ControlMessage::DropProposal(proposal)),
            [4, 1, 2, 1, 1, 9, 1, b'x'],
            "the variant, then the fields in order, frames in zigzag"
        );
        let roster = postcard::to_stdvec(&roster).unwrap();
        assert_eq!(
            encoded(ControlMessage::RejoinState(state)),
            [&[5, 0xac, 2], &roster[..], &[1, 1, 1, 0x80, 1]].concat()
        );
        assert_eq!(encoded(ControlMessage::InputLogChunk(chunk)), [6, 1, 3, 4, 2, 7, 8]);
    }

    #[test]
    fn truncated_and_oversized_messages_are_refused() {
        let bytes = ControlMessage::Bye { reason: "x".repeat(100) }.encode().unwrap();
        for length in 0..bytes.len() {
            assert!(ControlMessage::decode(&bytes[..length]).is_err(), "{length}");
        }
        let huge = ControlMessage::Bye { reason: "x".repeat(MAX_CONTROL_BYTES) };
        assert!(huge.encode().is_err());
    }
}
