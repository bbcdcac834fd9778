//! Corrections of what was predicted wrong.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use netplay_testkit::TestApps;

use super::*;

fn add_moving(app: &mut App, config: NetplayConfig) {
    add_game(app, config);
    app.add_systems(ReadLocalInput, held(RIGHT | UP | MOVE));
}

fn plain(app: &mut App, config: NetplayConfig) {
    add_moving(app, config);
    draw_as_simulated(app);
}

fn smoothed(app: &mut App, config: NetplayConfig) {
    add_moving(app, config);
    app.smooth(pose, Smoothing::default());
}

fn play(game: fn(&mut App, NetplayConfig)) -> TestApps {
    let mut apps = builder(1800, game).start();
    apps.run_until_confirmed(1200, 6000);
    apps.assert_no_desync();
    apps.assert_equal_checksums();
    apps
}

/// The mean of how fast the acceleration changes.
fn jerk(drawn: &[Vec2]) -> f32 {
    let jerk = steps(&steps(&steps(drawn)));
    jerk.iter().map(|jerk| jerk.length()).sum::<f32>() / jerk.len() as f32
}

#[test]
fn corrections_are_seen_as_no_jumps_and_the_simulation_does_not_see_how_it_is_drawn() {
    let [mut plain, mut smoothed] = [plain, smoothed].map(play);
    assert_eq!(plain.record(0).checksums.len(), smoothed.record(0).checksums.len());
    assert_eq!(plain.record(0).checksums, smoothed.record(0).checksums);
    assert!(plain.world(0).resource::<RollbackMetrics>().rollbacks > 50);
    let [plain, smoothed] = [&mut plain, &mut smoothed].map(|apps| seen(apps, 0).drawn);
    let jumps = [&plain, &smoothed].map(|drawn| longest(&steps(drawn)));
    assert!(jumps[0] > 8.0 * SPEED, "{jumps:?}");
    assert!(jumps[1] <= 0.25 * jumps[0], "{jumps:?}");
    let jerks = [&plain, &smoothed].map(|drawn| jerk(drawn));
    assert!(jerks[1] <= 0.5 * jerks[0], "{jerks:?}");
}

/// How far the ship of the other player was drawn from where it was simulated, added up.
#[derive(Resource, Default)]
struct Away(f32);

fn measure(
    ships: Query<(&Ship, &Transform)>,
    this_match: Option<Res<CurrentMatch>>,
    mut away: ResMut<Away>,
) {
    let Some(this_match) = this_match else { return };
    for (ship, transform) in ships.iter().filter(|(it, _)| it.player != this_match.local_player) {
        away.0 += ship.at.distance(transform.translation.truncate());
    }
}

fn measured(app: &mut App, config: NetplayConfig) {
    smoothed(app, config);
    app.init_resource::<Away>().insert_resource(Interpolation::Off).add_systems(Update, measure);
}

/// Ships are owned by the other player.
fn swapped(app: &mut App, config: NetplayConfig) {
    measured(app, config);
    let swap = |mut owners: Query<&mut OwnedBy>| owners.iter_mut().for_each(|mut it| it.0.0 ^= 1);
    app.add_systems(StartMatch, swap.after(set_up));
}

#[test]
fn corrections_of_own_entities_take_half_of_the_time() {
    let [others, own] = [measured, swapped].map(|game| play(game).world(0).resource::<Away>().0);
    assert!(own > 0.0 && (1.6..2.4).contains(&(others / own)), "{others} {own}");
}
