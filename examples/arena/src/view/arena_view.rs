//! Draws the floor and the walls, once: they never change.

use bevy::prelude::*;

use super::palette;
use crate::sim::{HALF_HEIGHT, HALF_WIDTH, WALLS};

/// Pixels between the lines on the floor.
const GRID: i32 = 76;
/// The thickness of an edge, in pixels.
const EDGE: f32 = 2.0;
/// The thickness of the outer wall, in pixels.
const RIM: f32 = 12.0;

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, build);
}

fn build(mut commands: Commands) {
    let arena = 2.0 * Vec2::new(HALF_WIDTH as f32, HALF_HEIGHT as f32);
    let mut slab = |center: Vec2, size: Vec2, color: Color, depth: f32| {
        commands.spawn((
            Sprite::from_color(color, size),
            Transform::from_translation(center.extend(depth)),
        ));
    };
    slab(Vec2::ZERO, arena + 2.0 * RIM, palette::WALL, -20.0);
    slab(Vec2::ZERO, arena + 2.0 * EDGE, palette::WALL_EDGE, -19.0);
    slab(Vec2::ZERO, arena, palette::FLOOR, -18.0);

    for x in (-HALF_WIDTH + GRID..HALF_WIDTH).step_by(GRID as usize) {
        slab(Vec2::new(x as f32, 0.0), Vec2::new(1.0, arena.y), palette::GRID, -17.0);
    }
    for y in (-HALF_HEIGHT + GRID - 4..HALF_HEIGHT).step_by(GRID as usize - 1) {
        slab(Vec2::new(0.0, y as f32), Vec2::new(arena.x, 1.0), palette::GRID, -17.0);
    }

    for wall in &WALLS {
        let center = Vec2::new(wall.center.0 as f32, wall.center.1 as f32);
        let size = 2.0 * Vec2::new(wall.half.0 as f32, wall.half.1 as f32);
        slab(center, size, palette::WALL_EDGE, -11.0);
        slab(center, size - 2.0 * EDGE, palette::WALL, -10.0);
    }
}
