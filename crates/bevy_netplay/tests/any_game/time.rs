//! Matches follow real time, whatever the game does with its own.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use super::builder;

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
fn the_game_sees_its_own_time_when_it_reads_input_and_the_time_of_the_match_in_the_simulation() {
    #[derive(Resource, Default)]
    struct Seen {
        wrong: u32,
        reads: u32,
    }
    let mut apps = builder(32, |app| {
        app.init_resource::<Seen>().add_systems(
            ReadLocalInput,
            |time: Res<Time>, game: Res<Time<Virtual>>, mut seen: ResMut<Seen>| {
                seen.reads += 1;
                seen.wrong += u32::from(time.elapsed() != game.elapsed());
            },
        );
    })
    .start();
    apps.run_until_confirmed(120, 600);
    for index in apps.indices() {
        let seen = apps.world(index).resource::<Seen>();
        assert!(seen.reads > 100);
        assert_eq!(seen.wrong, 0);
    }
}
