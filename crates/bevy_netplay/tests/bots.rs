//! Bots in places that nobody has: they are part of the simulation.

use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use netplay_testkit::{TestApps, TestAppsBuilder};

/// What every player has given so far, bots among them, and how bots think.
#[derive(Resource, Clone, Default, Hash)]
struct Board {
    sums: Vec<u32>,
    mood: u32,
}

/// What [`StartMatch`] has seen: persons, places and bots.
#[derive(Resource, Default)]
struct Seen(Vec<(usize, usize, Vec<PlayerHandle>)>);

fn read_input(
    this_match: Res<CurrentMatch>,
    frame: Res<RollbackFrameCount>,
    mut input: ResMut<LocalInput<u8>>,
) {
    // It changes now and then, so that it is predicted wrongly.
    input.0 = (frame.0 / 12 % 5) as u8 + this_match.local_player.0;
}

fn set_up(
    this_match: Res<CurrentMatch>,
    mut bots: ResMut<MatchBots>,
    mut board: ResMut<Board>,
    mut seen: ResMut<Seen>,
) {
    bots.fill(this_match.places);
    *board = Board { sums: vec![0; this_match.places], mood: 1 };
    seen.0.push((this_match.players, this_match.places, bots.iter().collect()));
}

/// A bot answers to what persons have done, and to what it did before.
fn think(mut inputs: BotInputs<u8>, bots: Res<MatchBots>, mut board: ResMut<Board>) {
    board.mood = board.mood.wrapping_mul(31).wrapping_add(board.sums[0]);
    for bot in bots.iter() {
        inputs.set(bot, (board.mood >> bot.0) as u8);
    }
    // Nobody else is spoken for.
    inputs.set(0, 255);
}

fn simulate(inputs: Inputs<u8>, mut board: ResMut<Board>) {
    for player in 0..board.sums.len() {
        assert!(player > 0 || inputs.get(player) != 255, "a bot has spoken for a person");
        board.sums[player] = board.sums[player].wrapping_mul(7) + u32::from(inputs.get(player));
    }
}

fn builder(seed: u64, apps: usize) -> TestAppsBuilder {
    let game = |app: &mut App, config: NetplayConfig| {
        app.add_plugins(NetplayPlugins::<u8>::new(config))
            .init_resource::<Board>()
            .init_resource::<Seen>()
            .rollback_resource_by_hash::<Board>()
            .add_systems(StartMatch, set_up)
            .add_systems(ReadLocalInput, read_input)
            .add_systems(UpdateBots, think)
            .add_systems(NetplayUpdate, simulate);
    };
    let conditions = NetworkConditions::mobile();
    TestApps::builder(seed)
        .players(apps)
        .game(game)
        .conditions(conditions)
        .configure(|_, config| config.countdown = Duration::ZERO)
}

fn seen(apps: &TestApps, index: usize) -> &[(usize, usize, Vec<PlayerHandle>)] {
    &apps.world(index).resource::<Seen>().0
}

#[test]
fn bots_have_the_empty_places_and_roll_back_and_a_person_takes_a_place_in_the_next_match() {
    let mut apps = builder(800, 3).served().build();
    let room = JoinRoom::code(TestApps::ROOM).players_between(2..=4);
    for index in [0, 1] {
        apps.join(index, room.clone());
        apps.run(60);
    }
    for index in [0, 1] {
        apps.command(index, |commands| commands.set_ready(true));
    }
    apps.exclude(&[2]);
    apps.run_until("two play", 900, TestApps::all_playing);
    apps.run_until_confirmed(200, 1200);
    apps.assert_equal_checksums();
    for index in [0, 1] {
        let bots = vec![PlayerHandle(2), PlayerHandle(3)];
        assert_eq!(seen(&apps, index), [(2, 4, bots)], "{apps}");
        assert!(apps.world(index).resource::<RollbackMetrics>().rollbacks > 0, "{apps}");
        let sums = &apps.world(index).resource::<Board>().sums;
        assert!(sums.iter().all(|sum| *sum > 0), "{sums:?}: {apps}");
    }

    apps.restart_into(1, JoinRoom::code(TestApps::ROOM));
    apps.run_until("it plays again", 1800, TestApps::all_playing);
    let frame = apps.confirmed() + 60;
    apps.run_until_confirmed(frame, 1200);
    apps.assert_equal_checksums();

    for index in [0, 1] {
        apps.command(index, |commands| commands.leave_room());
    }
    apps.run(120);
    apps.reset_records();
    let next = JoinRoom::code("NEXT").players_between(2..=4);
    for index in [0, 1, 2] {
        apps.join(index, next.clone());
        apps.run(60);
    }
    for index in [0, 1, 2] {
        apps.command(index, |commands| commands.set_ready(true));
    }
    apps.run_until("three play", 900, TestApps::all_playing);
    apps.run_until_confirmed(60, 900);
    apps.assert_equal_checksums();
    for index in [0, 1, 2] {
        let last = seen(&apps, index).last().unwrap();
        assert_eq!(*last, (3, 4, vec![PlayerHandle(3)]), "{apps}");
    }
}

#[test]
fn a_full_room_and_a_match_alone_have_none() {
    let mut apps = builder(801, 2).start();
    apps.run_until_confirmed(60, 900);
    for index in [0, 1] {
        assert_eq!(seen(&apps, index), [(2, 2, Vec::new())], "{apps}");
    }
    apps.command(0, |commands| commands.play_alone(3));
    apps.run(30);
    assert_eq!(seen(&apps, 0).last().unwrap(), &(3, 3, Vec::new()), "{apps}");
}
