//! How ships move: they accelerate, glide, dash and push each other.

use bevy::prelude::*;

use super::fixed::{PX, Point, direction};
use super::input::{Controls, DASH};
use super::round::{Phase, Round};
use super::ship::{Body, Engine, Hull, RADIUS, Ship};
use super::walls::slide;

/// Units per frame per frame: full speed after a fifth of a second.
const ACCELERATION: i32 = 110;
/// A ship loses this fraction of its speed each frame: 1 / `FRICTION`.
const FRICTION: i32 = 14;
/// Units per frame.
const MAX_SPEED: i32 = 5 * PX;
/// Units per frame while dashing; below the thickness of the thinnest wall.
const DASH_SPEED: i32 = 13 * PX;
/// Frames a dash lasts.
const DASH_FRAMES: u8 = 10;
/// Frames from one dash to the next.
const DASH_COOLDOWN: u8 = 75;

/// Turns buttons into velocity. One ship does not affect another here, so their order does not matter.
pub(super) fn steer(
    controls: Res<Controls>,
    round: Res<Round>,
    mut ships: Query<(&mut Ship, &mut Body, &mut Engine, &mut Hull)>,
) {
    if round.phase == Phase::Countdown {
        return;
    }
    for (mut ship, mut body, mut engine, mut hull) in &mut ships {
        if !hull.is_alive() {
            continue;
        }
        let input = controls.of(ship.player);
        if let Some(heading) = input.heading() {
            ship.facing = heading;
        }
        if input.holds(DASH) && engine.cooldown == 0 {
            engine.dashing = DASH_FRAMES;
            engine.cooldown = DASH_COOLDOWN;
        }
        if engine.dashing > 0 {
            engine.dashing -= 1;
            hull.shield = hull.shield.max(1);
            body.velocity = direction(ship.facing) * DASH_SPEED / PX;
        } else {
            let thrust = input.heading().map_or(Point::default(), direction) * ACCELERATION / PX;
            let friction = body.velocity / FRICTION;
            body.velocity = (body.velocity + thrust - friction).clamp_length(MAX_SPEED);
            if body.velocity.length_squared() < 200 {
                // Friction rounds to zero at this speed: without this the ship would never stop.
                body.velocity = Point::default();
            }
        }
    }
}

/// Pushes overlapping ships apart, pair by pair in the order of the players: the order affects the result.
pub(super) fn bump(mut ships: Query<(&Ship, &mut Body, &Hull)>) {
    let mut bodies: Vec<_> = ships.iter_mut().filter(|(_, _, hull)| hull.is_alive()).collect();
    bodies.sort_by_key(|(ship, ..)| ship.player);
    for first in 0..bodies.len() {
        let (head, tail) = bodies.split_at_mut(first + 1);
        let (_, one, _) = &mut head[first];
        for (_, other, _) in tail {
            if one.at.is_within(other.at, 2 * RADIUS) {
                let apart = other.at - one.at;
                // Two ships at the same position are pushed horizontally.
                let apart = if apart == Point::default() { Point::px(1, 0) } else { apart };
                let push = apart.clamp_length(8 * PX) / 8;
                one.velocity = (one.velocity - push).clamp_length(MAX_SPEED);
                other.velocity = (other.velocity + push).clamp_length(MAX_SPEED);
            }
        }
    }
}

/// Moves ships, and stops them at walls.
pub(super) fn fly(mut ships: Query<(&mut Body, &Hull), With<Ship>>) {
    for (mut body, hull) in &mut ships {
        if !hull.is_alive() {
            continue;
        }
        let Body { mut at, mut velocity } = *body;
        let contact = slide(&mut at, velocity, RADIUS);
        if contact.x {
            velocity.x = -velocity.x / 4;
        }
        if contact.y {
            velocity.y = -velocity.y / 4;
        }
        *body = Body { at, velocity };
    }
}
