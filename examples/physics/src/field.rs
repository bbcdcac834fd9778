//! The field: four walls, a goal in each corner, crates in the middle.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use crate::Physics;
use crate::crates::{self, CRATES};
use crate::pusher;
use crate::score::Scores;

/// Half the width and height of the field, in metres.
pub const HALF: Vec2 = Vec2::new(13.0, 7.0);
/// The side of a goal, in metres.
pub const GOAL: f32 = 4.0;
/// The thickness of a wall, in metres.
const WALL: f32 = 1.0;

/// The corner of a player's goal, as signs of its coordinates: players 0 and 1 are opposite.
fn corner(player: PlayerHandle) -> Vec2 {
    match player.0 % 4 {
        0 => Vec2::new(-1.0, 1.0),
        1 => Vec2::new(1.0, -1.0),
        2 => Vec2::new(1.0, 1.0),
        _ => Vec2::new(-1.0, -1.0),
    }
}

/// The middle of a player's goal.
pub fn goal(player: PlayerHandle) -> Vec2 {
    corner(player) * (HALF - 0.5 * GOAL)
}

/// Whether a place is in a player's goal.
pub fn is_in_goal(player: PlayerHandle, at: Vec2) -> bool {
    (at - goal(player)).abs().max_element() <= 0.5 * GOAL
}

/// Where a player begins: before its goal.
pub fn entrance(player: PlayerHandle) -> Vec2 {
    corner(player) * Vec2::new(9.5, 3.0)
}

/// Sets up a match.
pub(super) fn set_up(
    mut commands: Commands,
    this_match: Res<CurrentMatch>,
    mut physics: ResMut<Physics>,
    mut scores: ResMut<Scores>,
) {
    *scores = Scores::default();
    fill(&mut commands, &mut physics, &this_match);
}

/// Puts walls, players and crates into an empty world, in an order that is the same everywhere.
pub(super) fn fill(commands: &mut Commands, physics: &mut Physics, this_match: &CurrentMatch) {
    *physics = Physics::default();
    for side in [-1.0, 1.0] {
        let beside = HALF + 0.5 * WALL;
        physics.insert_wall(Vec2::new(side * beside.x, 0.0), Vec2::new(0.5 * WALL, beside.y));
        physics.insert_wall(Vec2::new(0.0, side * beside.y), Vec2::new(beside.x, 0.5 * WALL));
    }
    for player in this_match.player_handles() {
        pusher::spawn(commands, physics, player);
    }
    (0..CRATES).for_each(|number| crates::spawn(commands, physics, number));
}
