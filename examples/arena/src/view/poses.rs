//! Where ships, shots and pick-ups are drawn. All of the view reads their `Transform`s, and not their [`Body`]s.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use super::to_screen;
use crate::sim::{Body, Ship};

/// Two lengths of a ship, in pixels: a correction that is longer is made at once.
const SNAP: f32 = 100.0;
/// Above the light around a ship, and below its hull.
const DEPTH: f32 = 2.5;

/// Corrections of a rollback are smoothed, and what is drawn is between two frames. Needs bevy_netplay.
pub fn smoothed(app: &mut App) {
    app.smooth(pose, Smoothing { snap_distance: SNAP, ..default() }).add_observer(own);
}

/// The newest frame is drawn as it is, for an app without bevy_netplay.
pub fn as_simulated(app: &mut App) {
    app.register_required_components::<Body, Transform>()
        // After the frame, and before what follows ships in `Update`.
        .add_systems(RunFixedMainLoop, place);
}

fn place(mut bodies: Query<(&Body, &mut Transform)>) {
    for (body, mut transform) in &mut bodies {
        transform.set_if_neq(pose(body));
    }
}

fn pose(body: &Body) -> Transform {
    let heading = Quat::from_rotation_z(to_screen(body.velocity).to_angle());
    Transform::from_translation(to_screen(body.at).extend(DEPTH)).with_rotation(heading)
}

/// The ship of a local player is smoothed for a shorter time.
fn own(add: On<Add, Ship>, ships: Query<&Ship>, mut commands: Commands) {
    if let Ok(ship) = ships.get(add.entity) {
        commands.entity(add.entity).insert(OwnedBy(PlayerHandle(ship.player)));
    }
}
