//! Lockstep, sparse saving, and an input delay that changes while a match is played.

use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::{EventKind, MatchTimeline, TimelineEvent};
use netplay_testkit::TestApps;

use super::{builder, random, random_input};

/// What a match has come to.
#[derive(Resource, Clone, Default, Hash)]
struct Sum(u64);

/// This App simulates other than the others from a frame on.
#[derive(Resource, Default)]
struct DiffersFrom(Option<i32>);

/// A game in which everything depends on every input of every frame.
fn sums(app: &mut App) {
    app.init_resource::<Sum>()
        .init_resource::<DiffersFrom>()
        .rollback_resource_by_hash::<Sum>()
        .add_systems(NetplayUpdate, add_up);
}

fn add_up(
    inputs: Inputs<u8>,
    this_match: Res<CurrentMatch>,
    frame: Res<RollbackFrameCount>,
    differs: Res<DiffersFrom>,
    mut sum: ResMut<Sum>,
) {
    for player in 0..this_match.players {
        sum.0 = random(sum.0 ^ u64::from(inputs.get(player)));
    }
    sum.0 ^= u64::from(differs.0.is_some_and(|from| frame.0 >= from));
}

/// Plays a match in which App 1 differs from frame 400 on, and returns it when everybody knows.
#[track_caller]
fn play_until_desync(seed: u64, configure: fn(&mut NetplayConfig)) -> TestApps {
    let mut apps =
        builder(seed, sums).configure(move |_, config| configure(config)).players(3).start();
    apps.run_until_confirmed(360, 4000);
    apps.assert_no_desync();
    apps.assert_equal_checksums();
    apps.world_mut(1).resource_mut::<DiffersFrom>().0 = Some(400);
    let told =
        |apps: &TestApps| apps.indices().all(|index| !apps.messages(index).desyncs.is_empty());
    apps.run_until("everybody knows of the desync", 2000, told);
    for index in apps.indices() {
        for desync in &apps.messages(index).desyncs {
            // The state after frame 400 is the state before frame 401: 405 is compared.
            assert_eq!((desync.frame, desync.last_equal_frame), (405, Some(390)), "{apps}");
        }
    }
    apps
}

#[test]
fn in_lockstep_nothing_rolls_back_and_checksums_are_compared() {
    let apps = play_until_desync(51, |config| {
        config.max_prediction = 0;
        config.input_delay = 6;
    });
    for index in apps.indices() {
        assert_eq!(apps.world(index).resource::<RollbackMetrics>().rollbacks, 0, "{apps}");
    }
}

#[test]
fn with_sparse_saving_every_compared_frame_is_compared() {
    let apps = play_until_desync(52, |config| config.sparse_saving = true);
    for index in apps.indices() {
        assert!(apps.world(index).resource::<RollbackMetrics>().rollbacks > 0, "{apps}");
    }
}

/// How often this App's player may still press something.
#[derive(Resource)]
struct PressesLeft(usize);

/// In which frames this App's player has pressed something.
#[derive(Resource, Default)]
struct Pressed(Vec<i32>);

/// In which frames the presses of each player take effect.
#[derive(Resource, Clone, Default, Hash)]
struct Presses([Vec<i32>; 3]);

/// A press now and then, as players make them.
fn press_seldom(
    this_match: Res<CurrentMatch>,
    frame: Res<RollbackFrameCount>,
    mut left: ResMut<PressesLeft>,
    mut pressed: ResMut<Pressed>,
    mut input: ResMut<LocalInput<u8>>,
) {
    let random = random_input(this_match.local_player, frame.0);
    input.0 = u8::from(random.is_multiple_of(9) && left.0 > 0);
    if input.0 == 1 {
        left.0 -= 1;
        pressed.0.push(frame.0);
    }
}

fn take_effect(inputs: Inputs<u8>, frame: Res<RollbackFrameCount>, mut presses: ResMut<Presses>) {
    for (player, presses) in presses.0.iter_mut().enumerate() {
        if inputs.get(player) == 1 {
            presses.push(frame.0);
        }
    }
}

#[test]
fn the_input_delay_changes_while_a_match_is_played_and_no_press_is_lost_or_repeated() {
    let game = |app: &mut App| {
        app.init_resource::<Presses>()
            .init_resource::<Pressed>()
            .insert_resource(PressesLeft(60))
            .rollback_resource_by_hash::<Presses>()
            .add_systems(ReadLocalInput, press_seldom.after(super::press))
            .add_systems(NetplayUpdate, take_effect);
    };
    let mut apps = builder(53, game).players(3).start();
    let delay =
        |apps: &TestApps, index| apps.world(index).resource::<RollbackMetrics>().input_delay;
    for (turn, delays) in [[6, 2, 1], [1, 9, 2], [4, 4, 12], [2, 2, 2]].into_iter().enumerate() {
        for (index, frames) in delays.into_iter().enumerate() {
            apps.world_mut(index).resource_mut::<NetplayConfig>().input_delay = frames;
        }
        let changed = move |apps: &TestApps| {
            delays.into_iter().enumerate().all(|(index, frames)| delay(apps, index) == frames)
        };
        apps.run_until("the delays are as they were set", 1200, changed);
        if turn == 2 {
            // It plays all of it again, with the delay that the match began with.
            apps.restart(2);
            apps.run_until("it has come back", 2400, TestApps::all_playing);
            apps.world_mut(2).resource_mut::<PressesLeft>().0 = 0;
        }
    }
    let confirmed = apps.confirmed();
    apps.run_until_confirmed(confirmed + 600, 4000);
    apps.assert_no_desync();
    apps.assert_equal_checksums();
    // Those of the third player were made by two processes.
    for index in [0, 1] {
        let pressed = &apps.world(index).resource::<Pressed>().0;
        let effects = &apps.world(2).resource::<Presses>().0[index];
        assert_eq!((pressed.len(), effects.len()), (60, 60), "{pressed:?} {effects:?}");
        let delays = pressed.iter().zip(effects).map(|(pressed, effect)| effect - pressed);
        assert!(delays.clone().all(|delay| (1..=10).contains(&delay)), "{pressed:?} {effects:?}");
    }
    // Each step is an event of the report, or two of one update.
    let timeline = apps.world(0).resource::<MatchTimeline>();
    let changes = timeline.iter().filter(|event| event.kind == EventKind::InputDelayChanged);
    let steps: Vec<_> = changes.map(|event| event.text.as_str()).collect();
    assert_eq!(steps[..2], ["2 to 3 frames", "3 to 4 frames"], "{steps:?}");
    let frames = steps.iter().map(|step| {
        let (from, to) = step.trim_end_matches(" frames").split_once(" to ").unwrap();
        from.parse::<u32>().unwrap().abs_diff(to.parse().unwrap())
    });
    assert_eq!(frames.sum::<u32>(), 4 + 5 + 3 + 2, "{steps:?}");
}

#[test]
fn an_input_delay_that_changes_thousands_of_times_neither_stops_a_match_nor_makes_states_differ() {
    let game = |app: &mut App| {
        app.init_resource::<Presses>()
            .init_resource::<Pressed>()
            .insert_resource(PressesLeft(usize::MAX))
            .rollback_resource_by_hash::<Presses>()
            .add_systems(ReadLocalInput, press_seldom.after(super::press))
            .add_systems(NetplayUpdate, take_effect);
    };
    let mut apps = builder(57, game).players(3).start();
    let mut wishes = 0;
    for turn in 0..3000_u64 {
        for index in apps.indices() {
            let random = random(turn << 8 | index as u64);
            // Several in a row, of one player and of all, by one and by many frames.
            if random.is_multiple_of(2) {
                let delay = 1 + (random >> 8) as usize % 9;
                apps.world_mut(index).resource_mut::<NetplayConfig>().input_delay = delay;
                wishes += 1;
            }
        }
        apps.run(1 + (random(turn) % 5) as u32);
    }
    assert!(wishes > 4000);
    apps.run_until_confirmed(apps.steps() as i32 * 9 / 10, 600);
    apps.assert_no_desync();
    apps.assert_equal_checksums();
    let timeline = |index| apps.world(index).resource::<MatchTimeline>();
    for index in apps.indices() {
        let is_change = |event: &&TimelineEvent| event.kind == EventKind::InputDelayChanged;
        assert!(timeline(index).iter().filter(is_change).count() > 50, "{apps}");
        let metrics = apps.world(index).resource::<RollbackMetrics>();
        assert!(metrics.longest_stall < Duration::from_secs(1), "{:?}", metrics.longest_stall);
    }
}

#[test]
fn two_datagrams_lost_in_a_row_cost_no_rollback_that_the_third_saves() {
    let network = NetworkConditions::default();
    let configure = |_, config: &mut NetplayConfig| config.input_delay = 4;
    let mut apps = builder(56, sums).conditions(network).configure(configure).start();
    apps.run_until_confirmed(60, 600);
    let (rollbacks, confirmed) = (rollbacks(&apps), apps.confirmed());
    for step in 0..600 {
        for index in apps.indices() {
            if (step + index) % 3 == 0 { apps.unmute(index) } else { apps.mute(index) }
        }
        apps.step();
    }
    assert_eq!(self::rollbacks(&apps), rollbacks, "{apps}");
    assert!(apps.confirmed() - confirmed > 590, "{apps}");
    // The network of this test does make a match roll back whose inputs wait too short a time.
    for index in apps.indices() {
        apps.world_mut(index).resource_mut::<NetplayConfig>().input_delay = 1;
        apps.mute(index);
    }
    apps.run(6);
    apps.indices().for_each(|index| apps.unmute(index));
    apps.run(60);
    assert!(self::rollbacks(&apps) > rollbacks, "{apps}");
}

fn rollbacks(apps: &TestApps) -> u64 {
    apps.indices().map(|index| apps.world(index).resource::<RollbackMetrics>().rollbacks).sum()
}

/// Whether the game has switched off the simulation, as a loading screen may.
#[derive(Resource, Default)]
struct Halted(bool);

/// A game that can switch off the simulation.
fn halting(app: &mut App) {
    app.init_resource::<Halted>().configure_sets(
        PreUpdate,
        NetplaySystems::Simulate.run_if(|halted: Res<Halted>| !halted.0),
    );
}

#[test]
fn a_simulation_that_stands_still_is_reported_to_all_and_not_dropped() {
    let mut apps = builder(54, halting).players(3).start();
    apps.run_until_confirmed(120, 1200);
    apps.world_mut(1).resource_mut::<Halted>().0 = true;
    apps.run(90);
    for index in [0, 2] {
        let stalled = &apps.messages(index).stalled;
        assert_eq!(stalled.len(), 1, "App {index}: {stalled:?}: {apps}");
        assert_eq!((stalled[0].player, stalled[0].time_left), (PlayerHandle(1), None));
    }
    apps.run(1800);
    assert!(apps.all_playing(), "nobody is dropped unless the game sets a time: {apps}");
    apps.world_mut(1).resource_mut::<Halted>().0 = false;
    let before = apps.confirmed();
    apps.run_until_confirmed(before + 120, 1200);
    for index in [0, 2] {
        let log = apps.messages(index);
        assert_eq!((log.stalled.len(), log.unstalled.len()), (1, 1), "App {index}: {apps}");
        assert!(log.unstalled[0].after > Duration::from_secs(25), "{:?}", log.unstalled);
    }
    assert!(apps.messages(1).stalled.is_empty(), "the others wait for it: {apps}");
}

#[test]
fn a_simulation_that_stands_still_is_dropped_after_the_time_that_the_game_sets() {
    let mut apps = builder(55, halting)
        .players(3)
        .configure(|_, config| config.stall_timeout = Some(Duration::from_secs(5)))
        .start();
    apps.run_until_confirmed(120, 1200);
    apps.world_mut(1).resource_mut::<Halted>().0 = true;
    apps.exclude(&[1]);
    let dropped =
        |apps: &TestApps| [0, 2].iter().all(|index| !apps.messages(*index).disconnected.is_empty());
    apps.run_until("it is dropped", 600, dropped);
    let before = apps.confirmed();
    apps.run_until_confirmed(before + 120, 1200);
    apps.assert_equal_checksums();
}
