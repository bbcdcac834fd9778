//! A seed is all that decides a simulation of rooms: two processes send the same bytes at the same times.
//!
//! `NETPLAY_SEEDS=1000 cargo test -p netplay_core two_processes` compares more seeds.

use super::hostile::seeds;
use super::{churn, hostile};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// How many seeds of each suite are compared by default.
const SEEDS: u64 = 100;

/// A suite and its simulation of a seed, which returns a hash over every packet.
type Suite = (&'static str, fn(u64) -> u64);

const SUITES: [Suite; 2] = [("hostile", hostile::play), ("churn", churn::play)];

/// The hash of every seed of every suite, each as a line.
fn hashes() -> impl Iterator<Item = String> {
    let of = |(name, play): Suite| {
        (0..seeds(SEEDS)).map(move |seed| format!("{name} {seed}: {:016x}", play(seed)))
    };
    SUITES.into_iter().flat_map(of)
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn a_seed_gives_the_same_packets_in_two_processes() {
    use std::io::Write;
    use std::process::{Command, Stdio};

    /// Has the process play the seeds and print the hashes.
    const PRINT: &str = "NETPLAY_PRINT_PACKET_HASHES";
    /// What its lines begin with.
    const LINE: &str = "packets of ";

    if std::env::var_os(PRINT).is_some() {
        let mut output = std::io::stdout();
        return hashes().for_each(|line| writeln!(output, "\n{LINE}{line}").unwrap());
    }
    let (_, module) = module_path!().split_once("::").unwrap();
    let test = format!("{module}::a_seed_gives_the_same_packets_in_two_processes");
    let mut other = Command::new(std::env::current_exe().unwrap());
    other.args([&test, "--exact", "--nocapture"]).env(PRINT, "1").stdout(Stdio::piped());
    let other = other.spawn().unwrap();
    let ours: Vec<String> = hashes().collect();
    let output = other.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let theirs: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix(LINE)).collect();
    assert_eq!(ours.len() as u64, seeds(SEEDS) * SUITES.len() as u64);
    assert_eq!(ours, theirs, "a seed that ends in two ways");
}

/// A page has one process.
#[cfg(target_arch = "wasm32")]
#[test]
fn a_seed_gives_the_same_packets_again() {
    assert!(hashes().eq(hashes()), "a seed that ends in two ways");
}
