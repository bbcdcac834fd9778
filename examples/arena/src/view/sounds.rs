//! What is heard: effects of the simulation, and the engines of the local players' ships.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use example_runner::sounds;

use super::to_screen;
use crate::sim::{Body, Cue, CueKind, Engine, Hull, Ship};

/// The speed of a ship whose engine is as loud as it gets without a dash, in pixels per frame.
const FAST: f32 = 5.0;

/// How loud the engine of a ship is.
#[derive(Component, Default)]
struct Thrust(f32);

/// Needs bevy_netplay.
pub fn plugin(app: &mut App) {
    app.add_effect_sound(sound)
        .add_loop_sound(|thrust: &Thrust| (thrust.0 > 0.0).then(|| sounds::thrust(thrust.0)))
        .add_observer(|add: On<Add, Ship>, mut commands: Commands| {
            commands.entity(add.entity).insert(Thrust::default());
        })
        .add_systems(Update, listen.run_if(in_match));
}

fn sound(cue: &Cue) -> Option<EffectSound> {
    let (sound, volume) = match cue.kind {
        CueKind::Countdown => (sounds::COUNTDOWN, 0.4),
        CueKind::Fight => (sounds::COUNTDOWN, 0.7),
        CueKind::Over => (sounds::WIN, 0.7),
        CueKind::Fired(_) => (sounds::SHOT, 0.35),
        CueKind::Hit(_) => (sounds::HIT, 0.6),
        CueKind::Destroyed(_) => (sounds::EXPLOSION, 0.8),
        CueKind::PickedUp(..) => (sounds::PICKUP, 0.6),
        CueKind::Burst(_) | CueKind::Respawned(_) => return None,
    };
    Some(sound.at(volume))
}

/// Those of the other players are not heard: eight engines are only noise.
fn listen(
    this_match: Res<CurrentMatch>,
    mut ships: Query<(&Ship, &Body, &Hull, &Engine, &mut Thrust)>,
) {
    for (ship, body, hull, engine, mut thrust) in &mut ships {
        let is_local = this_match.local_players.contains(&PlayerHandle(ship.player));
        let speed = to_screen(body.velocity).length() / FAST;
        thrust.0 = match is_local && hull.is_alive() {
            true if engine.dashing > 0 => 0.4,
            // In steps, so that the volume does not change in every frame.
            true => 0.05 * (4.0 * speed).min(4.0).round(),
            false => 0.0,
        };
    }
}
