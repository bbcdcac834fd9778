//! Proof of key: what a peer signs to join a room, to wait in the queue, or to return to a room.
//!
//! The server sends a [`Challenge`] as the first message of every connection. The peer's first message has a
//! [`KeyProof`]: its public key and a signature (Ed25519, RFC 8032) of the challenge and of what the peer wants.
//! Nobody without the secret key can therefore join, queue or return under the peer's name; a proof is good for one
//! connection, one request and one server: a server cannot use what it was shown to act as the peer on another one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::identity::{Identity, PublicKey, fingerprint};
use crate::signaling::VERSION;
use crate::{PeerKey, ServerName, hexadecimal};

/// What every signature begins with, so that it is none of anything else.
const LABEL: &[u8] = b"netplay join 1\0";

/// A number that the server sends on one connection and on no other. 32 bytes that nobody can guess.
///
/// In JSON: 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Challenge(#[serde(with = "hexadecimal")] pub [u8; 32]);

/// What a peer asks of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinAction<'a> {
    /// To join the room with this code, as the player typed it.
    Room(&'a str),
    /// To join the room with this code, which must exist.
    Existing(&'a str),
    /// To create a room.
    New,
    /// To wait in the queue.
    Queue,
    /// To return to the room with this code.
    Resume(&'a str),
}

/// What a proof is for. The signature covers it, and [`VERSION`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinContext<'a> {
    /// What the peer asks for.
    pub action: JoinAction<'a>,
    /// The server that the peer has dialled.
    pub server: &'a ServerName,
    /// The challenge of that server.
    pub challenge: Challenge,
}

/// A public key, and the proof that its owner sends it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyProof {
    /// The public key (RFC 8032, section 5.1.2). The name of the peer is its fingerprint.
    #[serde(with = "hexadecimal")]
    pub key: [u8; 32],
    /// The server that the peer has dialled.
    pub server: ServerName,
    /// The signature of the [`JoinContext`].
    #[serde(with = "hexadecimal")]
    pub signature: [u8; 64],
}

/// The proof is none: its sender does not have the key, or made it for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a proof of key that does not fit its key or what it is for")]
pub struct NotProven;

impl JoinContext<'_> {
    fn signed(&self, from: PeerKey) -> Vec<u8> {
        let (action, room) = match self.action {
            JoinAction::Room(code) => (0u8, code),
            JoinAction::Existing(code) => (1, code),
            JoinAction::New => (2, ""),
            JoinAction::Queue => (3, ""),
            JoinAction::Resume(code) => (4, code),
        };
        let mut signed = LABEL.to_vec();
        signed.extend(VERSION.to_le_bytes());
        signed.push(action);
        signed.extend(from.to_bytes());
        signed.extend(self.challenge.0);
        for text in [self.server.as_str(), room] {
            signed.extend((text.len() as u64).to_le_bytes());
            signed.extend(text.as_bytes());
        }
        signed
    }
}

impl Identity {
    /// Proves to a server that this peer asks for something.
    pub fn sign_join(&self, context: &JoinContext<'_>) -> KeyProof {
        KeyProof {
            key: self.public().to_bytes(),
            server: context.server.clone(),
            signature: self.sign(&context.signed(self.peer_key())),
        }
    }
}

impl KeyProof {
    /// The name of the peer whose key this is. Whether the sender has that key, only [`Self::verify`] says.
    pub fn claimed_peer(&self) -> PeerKey {
        fingerprint(&self.key)
    }

    /// Checks that the owner of the key asks for this, on the connection with this challenge. Whether the
    /// [server](Self::server) is the one that checks is the caller's to compare.
    ///
    /// # Errors
    ///
    /// [`NotProven`] where the key is none or the signature is wrong.
    pub fn verify(&self, action: JoinAction<'_>, challenge: Challenge) -> Result<(), NotProven> {
        let key = PublicKey::from_bytes(&self.key).ok_or(NotProven)?;
        let context = JoinContext { action, server: &self.server, challenge };
        // Every join costs the server this one check. A challenge is answered once, so that the form of the signature
        // does not matter; weak keys are refused above.
        match key.accepts(&context.signed(self.claimed_peer()), &self.signature) {
            true => Ok(()),
            false => Err(NotProven),
        }
    }
}

impl fmt::Debug for KeyProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("KeyProof");
        text.field("peer", &self.claimed_peer()).field("server", &self.server);
        text.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const CHALLENGE: Challenge = Challenge([7; 32]);

    fn identity(name: u8) -> Identity {
        Identity::from_secret(&[name; 32])
    }

    fn proof(name: u8, action: JoinAction<'_>) -> KeyProof {
        let server = &"play.example.org".parse().unwrap();
        identity(name).sign_join(&JoinContext { action, server, challenge: CHALLENGE })
    }

    #[test]
    fn a_proof_is_good_for_one_key_one_request_one_challenge_and_one_server() {
        let good = proof(1, JoinAction::Room("ABC"));
        assert_eq!(good.claimed_peer(), identity(1).peer_key());
        assert_eq!(good.verify(JoinAction::Room("ABC"), CHALLENGE), Ok(()));
        for action in [
            JoinAction::Room("ABD"),
            JoinAction::Existing("ABC"),
            JoinAction::Resume("ABC"),
            JoinAction::New,
            JoinAction::Queue,
        ] {
            assert_eq!(good.verify(action, CHALLENGE), Err(NotProven), "{action:?}");
        }
        assert_eq!(good.verify(JoinAction::Room("ABC"), Challenge([8; 32])), Err(NotProven));
        let mut weak = [0; 32];
        weak[0] = 1;
        for bad in [
            KeyProof { server: "example.org".parse().unwrap(), ..good.clone() },
            KeyProof { key: identity(2).public().to_bytes(), ..good.clone() },
            KeyProof { key: weak, signature: [0; 64], ..good.clone() },
            KeyProof { signature: [0; 64], ..good },
        ] {
            let verified = bad.verify(JoinAction::Room("ABC"), CHALLENGE);
            assert_eq!(verified, Err(NotProven), "{bad:?}");
        }
    }

    #[test]
    fn the_server_and_the_room_cannot_be_shifted_into_each_other() {
        let server = &"a".parse().unwrap();
        let context = |server, action| JoinContext { action, server, challenge: CHALLENGE };
        let shifted = &"ab".parse().unwrap();
        let from = identity(1).peer_key();
        assert_ne!(
            context(server, JoinAction::Room("bc")).signed(from),
            context(shifted, JoinAction::Room("c")).signed(from)
        );
    }

    #[test]
    fn a_proof_survives_json_and_has_one_form() {
        let proof = proof(1, JoinAction::New);
        let json = serde_json::to_string(&proof).unwrap();
        assert_eq!(serde_json::from_str::<KeyProof>(&json).unwrap(), proof);
        for short in [json.replacen("\"key\":\"", "\"key\":\"00", 1), json.replace("play.", "/")] {
            assert!(serde_json::from_str::<KeyProof>(&short).is_err(), "{short}");
        }
    }
}
