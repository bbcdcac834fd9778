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
            let first = desyncs[0].frame;
            let interval = apps.world(index).resource::<NetplayConfig>().checksum_interval as i32;
            // A report can get lost, three times in a row on a terrible network.
            let expected = DIVERGES_AT..=DIVERGES_AT + 4 * interval;
            assert!(expected.contains(&first), "{first} not in {expected:?}: {apps}");
            assert!(!apps.world(index).resource::<RollbackMetrics>().desyncs.is_empty(), "{apps}");
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
        players.dedup();
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
