//! Particles and the shaking camera. What the simulation tells of is shown as soon as it is predicted: one that never was
//! leaves a few sparks and nothing else.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use super::particles::{Burst, Bursts};
use super::{MainCamera, OFFSET, palette, shots, to_screen};
use crate::lobby::ShipColors;
use crate::sim::{Body, Cue, CueKind, Engine, Hull, Ship};

/// What should have begun so many frames ago is not shown any more: it would be over.
const TOO_LATE: u32 = 30;

/// How much the camera shakes, in pixels.
#[derive(Resource, Default)]
struct Shake(f32);

pub fn plugin(app: &mut App) {
    app.init_resource::<Shake>().add_systems(Update, (show_cues, trails, shake).chain());
}

fn show_cues(
    mut cues: MessageReader<EffectMessage<Cue>>,
    mut bursts: ResMut<Bursts>,
    mut shaking: ResMut<Shake>,
    colors: Res<ShipColors>,
) {
    for cue in cues.read() {
        let EffectMessage::Predicted { effect: cue, late: ..TOO_LATE, .. } = cue else { continue };
        bursts.0.extend(burst(cue, &colors));
        shaking.0 = shaking.0.max(match cue.kind {
            CueKind::Destroyed(_) => 9.0,
            CueKind::Hit(_) => 2.0,
            _ => 0.0,
        });
    }
}

/// The particles of a cue, if it has any.
fn burst(cue: &Cue, colors: &ShipColors) -> Option<Burst> {
    let color = |player| palette::player(colors.of(player));
    let (count, speed, size, life, color) = match cue.kind {
        CueKind::Destroyed(player) => (70, 420.0, 34.0, 0.9, color(player)),
        CueKind::Hit(player) => (12, 220.0, 18.0, 0.4, palette::bright(color(player))),
        CueKind::Burst(player) => (5, 140.0, 12.0, 0.3, palette::bright(color(player))),
        CueKind::Respawned(player) => (24, 180.0, 20.0, 0.5, palette::bright(color(player))),
        CueKind::PickedUp(_, kind) => (16, 160.0, 18.0, 0.5, shots::pickup_color(kind)),
        CueKind::Fired(_) | CueKind::Countdown | CueKind::Fight | CueKind::Over => return None,
    };
    Some(Burst { at: to_screen(cue.at), drift: Vec2::ZERO, count, speed, size, life, color })
}

fn trails(
    mut bursts: ResMut<Bursts>,
    colors: Res<ShipColors>,
    ships: Query<(&Ship, &Body, &Transform, &Hull, &Engine)>,
) {
    for (ship, body, transform, hull, engine) in &ships {
        let velocity = to_screen(body.velocity);
        let dashing = engine.dashing > 0;
        if !hull.is_alive() || velocity.length() < 1.0 {
            continue;
        }
        bursts.0.push(Burst {
            at: transform.translation.truncate() - velocity.normalize() * 16.0,
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
