//! Statements: what a player signs of its inputs, so that nobody else can speak for it.
//!
//! Inputs travel in datagrams that are not signed one by one. About once a second a player signs the digest of all of
//! its inputs since the match began, up to a frame. A peer compares the digest with the inputs that it has received, and
//! a peer that is told inputs of a player by somebody else checks them against the player's last statement. Two statements
//! of one player for the same frame of a match with different digests prove that it told two peers different inputs.
//!
//! A statement is of one match: the roster in its order, its epoch and its seed, to which every player has contributed.
//! The statement of frame -1, which is signed when the match begins, therefore shows a player whose process restarted
//! that the roster, epoch and seed of the match that it is told of are those that it has agreed to.
//!
//! All hashes are SHA-256 of a label, which ends in a zero byte and is different for each of them, and of these fields;
//! integers are little endian.
//!
//! | hash | label | fields |
//! | --- | --- | --- |
//! | match id | `netplay match 1` | epoch (2), seed (8), size of the room (1), each player's key (16) in the order of the roster |
//! | match id of a match that started in a lobby | `netplay match lobby 1` | the match id (32), the hash of the lobby's values (32) |
//! | first digest | `netplay inputs 1` | |
//! | digest | `netplay inputs 1` | the digest before (32), the frame of the first input (4), the inputs since the digest before |
//!
//! The signature (Ed25519, RFC 8032) covers `netplay statement 1` and a zero byte, the match id (32), the player's key
//! (16), the frame (4) and the digest (32).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Identity, LobbyValues, PeerKey, PublicKey, Roster};

/// The size of a digest, in bytes.
pub const DIGEST_BYTES: usize = 32;
/// The size of a signature, in bytes.
pub const SIGNATURE_BYTES: usize = 64;

/// The hash of what makes a match: who plays, in which order, its epoch and its seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchId([u8; DIGEST_BYTES]);

/// The digest of a player's inputs up to a frame.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InputDigest(pub [u8; DIGEST_BYTES]);

/// What a player has signed of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputStatement {
    /// The last frame whose input the digest covers; -1 if none.
    pub frame: i32,
    /// The digest of all inputs up to that frame.
    pub digest: InputDigest,
    /// The player's signature.
    pub signature: StatementSignature,
}

/// An Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StatementSignature(pub [u8; SIGNATURE_BYTES]);

impl MatchId {
    /// The id of a match.
    pub fn new(epoch: u16, seed: u64, roster: &Roster) -> Self {
        let hash = Sha256::new()
            .chain_update(b"netplay match 1\0")
            .chain_update(epoch.to_le_bytes())
            .chain_update(seed.to_le_bytes())
            .chain_update([roster.size]);
        let members = roster.members.iter().zip(&roster.players);
        let add = |hash: Sha256, (key, players): (&PeerKey, &u8)| {
            hash.chain_update(key.to_bytes()).chain_update([*players])
        };
        Self(members.fold(hash, add).finalize().into())
    }

    /// The id of the same match with these values of the lobby.
    #[must_use = "it is returned"]
    pub fn with_lobby(self, values: &LobbyValues) -> Self {
        if *values == LobbyValues::default() {
            return self;
        }
        let hash = Sha256::new().chain_update(b"netplay match lobby 1\0").chain_update(self.0);
        Self(hash.chain_update(values.hash()).finalize().into())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl InputDigest {
    /// The digest of no input.
    pub fn first() -> Self {
        Self(Sha256::digest(LABEL).into())
    }

    /// The digest that follows this one: with these inputs, one after the other, the first of which is of
    /// `first_frame`.
    #[must_use = "it is returned"]
    pub fn next(self, first_frame: i32, inputs: &[u8]) -> Self {
        let hash = Sha256::new().chain_update(LABEL).chain_update(self.0);
        let hash = hash.chain_update(first_frame.to_le_bytes()).chain_update(inputs);
        Self(hash.finalize().into())
    }

    /// The first eight bytes.
    pub fn short(self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

const LABEL: &[u8] = b"netplay inputs 1\0";

impl std::fmt::Debug for InputDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "InputDigest({:016x})", self.short())
    }
}

impl std::fmt::Debug for StatementSignature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StatementSignature(…)")
    }
}

impl Serialize for StatementSignature {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Serde has no arrays of 64.
        let mut halves = [[0; SIGNATURE_BYTES / 2]; 2];
        halves.as_flattened_mut().copy_from_slice(&self.0);
        halves.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for StatementSignature {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let halves = <[[u8; SIGNATURE_BYTES / 2]; 2]>::deserialize(deserializer)?;
        let mut bytes = [0; SIGNATURE_BYTES];
        bytes.copy_from_slice(halves.as_flattened());
        Ok(Self(bytes))
    }
}

fn signed(id: &MatchId, player: PeerKey, frame: i32, digest: &InputDigest) -> Vec<u8> {
    let (player, frame) = (player.to_bytes(), frame.to_le_bytes());
    [b"netplay statement 1\0".as_slice(), &id.0, &player, &frame, &digest.0].concat()
}

impl Identity {
    /// A statement about the local player's inputs: the signed digest of those up to a frame.
    pub fn sign_inputs(&self, id: &MatchId, frame: i32, digest: InputDigest) -> InputStatement {
        let signature = self.sign(&signed(id, self.peer_key(), frame, &digest));
        InputStatement { frame, digest, signature: StatementSignature(signature) }
    }
}

impl PublicKey {
    /// Whether the player with this key has signed a statement, for this match.
    pub fn has_signed(self, id: &MatchId, statement: &InputStatement) -> bool {
        let InputStatement { frame, digest, signature } = statement;
        self.verifies(&signed(id, self.peer_key(), *frame, digest), &signature.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn identity(name: u8) -> Identity {
        Identity::from_secret(&[name; 32])
    }

    fn roster(names: &[u8]) -> Roster {
        let members = names.iter().map(|name| identity(*name).peer_key()).collect();
        Roster::new(2, members)
    }

    #[test]
    fn a_statement_is_of_one_player_match_frame_and_digest() {
        let (id, digest) = (MatchId::new(1, 7, &roster(&[1, 2])), InputDigest::first());
        let statement = identity(1).sign_inputs(&id, 59, digest);
        let public = identity(1).public();
        assert!(public.has_signed(&id, &statement));
        assert!(!identity(2).public().has_signed(&id, &statement));
        for other in [
            MatchId::new(2, 7, &roster(&[1, 2])),
            MatchId::new(1, 8, &roster(&[1, 2])),
            MatchId::new(1, 7, &roster(&[2, 1])),
            MatchId::new(1, 7, &Roster { size: 3, ..roster(&[1, 2]) }),
            id.with_lobby(&LobbyValues { room: vec![1], players: vec![] }),
        ] {
            assert!(!public.has_signed(&other, &statement));
        }
        let later = InputStatement { frame: 60, ..statement };
        let others = InputStatement { digest: digest.next(0, &[1]), ..statement };
        assert!(!public.has_signed(&id, &later) && !public.has_signed(&id, &others));
    }

    #[test]
    fn a_digest_depends_on_every_input_its_frame_and_what_was_before() {
        let first = InputDigest::first();
        let digests = [
            first,
            first.next(0, &[1, 2]),
            first.next(0, &[1, 3]),
            first.next(1, &[1, 2]),
            first.next(0, &[1]).next(1, &[2]),
        ];
        let all: std::collections::BTreeSet<_> = digests.into_iter().collect();
        assert_eq!(all.len(), digests.len());
        let expected: [u8; 32] = Sha256::digest(
            [b"netplay inputs 1\0".as_slice(), &first.0, &3i32.to_le_bytes(), &[9]].concat(),
        )
        .into();
        assert_eq!(first.next(3, &[9]).0, expected);
    }

    #[test]
    fn a_statement_survives_the_wire() {
        let id = MatchId::new(1, 7, &roster(&[1, 2]));
        let statement = identity(1).sign_inputs(&id, -1, InputDigest::first());
        let bytes = postcard::to_stdvec(&statement).unwrap();
        assert_eq!(bytes.len(), 1 + DIGEST_BYTES + SIGNATURE_BYTES);
        assert_eq!(postcard::from_bytes::<InputStatement>(&bytes).unwrap(), statement);
        assert!(postcard::from_bytes::<InputStatement>(&bytes[1..]).is_err());
    }
}
