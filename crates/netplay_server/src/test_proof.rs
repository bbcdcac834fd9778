//! Identities and proofs for unit tests.

use netplay_protocol::join_proof::{JoinAction, JoinContext};
use netplay_protocol::{Challenge, Identity, KeyProof, PeerKey};

/// The header `Host` of every connection of a test.
pub(crate) const HOST: &str = "test.example";

pub(crate) fn identity(number: u8) -> Identity {
    Identity::from_secret(&[number.wrapping_add(1); 32])
}

pub(crate) fn key(number: u8) -> PeerKey {
    identity(number).peer_key()
}

/// The proof of a peer for the server of the tests.
pub(crate) fn proof(number: u8, action: JoinAction<'_>, challenge: Challenge) -> KeyProof {
    let server = &HOST.parse().unwrap();
    identity(number).sign_join(&JoinContext { action, server, challenge })
}
