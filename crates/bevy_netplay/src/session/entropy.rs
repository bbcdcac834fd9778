//! [`EntropySource`]: where randomness comes from.

use std::sync::Arc;

use bevy::prelude::*;

use crate::EndReason;

/// Where the random numbers of a process come from, which tell it from the one before, and its part of the seeds of
/// matches. Replace it in tests to repeat a match; in a game that would let others know its part beforehand.
#[derive(Resource, Clone, Reflect)]
#[reflect(opaque)]
#[reflect(Resource, Default)]
pub struct EntropySource(Arc<dyn Fn() -> Option<[u8; 32]> + Send + Sync>);

impl EntropySource {
    /// A source that calls this for every 32 bytes.
    pub fn new(draw: impl Fn() -> [u8; 32] + Send + Sync + 'static) -> Self {
        Self(Arc::new(move || Some(draw())))
    }

    /// 32 random bytes.
    ///
    /// # Errors
    ///
    /// [`EndReason::BadRequest`] where the system has none: nothing is made of bytes that others can guess.
    pub(crate) fn bytes(&self) -> Result<[u8; 32], EndReason> {
        (self.0)().ok_or_else(no_randomness)
    }

    /// A random number, with the same error.
    pub(crate) fn number(&self) -> Result<u64, EndReason> {
        let [a, b, c, d, e, f, g, h, ..] = self.bytes()?;
        Ok(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }
}

impl Default for EntropySource {
    fn default() -> Self {
        Self(Arc::new(system_bytes))
    }
}

/// 32 bytes of the system's randomness, if it has any.
pub(super) fn system_bytes() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Some(bytes),
        Err(error) => {
            error!("the system gives no randomness ({error}): no room can be joined");
            None
        }
    }
}

/// Why a peer without randomness joins no room.
pub(super) fn no_randomness() -> EndReason {
    EndReason::BadRequest {
        detail: "the system gives no randomness, and others could guess the keys of this game: \
                 provide /dev/urandom where the game runs"
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_randomness_there_are_no_numbers_in_place_of_zeros() {
        let none = EntropySource(Arc::new(|| None));
        assert_eq!(none.bytes(), Err(no_randomness()));
        assert_eq!(none.number(), Err(no_randomness()));
        assert_eq!(EntropySource::new(|| [1; 32]).number(), Ok(u64::from_le_bytes([1; 8])));
    }
}
