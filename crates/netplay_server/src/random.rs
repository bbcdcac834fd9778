//! The random numbers of a server: challenges, incarnations of rooms and room codes.
//!
//! They come from a key that is drawn once, when the server starts: without randomness a server does not start, and no
//! number can fail later. Each number is an HMAC-SHA256 under that key, of a counter or of the connection that it is for.
//! A challenge therefore takes no memory: the server computes it again when it checks the proof.

use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, Mac};
use netplay_protocol::{Challenge, RoomCode, RoomNonce};
use sha2::Sha256;

use crate::ServerError;
use crate::room::SocketId;

/// See the [module](self).
pub(crate) struct Random {
    key: [u8; 32],
    drawn: AtomicU64,
}

impl Random {
    /// From the system.
    ///
    /// # Errors
    ///
    /// [`ServerError::Start`] where the system has no randomness.
    pub(crate) fn system() -> Result<Self, ServerError> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| ServerError::Start(error.into()))?;
        Ok(Self::from_key(key))
    }

    /// The numbers of a key that the caller has drawn.
    pub(crate) fn from_key(key: [u8; 32]) -> Self {
        Self { key, drawn: AtomicU64::new(0) }
    }

    /// What the server sends first on a connection. No two connections have the same.
    pub(crate) fn challenge(&self, connection: SocketId) -> Challenge {
        Challenge(self.mac(b"challenge", connection.0))
    }

    /// The incarnation of a room that begins.
    pub(crate) fn room_nonce(&self) -> RoomNonce {
        RoomNonce(self.bytes())
    }

    /// A room code of 40 bits. Guessing one takes too long, because the failures of an address are limited.
    pub(crate) fn room_code(&self) -> RoomCode {
        RoomCode::from_entropy(u64::from_le_bytes(self.bytes()))
    }

    /// 32 bytes that were not drawn before.
    pub(crate) fn next(&self) -> [u8; 32] {
        // Relaxed: no other memory depends on the count.
        self.mac(b"number", self.drawn.fetch_add(1, Ordering::Relaxed))
    }

    /// At most 32 bytes.
    fn bytes<const N: usize>(&self) -> [u8; N] {
        let next = self.next();
        std::array::from_fn(|index| next[index])
    }

    fn mac(&self, purpose: &[u8], number: u64) -> [u8; 32] {
        // Unreachable: HMAC accepts keys of every length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { unreachable!() };
        mac.update(purpose);
        mac.update(&number.to_le_bytes());
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_comes_twice_and_no_two_servers_have_the_same() {
        let (one, other) = (Random::system().unwrap(), Random::system().unwrap());
        assert_ne!(one.next(), one.next());
        assert_ne!(one.room_code(), one.room_code());
        assert_ne!(one.room_nonce(), one.room_nonce());
        let challenge = one.challenge(SocketId(1));
        assert_eq!(one.challenge(SocketId(1)), challenge);
        assert_ne!(one.challenge(SocketId(2)), challenge);
        assert_ne!(other.challenge(SocketId(1)), challenge);
    }
}
