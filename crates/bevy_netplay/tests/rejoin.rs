//! Processes that restart, as a page does that is reloaded, and rejoin their match.

use bevy_netplay::prelude::*;
use bevy_netplay::protocol::{
    ControlMessage, InputLogChunk, LobbyValues, RejoinState, ReliableHeader, Roster,
};
use bevy_netplay::transport::Channel;
use netplay_testkit::TestApps;
use netplay_testkit::chaos::play_seeds;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

/// So many players in the middle of a match, with the real server between them.
fn playing(seed: u64, players: usize, conditions: NetworkConditions) -> TestApps {
    let builder = TestApps::builder(seed).players(players).conditions(conditions).served();
    let mut apps = builder.start();
    apps.run_until_confirmed(300, 2000);
    apps
}

/// The restarted App plays the same match again, and the match continues.
#[track_caller]
fn assert_rejoins(apps: &mut TestApps, index: usize) {
    let started = |apps: &TestApps| apps.state(index) == NetplayState::Playing;
    apps.run_until("it plays again", 900, started);
    assert_eq!(apps.epoch(index), Some(1), "{apps}");
    let frame = apps.confirmed().max(300);
    apps.run_until_confirmed(frame + 300, 1500);
    apps.assert_in_sync();
}

#[test]
fn a_restarted_player_rejoins_the_match() {
    for (seed, players) in [(110, 2), (111, 3), (112, 4)] {
        for index in 0..players {
            let mut apps = playing(seed, players, NetworkConditions::wifi());
            let game = apps.world(index).resource::<CurrentMatch>().clone();
            apps.restart(index);
            assert_rejoins(&mut apps, index);
            assert_eq!(*apps.world(index).resource::<CurrentMatch>(), game, "{apps}");
            let others = apps.indices().filter(|other| *other != index);
            for other in others {
                assert!(apps.messages(other).left.is_empty(), "{apps}");
                assert_eq!(apps.messages(other).started.len(), 1, "{apps}");
            }
        }
    }
}

#[test]
fn rejoining_over_a_bad_network_loses_no_input() {
    for seed in 120..124 {
        let mut apps = playing(seed, 3, NetworkConditions::mobile());
        apps.restart(1);
        assert_rejoins(&mut apps, 1);
    }
}

#[test]
fn rejoining_over_the_server_relay_alone_works() {
    let builder = TestApps::builder(126).players(2).served();
    let mut apps = builder.configure(|_, config| config.policy = PathPolicy::Relay).start();
    apps.run_until_confirmed(300, 2000);
    for index in [1, 0] {
        apps.restart(index);
        assert_rejoins(&mut apps, index);
    }
}

#[test]
fn players_can_restart_repeatedly_and_in_turn() {
    let mut apps = playing(130, 3, NetworkConditions::wifi());
    for index in [2, 2, 0, 1] {
        apps.restart(index);
        assert_rejoins(&mut apps, index);
    }
}

#[test]
fn two_players_can_restart_at_once_while_a_third_keeps_the_match() {
    for apart in [0, 1, 20, 60] {
        let mut apps = playing(140, 3, NetworkConditions::wifi());
        apps.restart(0);
        apps.run(apart);
        apps.restart(2);
        assert_rejoins(&mut apps, 0);
        assert_rejoins(&mut apps, 2);
    }
}

/// Restarts players at random, with random conditions.
fn restart_at_random(seed: u64) {
    let mut random = Pcg32::seed_from_u64(seed);
    let conditions = match random.random_range(0..3) {
        0 => NetworkConditions::default(),
        1 => NetworkConditions::wifi(),
        _ => NetworkConditions::mobile(),
    };
    let mut apps = playing(seed, random.random_range(2..=4), conditions);
    for _ in 0..random.random_range(1..=5) {
        let plays = |index: &usize| apps.state(*index) == NetplayState::Playing;
        let playing: Vec<usize> = apps.indices().filter(plays).collect();
        // One must have kept the match.
        if let Some(index) = playing.choose(&mut random).filter(|_| playing.len() > 1) {
            apps.restart(*index);
        }
        apps.run(random.random_range(0..240));
    }
    apps.run_until("all play again", 1500, TestApps::all_playing);
    let frame = apps.confirmed().max(300);
    apps.run_until_confirmed(frame + 200, 1500);
    apps.assert_in_sync();
    let epochs: Vec<_> = apps.indices().map(|index| apps.epoch(index)).collect();
    assert!(epochs.iter().all(|epoch| *epoch == Some(1)), "{epochs:?}: {apps}");
}

#[test]
fn any_player_can_restart_at_any_time() {
    let command = "cargo test -p bevy_netplay --test matches any_player_can_restart_at_any_time";
    play_seeds(60, command, restart_at_random);
}

/// A player who rejoins starts the match while another one, who restarted after it, still waits for a third. What the
/// first tells of the match is then the first that the second hears.
#[test]
fn what_a_rejoining_player_tells_of_the_match_is_complete() {
    [107, 108].into_iter().for_each(restart_at_random);
}

#[test]
fn a_new_match_begins_when_all_players_have_restarted() {
    let mut apps = playing(150, 2, NetworkConditions::wifi());
    apps.restart(0);
    apps.run(2);
    apps.restart(1);
    apps.reset_records();
    apps.run_until("both play again", 900, TestApps::all_playing);
    apps.run_until_confirmed(200, 900);
    apps.assert_in_sync();
}

#[test]
fn a_player_can_be_dropped_while_another_rejoins() {
    for apart in [0, 10, 40] {
        let mut apps = playing(160, 4, NetworkConditions::wifi());
        apps.restart(1);
        apps.run(apart);
        apps.crash(3);
        let dropped = |apps: &TestApps| {
            [0, 1, 2].iter().all(|index| !apps.messages(*index).disconnected.is_empty())
        };
        apps.run_until("the other one is dropped", 3000, dropped);
        assert_rejoins(&mut apps, 1);
    }
}

#[test]
fn a_rejoining_player_learns_who_was_dropped_before() {
    let mut apps = playing(165, 3, NetworkConditions::wifi());
    apps.command(2, |commands| commands.leave_room());
    apps.exclude(&[2]);
    let dropped =
        |apps: &TestApps| [0, 1].iter().all(|index| !apps.messages(*index).disconnected.is_empty());
    apps.run_until("the one who left is dropped", 600, dropped);
    apps.run(120);
    apps.restart(0);
    assert_rejoins(&mut apps, 0);
    let frame = |index| apps.messages(index).disconnected.iter().map(|it| (it.player, it.frame));
    assert!(frame(0).eq(frame(1)), "{apps}");
}

#[test]
fn a_player_who_rejoins_too_late_is_told() {
    let mut apps = playing(170, 3, NetworkConditions::wifi());
    apps.crash(1);
    let dropped =
        |apps: &TestApps| [0, 2].iter().all(|index| !apps.messages(*index).disconnected.is_empty());
    apps.run_until("it is dropped", 3000, dropped);
    apps.restart(1);
    apps.run(600);
    assert_ne!(apps.state(1), NetplayState::Playing, "{apps}");
    apps.exclude(&[1]);
    let frame = apps.confirmed();
    apps.run_until_confirmed(frame + 120, 600);
    apps.assert_in_sync();
}

#[test]
fn a_process_restarted_in_the_lobby_plays_the_first_match() {
    for steps in 0..40 {
        let mut apps = TestApps::builder(180 + steps).players(2).served().build();
        apps.join_all();
        apps.run(steps as u32);
        apps.restart(1);
        apps.run_until("both play", 1800, TestApps::all_playing);
        apps.run_until_confirmed(200, 900);
        apps.assert_in_sync();
    }
}

#[test]
fn a_rematch_vote_survives_the_restart_of_the_other_player() {
    let mut apps = playing(230, 2, NetworkConditions::wifi());
    apps.command(0, |commands| commands.rematch());
    apps.run(30);
    apps.restart(1);
    assert_rejoins(&mut apps, 1);
    apps.command(1, |commands| commands.rematch());
    let second = |apps: &TestApps| apps.indices().all(|index| apps.epoch(index) == Some(2));
    apps.run_until("the second match", 300, second);
    apps.run_until_confirmed(200, 900);
    apps.assert_in_sync();
}

#[test]
fn forged_rejoin_messages_are_counted_and_do_not_disturb_the_others() {
    // Without the server's relay, every message comes directly from its sender.
    let builder = TestApps::builder(240).players(3).conditions(NetworkConditions::wifi()).served();
    let mut apps = builder.configure(|_, config| config.policy = PathPolicy::Direct).start();
    apps.run_until_confirmed(300, 2000);
    let members = [0, 1, 2].map(|index| apps.key(index)).to_vec();
    let seed = apps.world(1).resource::<CurrentMatch>().seed;
    let state = |last_frame: i32, members: &[PeerKey]| {
        let last_frames = vec![last_frame; members.len()];
        let roster = Roster::new(3, members.to_vec());
        let (keys, statements) = (vec![[0; 32]; members.len()], vec![None; members.len()]);
        let disconnected = vec![];
        let lobby = LobbyValues::default();
        ControlMessage::RejoinState(RejoinState {
            epoch: 1,
            roster,
            disconnected,
            last_frames,
            seed,
            keys,
            statements,
            lobby,
        })
    };
    let chunk = |player, start_frame, inputs: &[u8]| {
        let inputs = inputs.to_vec();
        ControlMessage::InputLogChunk(InputLogChunk { epoch: 1, player, start_frame, inputs })
    };
    let forged = [
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
    let [from, to] = [1, 0].map(|index| apps.key(index));
    let said = apps.hub().last_packet(from, to, Channel::Reliable).unwrap();
    let (header, _) = ReliableHeader::split(&said).unwrap();
    let inject = |apps: &mut TestApps, before: u32| {
        for (sequence, message) in (before + 1..).zip(&forged) {
            let header = ReliableHeader { sequence, to: 0, ..header };
            let packet = header.packet(&message.encode().unwrap());
            apps.inject(1, 0, Channel::Reliable, packet);
        }
        apps.run(5);
    };
    let malformed = |apps: &TestApps| {
        let links = apps.world(0).resource::<PeerLinks>();
        links.iter().find(|link| link.peer == from).map_or(0, |link| link.counters.malformed)
    };

    // A peer that plays ignores them.
    inject(&mut apps, header.sequence);
    let frame = apps.confirmed();
    apps.run_until_confirmed(frame + 60, 300);
    assert_eq!(malformed(&apps), 0, "{apps}");

    // A restarted peer believes the first messages: it waits for inputs that do not exist, and is dropped.
    apps.restart(0);
    let has_path = |apps: &TestApps| {
        let links = apps.world(0).resource::<PeerLinks>();
        links.iter().any(|link| link.peer == from && link.path.is_some())
    };
    apps.run_until("it has a link", 600, has_path);
    inject(&mut apps, 0);
    assert!(malformed(&apps) >= 3, "{} of {apps}", malformed(&apps));
    apps.exclude(&[0]);
    let frame = apps.confirmed();
    apps.run_until_confirmed(frame + 300, 1800);
    apps.assert_in_sync();
}

#[test]
fn names_are_shortened_and_stripped_of_control_characters() {
    let mut apps = TestApps::builder(250).players(2).build();
    let names = ["Ann\n\u{7}", &"ö".repeat(80)];
    for (index, name) in names.iter().enumerate() {
        apps.join(index, JoinRoom::code(TestApps::ROOM).name(*name));
        apps.step();
    }
    apps.run_until("both play", 600, TestApps::all_playing);
    let name = |index| {
        let links = apps.world(index).resource::<PeerLinks>();
        links.iter().next().and_then(|link| link.name.clone())
    };
    assert_eq!(name(1).as_deref(), Some("Ann"));
    assert_eq!(name(0), Some("ö".repeat(32)));
}
