//! Matches under path faults, by seed ([`netplay_testkit::chaos`]), with the simple rooms of the memory hub and with
//! the real signaling server.
//!
//! `NETPLAY_SEEDS=5000 cargo test -p bevy_netplay --test matches chaos` plays more seeds; a failing seed names the
//! command that plays it alone.

use netplay_testkit::chaos::{play, play_seeds};

/// How many seeds are played by default.
const SEEDS: u64 = 60;

#[test]
fn players_agree_under_path_faults() {
    let command = "cargo test -p bevy_netplay --test matches players_agree_under_path_faults";
    play_seeds(SEEDS, command, |seed| {
        play(seed, |apps| apps);
    });
}

#[test]
fn players_agree_under_path_faults_with_the_real_server() {
    let command = "cargo test -p bevy_netplay --test matches players_agree_under_path_faults_with_the_real_server";
    play_seeds(SEEDS, command, |seed| {
        play(seed, |apps| apps.served());
    });
}
