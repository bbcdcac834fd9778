//! The codes of rooms, and their members.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::limits::{MAX_LOCAL_PLAYERS, MAX_PLAYERS, MAX_ROOM_CODE_CHARS, MIN_PLAYERS};
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

/// The members of a room, in the order they joined, which is the order of the players: first those of the first member,
/// then those of the second. The server sends every member the same roster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// How many players the room is for.
    pub size: u8,
    /// The members, connected or away, in the order they joined.
    pub members: Vec<PeerKey>,
    /// How many players each member brings, in the same order.
    pub players: Vec<u8>,
}

/// No room has such a roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a roster of {members} members and {players} players for {size}, or with a member twice")]
pub struct BadRoster {
    /// How many members it has.
    pub members: usize,
    /// How many players it has.
    pub players: usize,
    /// The size of the room by it.
    pub size: u8,
}

impl Roster {
    /// A roster whose members bring one player each.
    pub fn new(size: u8, members: Vec<PeerKey>) -> Self {
        let players = vec![1; members.len()];
        Self { size, members, players }
    }

    /// Checks what is true of every roster: a size that rooms can have, no more players than that, and no member twice.
    ///
    /// # Errors
    ///
    /// [`BadRoster`] where that is not so.
    pub fn check(&self) -> Result<(), BadRoster> {
        let (size, members, players) = (self.size, self.members.len(), self.player_count());
        let fits = (MIN_PLAYERS..=MAX_PLAYERS).contains(&size)
            && (1..=usize::from(size)).contains(&players)
            && self.players.len() == members
            && self.players.iter().all(|players| (1..=MAX_LOCAL_PLAYERS).contains(players));
        let twice = || {
            let mut sorted = self.members.clone();
            sorted.sort_unstable();
            sorted.windows(2).any(|pair| pair[0] == pair[1])
        };
        if !fits || twice() { Err(BadRoster { members, players, size }) } else { Ok(()) }
    }

    /// Whether the room has as many players as its size.
    pub fn is_complete(&self) -> bool {
        self.player_count() == usize::from(self.size)
    }

    /// How many players its members bring.
    pub fn player_count(&self) -> usize {
        self.players.iter().map(|players| usize::from(*players)).sum()
    }

    /// How many players a member brings; none if it is not a member.
    pub fn players_of(&self, peer: PeerKey) -> Option<u8> {
        self.players.get(self.place(peer)?).copied()
    }

    /// The handles of the players that a member brings; none if it is not a member.
    pub fn handles_of(&self, peer: PeerKey) -> Option<Range<usize>> {
        let place = self.place(peer)?;
        let first = self.first_handle(place);
        Some(first..first + usize::from(*self.players.get(place)?))
    }

    /// The handle of the first player of the member with this place.
    pub fn first_handle(&self, place: usize) -> usize {
        self.players.iter().take(place).map(|players| usize::from(*players)).sum()
    }

    /// The number of that player in sentences, where players count from 1.
    pub fn number(&self, place: usize) -> usize {
        self.first_handle(place) + 1
    }

    /// The roster of some of the members, in their order, for a match that is theirs alone.
    pub fn only(&self, some: &[PeerKey]) -> Self {
        let members = self.members.iter().copied().zip(self.players.iter().copied());
        let (members, players): (Vec<_>, Vec<u8>) =
            members.filter(|(member, _)| some.contains(member)).unzip();
        // There are at most eight.
        let size = players.iter().copied().fold(0, u8::saturating_add);
        Self { size, members, players }
    }

    /// The first player: the member with the lowest place of those that are present.
    pub fn first_player(&self, is_present: impl Fn(PeerKey) -> bool) -> Option<PeerKey> {
        self.members.iter().copied().find(|member| is_present(*member))
    }

    /// The place of a peer: its index in the roster. None if it is not a member.
    pub fn place(&self, peer: PeerKey) -> Option<usize> {
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
            |size, names: &[u8]| Roster::new(size, names.iter().copied().map(key).collect());
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

    #[test]
    fn a_roster_counts_players() {
        let key = |name| PeerKey::from_bytes([name; 16]);
        let of = |players: &[u8]| Roster {
            size: 6,
            members: (1..=players.len() as u8).map(key).collect(),
            players: players.to_vec(),
        };
        for good in [&[1][..], &[4, 2], &[2, 2, 1]] {
            assert_eq!(of(good).check(), Ok(()), "{good:?}");
        }
        for bad in [&[0, 1][..], &[5], &[4, 3]] {
            assert!(of(bad).check().is_err(), "{bad:?}");
        }
        assert!(Roster { players: vec![1], ..of(&[1, 1]) }.check().is_err());
        assert!(of(&[4, 2]).is_complete() && !of(&[1; 3]).is_complete());
        let two = of(&[1, 2, 3]).only(&[key(3), key(2), key(9)]);
        assert_eq!(
            (two.size, &two.members[..], &two.players[..]),
            (5, &[key(2), key(3)][..], &[2, 3][..])
        );
        assert_eq!((of(&[1, 2]).players_of(key(2)), of(&[1]).players_of(key(2))), (Some(2), None));
    }
}
