//! Several matches on the same links.

use std::time::Duration;

use bevy_netplay::prelude::*;
use netplay_testkit::TestApps;

#[test]
fn ten_rematches_start_while_packets_of_the_match_before_are_in_flight() {
    let conditions = NetworkConditions {
        latency: Duration::from_millis(80),
        jitter: Duration::from_millis(40),
        loss: 0.03,
        burst: 3.0,
        duplication: 0.3,
        reordering: 0.3,
        ..NetworkConditions::default()
    };
    for players in [2, 3] {
        let mut apps =
            TestApps::builder(31).players(players).conditions(conditions.clone()).start();
        for epoch in 1..=11 {
            plays(&mut apps, epoch, 120);
            if epoch < 11 {
                assert!(apps.hub().in_flight() > 0, "{apps}");
                for index in apps.indices() {
                    apps.command(index, |commands| commands.rematch());
                }
            }
        }
        apps.assert_in_sync();
        for index in apps.indices() {
            let started: Vec<u16> =
                apps.messages(index).started.iter().map(|started| started.epoch).collect();
            assert_eq!(started, (1..=11).collect::<Vec<u16>>(), "{apps}");
            let links = apps.world(index).resource::<PeerLinks>();
            assert!(links.iter().all(|link| link.attempts == 1), "reconnected: {apps}");
        }
    }
}

#[test]
fn a_rematch_waits_for_the_votes_of_all() {
    let mut apps = TestApps::builder(32).players(3).conditions(NetworkConditions::wifi()).start();
    plays(&mut apps, 1, 60);
    for (index, votes) in [(2, 1), (0, 2)] {
        apps.command(index, |commands| commands.rematch());
        apps.run(60);
        assert!(apps.indices().all(|index| apps.epoch(index) == Some(1)), "{votes}: {apps}");
    }
    apps.command(1, |commands| commands.rematch());
    plays(&mut apps, 2, 60);
    apps.assert_in_sync();
}

#[test]
fn a_vote_that_is_cast_twice_counts_once() {
    let mut apps = TestApps::builder(33).players(2).start();
    plays(&mut apps, 1, 60);
    for _ in 0..5 {
        apps.command(0, |commands| commands.rematch());
        apps.run(5);
    }
    assert_eq!(apps.epoch(0), Some(1), "{apps}");
    apps.command(1, |commands| commands.rematch());
    plays(&mut apps, 2, 60);
    apps.assert_in_sync();
}

#[test]
fn matches_on_the_same_links_have_different_seeds() {
    let mut apps = TestApps::builder(34).players(2).start();
    let seed = |apps: &TestApps, index| apps.world(index).resource::<CurrentMatch>().seed;
    let first = seed(&apps, 0);
    assert_eq!(first, seed(&apps, 1), "{apps}");
    for index in apps.indices() {
        apps.command(index, |commands| commands.rematch());
    }
    plays(&mut apps, 2, 10);
    assert_ne!(first, seed(&apps, 0), "{apps}");
    assert_eq!(seed(&apps, 1), seed(&apps, 0), "{apps}");
}

/// Waits until all play this match and a frame of it is confirmed.
#[track_caller]
fn plays(apps: &mut TestApps, epoch: u16, frame: i32) {
    apps.run_until(&format!("frame {frame} of match {epoch} is confirmed"), 3000, |apps| {
        apps.indices().all(|index| apps.epoch(index) == Some(epoch)) && apps.confirmed() >= frame
    });
}
