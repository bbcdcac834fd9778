//! [`Target`]: one parser and what must hold of it.

use crate::Random;

/// How many bytes a target may have allocated at one time, whatever the input: a queue of reliable packets that came
/// before the one they follow takes 4 MiB.
pub const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// One parser and what must hold of it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, as `cargo fuzz` has it.
    pub name: &'static str,
    /// Panics if something does not hold.
    pub check: fn(&[u8]),
    /// A valid input, or one that is nearly so.
    pub example: fn(&mut Random) -> Vec<u8>,
    /// Words that mutations insert.
    pub words: &'static [&'static str],
    /// How many inputs the test of the target takes: about ten seconds.
    pub test_runs: u64,
}

impl Target {
    /// The target with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        crate::TARGETS.iter().find(|target| target.name == name)
    }

    /// Takes an input. Returns how many bytes were allocated at one time, at most.
    ///
    /// # Panics
    ///
    /// If something does not hold, or more than [`MAX_BYTES`] were allocated.
    pub fn check(&self, input: &[u8]) -> u64 {
        let most = allocation_counter::measure(|| (self.check)(input)).bytes_max;
        assert!(most <= MAX_BYTES, "{} bytes of input took {most} bytes of memory", input.len());
        most
    }
}
