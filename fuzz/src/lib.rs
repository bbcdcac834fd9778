//! Fuzz targets for everything that is parsed from outside: from peers, the server, files and addresses.
//!
//! A [`Target`] is a function that takes any bytes and asserts what must hold of them: no panic, memory within
//! [`MAX_BYTES`], and what decodes encodes to the same meaning. There are two ways to run them:
//!
//! * on stable Rust, [`run()`] makes inputs from a seed: valid [examples](Target::example) and [mutations](mutation) of
//!   them. `cargo xtask test` runs every target for a number of inputs that take about ten seconds, `cargo xtask fuzz`
//!   for as many as it is told;
//! * `cargo fuzz` (nightly) runs them with libFuzzer, which is led by coverage: the programs are in `fuzz_targets`, the
//!   feature is `libfuzzer`.

pub mod examples;
pub mod mutation;
pub mod packets;
pub mod run;
mod target;
mod targets;

pub use examples::Random;
pub use run::{Failure, Report, run};
pub use target::{MAX_BYTES, Target};
pub use targets::TARGETS;

/// Has a target take an input, for libFuzzer.
///
/// # Panics
///
/// If something does not hold, or there is no such target.
pub fn check(target: &str, input: &[u8]) {
    Target::named(target).expect("the program of a target has its name").check(input);
}
