//! Jumps on purpose.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use super::*;

fn warping(app: &mut App, config: NetplayConfig) {
    add_game(app, config);
    app.smooth(pose, Smoothing::default())
        .insert_resource(Interpolation::On)
        .add_systems(ReadLocalInput, held(WARPS));
}

#[test]
fn nothing_is_drawn_between_the_ends_of_a_warp_whether_it_was_predicted_or_not() {
    let mut apps = builder(1810, warping).start();
    for index in apps.indices() {
        apps.set_tick(index, Duration::from_micros(6_944));
    }
    apps.run_until_confirmed(600, 6000);
    apps.assert_equal_checksums();
    let drawn = seen(&mut apps, 0).drawn;
    let is_end = |at: &Vec2| [0.0, WARP].contains(&at.x);
    let between: Vec<_> = drawn.iter().filter(|at| !is_end(at)).collect();
    assert!(between.is_empty(), "{} of {}: {between:?}", between.len(), drawn.len());
    let jumps = steps(&drawn).iter().filter(|step| step.length() > WARP / 2.0).count();
    assert!(jumps > 20, "{jumps}");
}
