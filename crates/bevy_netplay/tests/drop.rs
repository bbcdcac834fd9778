//! Players who are dropped from a match of more than two: the survivors play on with the same state.

use bevy_netplay::prelude::*;
use bevy_netplay::transport::{Channel, PathKind};
use netplay_testkit::TestApps;

/// All others drop these players after the same frames and play on in sync.
#[track_caller]
fn assert_survivors_play_on(apps: &mut TestApps, leavers: &[usize]) {
    let stays = |index: &usize| !leavers.contains(index);
    let survivors: Vec<usize> = apps.indices().filter(stays).collect();
    let dropped =
        |apps: &TestApps, index: &usize| apps.messages(*index).disconnected.len() == leavers.len();
    apps.run_until("all survivors have dropped them", 900, |apps| {
        survivors.iter().all(|index| dropped(apps, index))
    });
    apps.exclude(leavers);
    let frame = apps.confirmed();
    apps.run_until_confirmed(frame + 300, 1500);
    let mut frames = survivors.iter().map(|index| {
        let mut dropped = apps.messages(*index).disconnected.clone();
        dropped.sort_by_key(|dropped| dropped.player);
        dropped
            .into_iter()
            .map(|dropped| (dropped.player.index(), dropped.frame))
            .collect::<Vec<_>>()
    });
    let first = frames.next().unwrap();
    assert!(frames.all(|frames| frames == first), "they dropped them at different frames: {apps}");
    assert_eq!(first.iter().map(|(player, _)| *player).collect::<Vec<_>>(), leavers, "{apps}");
    for index in &survivors {
        assert_eq!(apps.state(*index), NetplayState::Playing, "{apps}");
    }
    apps.assert_in_sync();
}

fn start(seed: u64, players: usize, conditions: NetworkConditions) -> TestApps {
    let mut apps = TestApps::builder(seed).players(players).conditions(conditions).start();
    apps.run_until_confirmed(120, 1000);
    apps
}

#[test]
fn the_match_continues_when_a_player_leaves() {
    for players in [3, 4, 8] {
        let mut apps = start(100, players, NetworkConditions::mobile());
        apps.command(1, |commands| commands.leave_room());
        assert_survivors_play_on(&mut apps, &[1]);
        assert!(apps.messages(0).disconnected[0].reason.contains("left"), "{apps}");
    }
}

#[test]
fn the_match_continues_when_a_process_ends() {
    for players in [3, 4] {
        let mut apps = start(101, players, NetworkConditions::wifi());
        apps.crash(players - 1);
        assert_survivors_play_on(&mut apps, &[players - 1]);
    }
}

#[test]
fn a_player_who_leaves_with_no_input_in_flight_is_dropped() {
    // Without latency every input is confirmed in the next frame, where ggrs' own disconnect panics.
    for seed in 0..6 {
        let mut apps = start(110 + seed, 3, NetworkConditions::default());
        apps.command(2, |commands| commands.leave_room());
        assert_survivors_play_on(&mut apps, &[2]);
    }
}

#[test]
fn the_last_inputs_of_a_dropped_player_reach_all_survivors() {
    for players in [3, 4] {
        for seed in 0..10 {
            let mut apps = start(120 + seed, players, NetworkConditions::mobile());
            let [leaver, deaf] = [0, 1].map(|index| apps.key(index));
            // From now on App 1 receives nothing of App 0; the others do, for a while.
            for kind in [PathKind::Memory, PathKind::Relay] {
                apps.hub().cut_path(leaver, deaf, kind);
            }
            apps.run(9 + seed as u32);
            let confirmed = |index: usize| apps.world(index).resource::<ConfirmedFrameCount>().0;
            let (some, others) = (confirmed(1), confirmed(2));
            assert!(some < others, "nothing was held back: {some} {others} {apps}");
            apps.crash(0);
            assert_survivors_play_on(&mut apps, &[0]);
            assert!(apps.messages(1).disconnected[0].frame >= others, "{apps}");
        }
    }
}

#[test]
fn two_players_who_leave_at_once_are_both_dropped() {
    for seed in 0..10 {
        let mut apps = start(140 + seed, 4, NetworkConditions::mobile());
        match seed % 3 {
            0 => {
                apps.command(1, |commands| commands.leave_room());
                apps.crash(3);
            }
            1 => {
                apps.crash(1);
                apps.crash(3);
            }
            _ => {
                apps.crash(1);
                apps.run(seed as u32);
                apps.command(3, |commands| commands.leave_room());
            }
        }
        assert_survivors_play_on(&mut apps, &[1, 3]);
    }
}

#[test]
fn a_player_lost_during_drop_consensus_is_dropped_as_well() {
    for seed in 0..12 {
        let mut apps = start(160 + seed, 4, NetworkConditions::mobile());
        let [leaver, deaf] = [0, 1].map(|index| apps.key(index));
        for kind in [PathKind::Memory, PathKind::Relay] {
            apps.hub().cut_path(leaver, deaf, kind);
        }
        apps.run(4);
        apps.crash(0);
        // Proposals are in flight, of which some will not arrive.
        apps.run(1 + seed as u32);
        apps.crash(2);
        assert_survivors_play_on(&mut apps, &[0, 2]);
    }
}

#[test]
fn a_player_who_leaves_during_a_failover_is_dropped() {
    for seed in 0..10 {
        let mut apps = start(180 + seed, 3, NetworkConditions::wifi());
        let [a, b, c] = [0, 1, 2].map(|index| apps.key(index));
        for (from, to) in [(a, b), (b, a), (c, b), (b, c)] {
            apps.hub().cut_path(from, to, PathKind::Memory);
        }
        apps.run(28 + 3 * seed as u32);
        apps.command(1, |commands| commands.leave_room());
        assert_survivors_play_on(&mut apps, &[1]);
    }
}

#[test]
fn a_silent_player_is_dropped_after_the_same_frame_everywhere_and_told() {
    let mut apps = start(200, 3, NetworkConditions::wifi());
    apps.mute(2);
    apps.run(540);
    assert!(apps.all_playing(), "given up before ten seconds: {apps}");
    apps.run_until("the room has ended for the silent one", 300, |apps| {
        apps.state(2) == NetplayState::Ended
    });
    assert_survivors_play_on(&mut apps, &[2]);
    let reason = crate::ended(&apps, 2);
    assert!(matches!(reason, EndReason::PeerLost { .. }), "{reason:?}");
}

#[test]
fn two_players_without_a_link_play_on_with_what_the_third_passes_on() {
    let mut apps = start(201, 3, NetworkConditions::wifi());
    let [first, second] = [0, 1].map(|index| apps.key(index));
    apps.hub().cut(first, second);
    let frame = apps.confirmed();
    apps.run(900);
    assert!(apps.all_playing(), "{apps}");
    assert!(apps.confirmed() > frame + 750, "{apps}");
    apps.hub().heal(first, second);
    apps.run(120);
    apps.assert_in_sync();
    for index in apps.indices() {
        assert!(apps.messages(index).disconnected.is_empty(), "{apps}");
        assert!(apps.messages(index).stalled.is_empty(), "{apps}");
    }
}

#[test]
fn is_disconnected_is_true_from_the_same_frame_on_everywhere() {
    let mut apps = start(202, 3, NetworkConditions::mobile());
    apps.command(2, |commands| commands.leave_room());
    assert_survivors_play_on(&mut apps, &[2]);
    let frame = apps.messages(0).disconnected[0].frame;
    for index in [0, 1] {
        let disconnected_at =
            |frame: i32| apps.record(index).disconnected.get(&(1, frame)).cloned();
        assert_eq!(disconnected_at(frame), Some(vec![false; 3]), "{apps}");
        assert_eq!(disconnected_at(frame + 1), Some(vec![false, false, true]), "{apps}");
        assert_eq!(disconnected_at(frame + 100), Some(vec![false, false, true]), "{apps}");
    }
}

#[test]
fn survivors_can_play_a_rematch() {
    let mut apps = start(203, 3, NetworkConditions::wifi());
    apps.command(0, |commands| commands.leave_room());
    assert_survivors_play_on(&mut apps, &[0]);
    for index in [1, 2] {
        apps.command(index, |commands| commands.rematch());
    }
    apps.run_until("both play again", 300, |apps| {
        [1, 2].iter().all(|index| apps.epoch(*index) == Some(2))
    });
    apps.run_until_confirmed(200, 600);
    for index in [1, 2] {
        assert_eq!(
            apps.world(index).resource::<CurrentMatch>().local_player.index(),
            index,
            "{apps}"
        );
        assert_eq!(apps.record(index).disconnected[&(2, 1)], [true, false, false], "{apps}");
    }
    apps.assert_in_sync();
}

#[test]
fn a_player_who_floods_the_others_is_dropped() {
    let mut apps = start(204, 3, NetworkConditions::wifi());
    let flood = |apps: &mut TestApps| {
        for to in [0, 1] {
            for _ in 0..40 {
                apps.inject(2, to, Channel::Datagram, vec![0xab; 1200]);
                apps.inject(2, to, Channel::Reliable, vec![0xcd; 100]);
            }
        }
        apps.step();
    };
    for _ in 0..600 {
        flood(&mut apps);
        if (0..2).all(|index| !apps.messages(index).disconnected.is_empty()) {
            break;
        }
    }
    assert!(apps.messages(0).disconnected[0].reason.contains("more than it may"), "{apps}");
    (0..60).for_each(|_| flood(&mut apps));
    assert_survivors_play_on(&mut apps, &[2]);
}
