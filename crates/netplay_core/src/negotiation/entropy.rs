//! Randomness for keys, from 32 random bytes that the driver brings.

use std::fmt;

use sha2::{Digest, Sha256};

/// A generator of key material: SHA-256 over a secret state that is replaced after every use, so that who learns
/// the state learns nothing of what was drawn before.
#[derive(Clone)]
pub(super) struct Entropy([u8; 32]);

impl Entropy {
    pub(super) fn new(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// A generator of its own.
    pub(super) fn fork(&mut self) -> Self {
        Self(self.draw())
    }

    /// Fills the bytes with key material.
    pub(super) fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            chunk.copy_from_slice(&self.draw()[..chunk.len()]);
        }
    }

    fn draw(&mut self) -> [u8; 32] {
        let hash = |label: &[u8]| Sha256::new().chain_update(label).chain_update(self.0).finalize();
        let (drawn, next) = (hash(b"netplay entropy draw"), hash(b"netplay entropy next"));
        self.0 = next.into();
        drawn.into()
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn nothing_is_drawn_twice_and_the_same_bytes_give_the_same() {
        let drawn = || {
            let mut entropy = Entropy::new([7; 32]);
            let mut fork = entropy.fork();
            let (mut first, mut second) = ([0; 80], [0; 32]);
            entropy.fill(&mut first);
            fork.fill(&mut second);
            first.chunks(16).chain(second.chunks(16)).map(<[u8]>::to_vec).collect::<Vec<_>>()
        };
        assert_eq!(drawn(), drawn());
        let mut different = drawn();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), drawn().len());
        assert_eq!(format!("{:?}", Entropy::new([7; 32])), "Entropy(…)");
    }
}
