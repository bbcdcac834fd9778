//! Players who are lost from a match of more than two: the others play on, with the same state.

use bevy_netplay::prelude::*;
use bevy_netplay::transport::Channel;
use netplay_testkit::Cluster;

/// Apps of which those named are gone, and the others play on in agreement.
#[track_caller]
fn play_on(cluster: &mut Cluster, gone: &[usize]) {
    let stays = |seat: &usize| !gone.contains(seat);
    let survivors: Vec<usize> = cluster.seats().filter(stays).collect();
    let dropped =
        |cluster: &Cluster, seat: &usize| cluster.heard(*seat).dropped.len() == gone.len();
    cluster.run_until("everybody who stays has dropped them", 900, |cluster| {
        survivors.iter().all(|seat| dropped(cluster, seat))
    });
    cluster.exclude(gone);
    let frame = cluster.confirmed();
    cluster.run_until_confirmed(frame + 300, 1500);
    let mut told = survivors.iter().map(|seat| {
        let mut dropped = cluster.heard(*seat).dropped.clone();
        dropped.sort_by_key(|dropped| dropped.player);
        dropped.into_iter().map(|dropped| (dropped.player, dropped.frame)).collect::<Vec<_>>()
    });
    let first = told.next().unwrap();
    assert!(told.all(|told| told == first), "they dropped them at different frames: {cluster}");
    assert_eq!(first.iter().map(|(player, _)| *player).collect::<Vec<_>>(), gone, "{cluster}");
    for seat in &survivors {
        assert_eq!(*cluster.state(*seat), NetplayState::Playing, "{cluster}");
    }
    cluster.assert_in_agreement();
}

fn start(seed: u64, players: usize, conditions: NetworkConditions) -> Cluster {
    let mut cluster = Cluster::builder(seed).players(players).conditions(conditions).start();
    cluster.run_until_confirmed(120, 1000);
    cluster
}

#[test]
fn the_others_play_on_when_one_leaves() {
    for players in [3, 4, 8] {
        let mut cluster = start(100, players, NetworkConditions::mobile());
        cluster.command(1, |commands| commands.leave_room());
        play_on(&mut cluster, &[1]);
        assert!(cluster.heard(0).dropped[0].reason.contains("left"), "{cluster}");
    }
}

#[test]
fn the_others_play_on_when_a_game_closes() {
    for players in [3, 4] {
        let mut cluster = start(101, players, NetworkConditions::wifi());
        cluster.crash(players - 1);
        play_on(&mut cluster, &[players - 1]);
    }
}

#[test]
fn one_who_leaves_while_everybody_is_caught_up_is_dropped() {
    // Without latency every input is confirmed in the frame after it was given: ggrs' own drop panics.
    for seed in 0..6 {
        let mut cluster = start(110 + seed, 3, NetworkConditions::default());
        cluster.command(2, |commands| commands.leave_room());
        play_on(&mut cluster, &[2]);
    }
}

#[test]
fn last_inputs_that_reached_only_some_reach_everybody() {
    for players in [3, 4] {
        for seed in 0..10 {
            let mut cluster = start(120 + seed, players, NetworkConditions::mobile());
            let [leaver, deaf] = [0, 1].map(|seat| cluster.key(seat));
            // What App 0 sends from now on reaches App 1 no more, and the others for a while.
            for kind in [PathKind::Memory, PathKind::Relay] {
                cluster.hub().cut_path(leaver, deaf, kind);
            }
            cluster.run(9 + seed as u32);
            let confirmed = |seat: usize| cluster.world(seat).resource::<ConfirmedFrameCount>().0;
            let (some, others) = (confirmed(1), confirmed(2));
            assert!(some < others, "nothing was held back: {some} {others} {cluster}");
            cluster.crash(0);
            play_on(&mut cluster, &[0]);
            assert!(cluster.heard(1).dropped[0].frame >= others, "{cluster}");
        }
    }
}

#[test]
fn two_who_leave_at_once_are_both_dropped() {
    for seed in 0..10 {
        let mut cluster = start(140 + seed, 4, NetworkConditions::mobile());
        match seed % 3 {
            0 => {
                cluster.command(1, |commands| commands.leave_room());
                cluster.crash(3);
            }
            1 => {
                cluster.crash(1);
                cluster.crash(3);
            }
            _ => {
                cluster.crash(1);
                cluster.run(seed as u32);
                cluster.command(3, |commands| commands.leave_room());
            }
        }
        play_on(&mut cluster, &[1, 3]);
    }
}

#[test]
fn one_who_is_lost_in_the_middle_of_a_drop_is_dropped_as_well() {
    for seed in 0..12 {
        let mut cluster = start(160 + seed, 4, NetworkConditions::mobile());
        let [leaver, deaf] = [0, 1].map(|seat| cluster.key(seat));
        for kind in [PathKind::Memory, PathKind::Relay] {
            cluster.hub().cut_path(leaver, deaf, kind);
        }
        cluster.run(4);
        cluster.crash(0);
        // Announcements are on their way, of which some will not arrive.
        cluster.run(1 + seed as u32);
        cluster.crash(2);
        play_on(&mut cluster, &[0, 2]);
    }
}

#[test]
fn one_who_leaves_during_a_path_switch_is_dropped() {
    for seed in 0..10 {
        let mut cluster = start(180 + seed, 3, NetworkConditions::wifi());
        let [a, b, c] = [0, 1, 2].map(|seat| cluster.key(seat));
        for (from, to) in [(a, b), (b, a), (c, b), (b, c)] {
            cluster.hub().cut_path(from, to, PathKind::Memory);
        }
        cluster.run(28 + 3 * seed as u32);
        cluster.command(1, |commands| commands.leave_room());
        play_on(&mut cluster, &[1]);
    }
}

#[test]
fn one_who_stays_silent_is_dropped_by_all_at_the_same_frame_and_told() {
    let mut cluster = start(200, 3, NetworkConditions::wifi());
    cluster.mute(2);
    cluster.run(540);
    assert!(cluster.all_playing(), "given up before ten seconds: {cluster}");
    cluster.run_until("the silent one has ended", 300, |cluster| {
        matches!(cluster.state(2), NetplayState::Ended(_))
    });
    play_on(&mut cluster, &[2]);
    let reason = crate::ended(&cluster, 2);
    assert!(matches!(reason, EndReason::PeerLost { .. }), "{reason:?}");
}

#[test]
fn two_who_cannot_hear_each_other_are_told_apart_by_the_third() {
    let mut cluster = start(201, 3, NetworkConditions::wifi());
    let [first, second] = [0, 1].map(|seat| cluster.key(seat));
    cluster.hub().cut(first, second);
    cluster.run_until("one of them is out", 900, |cluster| {
        [0, 1].iter().any(|seat| matches!(cluster.state(*seat), NetplayState::Ended(_)))
    });
    let out =
        [0, 1].into_iter().find(|seat| matches!(cluster.state(*seat), NetplayState::Ended(_)));
    play_on(&mut cluster, &[out.unwrap()]);
}

#[test]
fn the_game_learns_who_is_gone_from_the_same_frame_on() {
    let mut cluster = start(202, 3, NetworkConditions::mobile());
    cluster.command(2, |commands| commands.leave_room());
    play_on(&mut cluster, &[2]);
    let frame = cluster.heard(0).dropped[0].frame;
    for seat in [0, 1] {
        let gone_at = |frame: i32| cluster.record(seat).gone.get(&(1, frame)).cloned();
        assert_eq!(gone_at(frame), Some(vec![false; 3]), "{cluster}");
        assert_eq!(gone_at(frame + 1), Some(vec![false, false, true]), "{cluster}");
        assert_eq!(gone_at(frame + 100), Some(vec![false, false, true]), "{cluster}");
    }
}

#[test]
fn those_who_stay_can_have_a_rematch_without_who_left() {
    let mut cluster = start(203, 3, NetworkConditions::wifi());
    cluster.command(0, |commands| commands.leave_room());
    play_on(&mut cluster, &[0]);
    for seat in [1, 2] {
        cluster.command(seat, |commands| commands.rematch());
    }
    cluster.run_until("both play again", 300, |cluster| {
        [1, 2].iter().all(|seat| cluster.epoch(*seat) == Some(2))
    });
    cluster.run_until_confirmed(200, 600);
    for seat in [1, 2] {
        assert_eq!(cluster.world(seat).resource::<Match>().local_player, seat, "{cluster}");
        assert_eq!(cluster.record(seat).gone[&(2, 1)], [true, false, false], "{cluster}");
    }
    cluster.assert_in_agreement();
}

#[test]
fn one_who_floods_the_others_is_dropped_and_they_play_on() {
    let mut cluster = start(204, 3, NetworkConditions::wifi());
    let flood = |cluster: &mut Cluster| {
        for to in [0, 1] {
            for _ in 0..40 {
                cluster.inject(2, to, Channel::Datagram, vec![0xab; 1200]);
                cluster.inject(2, to, Channel::Reliable, vec![0xcd; 100]);
            }
        }
        cluster.step();
    };
    for _ in 0..600 {
        flood(&mut cluster);
        if (0..2).all(|seat| !cluster.heard(seat).dropped.is_empty()) {
            break;
        }
    }
    assert!(cluster.heard(0).dropped[0].reason.contains("more than it may"), "{cluster}");
    (0..60).for_each(|_| flood(&mut cluster));
    play_on(&mut cluster, &[2]);
}
