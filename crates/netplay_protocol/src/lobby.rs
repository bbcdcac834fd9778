//! The lobby between peers: what each of them tells the others before, between and after matches, and the hashes of it.
//!
//! A peer speaks for itself only: its value, whether it is ready, which match it has played last. The value of the room,
//! and the start of a match with those who are there, count from the room's first player only: the first member of the
//! roster that can be played with.
//!
//! A peer that is ready names the hash of all that it sees, the *view*. Peers with equal views agree on who plays, on all
//! values and on the epoch. Before a match starts, the view is also part of the exchange of its seed
//! ([`seed::with_view`](crate::seed::with_view)), so that nobody starts it with other players or values.
//!
//! The hashes are SHA-256 of a label, which ends in a zero byte, and these fields; integers are little endian.
//!
//! | hash | label | fields |
//! | --- | --- | --- |
//! | values | `netplay lobby values 1` | the length of the room's value (2 bytes), the value, the number of players (1); of each player: length (2), value |
//! | view | `netplay lobby view 1` | size of the room (1), least number of players (1), epoch (2), hash of the values (32), number of players (1); of each peer: key (16), how many players it brings (1), revision (4) |

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::PeerKey;
use crate::limits::{MAX_LOBBY_VALUE_BYTES, MAX_PLAYERS};

/// The hash of what a peer sees of the lobby.
pub type LobbyHash = [u8; 32];

/// What a peer tells the others of itself in a room: all of it, whenever something changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LobbyEntry {
    /// Counts the changes of the sender's values, from a number on that is another one in each of its processes.
    pub revision: u32,
    /// The last match that the sender has played, or the one that it plays; 0 if there was none.
    pub epoch: u16,
    /// Whether it plays.
    pub playing: bool,
    /// The view for which it is ready.
    pub ready: Option<LobbyHash>,
    /// The start that it asks for. Counts of the room's first player only.
    pub start: Option<LobbyStart>,
    /// The value of the sender's player. At most [`MAX_LOBBY_VALUE_BYTES`].
    pub player: Vec<u8>,
    /// The value of the room, if the sender sets it. Counts of the room's first player only. At most
    /// [`MAX_LOBBY_VALUE_BYTES`].
    pub room: Option<Vec<u8>>,
}

/// A match is to start with some of the members of the room, ready or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LobbyStart {
    /// A bit for each of them, the lowest for the first member of the sender's roster.
    pub members: u8,
    /// The sender's view of them.
    pub view: LobbyHash,
}

/// The values of a lobby, as a match starts with them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LobbyValues {
    /// That of the room.
    pub room: Vec<u8>,
    /// Those of the players, in the order of the match's roster. Empty where the match did not start in a lobby.
    pub players: Vec<Vec<u8>>,
}

/// What a peer sees of those who are to play a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LobbyView {
    /// How many players the room is for: bots may play in the places that are empty.
    pub size: u8,
    /// With how many players a match of the room starts at least; 0 in a room whose first match starts when it is full.
    pub least: u8,
    /// The match.
    pub epoch: u16,
    /// Who plays, in the order of the roster: the peer, how many players it brings, and the revision of its values.
    pub players: Vec<(PeerKey, u8, u32)>,
    /// What they have set.
    pub values: LobbyValues,
}

impl LobbyEntry {
    /// Whether its values are short enough.
    pub fn fits(&self) -> bool {
        let room = self.room.as_ref().map_or(0, Vec::len);
        self.player.len().max(room) <= MAX_LOBBY_VALUE_BYTES
    }
}

impl LobbyValues {
    /// Whether a match can have these.
    pub fn fits(&self) -> bool {
        let mut all = self.players.iter().chain([&self.room]);
        self.players.len() <= usize::from(MAX_PLAYERS)
            && all.all(|value| value.len() <= MAX_LOBBY_VALUE_BYTES)
    }

    /// The hash of the values.
    pub fn hash(&self) -> LobbyHash {
        let add = |hash: Sha256, value: &Vec<u8>| {
            hash.chain_update((value.len() as u16).to_le_bytes()).chain_update(value)
        };
        let hash = add(Sha256::new().chain_update(b"netplay lobby values 1\0"), &self.room);
        let hash = hash.chain_update([self.players.len() as u8]);
        self.players.iter().fold(hash, add).finalize().into()
    }
}

impl LobbyView {
    /// The hash of the view.
    pub fn hash(&self) -> LobbyHash {
        let hash = Sha256::new().chain_update(b"netplay lobby view 1\0");
        let hash =
            hash.chain_update([self.size, self.least]).chain_update(self.epoch.to_le_bytes());
        let hash = hash.chain_update(self.values.hash()).chain_update([self.players.len() as u8]);
        let add = |hash: Sha256, (key, players, revision): &(PeerKey, u8, u32)| {
            let hash = hash.chain_update(key.to_bytes()).chain_update([*players]);
            hash.chain_update(revision.to_le_bytes())
        };
        self.players.iter().fold(hash, add).finalize().into()
    }
}

/// The first eight bytes of a view: what the votes and seeds of a match name in place of the hash of its roster.
pub fn short(view: &LobbyHash) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *view;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const A: PeerKey = PeerKey::from_bytes([1; 16]);
    const B: PeerKey = PeerKey::from_bytes([2; 16]);

    fn values(room: &[u8], players: &[&[u8]]) -> LobbyValues {
        let players = players.iter().map(|it| it.to_vec()).collect();
        LobbyValues { room: room.to_vec(), players }
    }

    #[test]
    fn a_view_depends_on_everything_in_it() {
        let view = LobbyView {
            size: 4,
            least: 2,
            epoch: 1,
            players: vec![(A, 1, 1), (B, 1, 1)],
            values: values(b"r", &[b"a", b"b"]),
        };
        let views = [
            view.clone(),
            LobbyView { size: 5, ..view.clone() },
            LobbyView { least: 3, ..view.clone() },
            LobbyView { epoch: 2, ..view.clone() },
            LobbyView { players: vec![(B, 1, 1), (A, 1, 1)], ..view.clone() },
            LobbyView { players: vec![(A, 1, 1), (B, 1, 2)], ..view.clone() },
            LobbyView { players: vec![(A, 1, 1), (B, 2, 1)], ..view.clone() },
            LobbyView { values: values(b"", &[b"a", b"b"]), ..view.clone() },
            LobbyView { values: values(b"r", &[b"ab", b""]), ..view.clone() },
            LobbyView { values: values(b"ra", &[b"", b"b"]), ..view },
        ];
        let hashes: BTreeSet<_> = views.iter().map(LobbyView::hash).collect();
        assert_eq!(hashes.len(), views.len());
        let short: BTreeSet<_> = hashes.iter().map(short).collect();
        assert_eq!(short.len(), views.len());
    }

    #[test]
    fn the_hashes_are_those_of_the_documentation() {
        let of = |parts: &[&[u8]]| -> LobbyHash { Sha256::digest(parts.concat()).into() };
        let values = values(b"xyz", &[b"a", b""]);
        let label = &b"netplay lobby values 1\0"[..];
        let hash = of(&[label, &[3, 0], b"xyz", &[2], &[1, 0], b"a", &[0, 0]]);
        assert_eq!(values.hash(), hash);
        let view = LobbyView { size: 4, least: 2, epoch: 3, players: vec![(A, 2, 7)], values };
        let label = &b"netplay lobby view 1\0"[..];
        assert_eq!(
            view.hash(),
            of(&[label, &[4, 2], &[3, 0], &hash, &[1], &[1; 16], &[2], &[7, 0, 0, 0]])
        );
    }
}
