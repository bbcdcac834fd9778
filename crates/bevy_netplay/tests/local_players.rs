//! Several players on one peer, with others elsewhere.

use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::messages::{MatchEnded, PlayerDisconnected};
use bevy_netplay::prelude::*;
use netplay_testkit::{TestApps, TestAppsBuilder};
use serde::{Deserialize, Serialize};

/// What every player has given so far, and who is gone.
#[derive(Resource, Clone, Default, Hash)]
struct Board {
    frame: u32,
    sums: Vec<u32>,
    gone: Vec<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Reflect)]
struct Team(u8);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Reflect)]
struct Nothing;

/// What was told outside the simulation.
#[derive(Resource, Default)]
struct Seen {
    dropped: Vec<PlayerHandle>,
    ended: usize,
    teams: Vec<Team>,
}

/// Each player gives its handle plus one, and another number now and then.
fn read_input(this_match: Res<CurrentMatch>, board: Res<Board>, mut input: ResMut<LocalInput<u8>>) {
    for player in &this_match.local_players {
        input.set(*player, player.0 + 1 + (board.frame / 16 % 2) as u8 * 100);
    }
}

fn simulate(inputs: Inputs<u8>, this_match: Res<CurrentMatch>, mut board: ResMut<Board>) {
    board.frame += 1;
    for player in this_match.player_handles() {
        board.sums[player.index()] += u32::from(inputs.get(player) % 100);
        board.gone[player.index()] = inputs.is_disconnected(player);
    }
}

fn set_up(
    this_match: Res<CurrentMatch>,
    lobby: Res<MatchLobby<Team, Nothing>>,
    mut board: ResMut<Board>,
    mut seen: ResMut<Seen>,
) {
    let players = this_match.players;
    *board = Board { frame: 0, sums: vec![0; players], gone: vec![false; players] };
    seen.teams = this_match.player_handles().map(|player| lobby.player(player).clone()).collect();
}

fn note(
    mut dropped: MessageReader<PlayerDisconnected>,
    mut ended: MessageReader<MatchEnded>,
    mut seen: ResMut<Seen>,
) {
    seen.dropped.extend(dropped.read().map(|dropped| dropped.player));
    seen.ended += ended.read().count();
}

fn builder(seed: u64, apps: usize) -> TestAppsBuilder {
    let game = |app: &mut App, config: NetplayConfig| {
        app.add_plugins(NetplayPlugins::<u8>::new(config).local_players::<3>())
            .init_resource::<Board>()
            .init_resource::<Seen>()
            .rollback_resource_by_hash::<Board>()
            .add_lobby_state::<Team, Nothing>()
            .add_systems(StartMatch, set_up)
            .add_systems(ReadLocalInput, read_input)
            .add_systems(NetplayUpdate, simulate)
            .add_systems(Update, note);
    };
    let conditions = NetworkConditions {
        latency: Duration::from_millis(40),
        jitter: Duration::from_millis(10),
        loss: 0.05,
        ..default()
    };
    TestApps::builder(seed).players(apps).game(game).conditions(conditions).configure(
        |_, config| {
            config.disconnect_timeout = Duration::from_secs(3);
            config.countdown = Duration::ZERO;
        },
    )
}

/// Each App joins a room for so many players, and brings these.
fn start(apps: &mut TestApps, size: u8, counts: &[u8]) {
    for (index, count) in counts.iter().enumerate() {
        let names = (0..*count).map(|place| format!("{index}.{place}"));
        let room = JoinRoom::code(TestApps::ROOM).players(size);
        apps.join(index, room.local_players(*count).names(names));
        apps.run(5);
    }
    apps.run_until("all play", 600, TestApps::all_playing);
}

fn handles(handles: impl IntoIterator<Item = u8>) -> Vec<PlayerHandle> {
    handles.into_iter().map(PlayerHandle).collect()
}

fn board(apps: &TestApps, index: usize) -> &Board {
    apps.world(index).resource::<Board>()
}

#[test]
fn every_player_has_its_own_handle_name_and_input() {
    let mut apps = builder(700, 3).build();
    start(&mut apps, 6, &[2, 1, 3]);
    let local = [handles([0, 1]), handles([2]), handles([3, 4, 5])];
    for index in apps.indices() {
        let this_match = apps.world(index).resource::<CurrentMatch>();
        assert_eq!(this_match.players, 6, "{apps}");
        assert_eq!(this_match.local_players, local[index], "{apps}");
        assert_eq!(this_match.local_player, local[index][0], "{apps}");
        let links = apps.world(index).resource::<PeerLinks>();
        assert_eq!(links.len(), 2, "{apps}");
        for (other, players) in local.iter().enumerate().filter(|(other, _)| *other != index) {
            for (place, player) in players.iter().enumerate() {
                let link = links.player(*player).unwrap();
                assert_eq!((link.player, &link.players), (Some(players[0]), players), "{apps}");
                assert_eq!(links.name(*player), Some(&*format!("{other}.{place}")), "{apps}");
            }
        }
    }
    apps.run_until_confirmed(200, 1200);
    apps.assert_equal_checksums();
    for index in apps.indices() {
        let Board { sums, gone, .. } = board(&apps, index);
        assert!(gone.iter().all(|gone| !gone), "{apps}");
        assert!(sums.windows(2).all(|two| two[0] < two[1]), "{sums:?}: {apps}");
    }
}

#[test]
fn the_players_of_a_peer_are_dropped_together() {
    let mut apps = builder(701, 3).build();
    start(&mut apps, 4, &[1, 2, 1]);
    apps.run_until_confirmed(60, 600);
    apps.crash(1);
    apps.exclude(&[1]);
    let dropped = |apps: &TestApps, index: usize| {
        apps.world(index).resource::<Seen>().dropped == handles([1, 2])
    };
    apps.run_until("both are dropped", 1200, |apps| [0, 2].iter().all(|it| dropped(apps, *it)));
    let frame = apps.confirmed() + 60;
    apps.run_until_confirmed(frame, 600);
    apps.assert_equal_checksums();
    for index in [0, 2] {
        assert_eq!(board(&apps, index).gone, [false, true, true, false], "{apps}");
    }
}

#[test]
fn the_players_of_a_peer_rejoin_together() {
    let mut apps = builder(702, 3).build();
    start(&mut apps, 5, &[2, 2, 1]);
    apps.run_until_confirmed(120, 600);
    let room = JoinRoom::code(TestApps::ROOM).players(5).local_players(2);
    apps.restart_into(1, room);
    apps.run_until("it plays again", 1200, TestApps::all_playing);
    let frame = apps.confirmed() + 120;
    apps.run_until_confirmed(frame, 1200);
    apps.assert_equal_checksums();
    let this_match = apps.world(1).resource::<CurrentMatch>();
    assert_eq!(this_match.local_players, handles([2, 3]), "{apps}");
    for index in apps.indices() {
        assert_eq!(board(&apps, index).gone, [false; 5], "{apps}");
    }
}

#[test]
fn a_room_with_a_lobby_counts_players_and_has_a_value_of_each() {
    let mut apps = builder(703, 2).build();
    for index in [0, 1] {
        let mut lobby = apps.world_mut(index).resource_mut::<LobbyState<Team, Nothing>>();
        lobby.set_local(Team(10 * index as u8 + 1));
        lobby.set_local_player(1, Team(10 * index as u8 + 2));
        let room = JoinRoom::code(TestApps::ROOM).players_between(3..=6);
        apps.join(index, room.local_players(2 - index as u8));
        apps.run(60);
    }
    for index in [0, 1] {
        let members = &apps.world(index).resource::<CurrentLobby>().members;
        let places: Vec<_> = members.iter().map(|it| (it.place.0, it.players)).collect();
        assert_eq!(places, [(0, 2), (2, 1)], "{apps}");
        apps.command(index, |commands| commands.set_ready(true));
    }
    apps.run_until("all play", 600, TestApps::all_playing);
    for index in [0, 1] {
        let teams = &apps.world(index).resource::<Seen>().teams;
        assert_eq!(*teams, [Team(1), Team(2), Team(11)], "{apps}");
    }
    apps.run_until_confirmed(60, 600);
    apps.assert_equal_checksums();
}

#[test]
fn more_players_than_the_game_or_the_room_takes_are_refused() {
    let mut apps = builder(704, 2).build();
    apps.join(0, JoinRoom::code(TestApps::ROOM).players(8).local_players(4));
    apps.run(2);
    let reason = apps.end_reason(0).unwrap().to_string();
    assert!(reason.contains("NetplayPlugins::local_players"), "{reason}");
    apps.join(0, JoinRoom::code(TestApps::ROOM).players(3).local_players(3));
    apps.run(10);
    let reason = apps.end_reason(0).unwrap().to_string();
    assert!(reason.contains("at least one other has to fit"), "{reason}");
    apps.join(0, JoinRoom::code(TestApps::ROOM).players(3).local_players(2));
    apps.run(5);
    apps.join(1, JoinRoom::code(TestApps::ROOM).local_players(2));
    apps.run(10);
    assert_eq!(apps.end_reason(1), Some(&EndReason::RoomFull { size: 3 }), "{apps}");
}
