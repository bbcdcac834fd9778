//! Passwords of rooms.
//!
//! A password is hashed the moment it comes, and only the hash is kept and compared. The salt follows
//! from the room's code, so the same work is done whether there is such a room or not, and the time an
//! answer takes does not tell.

use argon2::{Algorithm, Argon2, Params, Version};
use netplay_protocol::signaling::Refusal;
use netplay_protocol::{RoomCode, Secret};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::seals::Seals;

/// The longest password, in bytes. Only its hash is kept; the bound is for the message it comes in.
const MAX_PASSWORD_BYTES: usize = 256;
/// The first of the parameters that OWASP's Password Storage Cheat Sheet gives for Argon2id with little
/// memory: 7 MiB, five passes, one lane.
const ARGON2: (u32, u32, u32) = (7 * 1024, 5, 1);

/// The hash of a password. Compared in constant time, never shown.
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

/// Hashes passwords, few at a time: each takes some ten milliseconds of a core, and whoever guesses must
/// not take all of them.
#[derive(Debug)]
pub(crate) struct Hasher {
    turns: Semaphore,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { turns: Semaphore::new(cores.div_ceil(2)) }
    }

    /// The digest of a password for this room.
    pub(crate) async fn digest(
        &self,
        seals: &Seals,
        room: &RoomCode,
        password: &Secret,
    ) -> Result<PasswordDigest, Refusal> {
        if password.expose().len() > MAX_PASSWORD_BYTES {
            let detail = format!("a password has at most {MAX_PASSWORD_BYTES} bytes");
            return Err(Refusal::Malformed { detail });
        }
        let (password, salt) = (password.clone(), seals.salt(room));
        // An error means that the server is being torn down.
        let _turn = self.turns.acquire().await.map_err(|_| Refusal::ShuttingDown)?;
        let hashing = tokio::task::spawn_blocking(move || hash(&password, &salt));
        hashing.await.ok().flatten().ok_or_else(|| {
            tracing::error!("a password could not be hashed: is there any memory left?");
            Refusal::NoSuchRoom
        })
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

    #[tokio::test]
    async fn a_digest_is_of_one_password_for_one_room_under_one_secret() {
        let (ours, theirs) = (Seals::new(None).unwrap(), Seals::new(None).unwrap());
        let hasher = Hasher::new();
        let room = |code: &str| code.parse::<RoomCode>().unwrap();
        let of = async |seals: &Seals, code: &str, password: &str| {
            hasher.digest(seals, &room(code), &password.into()).await.unwrap()
        };
        let digest = of(&ours, "a", "hunter2").await;
        assert_eq!(digest, of(&ours, "A", "hunter2").await);
        assert_ne!(digest, of(&ours, "a", "hunter3").await);
        assert_ne!(digest, of(&ours, "b", "hunter2").await);
        assert_ne!(digest, of(&theirs, "a", "hunter2").await);
        let long = hasher.digest(&ours, &room("a"), &"x".repeat(257).into()).await;
        assert!(matches!(long, Err(Refusal::Malformed { .. })));
    }
}
