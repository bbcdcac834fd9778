//! Runs a target on inputs from a seed.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rand::{RngExt, SeedableRng};

use crate::mutation::mutate;
use crate::{Random, Target};

/// How many inputs a run keeps to take parts of.
const KEPT: usize = 64;

/// How many bytes of an input that fails are shown.
const MAX_SHOWN: usize = 2000;

/// What a run has found: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many inputs were taken.
    pub inputs: u64,
    /// The bytes of all of them.
    pub bytes: u64,
    /// The most memory that one of them took at one time, in bytes.
    pub peak_bytes: u64,
}

/// An input for which something does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The target.
    pub target: &'static str,
    /// The input.
    pub input: Vec<u8>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.input.get(..MAX_SHOWN).unwrap_or(&self.input);
        write!(f, "the target {} fails for \"{}\"", self.target, shown.escape_ascii())?;
        match self.input.len() - shown.len() {
            0 => Ok(()),
            more => write!(f, " and {more} bytes more"),
        }
    }
}

/// Runs a target on so many inputs. Inputs and their order follow from the seed.
///
/// # Errors
///
/// [`Failure`] is the first input for which something does not hold. What it is has been printed.
pub fn run(target: &Target, inputs: u64, seed: u64) -> Result<Report, Failure> {
    let mut random = Random::seed_from_u64(seed);
    let mut kept: Vec<Vec<u8>> = Vec::new();
    let mut report = Report::default();
    for _ in 0..inputs {
        let input = next_input(target, &mut random, &mut kept);
        let checked = catch_unwind(AssertUnwindSafe(|| target.check(&input)));
        let Ok(peak_bytes) = checked else {
            return Err(Failure { target: target.name, input });
        };
        report.inputs += 1;
        report.bytes += input.len() as u64;
        report.peak_bytes = report.peak_bytes.max(peak_bytes);
    }
    Ok(report)
}

/// An example, a mutation of one or of an input before, or random bytes.
fn next_input(target: &Target, random: &mut Random, kept: &mut Vec<Vec<u8>>) -> Vec<u8> {
    let place = random.random_range(0..KEPT);
    let new = kept.get(place).is_none() || random.random_ratio(1, 8);
    let mut input = match kept.get(place) {
        Some(kept) if !new => kept.clone(),
        _ => (target.example)(random),
    };
    let other = kept.get(random.random_range(0..KEPT)).map_or(&[][..], Vec::as_slice);
    match random.random_range(0..32) {
        0 => {}
        1 => input = crate::examples::bytes(random, 256),
        _ => mutate(random, &mut input, other, target.words),
    }
    if new || random.random_ratio(1, 16) {
        match kept.get_mut(place) {
            Some(kept) => kept.clone_from(&input),
            None => kept.push(input.clone()),
        }
    }
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(check: fn(&[u8])) -> Target {
        let example = |_: &mut Random| b"example".to_vec();
        Target { name: "test", check, example, words: &[], test_runs: 1 }
    }

    #[test]
    fn a_seed_repeats_its_inputs() {
        let sound = target(|_| {});
        assert_eq!(run(&sound, 1000, 1), run(&sound, 1000, 1));
        assert_ne!(run(&sound, 1000, 1), run(&sound, 1000, 2));
    }

    #[test]
    fn the_first_input_that_panics_or_takes_too_much_memory_is_returned() {
        let panics = target(|input| assert!(!input.starts_with(b"x"), "it begins with x"));
        assert!(run(&panics, 100_000, 1).unwrap_err().input.starts_with(b"x"));
        let large = target(|input| drop(vec![1_u8; input.len() << 20]));
        assert!(run(&large, 1000, 1).unwrap_err().input.len() > 16);
    }
}
