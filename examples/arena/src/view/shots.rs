//! Draws shots and pick-ups: the sprites are on the rolled-back entities themselves. A rollback that restores one
//! of them makes a new entity without a sprite, whose `Shot` or `Pickup` is `Added` again, so that it gets one.

use bevy::prelude::*;
use std::f32::consts::PI;

use super::images::Images;
use super::palette;
use crate::lobby::ShipColors;
use crate::sim::{Pickup, PickupKind, Shot};

#[derive(Component)]
struct Halo;

pub fn plugin(app: &mut App) {
    app.add_systems(Update, (add_shot_sprites, add_pickup_sprites, pulse).chain());
}

fn add_shot_sprites(
    mut commands: Commands,
    images: Res<Images>,
    colors: Res<ShipColors>,
    shots: Query<(Entity, &Shot), Added<Shot>>,
) {
    for (entity, shot) in &shots {
        let sprite = Sprite {
            image: images.spark.clone(),
            custom_size: Some(Vec2::new(40.0, 16.0)),
            color: palette::bright(palette::player(colors.of(shot.owner))),
            ..Sprite::default()
        };
        commands.entity(entity).insert(sprite);
    }
}

/// The colour of a kind of pick-up.
pub fn pickup_color(kind: PickupKind) -> Color {
    match kind {
        PickupKind::Repair => Color::srgb(0.40, 1.0, 0.55),
        PickupKind::Rapid => Color::srgb(1.0, 0.90, 0.30),
        PickupKind::Spread => Color::srgb(0.85, 0.50, 1.0),
    }
}

fn add_pickup_sprites(
    mut commands: Commands,
    images: Res<Images>,
    pickups: Query<(Entity, &Pickup), Added<Pickup>>,
) {
    for (entity, pickup) in &pickups {
        let image = match pickup.kind {
            PickupKind::Repair => &images.plus,
            PickupKind::Rapid => &images.chevrons,
            PickupKind::Spread => &images.rays,
        };
        let sprite = |image: &Handle<Image>, size: f32, alpha: f32| Sprite {
            image: image.clone(),
            custom_size: Some(Vec2::splat(size)),
            color: pickup_color(pickup.kind).with_alpha(alpha),
            ..Sprite::default()
        };
        commands.entity(entity).insert((
            sprite(image, 30.0, 1.0),
            children![
                (sprite(&images.ring, 40.0, 0.9), Transform::default()),
                (sprite(&images.glow, 90.0, 0.35), Transform::from_xyz(0.0, 0.0, -0.1), Halo),
            ],
        ));
    }
}

fn pulse(time: Res<Time>, mut halos: Query<&mut Transform, With<Halo>>) {
    let phase = (time.elapsed_secs() * 1.2).fract();
    for mut transform in &mut halos {
        transform.scale = Vec3::splat(1.0 + 0.25 * Vec2::from_angle(phase * 2.0 * PI).y);
    }
}
