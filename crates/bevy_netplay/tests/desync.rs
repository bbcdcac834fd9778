//! Simulations that part.

use bevy_netplay::prelude::*;
use netplay_testkit::{Cluster, Diverge};

/// The frame from which on one App simulates something else.
const PARTS_AT: i32 = 100;

#[test]
fn a_peer_that_diverges_is_reported_on_both_sides() {
    for (seed, conditions) in
        [(41, NetworkConditions::default()), (42, NetworkConditions::terrible())]
    {
        let mut cluster = diverging(seed, 2, conditions);
        for (seat, other) in [(0, 1), (1, 0)] {
            let desyncs = &cluster.heard(seat).desyncs;
            assert!(desyncs.iter().all(|desync| desync.player == other), "{desyncs:?}: {cluster}");
            let first = desyncs[0].frame;
            let interval = cluster.world(seat).resource::<NetplayConfig>().checksum_interval as i32;
            // A report can get lost, three times in a row on a terrible network.
            let expected = PARTS_AT..=PARTS_AT + 4 * interval;
            assert!(expected.contains(&first), "{first} not in {expected:?}: {cluster}");
            assert!(
                !cluster.world(seat).resource::<RollbackMetrics>().desyncs.is_empty(),
                "{cluster}"
            );
        }
        let frame = cluster.confirmed();
        cluster.run_until_confirmed(frame + 60, 1000);
        assert!(cluster.all_playing(), "a desync is not the end: {cluster}");
        cluster.assert_no_lost_input();
    }
}

#[test]
fn of_three_peers_the_one_that_diverges_is_named_by_both_others() {
    let cluster = diverging(43, 3, NetworkConditions::wifi());
    for (seat, named) in [(0, vec![1]), (1, vec![0, 2]), (2, vec![1])] {
        let mut players: Vec<usize> =
            cluster.heard(seat).desyncs.iter().map(|desync| desync.player).collect();
        players.sort();
        players.dedup();
        assert_eq!(players, named, "App {seat}: {cluster}");
    }
}

/// A match of which App 1 parts from the others, after everybody has noticed.
fn diverging(seed: u64, players: usize, conditions: NetworkConditions) -> Cluster {
    let mut cluster = Cluster::builder(seed)
        .players(players)
        .conditions(conditions)
        .extend(|seat, app| {
            if seat == 1 {
                app.insert_resource(Diverge(PARTS_AT));
            }
        })
        .start();
    // One step can confirm many frames at once: stop well before.
    cluster.run_until_confirmed(PARTS_AT / 2, 2000);
    cluster.assert_in_agreement();
    let everybody = |cluster: &Cluster| {
        cluster.seats().all(|seat| !cluster.heard(seat).desyncs.is_empty())
            && cluster.confirmed() > PARTS_AT + 60
    };
    cluster.run_until("everybody has noticed", 2000, everybody);
    cluster
}
