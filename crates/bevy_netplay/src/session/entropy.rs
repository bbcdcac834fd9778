//! [`EntropySource`]: where randomness comes from.

use std::sync::Arc;

use bevy::prelude::*;

/// Where the random numbers of a process come from, which tell it from the one before, and its part of the seeds of
/// matches. Replace it in tests to repeat a match; in a game that would let others know its part beforehand.
#[derive(Resource, Clone, Reflect)]
#[reflect(opaque)]
#[reflect(Resource, Default)]
pub struct EntropySource(Arc<dyn Fn() -> [u8; 32] + Send + Sync>);

impl EntropySource {
    /// A source that calls this for every 32 bytes.
    pub fn new(draw: impl Fn() -> [u8; 32] + Send + Sync + 'static) -> Self {
        Self(Arc::new(draw))
    }

    pub(crate) fn bytes(&self) -> [u8; 32] {
        (self.0)()
    }

    pub(crate) fn number(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.bytes();
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

impl Default for EntropySource {
    fn default() -> Self {
        Self::new(|| {
            let mut bytes = [0; 32];
            if let Err(error) = getrandom::fill(&mut bytes) {
                error!("the system gives no randomness ({error}): keys may collide");
            }
            bytes
        })
    }
}
