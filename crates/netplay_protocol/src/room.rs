//! The codes of rooms, and their members.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::limits::{MAX_PLAYERS, MAX_ROOM_CODE_CHARS, MIN_PLAYERS};
use crate::{PeerKey, hexadecimal};

/// The alphabet of random codes: Crockford's base 32, which has no letters that look like digits.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The code of a room: 1 to 32 letters, digits, `-` or `_`. Case does not matter; the code is stored in upper case.
///
/// ```
/// use netplay_protocol::RoomCode;
///
/// let code: RoomCode = "friday-night".parse().unwrap();
/// assert_eq!(code.as_str(), "FRIDAY-NIGHT");
/// assert!("no spaces".parse::<RoomCode>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoomCode(String);

impl RoomCode {
    /// A code of eight characters, five bits each, from the low 40 bits of `entropy`.
    pub fn from_entropy(entropy: u64) -> Self {
        let digit = |index: u32| ALPHABET[(entropy >> (5 * index)) as usize & 31] as char;
        Self((0..8).map(digit).collect())
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not a room code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a room code has 1 to {MAX_ROOM_CODE_CHARS} letters, digits, '-' or '_': \
     check the code you were given"
)]
pub struct BadRoomCode;

impl FromStr for RoomCode {
    type Err = BadRoomCode;

    fn from_str(text: &str) -> Result<Self, BadRoomCode> {
        let fits = (1..=MAX_ROOM_CODE_CHARS).contains(&text.len());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if fits && text.bytes().all(plain) {
            Ok(Self(text.to_ascii_uppercase()))
        } else {
            Err(BadRoomCode)
        }
    }
}

impl TryFrom<String> for RoomCode {
    type Error = BadRoomCode;

    fn try_from(text: String) -> Result<Self, BadRoomCode> {
        text.parse()
    }
}

impl From<RoomCode> for String {
    fn from(code: RoomCode) -> Self {
        code.0
    }
}

/// Tells one incarnation of a room from every other one under the same code: 16 random bytes, drawn when the server
/// creates the room. A server that restores a room keeps them.
///
/// In JSON: 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoomNonce(#[serde(with = "hexadecimal")] pub [u8; 16]);

/// A room and its incarnation, as signatures and handshakes between its members cover it: the SHA-256 of
/// `netplay room 1` and a zero byte, the nonce, and the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RoomScope([u8; 32]);

impl RoomScope {
    /// The scope of this incarnation of this room.
    pub fn new(room: &RoomCode, nonce: RoomNonce) -> Self {
        let hash = Sha256::new().chain_update(b"netplay room 1\0").chain_update(nonce.0);
        Self(hash.chain_update(room.as_str()).finalize().into())
    }

    /// The bytes of the hash.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

/// The members of a room, in the order they joined, which is the order of the players. The server sends every
/// member the same roster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// How many players the room is for.
    pub size: u8,
    /// The members, connected or away, in the order they joined.
    pub members: Vec<PeerKey>,
}

/// No room has such a roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a roster of {members} for {size} players, or with a player twice")]
pub struct BadRoster {
    /// How many members it has.
    pub members: usize,
    /// The size of the room by it.
    pub size: u8,
}

impl Roster {
    /// Checks what is true of every roster: a size that rooms can have, no more members than that, and none twice.
    ///
    /// # Errors
    ///
    /// [`BadRoster`] where that is not so.
    pub fn check(&self) -> Result<(), BadRoster> {
        let (size, members) = (self.size, self.members.len());
        let fits = (MIN_PLAYERS..=MAX_PLAYERS).contains(&size)
            && (1..=usize::from(size)).contains(&members);
        let twice = || {
            let mut sorted = self.members.clone();
            sorted.sort_unstable();
            sorted.windows(2).any(|pair| pair[0] == pair[1])
        };
        if !fits || twice() { Err(BadRoster { members, size }) } else { Ok(()) }
    }

    /// Whether the room has as many members as its size.
    pub fn is_complete(&self) -> bool {
        self.members.len() == usize::from(self.size)
    }

    /// The player handle of a peer: its index in the roster. None if it is not a member.
    pub fn player(&self, peer: PeerKey) -> Option<usize> {
        self.members.iter().position(|member| *member == peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn codes_are_bounded_and_plain() {
        for bad in ["", "a b", "ä", "x/../y", &"a".repeat(33)] {
            assert_eq!(bad.parse::<RoomCode>(), Err(BadRoomCode), "{bad}");
        }
        assert!(serde_json::from_str::<RoomCode>("\"a b\"").is_err());
    }

    #[test]
    fn a_roster_has_a_size_and_each_member_once() {
        let key = |name| PeerKey::from_bytes([name; 16]);
        let roster =
            |size, names: &[u8]| Roster { size, members: names.iter().copied().map(key).collect() };
        for good in [roster(2, &[1]), roster(2, &[2, 1]), roster(8, &[1, 2, 3, 4, 5, 6, 7, 8])] {
            assert_eq!(good.check(), Ok(()), "{good:?}");
        }
        for bad in [
            roster(1, &[1]),
            roster(9, &[1]),
            roster(2, &[]),
            roster(2, &[1, 2, 3]),
            roster(3, &[1, 2, 1]),
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn generated_codes_are_codes_and_differ_by_entropy() {
        let code = RoomCode::from_entropy(0x1234_5678_9abc);
        assert_eq!(code.as_str().parse::<RoomCode>(), Ok(code.clone()));
        assert_eq!(code.as_str().len(), 8);
        assert_ne!(code, RoomCode::from_entropy(0x1234_5678_9abd));
    }
}
