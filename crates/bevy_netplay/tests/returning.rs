//! Processes that are started anew, as pages are that are loaded again, and come back to their match.

use bevy_netplay::prelude::*;
use bevy_netplay::protocol::{ControlMessage, InputLogChunk, RejoinState, ReliableHeader, Roster};
use bevy_netplay::transport::Channel;
use netplay_testkit::Cluster;
use netplay_testkit::chaos::play_seeds;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

/// So many players in the middle of a match, with the real server between them.
fn playing(seed: u64, players: usize, conditions: NetworkConditions) -> Cluster {
    let builder = Cluster::builder(seed).players(players).conditions(conditions).served();
    let mut cluster = builder.start();
    cluster.run_until_confirmed(300, 2000);
    cluster
}

/// Who was started anew is back: it plays the same match, and that goes on.
#[track_caller]
fn goes_on(cluster: &mut Cluster, seat: usize) {
    let started = |cluster: &Cluster| *cluster.state(seat) == NetplayState::Playing;
    cluster.run_until("it plays again", 900, started);
    assert_eq!(cluster.epoch(seat), Some(1), "{cluster}");
    let frame = cluster.confirmed().max(300);
    cluster.run_until_confirmed(frame + 300, 1500);
    cluster.assert_in_agreement();
}

#[test]
fn a_player_whose_process_is_started_anew_comes_back_to_the_match() {
    for (seed, players) in [(110, 2), (111, 3), (112, 4)] {
        for seat in 0..players {
            let mut cluster = playing(seed, players, NetworkConditions::wifi());
            let game = cluster.world(seat).resource::<Match>().clone();
            cluster.restart(seat);
            goes_on(&mut cluster, seat);
            assert_eq!(*cluster.world(seat).resource::<Match>(), game, "{cluster}");
            let others = cluster.seats().filter(|other| *other != seat);
            for other in others {
                assert!(cluster.heard(other).left.is_empty(), "{cluster}");
                assert_eq!(cluster.heard(other).started.len(), 1, "{cluster}");
            }
        }
    }
}

#[test]
fn coming_back_over_a_bad_network_loses_no_input() {
    for seed in 120..124 {
        let mut cluster = playing(seed, 3, NetworkConditions::mobile());
        cluster.restart(1);
        goes_on(&mut cluster, 1);
    }
}

#[test]
fn coming_back_through_the_server_alone_works_as_well() {
    let builder = Cluster::builder(126).players(2).served();
    let mut cluster = builder.configure(|_, config| config.policy = PathPolicy::Relay).start();
    cluster.run_until_confirmed(300, 2000);
    for seat in [1, 0] {
        cluster.restart(seat);
        goes_on(&mut cluster, seat);
    }
}

#[test]
fn the_same_player_comes_back_again_and_another_after_it() {
    let mut cluster = playing(130, 3, NetworkConditions::wifi());
    for seat in [2, 2, 0, 1] {
        cluster.restart(seat);
        goes_on(&mut cluster, seat);
    }
}

#[test]
fn two_are_started_anew_at_once_and_a_third_has_kept_the_match() {
    for apart in [0, 1, 20, 60] {
        let mut cluster = playing(140, 3, NetworkConditions::wifi());
        cluster.restart(0);
        cluster.run(apart);
        cluster.restart(2);
        goes_on(&mut cluster, 0);
        goes_on(&mut cluster, 2);
    }
}

#[test]
fn whoever_is_started_anew_and_whenever_the_match_goes_on() {
    let command = "cargo test -p bevy_netplay --test matches whoever_is_started_anew";
    play_seeds(60, command, |seed| {
        let mut random = Pcg32::seed_from_u64(seed);
        let conditions = match random.random_range(0..3) {
            0 => NetworkConditions::default(),
            1 => NetworkConditions::wifi(),
            _ => NetworkConditions::mobile(),
        };
        let mut cluster = playing(seed, random.random_range(2..=4), conditions);
        for _ in 0..random.random_range(1..=5) {
            let plays = |seat: &usize| *cluster.state(*seat) == NetplayState::Playing;
            let playing: Vec<usize> = cluster.seats().filter(plays).collect();
            // Somebody must have kept the match.
            if let Some(seat) = playing.choose(&mut random).filter(|_| playing.len() > 1) {
                cluster.restart(*seat);
            }
            cluster.run(random.random_range(0..240));
        }
        cluster.run_until("all play again", 1500, Cluster::all_playing);
        let frame = cluster.confirmed().max(300);
        cluster.run_until_confirmed(frame + 200, 1500);
        cluster.assert_in_agreement();
        let epochs: Vec<_> = cluster.seats().map(|seat| cluster.epoch(seat)).collect();
        assert!(epochs.iter().all(|epoch| *epoch == Some(1)), "{epochs:?}: {cluster}");
    });
}

#[test]
fn when_everybody_is_started_anew_a_new_match_begins() {
    let mut cluster = playing(150, 2, NetworkConditions::wifi());
    cluster.restart(0);
    cluster.run(2);
    cluster.restart(1);
    cluster.forget_the_past();
    cluster.run_until("both play again", 900, Cluster::all_playing);
    cluster.run_until_confirmed(200, 900);
    cluster.assert_in_agreement();
}

#[test]
fn another_player_is_lost_while_one_comes_back() {
    for apart in [0, 10, 40] {
        let mut cluster = playing(160, 4, NetworkConditions::wifi());
        cluster.restart(1);
        cluster.run(apart);
        cluster.crash(3);
        let dropped = |cluster: &Cluster| {
            [0, 1, 2].iter().all(|seat| !cluster.heard(*seat).dropped.is_empty())
        };
        cluster.run_until("the lost one is dropped", 3000, dropped);
        goes_on(&mut cluster, 1);
    }
}

#[test]
fn one_who_was_dropped_before_is_still_gone_for_one_who_comes_back() {
    let mut cluster = playing(165, 3, NetworkConditions::wifi());
    cluster.command(2, |commands| commands.leave_room());
    cluster.exclude(&[2]);
    let dropped =
        |cluster: &Cluster| [0, 1].iter().all(|seat| !cluster.heard(*seat).dropped.is_empty());
    cluster.run_until("the one who left is dropped", 600, dropped);
    cluster.run(120);
    cluster.restart(0);
    goes_on(&mut cluster, 0);
    let frame = |seat| cluster.heard(seat).dropped.iter().map(|it| (it.player, it.frame));
    assert!(frame(0).eq(frame(1)), "{cluster}");
}

#[test]
fn one_who_comes_back_too_late_is_told_so() {
    let mut cluster = playing(170, 3, NetworkConditions::wifi());
    cluster.crash(1);
    let dropped =
        |cluster: &Cluster| [0, 2].iter().all(|seat| !cluster.heard(*seat).dropped.is_empty());
    cluster.run_until("it is dropped", 3000, dropped);
    cluster.restart(1);
    cluster.run(600);
    assert_ne!(*cluster.state(1), NetplayState::Playing, "{cluster}");
    cluster.exclude(&[1]);
    let frame = cluster.confirmed();
    cluster.run_until_confirmed(frame + 120, 600);
    cluster.assert_in_agreement();
}

#[test]
fn a_process_that_is_started_anew_in_the_lobby_plays_the_first_match() {
    for steps in 0..40 {
        let mut cluster = Cluster::builder(180 + steps).players(2).served().build();
        cluster.join_all();
        cluster.run(steps as u32);
        cluster.restart(1);
        cluster.run_until("both play", 1800, Cluster::all_playing);
        cluster.run_until_confirmed(200, 900);
        cluster.assert_in_agreement();
    }
}

#[test]
fn a_rematch_that_was_asked_for_is_remembered_for_one_who_comes_back() {
    let mut cluster = playing(230, 2, NetworkConditions::wifi());
    cluster.command(0, |commands| commands.rematch());
    cluster.run(30);
    cluster.restart(1);
    goes_on(&mut cluster, 1);
    cluster.command(1, |commands| commands.rematch());
    let second = |cluster: &Cluster| cluster.seats().all(|seat| cluster.epoch(seat) == Some(2));
    cluster.run_until("the second match", 300, second);
    cluster.run_until_confirmed(200, 900);
    cluster.assert_in_agreement();
}

#[test]
fn lies_about_a_running_match_are_counted_and_keep_nobody_else_from_playing() {
    // Without the server's relay, every message comes straight from whoever says it.
    let builder = Cluster::builder(240).players(3).conditions(NetworkConditions::wifi()).served();
    let mut cluster = builder.configure(|_, config| config.policy = PathPolicy::Direct).start();
    cluster.run_until_confirmed(300, 2000);
    let members = [0, 1, 2].map(|seat| cluster.key(seat)).to_vec();
    let state = |last_frame: i32, members: &[PeerKey]| {
        let last_frames = vec![last_frame; members.len()];
        let roster = Roster { size: 3, members: members.to_vec() };
        let state = RejoinState { epoch: 1, roster, disconnected: vec![], last_frames };
        ControlMessage::RejoinState(state)
    };
    let chunk = |player, start_frame, inputs: &[u8]| {
        let inputs = inputs.to_vec();
        ControlMessage::InputLogChunk(InputLogChunk { epoch: 1, player, start_frame, inputs })
    };
    let lies = [
        state(i32::MIN, &members),
        state(i32::MAX, &members),
        state(1, &members[1..]),
        chunk(1, 0, &[1]),
        state(100_000, &members),
        chunk(0, 0, &[0xff; 40]),
        chunk(9, 0, &[1]),
        chunk(1, i32::MAX, &[1]),
        chunk(1, i32::MIN, &[]),
    ];
    let [from, to] = [1, 0].map(|seat| cluster.key(seat));
    let said = cluster.hub().last_packet(from, to, Channel::Reliable).unwrap();
    let (header, _) = ReliableHeader::split(&said).unwrap();
    let inject = |cluster: &mut Cluster, before: u32| {
        for (sequence, lie) in (before + 1..).zip(&lies) {
            let header = ReliableHeader { sequence, to: 0, ..header };
            let packet = header.packet(&lie.encode().unwrap());
            cluster.inject(1, 0, Channel::Reliable, packet);
        }
        cluster.run(5);
    };
    let malformed = |cluster: &Cluster| {
        let links = cluster.world(0).resource::<PeerLinks>();
        links.iter().find(|link| link.peer == from).map_or(0, |link| link.counters.malformed)
    };

    // In a match they mean nothing.
    inject(&mut cluster, header.sequence);
    let frame = cluster.confirmed();
    cluster.run_until_confirmed(frame + 60, 300);
    assert_eq!(malformed(&cluster), 0, "{cluster}");

    // To one who was just started anew they are the first words: it waits for what there is not, and is dropped.
    cluster.restart(0);
    let has_path = |cluster: &Cluster| {
        let links = cluster.world(0).resource::<PeerLinks>();
        links.iter().any(|link| link.peer == from && link.path.is_some())
    };
    cluster.run_until("it has a link", 600, has_path);
    inject(&mut cluster, 0);
    assert!(malformed(&cluster) >= 3, "{} of {cluster}", malformed(&cluster));
    cluster.exclude(&[0]);
    let frame = cluster.confirmed();
    cluster.run_until_confirmed(frame + 300, 1800);
    cluster.assert_in_agreement();
}

#[test]
fn names_are_told_short_and_without_what_cannot_be_shown() {
    let mut cluster = Cluster::builder(250).players(2).build();
    let names = ["Ann\n\u{7}", &"ö".repeat(80)];
    for (seat, name) in names.iter().enumerate() {
        cluster.join(seat, Room::new(Cluster::ROOM).name(*name));
        cluster.step();
    }
    cluster.run_until("both play", 600, Cluster::all_playing);
    let name = |seat| {
        let links = cluster.world(seat).resource::<PeerLinks>();
        links.iter().next().and_then(|link| link.name.clone())
    };
    assert_eq!(name(1).as_deref(), Some("Ann"));
    assert_eq!(name(0), Some("ö".repeat(32)));
}
