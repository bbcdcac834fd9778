//! 3,000 frames over networks of every kind: no input is lost, and the players agree.

use std::time::Duration;

use bevy_netplay::prelude::*;
use netplay_testkit::{TICK, TestApps};

/// How many frames a match has, and how many steps it may take: a network that is slower than the
/// prediction window stalls the match again and again.
const FRAMES: i32 = 3000;
const STEPS: u32 = 30_000;

#[test]
fn players_on_a_perfect_network_agree() {
    plays(1, &[2, 3, 4], NetworkConditions::default());
}

#[test]
fn players_on_wireless_networks_agree() {
    plays(2, &[2, 3, 4], NetworkConditions::wifi());
}

#[test]
fn players_on_mobile_networks_agree() {
    plays(3, &[2, 3, 4], NetworkConditions::mobile());
}

#[test]
fn players_on_two_continents_agree() {
    plays(4, &[2, 3, 4], NetworkConditions::intercontinental());
}

#[test]
fn players_with_a_latency_longer_than_the_prediction_window_agree() {
    plays(5, &[2], NetworkConditions { latency: Duration::from_millis(150), ..Default::default() });
}

#[test]
fn players_with_thirty_percent_loss_agree() {
    let latency = Duration::from_millis(40);
    for burst in [0.0, 6.0] {
        plays(6, &[2, 4], NetworkConditions { latency, loss: 0.3, burst, ..Default::default() });
    }
}

#[test]
fn players_with_duplicated_and_reordered_packets_agree() {
    let conditions = NetworkConditions {
        latency: Duration::from_millis(30),
        jitter: Duration::from_millis(50),
        duplication: 0.5,
        reordering: 0.5,
        ..Default::default()
    };
    plays(7, &[2, 4], conditions);
}

#[test]
fn two_players_on_a_terrible_network_agree() {
    plays(8, &[2], NetworkConditions::terrible());
}

#[test]
fn three_players_on_a_terrible_network_agree() {
    plays(9, &[3], NetworkConditions::terrible());
}

#[test]
fn four_players_on_a_terrible_network_agree() {
    plays(10, &[4], NetworkConditions::terrible());
}

#[test]
fn players_on_networks_that_differ_by_direction_agree() {
    let mut apps = TestApps::builder(11).players(3).start();
    let (first, second) = (apps.key(0), apps.key(1));
    apps.hub().set_conditions(first, second, NetworkConditions::terrible());
    run(&mut apps);
}

#[test]
fn players_whose_clocks_run_at_different_speeds_agree() {
    let mut apps = TestApps::builder(12).players(3).conditions(NetworkConditions::wifi()).start();
    apps.set_tick(0, TICK * 101 / 100);
    apps.set_tick(1, TICK * 99 / 100);
    run(&mut apps);
}

#[test]
fn players_whose_network_gets_worse_and_better_agree() {
    let mut apps = TestApps::builder(13).players(2).start();
    for conditions in [NetworkConditions::terrible(), NetworkConditions::wifi()] {
        apps.hub().set_all_conditions(conditions);
        apps.run(1000);
    }
    run(&mut apps);
}

#[test]
fn eight_players_agree() {
    plays(14, &[8], NetworkConditions::wifi());
}

fn plays(seed: u64, players: &[usize], conditions: NetworkConditions) {
    for players in players {
        let conditions = conditions.clone();
        run(&mut TestApps::builder(seed).players(*players).conditions(conditions).start());
    }
}

#[track_caller]
fn run(apps: &mut TestApps) {
    apps.run_until_confirmed(FRAMES, STEPS);
    apps.assert_in_sync();
    assert!(apps.all_playing(), "{apps}");
    let report = |index| session_report_at(apps.world(index), FRAMES).map(|report| report.checksum);
    for index in apps.indices() {
        assert!(report(index).is_some(), "App {index} has no report: {apps}");
        assert_eq!(report(index), report(0), "App {index}: {apps}");
    }
}
