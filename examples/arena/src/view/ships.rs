//! Draws ships: one set of sprites per player, spawned at startup and visible while the player's ship is alive. They
//! are entities of their own, so that a rollback of the ship's entity does not affect them, and follow its `Transform`.

use bevy::math::ops;
use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::protocol::limits::MAX_PLAYERS;
use std::f32::consts::TAU;

use super::images::Images;
use super::palette;
use crate::lobby::ShipColors;
use crate::sim::{DIRECTIONS, Gun, Hull, MAX_HEALTH, Ship};

/// How opaque the light around a ship is, and its shield.
const LIGHT: f32 = 0.28;
const SHIELD: f32 = 0.25;
/// How quickly the hull turns to where the ship faces: a ship turns by 45 degrees in a frame.
const TURN: f32 = 30.0;

#[derive(Component, Clone, Copy, PartialEq)]
enum Part {
    Light,
    Hull,
    /// A ring around the ship of the local player.
    Own,
    Shield,
    /// One of the hits that it can still take.
    Pip(u8),
}

/// The player whose ship the sprite belongs to.
#[derive(Component)]
struct Owner(u8);

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, build).add_systems(Update, follow);
}

fn build(mut commands: Commands, images: Res<Images>) {
    for player in 0..MAX_PLAYERS {
        let color = palette::player(player);
        let mut part = |part: Part, image: &Handle<Image>, size: Vec2, color: Color| {
            let sprite = Sprite {
                image: image.clone(),
                custom_size: Some(size),
                color,
                ..Sprite::default()
            };
            commands.spawn((Owner(player), part, sprite, Visibility::Hidden));
        };
        part(Part::Light, &images.glow, Vec2::splat(120.0), color.with_alpha(LIGHT));
        part(Part::Hull, &images.ship, Vec2::splat(50.0), color);
        part(Part::Own, &images.ring, Vec2::splat(62.0), Color::WHITE.with_alpha(0.75));
        part(
            Part::Shield,
            &images.disc,
            Vec2::splat(50.0),
            palette::bright(color).with_alpha(SHIELD),
        );
        for pip in 0..MAX_HEALTH {
            part(Part::Pip(pip), &Handle::default(), Vec2::new(8.0, 4.0), color);
        }
    }
}

fn follow(
    this_match: Option<Res<CurrentMatch>>,
    colors: Res<ShipColors>,
    time: Res<Time>,
    ships: Query<(&Ship, &Transform, &Hull, &Gun), Without<Part>>,
    mut parts: Query<(&Owner, &Part, &mut Transform, &mut Sprite, &mut Visibility)>,
) {
    let own = this_match.as_deref().map_or(&[][..], |this_match| &this_match.local_players);
    let turned = 1.0 - ops::exp(-TURN * time.delta_secs());
    for (&Owner(player), &part, mut transform, mut sprite, mut visibility) in &mut parts {
        let ship = ships.iter().find(|(ship, ..)| ship.player == player);
        let Some((ship, pose, hull, gun)) = ship.filter(|(_, _, hull, _)| hull.is_alive()) else {
            visibility.set_if_neq(Visibility::Hidden);
            continue;
        };
        let at = pose.translation.truncate();
        let color = palette::player(colors.of(player));
        let (shown, place, depth) = match part {
            Part::Light => (true, at, 1.0),
            Part::Hull => (true, at, 3.0),
            Part::Own => (own.contains(&PlayerHandle(player)), at, 2.0),
            Part::Shield => (hull.is_shielded(), at, 4.0),
            Part::Pip(pip) => {
                let column = f32::from(pip) - f32::from(MAX_HEALTH - 1) / 2.0;
                (true, at + Vec2::new(column * 10.0, 36.0), 5.0)
            }
        };
        match part {
            Part::Hull => {
                let nose = f32::from(ship.facing) * TAU / f32::from(DIRECTIONS);
                let wanted = Quat::from_rotation_z(nose);
                // A ship that respawns has its rotation at once.
                match *visibility {
                    Visibility::Hidden => transform.rotation = wanted,
                    _ => transform.rotation = transform.rotation.slerp(wanted, turned),
                }
                let extra = gun.rapid > 0 || gun.spread > 0;
                sprite.color = if extra { palette::bright(color) } else { color };
            }
            Part::Pip(pip) => {
                let full = pip < hull.health;
                sprite.color = if full { color } else { Color::srgba(1.0, 1.0, 1.0, 0.14) };
            }
            Part::Light => sprite.color = color.with_alpha(LIGHT),
            Part::Shield => sprite.color = palette::bright(color).with_alpha(SHIELD),
            Part::Own => {}
        }
        transform.translation = place.extend(depth);
        visibility.set_if_neq(if shown { Visibility::Visible } else { Visibility::Hidden });
    }
}
