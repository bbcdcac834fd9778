//! The seed of a match, to which every player contributes and which none can choose: commitments and reveals.
//!
//! Each player draws a nonce for each match and sends its hash, the *commitment*. It *reveals* the nonce once it has
//! the commitments of all other players. The seed is a hash of all nonces. The player who reveals last knows the seed a
//! moment earlier than the others, but can no longer change its own part of it.
//!
//! All hashes are SHA-256 of a label, which ends in a zero byte and is different for each of them, and of fields of a
//! fixed size; integers are little endian.
//!
//! | hash | label | fields |
//! | --- | --- | --- |
//! | commitment | `netplay seed commitment 1` | the player's key (16 bytes), hash of the roster (8), epoch (2), round (8), nonce (32) |
//! | exchange | `netplay seed exchange 1` | hash of the roster (8), epoch (2), round (8); of each player who takes part, in the order of the roster: key (16), commitment (32) |
//! | exchange of a match that starts in a lobby | `netplay seed view 1` | the exchange (32), the [view](crate::lobby) (32) |
//! | seed | `netplay seed 1` | exchange (32); of each player who takes part, in the order of the roster: nonce (32). The first 8 bytes are the seed |

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{LobbyHash, PeerKey};

/// The size of nonces, commitments and the other hashes, in bytes.
pub const HASH_BYTES: usize = 32;

/// What commitments are for: one try at the seed of one match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeedTerms {
    /// A hash of the roster to play with, as in [`Hello::roster`](crate::Hello::roster); for a match that starts in a
    /// lobby, the [short form](crate::lobby::short) of the view.
    pub roster: u64,
    /// The match.
    pub epoch: u16,
    /// Counts the tries. A player who has revealed its nonce draws another one in the next round when somebody who
    /// takes part restarts, leaves or joins.
    pub round: u64,
}

/// The hash of a nonce, which the sender reveals later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedCommitment {
    /// What it is for.
    pub terms: SeedTerms,
    /// The [`commitment`].
    pub hash: [u8; HASH_BYTES],
}

/// The sender's nonce, with all commitments that it has received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedReveal {
    /// What it is for.
    pub terms: SeedTerms,
    /// The hash of [all commitments](exchange). A reveal counts only for a receiver that has the same ones.
    pub exchange: [u8; HASH_BYTES],
    /// The sender's nonce.
    pub nonce: [u8; HASH_BYTES],
}

/// The nonces of everybody, for a receiver that lacks some because a player was lost after it had revealed its own. The
/// receiver checks them against the commitments that it has itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedReveals {
    /// The hash of [all commitments](exchange).
    pub exchange: [u8; HASH_BYTES],
    /// The nonces of those who take part, in the order of the roster. At most
    /// [`MAX_PLAYERS`](crate::limits::MAX_PLAYERS).
    pub nonces: Vec<[u8; HASH_BYTES]>,
}

/// The players that the sender waits for, with its own nonce: they have not agreed to play, or have not committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedWait {
    /// The hash of the roster to play with, as in [`SeedTerms::roster`].
    pub roster: u64,
    /// The match.
    pub epoch: u16,
    /// A bit for each player, the lowest for the first one in the roster.
    pub players: u8,
}

/// The nonce with a number, of a peer with this entropy: 32 random bytes that nobody else can know. Each number gives
/// another one.
pub fn nonce(entropy: &[u8; 32], number: u64) -> [u8; HASH_BYTES] {
    let hash = Sha256::new().chain_update(b"netplay seed nonce 1\0").chain_update(entropy);
    hash.chain_update(number.to_le_bytes()).finalize().into()
}

/// The commitment of a player to the nonce that it has drawn.
pub fn commitment(terms: SeedTerms, of: PeerKey, nonce: &[u8; HASH_BYTES]) -> [u8; HASH_BYTES] {
    let hash = Sha256::new().chain_update(b"netplay seed commitment 1\0");
    with_terms(hash.chain_update(of.to_bytes()), terms).chain_update(nonce).finalize().into()
}

/// The hash of all commitments: what a player has received when it reveals its nonce. `commitments`: of the players who
/// take part, in the order of the roster.
pub fn exchange(
    terms: SeedTerms,
    commitments: impl IntoIterator<Item = (PeerKey, [u8; HASH_BYTES])>,
) -> [u8; HASH_BYTES] {
    let hash = Sha256::new().chain_update(b"netplay seed exchange 1\0");
    let add = |hash: Sha256, (of, commitment): (PeerKey, [u8; HASH_BYTES])| {
        hash.chain_update(of.to_bytes()).chain_update(commitment)
    };
    commitments.into_iter().fold(with_terms(hash, terms), add).finalize().into()
}

/// The hash of all commitments for a match that starts in a lobby: it stands for who plays and for all values as well.
pub fn with_view(exchange: &[u8; HASH_BYTES], view: &LobbyHash) -> [u8; HASH_BYTES] {
    let hash = Sha256::new().chain_update(b"netplay seed view 1\0").chain_update(exchange);
    hash.chain_update(view).finalize().into()
}

/// The seed. `nonces`: of the players who take part, in the order of the roster.
pub fn seed<'a>(
    exchange: &[u8; HASH_BYTES],
    nonces: impl IntoIterator<Item = &'a [u8; HASH_BYTES]>,
) -> u64 {
    let hash = Sha256::new().chain_update(b"netplay seed 1\0").chain_update(exchange);
    let hash: [u8; HASH_BYTES] =
        nonces.into_iter().fold(hash, Digest::chain_update).finalize().into();
    let [a, b, c, d, e, f, g, h, ..] = hash;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

fn with_terms(hash: Sha256, terms: SeedTerms) -> Sha256 {
    let SeedTerms { roster, epoch, round } = terms;
    let hash = hash.chain_update(roster.to_le_bytes()).chain_update(epoch.to_le_bytes());
    hash.chain_update(round.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const TERMS: SeedTerms = SeedTerms { roster: 7, epoch: 1, round: 0 };
    const A: PeerKey = PeerKey::from_bytes([1; 16]);
    const B: PeerKey = PeerKey::from_bytes([2; 16]);

    #[test]
    fn a_commitment_binds_the_player_the_match_the_round_and_the_nonce() {
        let commitments = [
            commitment(TERMS, A, &[0; 32]),
            commitment(TERMS, B, &[0; 32]),
            commitment(TERMS, A, &[1; 32]),
            commitment(SeedTerms { roster: 8, ..TERMS }, A, &[0; 32]),
            commitment(SeedTerms { epoch: 2, ..TERMS }, A, &[0; 32]),
            commitment(SeedTerms { round: 1, ..TERMS }, A, &[0; 32]),
        ];
        assert_eq!(commitments.iter().collect::<BTreeSet<_>>().len(), commitments.len());
    }

    #[test]
    fn no_two_nonces_are_alike() {
        let nonces = [nonce(&[0; 32], 0), nonce(&[0; 32], 1), nonce(&[1; 32], 0)];
        assert_eq!(nonces.iter().collect::<BTreeSet<_>>().len(), nonces.len());
    }

    #[test]
    fn the_seed_depends_on_every_nonce_commitment_and_their_order() {
        let seeds = [
            seed(&[0; 32], [&[1; 32], &[2; 32]]),
            seed(&[0; 32], [&[2; 32], &[1; 32]]),
            seed(&[0; 32], [&[1; 32], &[3; 32]]),
            seed(&[1; 32], [&[1; 32], &[2; 32]]),
        ];
        assert_eq!(seeds.iter().collect::<BTreeSet<_>>().len(), seeds.len());
        let exchanges = [
            exchange(TERMS, [(A, [1; 32]), (B, [2; 32])]),
            exchange(TERMS, [(A, [2; 32]), (B, [1; 32])]),
            exchange(TERMS, [(A, [1; 32])]),
            exchange(SeedTerms { round: 1, ..TERMS }, [(A, [1; 32]), (B, [2; 32])]),
        ];
        assert_eq!(exchanges.iter().collect::<BTreeSet<_>>().len(), exchanges.len());
    }

    #[test]
    fn the_hashes_are_those_of_the_documentation() {
        let of = |parts: &[&[u8]]| -> [u8; 32] { Sha256::digest(parts.concat()).into() };
        let terms = [7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let committed = commitment(TERMS, A, &[9; 32]);
        let label = &b"netplay seed commitment 1\0"[..];
        assert_eq!(committed, of(&[label, &[1; 16], &terms, &[9; 32]]));
        let all = exchange(TERMS, [(A, committed)]);
        assert_eq!(all, of(&[b"netplay seed exchange 1\0", &terms, &[1; 16], &committed]));
        let hash = of(&[b"netplay seed 1\0", &all, &[9; 32]]);
        assert_eq!(seed(&all, [&[9; 32]]).to_le_bytes(), hash[..8]);
    }
}
