//! Hashes the passwords of rooms.
//!
//! The server hashes a password when it arrives, and stores and compares only the hash. The salt depends on the
//! code of the room alone, so that the work, and the time of the answer, are the same whether the room exists
//! or not.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use netplay_protocol::signaling::Refusal;
use netplay_protocol::{RoomCode, Secret};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::limits::HashPermit;
use crate::token_signer::TokenSigner;

/// The longest password, in bytes.
const MAX_PASSWORD_BYTES: usize = 256;
/// The parameters for Argon2id with the least memory in OWASP's Password Storage Cheat Sheet: 7 MiB, five
/// passes, one lane.
const ARGON2: (u32, u32, u32) = (7 * 1024, 5, 1);

/// The hash of a password. Compared in constant time; its debug text hides it.
#[derive(Clone, Copy)]
pub(crate) struct PasswordDigest([u8; 32]);

impl PartialEq for PasswordDigest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for PasswordDigest {}

impl std::fmt::Debug for PasswordDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordDigest(…)")
    }
}

#[cfg(test)]
impl PasswordDigest {
    /// A digest that differs from those of other bytes.
    pub(crate) fn for_tests(byte: u8) -> Self {
        Self([byte; 32])
    }
}

/// Hashes passwords, on half of the cores at most: a hash takes tens of milliseconds, and a client that
/// guesses must not occupy the machine.
#[derive(Debug)]
pub(crate) struct Hasher {
    slots: Arc<Semaphore>,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { slots: Arc::new(Semaphore::new(cores.div_ceil(2))) }
    }

    /// Hashes a password for this room. The permit is that of a place in the queue.
    pub(crate) async fn digest(
        &self,
        permit: HashPermit,
        signer: &TokenSigner,
        room: &RoomCode,
        password: &Secret,
    ) -> Result<PasswordDigest, Refusal> {
        if password.expose().len() > MAX_PASSWORD_BYTES {
            let detail = format!("a password has at most {MAX_PASSWORD_BYTES} bytes");
            return Err(Refusal::Malformed { detail });
        }
        // An error means that the server stops.
        let slot = self.slots.clone().acquire_owned().await.map_err(|_| Refusal::ShuttingDown)?;
        let (password, salt) = (password.clone(), signer.salt(room));
        let hashing = tokio::task::spawn_blocking(move || {
            // Until the hash is done, also if the client has gone: nothing stops a hash that has begun, and clients
            // that connect and go must not begin more of them than there are slots.
            let _occupied = (slot, permit);
            hash(&password, &salt)
        });
        hashing.await.ok().flatten().ok_or_else(|| {
            tracing::error!("cannot hash a password: check the free memory");
            Refusal::NoSuchRoom
        })
    }

    /// Occupies all slots, until what it returns is dropped.
    #[cfg(test)]
    pub(crate) fn block(&self) -> tokio::sync::OwnedSemaphorePermit {
        let all = u32::try_from(self.slots.available_permits()).unwrap();
        self.slots.clone().try_acquire_many_owned(all).unwrap()
    }
}

fn hash(password: &Secret, salt: &[u8]) -> Option<PasswordDigest> {
    let (memory, passes, lanes) = ARGON2;
    let params = Params::new(memory, passes, lanes, None).ok()?;
    let mut digest = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.expose().as_bytes(), salt, &mut digest)
        .ok()?;
    Some(PasswordDigest(digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{ClientAddress, Limits, LimitsConfig};

    #[tokio::test]
    async fn a_digest_is_of_one_password_for_one_room_under_one_secret() {
        let (ours, theirs) = (TokenSigner::new(None).unwrap(), TokenSigner::new(None).unwrap());
        let hasher = Hasher::new();
        let limits = Limits::new(&LimitsConfig::default());
        let client = limits.connect(ClientAddress::V4([192, 0, 2, 1].into())).unwrap();
        let room = |code: &str| code.parse::<RoomCode>().unwrap();
        let of = async |signer: &TokenSigner, code: &str, password: &str| {
            let permit = client.hash().unwrap();
            hasher.digest(permit, signer, &room(code), &password.into()).await.unwrap()
        };
        let digest = of(&ours, "a", "hunter2").await;
        assert_eq!(digest, of(&ours, "A", "hunter2").await);
        assert_ne!(digest, of(&ours, "a", "hunter3").await);
        assert_ne!(digest, of(&ours, "b", "hunter2").await);
        assert_ne!(digest, of(&theirs, "a", "hunter2").await);
        let permit = client.hash().unwrap();
        let long = hasher.digest(permit, &ours, &room("a"), &"x".repeat(257).into()).await;
        assert!(matches!(long, Err(Refusal::Malformed { .. })));
    }
}
