//! Crates: pushed into goals, removed there, and replaced.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use crate::field::{HALF, is_in_goal};
use crate::pusher::Pusher;
use crate::score::Scores;
use crate::world::{Body, NewBody, Physics, Shape};

/// How many crates there are.
pub const CRATES: u16 = 200;
/// How many crates are in a row at first.
const ROW: u16 = 20;
/// From the middle of one crate to the middle of the next at first, in metres.
const SPACING: Vec2 = Vec2::new(0.8, 0.9);
/// How much of its velocity a crate loses, per second.
const DAMPING: f32 = 1.2;
/// Half the sides of crates, in metres: every third is of one size.
const HALF_SIDES: [f32; 3] = [0.22, 0.26, 0.30];

/// A crate. Its place is that of its [`Body`].
#[derive(Component, Clone, Debug, Reflect)]
#[require(RollbackEntity)]
pub struct Crate {
    /// Half its side, in metres.
    pub half_side: f32,
}

/// Spawns one of the first crates. They drift towards the middle.
pub(super) fn spawn(commands: &mut Commands, physics: &mut Physics, number: u16) {
    let [column, row] = [number % ROW, number / ROW].map(f32::from);
    let last = [ROW - 1, CRATES / ROW - 1].map(f32::from);
    let at = SPACING * (Vec2::new(column, row) - 0.5 * Vec2::from_array(last));
    insert(commands, physics, number, at, -0.5 * at);
}

fn insert(commands: &mut Commands, physics: &mut Physics, number: u16, at: Vec2, velocity: Vec2) {
    let half_side = HALF_SIDES[usize::from(number) % HALF_SIDES.len()];
    let shape = Shape::Square(half_side);
    let body = physics.insert(NewBody { at, velocity, damping: DAMPING, shape });
    commands.spawn((Crate { half_side }, body));
}

/// Takes crates out of goals, and lets others in at the edge, moving to the middle. Sorted, because the order in which
/// bodies are inserted and removed is part of the state of the world.
pub(super) fn collect(
    mut commands: Commands,
    mut physics: ResMut<Physics>,
    mut scores: ResMut<Scores>,
    pushers: Query<&Pusher>,
    crates: Query<(Entity, &SpawnOrder, &Body), With<Crate>>,
) {
    let mut players: Vec<_> = pushers.iter().map(|pusher| pusher.player).collect();
    players.sort_unstable();
    for (entity, _, body) in crates.iter().sort::<&SpawnOrder>() {
        let Some(at) = physics.place(*body) else { continue };
        let Some(player) = players.iter().find(|player| is_in_goal(**player, at)) else { continue };
        commands.entity(entity).despawn();
        physics.remove(*body);
        let collected = scores.count(*player);
        let side = if collected.is_multiple_of(2) { -1.0 } else { 1.0 };
        let at = Vec2::new(side, 0.0) * (HALF - 1.0);
        insert(&mut commands, &mut physics, collected, at, Vec2::new(-9.0 * side, 0.0));
    }
}
