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
//! The signature covers everything that an attacker could exchange: whether the description is an offer or an answer,
//! the attempt, the names of the sender and of the receiver, and the description without that line.

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::{ConnectionId, PeerKey};

/// The start of the line with the signature.
const ATTRIBUTE: &str = "a=netplay-identity:";

/// The key pair of a peer. Its debug text shows only the public half.
#[derive(Clone)]
pub struct Identity(SigningKey);

/// The public half of an [`Identity`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// What a description is for: one step of one attempt between two peers. The signature covers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DescriptionContext {
    /// Whether the description is an offer. Otherwise it is an answer.
    pub offers: bool,
    /// The attempt.
    pub connection: ConnectionId,
    /// The sender.
    pub from: PeerKey,
    /// The receiver.
    pub to: PeerKey,
}

/// Why a description is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// It has no signature, or one that cannot be parsed.
    #[error("a session description that is not signed")]
    Unsigned,
    /// It is signed with the key of another peer.
    #[error("a session description signed by somebody else")]
    Stranger,
    /// The signature does not match: the description was changed, forged, or made for something else.
    #[error("a session description whose signature is wrong: it was changed on its way, or forged")]
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

    /// The description with the line that has the public key and the signature.
    #[must_use = "the line is in the returned description only"]
    pub fn sign_description(&self, context: &DescriptionContext, sdp: &str) -> String {
        let signature = self.0.sign(&context.signed(sdp));
        let (key, signature) =
            (hex::encode(self.0.verifying_key()), hex::encode(signature.to_bytes()));
        format!("{sdp}{ATTRIBUTE}{key} {signature}\r\n")
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
        let mut name = [0; 16];
        name.copy_from_slice(&Sha256::digest(self.0.as_bytes())[..16]);
        PeerKey::from_bytes(name)
    }

    /// The same key for X25519 (RFC 7748).
    pub fn x25519(self) -> [u8; 32] {
        self.0.to_montgomery().to_bytes()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.peer_key()).finish()
    }
}

impl DescriptionContext {
    fn signed(&self, sdp: &str) -> Vec<u8> {
        let step: &[u8] = if self.offers { b"netplay offer 1\0" } else { b"netplay answer 1\0" };
        let connection = self.connection.0.to_le_bytes();
        let (from, to) = (self.from.to_bytes(), self.to.to_bytes());
        [step, &connection, &from, &to, sdp.as_bytes()].concat()
    }

    /// Checks the signature of a description. Returns the description without the line with the signature.
    ///
    /// # Errors
    ///
    /// [`IdentityError`] where the sender has not signed this description for this context.
    pub fn verify<'a>(&self, signed: &'a str) -> Result<&'a str, IdentityError> {
        let (sdp, line) = signed.rsplit_once(ATTRIBUTE).ok_or(IdentityError::Unsigned)?;
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
        key.0
            .verify_strict(&self.signed(sdp), &Signature::from_bytes(&signature_bytes))
            .map_err(|_| IdentityError::Forged)?;
        Ok(sdp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const SDP: &str = "v=0\r\na=fingerprint:sha-256 00:11\r\n";

    fn identity(name: u8) -> Identity {
        Identity::from_secret(&[name; 32])
    }

    fn context(from: u8, to: u8) -> DescriptionContext {
        let [from, to] = [from, to].map(|name| identity(name).peer_key());
        DescriptionContext { offers: true, connection: ConnectionId(5), from, to }
    }

    #[test]
    fn a_signed_description_verifies_and_comes_back_as_it_was() {
        let context = context(1, 2);
        let signed = identity(1).sign_description(&context, SDP);
        assert!(signed.lines().all(|line| line.as_bytes()[1] == b'='), "it is still one: {signed}");
        assert_eq!(context.verify(&signed), Ok(SDP));
    }

    #[test]
    fn a_description_is_good_for_one_step_of_one_attempt_between_two_peers() {
        let context = context(1, 2);
        let signed = identity(1).sign_description(&context, SDP);
        let three = identity(3).peer_key();
        for other in [
            DescriptionContext { offers: false, ..context },
            DescriptionContext { connection: ConnectionId(6), ..context },
            DescriptionContext { to: three, ..context },
        ] {
            assert_eq!(other.verify(&signed), Err(IdentityError::Forged), "{other:?}");
        }
        let from_another = DescriptionContext { from: three, ..context };
        assert_eq!(from_another.verify(&signed), Err(IdentityError::Stranger));
        let swapped = DescriptionContext { from: context.to, to: context.from, ..context };
        assert_eq!(swapped.verify(&signed), Err(IdentityError::Stranger));
    }

    #[test]
    fn what_was_changed_forged_or_never_signed_is_refused() {
        let context = context(1, 2);
        let signed = identity(1).sign_description(&context, SDP);
        let changed = signed.replace("00:11", "00:12");
        assert_eq!(context.verify(&changed), Err(IdentityError::Forged));
        let appended = signed.clone() + "a=fingerprint:sha-256 66:66\r\n";
        assert_eq!(context.verify(&appended), Err(IdentityError::Unsigned));
        assert_eq!(context.verify(SDP), Err(IdentityError::Unsigned));
        assert_eq!(context.verify(""), Err(IdentityError::Unsigned));
        assert_eq!(context.verify(ATTRIBUTE), Err(IdentityError::Unsigned));
        let man_in_the_middle = identity(9).sign_description(&context, SDP);
        assert_eq!(context.verify(&man_in_the_middle), Err(IdentityError::Stranger));
        // Signed again on top: the last line counts, and is not hers.
        let twice = identity(9).sign_description(&context, &signed);
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
