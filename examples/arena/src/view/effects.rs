//! Triggers of particle effects. The simulation sends no events, because a rollback would send them twice: these
//! systems compare the state of this frame with that of the last one. A hit that was mispredicted leaves a few
//! sparks and nothing else.

use bevy::prelude::*;
use std::collections::BTreeMap;

use super::particles::{Burst, Bursts};
use super::{MainCamera, OFFSET, palette, to_screen};
use crate::lobby::ShipColors;
use crate::sim::{Body, Engine, Hull, Ship, Shot};

/// How much the camera shakes, in pixels.
#[derive(Resource, Default)]
struct Shake(f32);

pub fn plugin(app: &mut App) {
    app.init_resource::<Shake>()
        .add_systems(Update, (watch_ships, watch_shots, trails, shake).chain());
}

fn watch_ships(
    mut seen: Local<BTreeMap<u8, u8>>,
    mut bursts: ResMut<Bursts>,
    mut shaking: ResMut<Shake>,
    colors: Res<ShipColors>,
    ships: Query<(&Ship, &Body, &Hull)>,
) {
    for (ship, body, hull) in &ships {
        let before = seen.insert(ship.player, hull.health).unwrap_or(hull.health);
        if hull.health >= before {
            continue;
        }
        let destroyed = hull.health == 0;
        let color = palette::player(colors.of(ship.player));
        bursts.0.push(Burst {
            at: to_screen(body.at),
            drift: Vec2::ZERO,
            count: if destroyed { 70 } else { 12 },
            speed: if destroyed { 420.0 } else { 220.0 },
            size: if destroyed { 34.0 } else { 18.0 },
            life: if destroyed { 0.9 } else { 0.4 },
            color: if destroyed { color } else { palette::bright(color) },
        });
        shaking.0 = shaking.0.max(if destroyed { 9.0 } else { 2.0 });
    }
}

/// Shows sparks where a shot was that no longer exists: it hit something.
fn watch_shots(
    mut seen: Local<BTreeMap<u32, (Vec2, u8)>>,
    mut bursts: ResMut<Bursts>,
    colors: Res<ShipColors>,
    shots: Query<(&Shot, &Body)>,
) {
    let now: BTreeMap<_, _> =
        shots.iter().map(|(shot, body)| (shot.serial, (to_screen(body.at), shot.owner))).collect();
    for (_, &(at, owner)) in seen.iter().filter(|(serial, _)| !now.contains_key(serial)) {
        bursts.0.push(Burst {
            at,
            drift: Vec2::ZERO,
            count: 5,
            speed: 140.0,
            size: 12.0,
            life: 0.3,
            color: palette::bright(palette::player(colors.of(owner))),
        });
    }
    *seen = now;
}

fn trails(
    mut bursts: ResMut<Bursts>,
    colors: Res<ShipColors>,
    ships: Query<(&Ship, &Body, &Hull, &Engine)>,
) {
    for (ship, body, hull, engine) in &ships {
        let velocity = to_screen(body.velocity);
        let dashing = engine.dashing > 0;
        if !hull.is_alive() || velocity.length() < 1.0 {
            continue;
        }
        bursts.0.push(Burst {
            at: to_screen(body.at) - velocity.normalize() * 16.0,
            drift: -velocity * 12.0,
            count: if dashing { 4 } else { 1 },
            speed: 30.0,
            size: if dashing { 30.0 } else { 16.0 },
            life: if dashing { 0.5 } else { 0.35 },
            color: palette::player(colors.of(ship.player)).with_alpha(0.8),
        });
    }
}

fn shake(
    time: Res<Time>,
    mut shaking: ResMut<Shake>,
    mut cameras: Query<&mut Transform, With<MainCamera>>,
) {
    shaking.0 *= (1.0 - 7.0 * time.delta_secs()).max(0.0);
    let offset = Vec2::from_angle(time.elapsed_secs() * 71.0) * shaking.0;
    for mut camera in &mut cameras {
        camera.translation = (offset + Vec2::new(0.0, OFFSET)).extend(camera.translation.z);
    }
}
