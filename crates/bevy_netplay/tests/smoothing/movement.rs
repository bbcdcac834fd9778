//! Movement on displays of other rates than the simulation's.

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_netplay::prelude::*;

use super::*;

/// Played alone, at so many updates per second.
pub(super) fn alone(game: fn(&mut App, NetplayConfig), rate: f64) -> App {
    let mut app = App::new();
    app.add_plugins(MinimalPlugins)
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_secs_f64(1.0 / rate)));
    game(&mut app, NetplayConfig::default());
    app.finish();
    app.cleanup();
    app.world_mut().commands().play_alone(1);
    app
}

pub(super) fn run(app: &mut App, updates: u32) -> Seen {
    (0..updates).for_each(|_| app.update());
    std::mem::take(&mut *app.world_mut().resource_mut())
}

fn flying(app: &mut App, config: NetplayConfig) {
    add_game(app, config);
    app.smooth(pose, Smoothing::default())
        .add_systems(ReadLocalInput, |mut input: ResMut<LocalInput<u8>>| input.0 = MOVE | RIGHT);
}

fn resting(app: &mut App, config: NetplayConfig) {
    add_game(app, config);
    app.smooth(pose, Smoothing::default());
}

/// How far the shortest and the longest step of a drawn ship are from the mean one, in parts of it.
fn unevenness(rate: f64, interpolation: Interpolation) -> f32 {
    let mut app = alone(flying, rate);
    app.insert_resource(interpolation);
    run(&mut app, 4 * rate as u32);
    let steps = steps(&run(&mut app, 2 * rate as u32).drawn);
    let mean = steps.iter().map(|step| step.x).sum::<f32>() / steps.len() as f32;
    let expected = SPEED * 60.0 / rate as f32;
    assert!((mean / expected - 1.0).abs() < 0.01, "{mean} of {expected}");
    steps.iter().map(|step| (step.x / mean - 1.0).abs()).fold(0.0, f32::max)
}

#[test]
fn movement_is_even_at_any_rate() {
    for rate in [30.0, 60.0, 75.0, 90.0, 120.0, 144.0, 240.0] {
        let uneven = unevenness(rate, Interpolation::Auto);
        assert!(uneven < 0.01, "{rate} Hz: {uneven}");
    }
    assert!(unevenness(144.0, Interpolation::Off) > 0.9, "that is what it is there for");
}

#[test]
fn a_display_of_the_same_rate_draws_the_newest_frame_and_another_one_what_is_between() {
    for (rate, interpolation, is_newest) in [
        (60.0, Interpolation::Auto, true),
        (60.0, Interpolation::On, false),
        (144.0, Interpolation::Auto, false),
        (144.0, Interpolation::Off, true),
    ] {
        let mut app = alone(flying, rate);
        app.insert_resource(interpolation);
        run(&mut app, 4 * rate as u32);
        let mut ships = app.world_mut().query::<(&Ship, &Transform)>();
        let (ship, transform) = ships.single(app.world()).unwrap();
        let behind = ship.at.x - transform.translation.x;
        assert_eq!(behind == 0.0, is_newest, "{rate} {interpolation:?}: {behind}");
        assert!((0.0..=SPEED).contains(&behind), "{rate} {interpolation:?}: {behind}");
    }
}

#[test]
fn what_is_at_rest_is_not_marked_as_changed() {
    let mut app = alone(resting, 144.0);
    run(&mut app, 10);
    let seen = run(&mut app, 600);
    assert_eq!((seen.drawn.len(), seen.changed), (600, 0));
}

#[test]
fn entities_are_drawn_where_they_begin_before_the_first_frame_of_every_match() {
    let mut app = alone(flying, 1000.0);
    let begin = |mut ships: Query<&mut Ship>| ships.iter_mut().for_each(|mut it| it.at.x = 77.0);
    app.add_systems(StartMatch, begin.after(set_up));
    for _ in 0..2 {
        let drawn = run(&mut app, 3).drawn;
        assert_eq!(app.world().resource::<RollbackFrameCount>().0, 0);
        assert!(drawn.len() > 1 && drawn.iter().all(|at| at.x == 77.0), "{drawn:?}");
        let drawn = run(&mut app, 500).drawn;
        assert!(longest(&steps(&drawn)) < SPEED, "{drawn:?}");
        app.world_mut().commands().play_alone(1);
    }
}
