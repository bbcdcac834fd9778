//! Peers that are not heard for a while.

use bevy_netplay::prelude::*;
use netplay_testkit::Cluster;

/// Five seconds of silence, in steps.
const FIVE_SECONDS: u32 = 300;

#[test]
fn a_match_that_stalls_in_its_very_first_frames_goes_on() {
    for seed in 0..8 {
        let mut cluster = Cluster::builder(seed).players(2).build();
        cluster.join_all();
        let silent = (seed % 2) as usize;
        cluster.run_until("one App plays", 600, |cluster| {
            cluster.seats().any(|seat| *cluster.state(seat) == NetplayState::Playing)
        });
        cluster.mute(silent);
        cluster.run(30);
        cluster.unmute(silent);
        cluster.run_until_confirmed(300, 2000);
        cluster.assert_in_agreement();
    }
}

#[test]
fn a_match_whose_first_datagrams_are_all_lost_goes_on() {
    for seed in 10..14 {
        let mut cluster = Cluster::builder(seed).players(3).build();
        cluster.join_all();
        let [first, second] = [0, 1].map(|seat| cluster.key(seat));
        let lost = NetworkConditions { loss: 1.0, ..Default::default() };
        cluster.hub().set_conditions(first, second, lost);
        cluster.run(60);
        cluster.hub().set_all_conditions(NetworkConditions::wifi());
        cluster.run_until_confirmed(300, 2000);
        cluster.assert_in_agreement();
    }
}

#[test]
fn a_peer_that_sends_nothing_for_five_seconds_goes_on() {
    for players in [2, 4] {
        let mut cluster =
            Cluster::builder(20).players(players).conditions(NetworkConditions::mobile()).start();
        cluster.run_until_confirmed(200, 1000);
        cluster.mute(1);
        cluster.run(FIVE_SECONDS);
        assert!(cluster.all_playing(), "{cluster}");
        assert!(!cluster.heard(0).interrupted.is_empty(), "nobody noticed: {cluster}");
        assert_eq!(cluster.heard(0).interrupted[0].player, 1, "{cluster}");
        cluster.unmute(1);
        goes_on(&mut cluster);
        assert!(!cluster.heard(0).resumed.is_empty(), "nobody noticed: {cluster}");
    }
}

#[test]
fn two_peers_that_cannot_hear_each_other_for_five_seconds_go_on() {
    let mut cluster = Cluster::builder(21).players(3).conditions(NetworkConditions::wifi()).start();
    cluster.run_until_confirmed(200, 1000);
    let [first, second] = [0, 1].map(|seat| cluster.key(seat));
    cluster.hub().cut(first, second);
    cluster.run(FIVE_SECONDS);
    cluster.hub().heal(first, second);
    goes_on(&mut cluster);
}

#[test]
fn a_process_that_was_suspended_for_five_seconds_goes_on() {
    for where_it_was in [false, true] {
        let mut cluster =
            Cluster::builder(22).players(3).conditions(NetworkConditions::wifi()).start();
        cluster.run_until_confirmed(200, 1000);
        cluster.pause(2);
        cluster.run(FIVE_SECONDS);
        if where_it_was {
            cluster.resume_where_it_was(2);
        } else {
            cluster.resume(2);
        }
        goes_on(&mut cluster);
    }
}

#[test]
fn a_peer_that_stays_silent_is_lost_with_a_sentence_on_both_sides() {
    let mut cluster = Cluster::builder(23).players(2).start();
    cluster.run_until_confirmed(100, 1000);
    let [first, second] = [0, 1].map(|seat| cluster.key(seat));
    cluster.hub().cut(first, second);
    cluster.run(540);
    assert!(cluster.all_playing(), "given up before ten seconds: {cluster}");
    cluster.run_until("both give up", 120, Cluster::all_ended);
    for (seat, other) in [(0, 1), (1, 0)] {
        let reason = crate::ended(&cluster, seat);
        assert!(
            matches!(reason, EndReason::PeerLost { player, .. } if *player == other),
            "{cluster}"
        );
    }
    cluster.assert_in_agreement();
}

#[track_caller]
fn goes_on(cluster: &mut Cluster) {
    let frame = cluster.confirmed();
    cluster.run_until_confirmed(frame + 600, 3000);
    cluster.assert_in_agreement();
    assert!(cluster.all_playing(), "{cluster}");
}
