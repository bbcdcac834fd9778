//! Simulations that diverge.

use bevy_netplay::prelude::*;
use netplay_testkit::{Diverge, TestApps};

/// The frame from which on one App simulates differently.
const DIVERGES_AT: i32 = 100;

#[test]
fn a_peer_that_diverges_is_reported_on_both_sides() {
    for (seed, conditions) in
        [(41, NetworkConditions::default()), (42, NetworkConditions::terrible())]
    {
        let mut apps = diverging(seed, 2, conditions);
        for (index, other) in [(0, 1), (1, 0)] {
            let desyncs = &apps.messages(index).desyncs;
            assert!(
                desyncs.iter().all(|desync| desync.player.index() == other),
                "{desyncs:?}: {apps}"
            );
            // Whatever is lost, it is the first compared frame, and it is told once.
            let interval = apps.world(index).resource::<NetplayConfig>().checksum_interval;
            let first = (DIVERGES_AT as u32).next_multiple_of(interval) as i32;
            let frames: Vec<i32> = desyncs.iter().map(|desync| desync.frame).collect();
            assert_eq!(frames, [first], "{desyncs:?}: {apps}");
            assert_eq!(desyncs[0].last_equal_frame, Some(first - interval as i32), "{apps}");
            assert_eq!(apps.world(index).resource::<RollbackMetrics>().desyncs.len(), 1, "{apps}");
        }
        let frame = apps.confirmed();
        apps.run_until_confirmed(frame + 60, 1000);
        assert!(apps.all_playing(), "a desync is not the end: {apps}");
        apps.assert_no_lost_input();
    }
}

#[test]
fn of_three_peers_the_one_that_diverges_is_named_by_both_others() {
    let apps = diverging(43, 3, NetworkConditions::wifi());
    for (index, named) in [(0, vec![1]), (1, vec![0, 2]), (2, vec![1])] {
        let mut players: Vec<usize> =
            apps.messages(index).desyncs.iter().map(|desync| desync.player.index()).collect();
        players.sort();
        assert_eq!(players, named, "App {index}: {apps}");
    }
}

/// A match of which App 1 diverges, after all have detected it.
fn diverging(seed: u64, players: usize, conditions: NetworkConditions) -> TestApps {
    let mut apps = TestApps::builder(seed)
        .players(players)
        .conditions(conditions)
        .extend(|index, app| {
            if index == 1 {
                app.insert_resource(Diverge(DIVERGES_AT));
            }
        })
        .start();
    // One step can confirm many frames at once: stop well before.
    apps.run_until_confirmed(DIVERGES_AT / 2, 2000);
    apps.assert_in_sync();
    let detected = |apps: &TestApps| {
        apps.indices().all(|index| !apps.messages(index).desyncs.is_empty())
            && apps.confirmed() > DIVERGES_AT + 60
    };
    apps.run_until("all have detected it", 2000, detected);
    apps
}
