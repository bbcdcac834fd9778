//! Flashes: squares that grow and fade, where something happens.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use example_runner::player_color;

use super::FIRE;
use crate::sim::{BOMB_RADIUS, Cue, CueKind};

/// What should have begun so many frames ago is not shown any more: it would be over.
const TOO_LATE: u32 = 15;
/// How long a flash lasts, in seconds.
const LIFE: f32 = 0.25;

#[derive(Component)]
struct Flash {
    /// In seconds.
    age: f32,
    /// Its width in the end, in pixels.
    width: f32,
}

pub fn plugin(app: &mut App) {
    app.add_systems(Update, (show, fade).chain());
}

/// What is predicted is shown at once. One that never was fades as quickly as any other.
fn show(mut cues: MessageReader<EffectMessage<Cue>>, mut commands: Commands) {
    for cue in cues.read() {
        let EffectMessage::Predicted { effect: cue, late: ..TOO_LATE, .. } = cue else { continue };
        let (width, color) = match cue.kind {
            CueKind::Jump(_) | CueKind::Land(_) => (30.0, Color::srgb(0.6, 0.65, 0.75)),
            CueKind::Hit(_) => (70.0, Color::WHITE),
            CueKind::Respawn(player) => (90.0, player_color(player)),
            CueKind::Knockout(player) => (500.0, player_color(player)),
            CueKind::Explosion => (2.0 * BOMB_RADIUS, FIRE),
            CueKind::Throw(_) | CueKind::Fight | CueKind::Over => continue,
        };
        commands.spawn((
            Flash { age: 0.0, width },
            Sprite::from_color(color, Vec2::ZERO),
            Transform::from_translation(cue.at.extend(4.0)),
        ));
    }
}

fn fade(
    time: Res<Time>,
    mut flashes: Query<(Entity, &mut Flash, &mut Sprite)>,
    mut commands: Commands,
) {
    for (entity, mut flash, mut sprite) in &mut flashes {
        flash.age += time.delta_secs();
        let left = 1.0 - flash.age / LIFE;
        if left <= 0.0 {
            commands.entity(entity).despawn();
            continue;
        }
        sprite.custom_size = Some(Vec2::splat(flash.width * (1.0 - left * left)));
        sprite.color.set_alpha(0.6 * left);
    }
}
