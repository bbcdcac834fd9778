//! A seed is all that decides a simulated match: two processes send the same bytes at the same times.
//!
//! `NETPLAY_SEEDS=100 cargo test --workspace --test matches two_processes` compares more seeds.

use std::io::Write;
use std::process::{Command, Stdio};

use netplay_testkit::chaos::play;

/// How many seeds are compared by default. Each is played four times.
const SEEDS: u64 = 6;
/// Has the process play the seeds and print what it sent.
const PRINT: &str = "NETPLAY_PRINT_TRAFFIC_HASHES";
/// What its lines begin with.
const LINE: &str = "traffic of seed ";

#[test]
fn a_seed_sends_the_same_in_two_processes() {
    let seeds = std::env::var("NETPLAY_SEEDS").ok().and_then(|text| text.parse().ok());
    let seeds = seeds.unwrap_or(SEEDS);
    if std::env::var_os(PRINT).is_some() {
        return (0..seeds).for_each(print);
    }
    let processes = [(); 2].map(|()| {
        let arguments = ["seeds::a_seed_sends_the_same_in_two_processes", "--exact", "--nocapture"];
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(arguments).env(PRINT, "1").stdout(Stdio::piped()).spawn().unwrap()
    });
    let [one, other] = processes.map(|process| {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().filter_map(|line| Some(line.split_once(LINE)?.1.to_owned()));
        lines.collect::<Vec<_>>()
    });
    assert_eq!(one.len() as u64, seeds);
    assert_eq!(one, other, "a seed that ends in two ways");
}

/// Plays a seed, with the simple rooms of the memory hub and with the real server.
fn print(seed: u64) {
    let [plain, served] = [play(seed, |apps| apps), play(seed, |apps| apps.served())];
    let mut output = std::io::stdout();
    writeln!(output, "\n{LINE}{seed}: {plain:016x} {served:016x}").unwrap();
}
