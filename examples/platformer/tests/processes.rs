//! Matches between processes over real WebRTC, on a network with a tenth of a second of latency each way and losses.

use game_driver::report::{assert_in_agreement, assert_rolled_back};

use crate::GAME;

const BAD_NETWORK: [&str; 2] = ["--net", "latency_ms=100,loss=0.03"];

#[test]
fn two_bots_agree_on_a_match_over_a_bad_network() {
    let reports = GAME.play("two", 2, 1200, &BAD_NETWORK);
    assert_in_agreement(&reports);
    assert_rolled_back(&reports);
}

#[test]
fn four_bots_that_hunt_each_other_agree_on_a_match() {
    let reports = GAME.play("four", 4, 600, &["--hunt", BAD_NETWORK[0], BAD_NETWORK[1]]);
    assert_in_agreement(&reports);
    assert_rolled_back(&reports);
}

#[cfg(target_os = "linux")]
#[test]
fn a_window_finds_its_files_from_any_working_directory() {
    game_driver::window::finds_its_files(&GAME);
}
