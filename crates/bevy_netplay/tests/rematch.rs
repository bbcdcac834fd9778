//! Several matches on the same links.

use std::time::Duration;

use bevy_netplay::prelude::*;
use netplay_testkit::Cluster;

#[test]
fn ten_rematches_start_while_packets_of_the_match_before_are_in_flight() {
    let conditions = NetworkConditions {
        latency: Duration::from_millis(80),
        jitter: Duration::from_millis(80),
        loss: 0.1,
        burst: 3.0,
        duplication: 0.3,
        reordering: 0.3,
    };
    for players in [2, 3] {
        let mut cluster =
            Cluster::builder(31).players(players).conditions(conditions.clone()).start();
        for epoch in 1..=11 {
            plays(&mut cluster, epoch, 120);
            if epoch < 11 {
                assert!(cluster.hub().in_flight() > 0, "{cluster}");
                for seat in cluster.seats() {
                    cluster.command(seat, |commands| commands.rematch());
                }
            }
        }
        cluster.assert_in_agreement();
        for seat in cluster.seats() {
            let started: Vec<u16> =
                cluster.heard(seat).started.iter().map(|started| started.epoch).collect();
            assert_eq!(started, (1..=11).collect::<Vec<u16>>(), "{cluster}");
            let links = cluster.world(seat).resource::<PeerLinks>();
            assert!(links.iter().all(|link| link.attempts == 1), "reconnected: {cluster}");
        }
    }
}

#[test]
fn a_rematch_waits_until_everybody_wants_it() {
    let mut cluster = Cluster::builder(32).players(3).conditions(NetworkConditions::wifi()).start();
    plays(&mut cluster, 1, 60);
    for (seat, votes) in [(2, 1), (0, 2)] {
        cluster.command(seat, |commands| commands.rematch());
        cluster.run(60);
        assert!(cluster.seats().all(|seat| cluster.epoch(seat) == Some(1)), "{votes}: {cluster}");
    }
    cluster.command(1, |commands| commands.rematch());
    plays(&mut cluster, 2, 60);
    cluster.assert_in_agreement();
}

#[test]
fn a_vote_that_is_cast_twice_counts_once() {
    let mut cluster = Cluster::builder(33).players(2).start();
    plays(&mut cluster, 1, 60);
    for _ in 0..5 {
        cluster.command(0, |commands| commands.rematch());
        cluster.run(5);
    }
    assert_eq!(cluster.epoch(0), Some(1), "{cluster}");
    cluster.command(1, |commands| commands.rematch());
    plays(&mut cluster, 2, 60);
    cluster.assert_in_agreement();
}

#[test]
fn matches_on_the_same_links_have_different_seeds() {
    let mut cluster = Cluster::builder(34).players(2).start();
    let seed = |cluster: &Cluster, seat| cluster.world(seat).resource::<Match>().seed;
    let first = seed(&cluster, 0);
    assert_eq!(first, seed(&cluster, 1), "{cluster}");
    for seat in cluster.seats() {
        cluster.command(seat, |commands| commands.rematch());
    }
    plays(&mut cluster, 2, 10);
    assert_ne!(first, seed(&cluster, 0), "{cluster}");
    assert_eq!(seed(&cluster, 1), seed(&cluster, 0), "{cluster}");
}

/// Waits until everybody is in this match and a frame of it is confirmed.
#[track_caller]
fn plays(cluster: &mut Cluster, epoch: u16, frame: i32) {
    cluster.run_until(&format!("frame {frame} of match {epoch} is confirmed"), 3000, |cluster| {
        cluster.seats().all(|seat| cluster.epoch(seat) == Some(epoch))
            && cluster.confirmed() >= frame
    });
}
