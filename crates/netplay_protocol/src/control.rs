use serde::{Deserialize, Serialize};

use crate::limits::{MAX_CONTROL_BYTES, MAX_GAME_ID_BYTES, MAX_NAME_BYTES, MAX_PLAYERS};
use crate::{ReliableHeader, Roster};

/// A reliable, ordered message between two peers.
///
/// On the wire: a [`ReliableHeader`](crate::ReliableHeader), which carries the version, then the message in
/// postcard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ControlMessage {
    /// The first message on a link: what I play.
    Hello(Hello),
    /// I have seen everybody's [`Hello`] and am ready to play this epoch.
    Ready {
        /// The roster it is to be played with, as in [`Hello::roster`].
        roster: u64,
        /// The match that is to start.
        epoch: u16,
    },
    /// I end the match and leave, for this reason (a sentence for the player).
    Bye {
        /// Why, in words.
        reason: String,
    },
    /// At this frame my state differs from what you reported.
    Desync {
        /// The match in which it happened.
        epoch: u16,
        /// The frame whose checksums differ.
        frame: i32,
        /// My checksum of that frame.
        checksum: u64,
    },
    /// A player is to be dropped from the match.
    Gone(Gone),
    /// You were started anew, and a match is running that you are in. What was pressed in it follows.
    Running(Running),
    /// What a player pressed in a match that is running.
    Past(Past),
}

/// What somebody who was started anew needs to know of the match that it comes back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The match.
    pub epoch: u16,
    /// Who plays it, by seat. The server's roster may have changed since it began.
    pub roster: Roster,
    /// The seats of players who are gone from it.
    pub gone: Vec<u8>,
    /// By seat: the last frame whose input I have; -1 if there is none. As many [`Past`]s follow as it takes.
    pub newest: Vec<i32>,
}

/// A part of what a player has pressed since a match began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// The match.
    pub epoch: u16,
    /// The seat of the player.
    pub player: u8,
    /// The frame of the first of these inputs.
    pub start: i32,
    /// The inputs, each as its difference from the one before, in ggrs' own encoding.
    pub inputs: Vec<u8>,
}

/// What a survivor knows of a player that is to be dropped from a match. It takes nothing more from that
/// player. Survivors tell each other until all know the same, and then drop it after the same frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// The match.
    pub epoch: u16,
    /// The seat of the player.
    pub player: u8,
    /// The last frame whose input of that player I have; -1 if there is none.
    pub frame: i32,
    /// Its inputs of the last frames up to that one, oldest first, one after the other: what other
    /// survivors may lack.
    pub inputs: Vec<u8>,
    /// Why, in words.
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
    /// What the player wants to be called; empty for nothing. At most [`MAX_NAME_BYTES`].
    pub name: String,
}

/// The bytes are not a control message: too long, truncated or something else.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a malformed control message of {0} bytes")]
pub struct ControlError(pub usize);

impl ControlMessage {
    /// The most bytes a message may have.
    pub const MAX_BYTES: usize = MAX_CONTROL_BYTES - ReliableHeader::BYTES;

    /// The message as it travels.
    ///
    /// # Errors
    ///
    /// [`ControlError`] where it would be longer than [`Self::MAX_BYTES`].
    pub fn encode(&self) -> Result<Vec<u8>, ControlError> {
        let bytes = postcard::to_stdvec(self).map_err(|_| ControlError(0))?;
        if bytes.len() > Self::MAX_BYTES {
            return Err(ControlError(bytes.len()));
        }
        Ok(bytes)
    }

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// [`ControlError`] where it is none.
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
            Ok(Self::Running(running))
                if running.roster.members.len() > usize::from(MAX_PLAYERS)
                    || running.newest.len() != running.roster.members.len() =>
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
        let running = Running {
            epoch: 1,
            roster: Roster { size: 2, members: vec![PeerKey::from_bytes([1; 16]); 2] },
            gone: vec![1],
            newest: vec![-1, 90],
        };
        let lying = Running { newest: vec![5], ..running.clone() };
        let lying = ControlMessage::Running(lying).encode().unwrap();
        assert!(ControlMessage::decode(&lying).is_err(), "a frame for every seat");
        for message in [
            ControlMessage::Hello(hello),
            ControlMessage::Ready { roster: 9, epoch: 7 },
            ControlMessage::Bye { reason: "left".into() },
            ControlMessage::Desync { epoch: 1, frame: -1, checksum: 5 },
            ControlMessage::Gone(Gone {
                epoch: 1,
                player: 2,
                frame: 77,
                inputs: vec![1, 2],
                reason: "left".into(),
            }),
            ControlMessage::Running(running),
            ControlMessage::Past(Past { epoch: 1, player: 1, start: 2, inputs: vec![7] }),
        ] {
            assert_eq!(ControlMessage::decode(&message.encode().unwrap()), Ok(message));
        }
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
