use serde::{Deserialize, Serialize};

use crate::limits::{MAX_CONTROL_BYTES, MAX_GAME_ID_BYTES};

/// A reliable, ordered message between two peers.
///
/// On the wire: [`ControlMessage::VERSION`] in two bytes, little endian, then the message in postcard.
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
}

/// The bytes are not a control message of this version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// Of another version.
    #[error(
        "the other player's game speaks protocol version {0}, this one version {version}: update the older one",
        version = ControlMessage::VERSION
    )]
    Version(u16),
    /// Too long, truncated or not a message.
    #[error("a malformed control message of {0} bytes")]
    Malformed(usize),
}

impl ControlMessage {
    /// The version of the protocol between peers.
    pub const VERSION: u16 = 1;

    /// The message as it travels.
    pub fn encode(&self) -> Result<Vec<u8>, ControlError> {
        let bytes = postcard::to_extend(self, Self::VERSION.to_le_bytes().to_vec())
            .map_err(|_| ControlError::Malformed(0))?;
        if bytes.len() > MAX_CONTROL_BYTES {
            return Err(ControlError::Malformed(bytes.len()));
        }
        Ok(bytes)
    }

    /// Reads a message. The version is read before anything else, so that a newer peer's message is
    /// refused for its version and not for its contents.
    pub fn decode(bytes: &[u8]) -> Result<Self, ControlError> {
        let malformed = || ControlError::Malformed(bytes.len());
        let (version, body) = bytes.split_first_chunk::<2>().ok_or_else(malformed)?;
        let version = u16::from_le_bytes(*version);
        if version != Self::VERSION {
            return Err(ControlError::Version(version));
        }
        if bytes.len() > MAX_CONTROL_BYTES {
            return Err(malformed());
        }
        match postcard::from_bytes(body) {
            Ok(Self::Hello(hello)) if hello.game.len() > MAX_GAME_ID_BYTES => Err(malformed()),
            Ok(message) => Ok(message),
            Err(_) => Err(malformed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_as_they_were_sent() {
        let hello =
            Hello { game: "arena 1".into(), registered: 1, roster: u64::MAX, frame_rate: 60 };
        for message in [
            ControlMessage::Hello(hello),
            ControlMessage::Ready { roster: 9, epoch: 7 },
            ControlMessage::Bye { reason: "left".into() },
            ControlMessage::Desync { epoch: 1, frame: -1, checksum: 5 },
        ] {
            assert_eq!(ControlMessage::decode(&message.encode().unwrap()), Ok(message));
        }
    }

    #[test]
    fn another_version_is_refused_before_its_contents_are_read() {
        let mut bytes = ControlMessage::Ready { roster: 9, epoch: 1 }.encode().unwrap();
        bytes[0] = 9;
        bytes.truncate(3);
        assert_eq!(ControlMessage::decode(&bytes), Err(ControlError::Version(9)));
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
