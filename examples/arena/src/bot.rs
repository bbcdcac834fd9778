//! Who flies when nobody is at the keyboard.
//!
//! [`random_input`] is for tests, demos and benchmarks: the same buttons for the same seed and frame,
//! whatever happens in the match. [`hunt`] is for playing against: it looks at the match and goes for the
//! nearest enemy. It may look at what rollback will yet correct, because all it makes is an input.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng as _;

use crate::sim::{
    ArenaInput, Body, DASH, DOWN, FIRE, Hull, LEFT, PX, Pickup, Point, RIGHT, Ship, UP,
};

/// Presses the buttons of the local player, in the place of a keyboard.
#[derive(Resource, Clone, Copy, Debug)]
pub struct BotPlugin {
    /// What makes this bot differ from others.
    pub seed: u64,
    /// Whether it looks at the match ([`hunt`]) or not ([`random_input`]).
    pub hunts: bool,
}

impl Plugin for BotPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(*self).add_systems(ReadInputs, fly);
    }
}

fn fly(
    bot: Res<BotPlugin>,
    frame: Res<RollbackFrameCount>,
    this_match: Option<Res<Match>>,
    ships: Query<(&Ship, &Body, &Hull)>,
    pickups: Query<(&Pickup, &Body), Without<Ship>>,
    mut input: ResMut<LocalInput<ArenaInput>>,
) {
    // Frames count from 0.
    let frame = frame.0.unsigned_abs();
    let player = this_match.and_then(|this_match| u8::try_from(this_match.local_player).ok());
    input.0 = match player {
        Some(player) if bot.hunts => hunt(bot.seed, frame, player, &ships, &pickups),
        _ => random_input(bot.seed, frame),
    };
}

/// Buttons are held for a part of a block of this many frames.
const BLOCK: u32 = 40;

/// The buttons a pseudo-random player holds in a frame. They are held for 8 to 32 frames at a time (longer
/// when the next choice is the same), and every button comes up.
pub fn random_input(seed: u64, frame: u32) -> ArenaInput {
    let mut dice = Pcg32::new(seed, 0);
    dice.advance(u64::from(frame / BLOCK) * 3);
    let first_half = 8 + dice.next_u32() % 25;
    let (first, second) = (dice.next_u32(), dice.next_u32());
    let choice = if frame % BLOCK < first_half { first } else { second };

    // Bits apart, so that arrows, trigger and dash do not depend on each other.
    let arrows = (choice >> 8) as u8 & (UP | DOWN | LEFT | RIGHT);
    let fire = if choice >> 16 & 3 != 0 { FIRE } else { 0 };
    let dash = if choice >> 20 & 7 == 0 { DASH } else { 0 };
    ArenaInput { buttons: arrows | fire | dash }
}

/// The buttons of a player that hunts: flies to a pick-up nearby or else to the nearest enemy, keeps some
/// distance, and shoots when the enemy is before its nose. Now and then it does something else
/// ([`random_input`]), so that it is not a machine to be gamed.
pub fn hunt(
    seed: u64,
    frame: u32,
    player: u8,
    ships: &Query<(&Ship, &Body, &Hull)>,
    pickups: &Query<(&Pickup, &Body), Without<Ship>>,
) -> ArenaInput {
    let whim = random_input(seed, frame);
    let Some((_, own, _)) = ships.iter().find(|(ship, ..)| ship.player == player) else {
        return whim;
    };
    // The first of every five blocks, about three seconds, is a whim.
    if (frame / BLOCK).is_multiple_of(5) {
        return whim;
    }
    let nearest = |places: &mut dyn Iterator<Item = Point>| {
        places.map(|at| at - own.at).min_by_key(|away| away.length_squared())
    };
    let enemy = nearest(
        &mut ships
            .iter()
            .filter(|(ship, _, hull)| ship.player != player && hull.is_alive())
            .map(|(_, body, _)| body.at),
    );
    let prize = nearest(&mut pickups.iter().map(|(_, body)| body.at))
        .filter(|away| away.length_squared() < Point::px(220, 0).length_squared());

    let mut buttons = whim.buttons & DASH;
    match (prize, enemy) {
        (_, Some(enemy)) if enemy.length_squared() < Point::px(360, 0).length_squared() => {
            buttons |= aim(enemy, frame);
        }
        (Some(place), _) | (None, Some(place)) => buttons |= towards(place),
        (None, None) => buttons |= whim.buttons,
    }
    ArenaInput { buttons }
}

/// Near an enemy: gets into line with it, along the shorter way, and then turns to it in taps and shoots.
fn aim(enemy: Point, frame: u32) -> u8 {
    let (x, y) = (enemy.x.abs(), enemy.y.abs());
    let aligned = x.min(y) < 22 * PX || (x - y).abs() < 26 * PX;
    if aligned {
        // The trigger rests now and then, or nobody would stand a chance.
        let trigger = if frame % 90 < 70 { FIRE } else { 0 };
        return trigger | if frame % 16 < 4 { towards(enemy) } else { 0 };
    }
    if x < y { towards(Point::new(enemy.x, 0)) } else { towards(Point::new(0, enemy.y)) }
}

/// The arrows that point to a place, of eight directions the nearest.
fn towards(away: Point) -> u8 {
    let mut buttons = 0;
    let (x, y) = (away.x.abs(), away.y.abs());
    // 5/12 is the tangent of 22.6°, where one of eight directions passes into the next.
    if x * 12 > y * 5 {
        buttons |= if away.x > 0 { RIGHT } else { LEFT };
    }
    if y * 12 > x * 5 {
        buttons |= if away.y > 0 { UP } else { DOWN };
    }
    buttons
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_buttons_are_held_for_a_while_and_all_come_up() {
        let mut seen = 0;
        let mut held_since = 0;
        for frame in 1..4000 {
            let buttons = random_input(3, frame).buttons;
            seen |= buttons;
            if buttons != random_input(3, frame - 1).buttons {
                assert!(frame - held_since >= 8, "changed after {} frames", frame - held_since);
                held_since = frame;
            }
        }
        assert_eq!(seen, UP | DOWN | LEFT | RIGHT | FIRE | DASH);
        assert_ne!(
            (0..400).map(|frame| random_input(3, frame).buttons).collect::<Vec<_>>(),
            (0..400).map(|frame| random_input(4, frame).buttons).collect::<Vec<_>>(),
        );
    }

    #[test]
    fn a_hunter_heads_for_the_nearest_of_eight_directions() {
        assert_eq!(towards(Point::px(100, 10)), RIGHT);
        assert_eq!(towards(Point::px(-100, 90)), LEFT | UP);
        assert_eq!(towards(Point::px(3, -90)), DOWN);
    }
}
