//! The numbers of the players below their ships, in matches of many.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::protocol::limits::MAX_PLAYERS;
use example_runner::text::font;

use super::palette;
use crate::names;
use crate::sim::{Hull, Ship};

/// How far below the middle of a ship its number is, in pixels.
const BELOW: f32 = 32.0;

/// The player whose number it is.
#[derive(Component)]
struct Tag(u8);

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, build).add_systems(Update, follow);
}

fn build(mut commands: Commands) {
    for player in 0..MAX_PLAYERS {
        commands.spawn((
            Tag(player),
            Text2d::new(names::tag(PlayerHandle(player))),
            font(15.0),
            TextColor(palette::player(player)),
            Visibility::Hidden,
        ));
    }
}

fn follow(
    ships: Query<(&Ship, &Transform, &Hull), Without<Tag>>,
    mut tags: Query<(&Tag, &mut Transform, &mut Visibility)>,
) {
    let has_tags = names::has_tags(ships.iter().len());
    for (&Tag(player), mut transform, mut visibility) in &mut tags {
        let ship = ships.iter().find(|(ship, ..)| ship.player == player);
        let shown = ship.filter(|(_, _, hull)| has_tags && hull.is_alive());
        if let Some((_, ship, _)) = shown {
            let at = ship.translation.truncate() - Vec2::new(0.0, BELOW);
            transform.translation = at.extend(5.0);
        }
        visibility.set_if_neq(match shown {
            Some(_) => Visibility::Visible,
            None => Visibility::Hidden,
        });
    }
}
