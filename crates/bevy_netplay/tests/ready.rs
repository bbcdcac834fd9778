//! Rooms with a lobby: ready, the countdown, values, and the end of a match by its simulation.

use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::messages::{CancelReason, CountdownCancelled, CountdownStarted, MatchEnded};
use bevy_netplay::prelude::*;
use netplay_testkit::{TestApps, TestAppsBuilder};
use serde::{Deserialize, Serialize};

/// A value of a player, and of the room.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Reflect)]
struct Ship {
    class: u8,
    name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Reflect)]
struct Map(u16);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Outcome {
    tick: u32,
}

/// How many frames the match has.
#[derive(Resource, Clone, Default, Hash)]
struct Tick(u32);

/// What happened outside the simulation.
#[derive(Resource, Default)]
struct Seen {
    ended: Vec<MatchEnded>,
    started: usize,
    cancelled: Vec<CountdownCancelled>,
    /// How often a predicted frame has ended the match.
    mispredicted: usize,
    /// What each match started with.
    values: Vec<(Vec<Ship>, Map)>,
}

/// The frame before which the input of every player changes, and with which a prediction ends the match that is wrong.
const CHANGE: u32 = 90;
/// The frame with which the match ends.
const END: u32 = 150;

fn read_input(tick: Res<Tick>, mut input: ResMut<LocalInput<u8>>) {
    input.0 = u8::from(tick.0 + 3 >= CHANGE);
}

fn simulate(
    inputs: Inputs<u8>,
    this_match: Res<CurrentMatch>,
    mut tick: ResMut<Tick>,
    mut seen: ResMut<Seen>,
    mut commands: Commands,
) {
    tick.0 += 1;
    let any_old = this_match.player_handles().any(|player| inputs.get(player) == 0);
    if tick.0 == CHANGE && any_old {
        seen.mispredicted += 1;
        commands.end_match(&Outcome { tick: 0 });
    }
    if tick.0 >= END {
        commands.end_match(&Outcome { tick: tick.0 });
    }
}

fn note(
    mut ended: MessageReader<MatchEnded>,
    mut started: MessageReader<CountdownStarted>,
    mut cancelled: MessageReader<CountdownCancelled>,
    mut seen: ResMut<Seen>,
) {
    seen.ended.extend(ended.read().cloned());
    seen.started += started.read().count();
    seen.cancelled.extend(cancelled.read().cloned());
}

fn builder(seed: u64, apps: usize) -> TestAppsBuilder {
    let game = |app: &mut App, config: NetplayConfig| {
        app.add_plugins(NetplayPlugins::<u8>::new(config))
            .init_resource::<Tick>()
            .init_resource::<Seen>()
            .rollback_resource_by_hash::<Tick>()
            .add_lobby_state::<Ship, Map>()
            .add_systems(
                StartMatch,
                |mut tick: ResMut<Tick>,
                 mut seen: ResMut<Seen>,
                 lobby: Res<MatchLobby<Ship, Map>>,
                 this_match: Res<CurrentMatch>| {
                    tick.0 = 0;
                    let ships = this_match.player_handles().map(|it| lobby.player(it).clone());
                    seen.values.push((ships.collect(), lobby.room().clone()));
                },
            )
            .add_systems(ReadLocalInput, read_input)
            .add_systems(NetplayUpdate, simulate)
            .add_systems(Update, note);
    };
    TestApps::builder(seed)
        .players(apps)
        .game(game)
        .configure(|_, config| config.countdown = Duration::from_secs(1))
}

/// These Apps join a room for two to four players.
fn join(apps: &mut TestApps, indices: &[usize]) {
    for index in indices {
        apps.join(*index, JoinRoom::code(TestApps::ROOM).players_between(2..=4));
        apps.run(5);
    }
    apps.run(60);
}

fn seen(apps: &TestApps, index: usize) -> &Seen {
    apps.world(index).resource::<Seen>()
}

fn lobby(apps: &TestApps, index: usize) -> &CurrentLobby {
    apps.world(index).resource::<CurrentLobby>()
}

fn ready(apps: &mut TestApps, indices: &[usize]) {
    for index in indices {
        apps.command(*index, |commands| commands.set_ready(true));
    }
}

/// These Apps come to the end of a match.
#[track_caller]
fn run_to_the_end(apps: &mut TestApps, indices: &[usize], matches: usize) {
    apps.run_until("the end of the match", 2000, |apps| {
        indices.iter().all(|index| seen(apps, *index).ended.len() == matches)
    });
    for index in indices {
        assert_eq!(apps.state(*index), NetplayState::Lobby, "{apps}");
    }
}

#[test]
fn a_match_starts_with_fewer_after_a_countdown_that_all_see() {
    let mut apps = builder(500, 3).build();
    join(&mut apps, &[0, 1, 2]);
    for index in apps.indices() {
        let lobby = lobby(&apps, index);
        assert_eq!((lobby.least, lobby.members.len()), (Some(2), 3), "{apps}");
        assert_eq!(lobby.is_first(), index == 0, "{apps}");
        assert_eq!(lobby.local().unwrap().place, index.into(), "{apps}");
        let room = apps.world(index).resource::<CurrentRoom>();
        assert_eq!((room.least, room.players), (Some(2), Some(4)), "{apps}");
    }
    ready(&mut apps, &[0, 1, 2]);
    apps.run(30);
    for index in apps.indices() {
        let left = lobby(&apps, index).countdown.unwrap();
        assert!(left > Duration::from_millis(400) && left < Duration::from_millis(600), "{left:?}");
        assert!(lobby(&apps, index).members.iter().all(|member| member.ready), "{apps}");
        assert_eq!(seen(&apps, index).started, 1, "{apps}");
    }
    apps.run_until("all play", 120, TestApps::all_playing);
    assert_eq!(apps.world(0).resource::<CurrentMatch>().players, 3, "{apps}");
    apps.run_until_confirmed(30, 600);
    apps.assert_equal_checksums();
}

#[test]
fn a_countdown_is_cancelled_with_the_reason_and_the_first_player_starts_without_ready() {
    let mut apps = builder(501, 2).build();
    join(&mut apps, &[0, 1]);
    ready(&mut apps, &[0, 1]);
    apps.run(20);
    apps.command(1, |commands| commands.set_ready(false));
    apps.run(100);
    for index in apps.indices() {
        let cancelled = &seen(&apps, index).cancelled;
        assert_eq!(cancelled.len(), 1, "{apps}");
        let peer = Some(apps.key(1));
        assert_eq!((cancelled[0].reason, cancelled[0].peer), (CancelReason::NotReady, peer));
        assert_eq!(lobby(&apps, index).countdown, None, "{apps}");
        assert_eq!(apps.state(index), NetplayState::Lobby, "{apps}");
    }
    apps.command(1, |commands| commands.start_match());
    apps.run(100);
    assert_eq!(apps.state(1), NetplayState::Lobby, "it is not the first one: {apps}");
    apps.command(0, |commands| commands.start_match());
    apps.run_until("all play", 120, TestApps::all_playing);
}

#[test]
fn a_predicted_end_that_is_wrong_does_nothing_and_all_leave_after_the_same_frame() {
    let conditions = NetworkConditions { latency: Duration::from_millis(70), ..default() };
    for (seed, sparse, prediction) in [(510, false, 8), (511, true, 8), (512, false, 0)] {
        let mut apps = builder(seed, 2)
            .conditions(conditions.clone())
            .configure(move |_, config| {
                config.countdown = Duration::ZERO;
                config.sparse_saving = sparse;
                config.max_prediction = prediction;
            })
            .build();
        join(&mut apps, &[0, 1]);
        for matches in 1..=2 {
            ready(&mut apps, &[0, 1]);
            run_to_the_end(&mut apps, &[0, 1], matches);
            for index in apps.indices() {
                let ended = seen(&apps, index).ended.last().unwrap();
                assert_eq!(usize::from(ended.epoch), matches, "{apps}");
                assert_eq!(ended.frame, Some(END as i32 - 1), "{apps}");
                assert_eq!(ended.result.get(), Some(Outcome { tick: END }), "{apps}");
                assert_eq!(apps.world(index).resource::<Tick>().0, END, "the last state: {apps}");
                assert!(lobby(&apps, index).members.iter().all(|member| !member.ready), "{apps}");
            }
            apps.run(60);
        }
        let mispredicted: usize = apps.indices().map(|it| seen(&apps, it).mispredicted).sum();
        assert_eq!(mispredicted > 0, prediction > 0, "{apps}");
    }
}

#[test]
fn a_rematch_follows_the_end_of_a_match_in_a_room_that_starts_when_it_is_full() {
    let mut apps = builder(520, 2).start();
    run_to_the_end(&mut apps, &[0, 1], 1);
    apps.run(60);
    assert!(apps.indices().all(|index| apps.state(index) == NetplayState::Lobby), "{apps}");
    for index in apps.indices() {
        apps.command(index, |commands| commands.rematch());
    }
    run_to_the_end(&mut apps, &[0, 1], 2);
    assert_eq!(seen(&apps, 1).ended[1].epoch, 2, "{apps}");
}

#[test]
fn a_match_that_is_played_alone_ends_as_well() {
    let mut apps = builder(521, 1).build();
    apps.command(0, |commands| commands.play_alone(2));
    apps.run_until("it is over", 600, |apps| !seen(apps, 0).ended.is_empty());
    apps.run(1);
    assert_eq!(apps.state(0), NetplayState::Offline, "{apps}");
    // The input of the second player is the default one.
    let ended = &seen(&apps, 0).ended[0];
    assert_eq!(ended.result.get(), Some(Outcome { tick: 0 }), "{apps}");
    assert_eq!(ended.frame, Some(CHANGE as i32 - 1), "{apps}");
}

#[test]
fn what_players_chose_is_the_same_for_all_at_the_start_and_for_one_who_rejoins() {
    let mut apps = builder(530, 3).served().build();
    join(&mut apps, &[0, 1, 2]);
    let ship = |index: usize| Ship { class: index as u8, name: format!("ship {index}") };
    for index in apps.indices() {
        let mut lobby = apps.world_mut(index).resource_mut::<LobbyState<Ship, Map>>();
        lobby.set_local(ship(index));
        lobby.set_room(Map(7 + index as u16));
    }
    apps.run(60);
    for index in apps.indices() {
        let lobby = apps.world(index).resource::<LobbyState<Ship, Map>>();
        assert_eq!(*lobby.room(), Map(7), "{apps}");
        for other in apps.indices() {
            assert_eq!(lobby.get(apps.key(other)), Some(&ship(other)), "{apps}");
        }
    }
    ready(&mut apps, &[0, 1, 2]);
    apps.run_until("all play", 600, TestApps::all_playing);
    apps.run(30);
    apps.restart_into(2, JoinRoom::code(TestApps::ROOM));
    apps.run_until("it plays again", 900, TestApps::all_playing);
    for index in apps.indices() {
        let expected = (apps.indices().map(ship).collect::<Vec<_>>(), Map(7));
        assert_eq!(seen(&apps, index).values, [expected], "{apps}");
    }
}

#[test]
fn who_joins_while_a_match_is_played_waits_and_plays_the_next_one() {
    let mut apps = builder(540, 3).served().build();
    join(&mut apps, &[0, 1]);
    ready(&mut apps, &[0, 1]);
    apps.run_until("two play", 600, |apps| {
        [0, 1].iter().all(|index| apps.state(*index) == NetplayState::Playing)
    });
    // A guest takes the room as it is.
    apps.join(2, JoinRoom::code(TestApps::ROOM).existing());
    apps.run(60);
    assert_eq!(apps.state(2), NetplayState::Lobby, "{apps}");
    let plays: Vec<bool> = lobby(&apps, 2).members.iter().map(|member| member.playing).collect();
    assert_eq!(plays, [true, true, false], "{apps}");
    let waits = apps.world_mut(2).run_system_cached(others_play).unwrap();
    assert!(waits, "{apps}");
    run_to_the_end(&mut apps, &[0, 1], 1);
    apps.run(60);
    ready(&mut apps, &[0, 1, 2]);
    apps.run_until("all play", 600, TestApps::all_playing);
    apps.run_until("the end", 2000, |apps| {
        let last = |index| seen(apps, index).ended.last().map(|ended| ended.epoch);
        apps.indices().all(|index| last(index) == Some(2))
    });
    for index in apps.indices() {
        let ended = seen(&apps, index).ended.last().unwrap();
        assert_eq!((ended.epoch, ended.frame), (2, Some(END as i32 - 1)), "{apps}");
    }
}

#[test]
fn a_player_with_other_values_in_the_lobby_is_refused() {
    #[derive(Clone, Default, PartialEq, Serialize, Deserialize, Reflect)]
    struct Other(bool);

    let add = |index: usize, app: &mut App| {
        match index {
            1 => app.add_lobby_state::<Ship, Other>(),
            _ => app.add_lobby_state::<Ship, Map>(),
        };
    };
    let mut apps = TestApps::builder(550).extend(add).build();
    apps.join_all();
    apps.run_until("both have ended", 300, TestApps::all_ended);
    for index in apps.indices() {
        assert!(matches!(crate::ended(&apps, index), EndReason::BuildDiffers { .. }), "{apps}");
    }
}

#[test]
fn other_numbers_than_those_of_the_room_are_refused_with_a_sentence() {
    for served in [false, true] {
        let builder = builder(560, 2);
        let mut apps = if served { builder.served().build() } else { builder.build() };
        join(&mut apps, &[0]);
        apps.join(1, JoinRoom::code(TestApps::ROOM).players(4));
        apps.run(30);
        let says = crate::ended(&apps, 1).to_string();
        assert!(says.contains("with at least 2 players who are ready"), "{says}");
        apps.join(1, JoinRoom::create().players_between(1..=4));
        apps.run(30);
        assert!(matches!(crate::ended(&apps, 1), EndReason::BadRoomSize { size: 1 }), "{apps}");
    }
}
