//! Peers that are silent for a while.

use bevy_netplay::prelude::*;
use netplay_testkit::TestApps;

/// Five seconds of silence, in steps.
const FIVE_SECONDS: u32 = 300;

#[test]
fn a_match_that_stalls_in_its_very_first_frames_goes_on() {
    for seed in 0..8 {
        let mut apps = TestApps::builder(seed).players(2).build();
        apps.join_all();
        let silent = (seed % 2) as usize;
        apps.run_until("one App plays", 600, |apps| {
            apps.indices().any(|index| apps.state(index) == NetplayState::Playing)
        });
        apps.mute(silent);
        apps.run(30);
        apps.unmute(silent);
        apps.run_until_confirmed(300, 2000);
        apps.assert_in_sync();
    }
}

#[test]
fn a_match_whose_first_datagrams_are_all_lost_goes_on() {
    for seed in 10..14 {
        let mut apps = TestApps::builder(seed).players(3).build();
        apps.join_all();
        let [first, second] = [0, 1].map(|index| apps.key(index));
        let lost = NetworkConditions { loss: 1.0, ..Default::default() };
        apps.hub().set_conditions(first, second, lost);
        apps.run(60);
        apps.hub().set_all_conditions(NetworkConditions::wifi());
        apps.run_until_confirmed(300, 2000);
        apps.assert_in_sync();
    }
}

#[test]
fn a_peer_that_sends_nothing_for_five_seconds_goes_on() {
    for players in [2, 4] {
        let mut apps =
            TestApps::builder(20).players(players).conditions(NetworkConditions::mobile()).start();
        apps.run_until_confirmed(200, 1000);
        apps.mute(1);
        apps.run(FIVE_SECONDS);
        assert!(apps.all_playing(), "{apps}");
        assert!(!apps.messages(0).interrupted.is_empty(), "nobody noticed: {apps}");
        assert_eq!(apps.messages(0).interrupted[0].player, PlayerHandle(1), "{apps}");
        apps.unmute(1);
        assert_goes_on(&mut apps);
        assert!(!apps.messages(0).resumed.is_empty(), "nobody noticed: {apps}");
    }
}

#[test]
fn two_peers_without_a_link_for_five_seconds_go_on() {
    let mut apps = TestApps::builder(21).players(3).conditions(NetworkConditions::wifi()).start();
    apps.run_until_confirmed(200, 1000);
    let [first, second] = [0, 1].map(|index| apps.key(index));
    apps.hub().cut(first, second);
    apps.run(FIVE_SECONDS);
    apps.hub().heal(first, second);
    assert_goes_on(&mut apps);
}

#[test]
fn a_process_that_was_suspended_for_five_seconds_goes_on() {
    for where_it_was in [false, true] {
        let mut apps =
            TestApps::builder(22).players(3).conditions(NetworkConditions::wifi()).start();
        apps.run_until_confirmed(200, 1000);
        apps.pause(2);
        apps.run(FIVE_SECONDS);
        if where_it_was {
            apps.resume_without_catching_up(2);
        } else {
            apps.resume(2);
        }
        assert_goes_on(&mut apps);
    }
}

/// Three seconds in one update, in steps: a page runs nothing else meanwhile.
const HITCH: u32 = 180;

#[test]
fn an_app_whose_update_takes_three_seconds_keeps_its_place_on_the_way_into_a_match() {
    let conditions = NetworkConditions::wifi();
    for (seed, joined_for) in (40..).zip([0, 2, 5, 8, 10, 12, 14, 16, 20, 30]) {
        for hitching in 0..2 {
            let builder = TestApps::builder(seed).players(2).conditions(conditions.clone());
            let mut apps = builder.served().build();
            apps.join_all();
            apps.run(joined_for);
            apps.pause(hitching);
            apps.run(HITCH);
            apps.resume(hitching);
            apps.run_until("all play", 600, TestApps::all_playing);
            assert_eq!(apps.epoch(0), Some(1), "{apps}");
            assert_goes_on(&mut apps);
            // It has not heard of the others meanwhile, and that says nothing of them.
            assert!(apps.messages(hitching).interrupted.is_empty(), "{apps}");
            for index in apps.indices() {
                assert!(apps.messages(index).left.is_empty(), "{apps}");
            }
        }
    }
}

#[test]
fn an_app_whose_update_takes_three_seconds_keeps_its_place_in_a_match() {
    for (seed, hitching) in [(50, 0), (51, 1), (52, 2)] {
        let conditions = NetworkConditions::mobile();
        let mut apps = TestApps::builder(seed).players(3).conditions(conditions).served().start();
        apps.run_until_confirmed(200, 1000);
        apps.pause(hitching);
        apps.run(HITCH);
        apps.resume(hitching);
        assert_goes_on(&mut apps);
        assert!(apps.messages(hitching).interrupted.is_empty(), "{apps}");
        for index in apps.indices() {
            assert!(apps.messages(index).disconnected.is_empty(), "{apps}");
        }
    }
}

#[test]
fn an_app_whose_update_takes_three_seconds_while_it_rejoins_is_back_in_the_match() {
    for (seed, restarted_for) in (60..).zip([0, 3, 6, 9, 12, 20, 30]) {
        let conditions = NetworkConditions::wifi();
        let mut apps = TestApps::builder(seed).players(2).conditions(conditions).served().start();
        apps.run_until_confirmed(300, 2000);
        apps.restart(1);
        apps.run(restarted_for);
        apps.pause(1);
        apps.run(HITCH);
        apps.resume(1);
        apps.run_until("it plays again", 900, |apps| apps.state(1) == NetplayState::Playing);
        assert_goes_on(&mut apps);
        assert!(apps.messages(0).disconnected.is_empty(), "{apps}");
    }
}

#[test]
fn a_peer_that_stays_silent_ends_a_match_of_two_with_a_reason_on_both_sides() {
    let mut apps = TestApps::builder(23).players(2).start();
    apps.run_until_confirmed(100, 1000);
    let [first, second] = [0, 1].map(|index| apps.key(index));
    apps.hub().cut(first, second);
    apps.run(540);
    assert!(apps.all_playing(), "given up before ten seconds: {apps}");
    apps.run_until("both give up", 120, TestApps::all_ended);
    for (index, other) in [(0, 1), (1, 0)] {
        let reason = crate::ended(&apps, index);
        assert!(
            matches!(reason, EndReason::PeerLost { player, .. } if player.index() == other),
            "{apps}"
        );
    }
    apps.assert_in_sync();
}

#[track_caller]
fn assert_goes_on(apps: &mut TestApps) {
    let frame = apps.confirmed();
    apps.run_until_confirmed(frame + 600, 3000);
    apps.assert_in_sync();
    assert!(apps.all_playing(), "{apps}");
}
