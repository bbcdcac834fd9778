//! Matches in which everything that can happen to paths happens, by seed ([`netplay_testkit::chaos`]), in the
//! simple rooms of the memory hub and before the real signaling server.
//!
//! `NETPLAY_SEEDS=5000 cargo test -p bevy_netplay --test matches chaos` plays more of them; a seed that
//! fails says how to play it alone.

use netplay_testkit::chaos::{play, play_seeds};

/// How many seeds are played unless told otherwise.
const SEEDS: u64 = 60;

#[test]
fn whatever_happens_to_paths_the_players_agree() {
    let command = "cargo test -p bevy_netplay --test matches whatever_happens_to_paths";
    play_seeds(SEEDS, command, |seed| play(seed, |cluster| cluster));
}

#[test]
fn whatever_happens_before_the_real_server_the_players_agree() {
    let command = "cargo test -p bevy_netplay --test matches before_the_real_server";
    play_seeds(SEEDS, command, |seed| play(seed, |cluster| cluster.served()));
}
