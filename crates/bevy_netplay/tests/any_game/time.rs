//! Matches follow real time, whatever the game does with its own.

use bevy::prelude::*;
use bevy_ggrs::ReadInputs;
use bevy_netplay::prelude::*;
use netplay_testkit::TestApps;

use super::builder;

/// How often a system ran, and how often it saw another time than the game's.
#[derive(Resource, Default)]
struct Seen {
    wrong: u32,
    reads: u32,
}

fn read(time: Res<Time>, game: Res<Time<Virtual>>, mut seen: ResMut<Seen>) {
    seen.reads += 1;
    seen.wrong += u32::from(time.elapsed() != game.elapsed());
}

#[track_caller]
fn assert_saw_the_time_of_the_game(apps: &TestApps, reads: u32) {
    for index in apps.indices() {
        let seen = apps.world(index).resource::<Seen>();
        assert!(seen.reads > reads, "{} reads", seen.reads);
        assert_eq!(seen.wrong, 0);
    }
}

#[test]
fn a_match_goes_on_while_the_time_of_the_game_is_paused() {
    let mut apps = builder(31, |_| {}).start();
    apps.run_until_confirmed(30, 600);
    apps.world_mut(0).resource_mut::<Time<Virtual>>().pause();
    let before = apps.confirmed();
    apps.run(300);
    let frames = apps.confirmed() - before;
    assert!(frames > 280, "{frames} frames in 300 updates: {apps}");
}

#[test]
fn the_game_sees_its_own_time_when_it_reads_input() {
    let mut apps = builder(32, |app| {
        app.init_resource::<Seen>().add_systems(ReadLocalInput, read);
    })
    .start();
    apps.run_until_confirmed(120, 600);
    assert_saw_the_time_of_the_game(&apps, 100);
}

#[test]
fn the_game_sees_its_own_time_in_the_schedule_of_bevy_ggrs_wherever_its_systems_are_added() {
    let game = |app: &mut App, config: NetplayConfig| {
        app.init_resource::<Seen>()
            .add_systems(ReadInputs, read)
            .add_plugins(NetplayPlugins::<u8>::new(config))
            .add_systems(ReadInputs, read);
    };
    let mut apps = TestApps::builder(33).game(game).start();
    apps.run_until_confirmed(120, 600);
    assert_saw_the_time_of_the_game(&apps, 200);
}
