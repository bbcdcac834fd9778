//! The identity of a peer: an Ed25519 key pair (RFC 8032), whose fingerprint is the [`PeerKey`].
//!
//! The name of a peer follows from its public key, so a roster pins the keys of its members: a peer has to show the
//! public key of its name and to sign with it. Session descriptions end in a line for that, like the one that
//! RFC 8827 has for identity providers:
//!
//! ```text
//! a=netplay-identity:<public key, 64 hexadecimal digits> <signature, 128 hexadecimal digits>
//! ```
//!
//! An ICE candidate ends in the same line, after its JSON: a server that could add candidates would choose addresses that
//! players send packets to.
//!
//! The signature covers everything that an attacker could exchange: what is signed (an offer, an answer or a candidate),
//! the attempt, the names of the sender and of the receiver, the room and its incarnation ([`RoomScope`]), and the text
//! without that line.

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::{ConnectionId, PeerKey, RoomScope};

/// The start of the line with the signature.
const ATTRIBUTE: &str = "a=netplay-identity:";

/// The key pair of a peer. Its debug text shows only the public half.
#[derive(Clone)]
pub struct Identity(SigningKey);

/// The public half of an [`Identity`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// What is signed for an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// A session description that offers.
    Offer,
    /// A session description that answers.
    Answer,
    /// An ICE candidate.
    Candidate,
}

/// What a description or candidate is for: one step of one attempt between two peers of one room. The signature covers
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalContext {
    /// What is signed.
    pub what: Signed,
    /// The attempt.
    pub connection: ConnectionId,
    /// The sender.
    pub from: PeerKey,
    /// The receiver.
    pub to: PeerKey,
    /// The room that both are in.
    pub room: RoomScope,
}

/// Why a description or candidate is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// It has no signature, or one that cannot be parsed.
    #[error("a session description or candidate that is not signed")]
    Unsigned,
    /// It is signed with the key of another peer.
    #[error("a session description or candidate signed by somebody else")]
    Stranger,
    /// The signature does not match: the description was changed, forged, or made for something else.
    #[error(
        "a session description or candidate whose signature is wrong: it was changed on its way, or forged"
    )]
    Forged,
}

impl Identity {
    /// The identity with this secret key: 32 random bytes from the caller, which nobody can guess.
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// The secret key, for storing it where nobody else can read it.
    pub fn secret(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The name of the peer, which follows from the public half.
    pub fn peer_key(&self) -> PeerKey {
        self.public().peer_key()
    }

    /// The secret key of the same pair for X25519 (RFC 7748).
    pub fn x25519_secret(&self) -> [u8; 32] {
        self.0.to_scalar_bytes()
    }

    /// The text with the line that has the public key and the signature.
    #[must_use = "the line is in the returned text only"]
    pub fn sign_signal(&self, context: &SignalContext, text: &str) -> String {
        let signature = hex::encode(self.sign(&context.signed(text)));
        let key = hex::encode(self.0.verifying_key());
        format!("{text}{ATTRIBUTE}{key} {signature}\r\n")
    }

    /// The signature of a message, which must begin with a label of its own.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.peer_key()).finish()
    }
}

impl PublicKey {
    /// The key with these bytes (RFC 8032, section 5.1.2). None where they are not a key, or a weak one, for which
    /// anybody can make signatures.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak()).map(Self)
    }

    /// The bytes of the key.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The name of the peer with this key: the first half of the SHA-256 of its bytes.
    pub fn peer_key(self) -> PeerKey {
        fingerprint(self.0.as_bytes())
    }

    /// Whether the owner of the key signed the message (RFC 8032, section 5.1.7). For what is used once and not compared:
    /// a signature may have a second form. Costs a sixth less than the strict rules.
    pub(crate) fn accepts(self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify(message, &Signature::from_bytes(signature)).is_ok()
    }

    /// Whether this is the key's signature of the message, by the strict rules (RFC 8032, section 5.1.7, without weak
    /// keys and with one form of each signature).
    pub(crate) fn verifies(self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }

    /// The same key for X25519 (RFC 7748).
    pub fn x25519(self) -> [u8; 32] {
        self.0.to_montgomery().to_bytes()
    }
}

/// The name of the peer with this public key.
pub(crate) fn fingerprint(public_key: &[u8; 32]) -> PeerKey {
    let mut name = [0; 16];
    name.copy_from_slice(&Sha256::digest(public_key)[..16]);
    PeerKey::from_bytes(name)
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.peer_key()).finish()
    }
}

impl SignalContext {
    fn signed(&self, text: &str) -> Vec<u8> {
        let label: &[u8] = match self.what {
            Signed::Offer => b"netplay offer 2\0",
            Signed::Answer => b"netplay answer 2\0",
            Signed::Candidate => b"netplay candidate 1\0",
        };
        let connection = self.connection.0.to_le_bytes();
        let (from, to) = (self.from.to_bytes(), self.to.to_bytes());
        [label, &connection, &from, &to, &self.room.to_bytes(), text.as_bytes()].concat()
    }

    /// Checks the signature of a description or candidate. Returns the text without the line with the signature.
    ///
    /// # Errors
    ///
    /// [`IdentityError`] where the sender has not signed this text for this context.
    pub fn verify<'a>(&self, signed: &'a str) -> Result<&'a str, IdentityError> {
        let (text, line) = signed.rsplit_once(ATTRIBUTE).ok_or(IdentityError::Unsigned)?;
        let (key, signature) =
            line.trim_end_matches("\r\n").split_once(' ').ok_or(IdentityError::Unsigned)?;
        let (mut key_bytes, mut signature_bytes) = ([0; 32], [0; 64]);
        hex::decode_to_slice(key, &mut key_bytes)
            .and_then(|()| hex::decode_to_slice(signature, &mut signature_bytes))
            .map_err(|_| IdentityError::Unsigned)?;
        let key = PublicKey::from_bytes(&key_bytes).ok_or(IdentityError::Unsigned)?;
        if key.peer_key() != self.from {
            return Err(IdentityError::Stranger);
        }
        match key.verifies(&self.signed(text), &signature_bytes) {
            true => Ok(text),
            false => Err(IdentityError::Forged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RoomNonce;
    use crate::limits::SIGNATURE_LINE_BYTES;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const SDP: &str = "v=0\r\na=fingerprint:sha-256 00:11\r\n";

    fn identity(name: u8) -> Identity {
        Identity::from_secret(&[name; 32])
    }

    fn room(code: &str, nonce: u8) -> RoomScope {
        RoomScope::new(&code.parse().unwrap(), RoomNonce([nonce; 16]))
    }

    fn context(from: u8, to: u8) -> SignalContext {
        let [from, to] = [from, to].map(|name| identity(name).peer_key());
        let (what, connection) = (Signed::Offer, ConnectionId(5));
        SignalContext { what, connection, from, to, room: room("ABC", 1) }
    }

    #[test]
    fn a_signed_description_verifies_and_comes_back_as_it_was() {
        let context = context(1, 2);
        let signed = identity(1).sign_signal(&context, SDP);
        assert!(signed.lines().all(|line| line.as_bytes()[1] == b'='), "it is still one: {signed}");
        assert_eq!(context.verify(&signed), Ok(SDP));
        assert_eq!(signed.len(), SDP.len() + SIGNATURE_LINE_BYTES);
    }

    #[test]
    fn a_signature_is_good_for_one_step_of_one_attempt_between_two_peers_of_one_room() {
        let context = context(1, 2);
        let signed = identity(1).sign_signal(&context, SDP);
        let three = identity(3).peer_key();
        for other in [
            SignalContext { what: Signed::Answer, ..context },
            SignalContext { what: Signed::Candidate, ..context },
            SignalContext { room: room("ABD", 1), ..context },
            SignalContext { room: room("ABC", 2), ..context },
            SignalContext { connection: ConnectionId(6), ..context },
            SignalContext { to: three, ..context },
        ] {
            assert_eq!(other.verify(&signed), Err(IdentityError::Forged), "{other:?}");
        }
        let from_another = SignalContext { from: three, ..context };
        assert_eq!(from_another.verify(&signed), Err(IdentityError::Stranger));
        let swapped = SignalContext { from: context.to, to: context.from, ..context };
        assert_eq!(swapped.verify(&signed), Err(IdentityError::Stranger));
    }

    #[test]
    fn what_was_changed_forged_or_never_signed_is_refused() {
        let context = context(1, 2);
        let signed = identity(1).sign_signal(&context, SDP);
        let changed = signed.replace("00:11", "00:12");
        assert_eq!(context.verify(&changed), Err(IdentityError::Forged));
        let appended = signed.clone() + "a=fingerprint:sha-256 66:66\r\n";
        assert_eq!(context.verify(&appended), Err(IdentityError::Unsigned));
        assert_eq!(context.verify(SDP), Err(IdentityError::Unsigned));
        assert_eq!(context.verify(""), Err(IdentityError::Unsigned));
        assert_eq!(context.verify(ATTRIBUTE), Err(IdentityError::Unsigned));
        let man_in_the_middle = identity(9).sign_signal(&context, SDP);
        assert_eq!(context.verify(&man_in_the_middle), Err(IdentityError::Stranger));
        // Signed again on top: the last line counts, and is not hers.
        let twice = identity(9).sign_signal(&context, &signed);
        assert_eq!(context.verify(&twice), Err(IdentityError::Stranger));
    }

    #[test]
    fn the_debug_text_is_not_the_secret() {
        let shown = format!("{:?}", identity(7));
        assert!(shown.starts_with("Identity(PeerKey(") && !shown.contains("0707"), "{shown}");
    }

    #[test]
    fn the_x25519_keys_of_two_peers_agree() {
        let (a, b) = (identity(1), identity(2));
        assert_ne!(a.public().x25519(), b.public().x25519());
        assert_eq!(PublicKey::from_bytes(&a.public().to_bytes()), Some(a.public()));
        // The neutral element, which anybody can sign for.
        let mut weak = [0; 32];
        weak[0] = 1;
        assert_eq!(PublicKey::from_bytes(&weak), None);
    }
}
