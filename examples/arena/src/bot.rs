//! A bot: it makes the inputs of the local player in the place of a keyboard.
//!
//! [`random_input`] is for tests, demos and benchmarks: it depends only on the seed and the frame. [`hunt`] is an
//! opponent for people: it looks at the match and attacks the nearest enemy. It may read predicted state, because its
//! only result is an input.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng as _;

use crate::sim::{
    ArenaInput, Body, DASH, DOWN, FIRE, Hull, LEFT, PX, Pickup, Point, RIGHT, Ship, UP,
};

/// Lets a bot make the inputs of the local players.
#[derive(Resource, Clone, Copy, Debug)]
pub struct BotPlugin {
    /// The seed of its random inputs.
    pub seed: u64,
    /// Whether it attacks the other players ([`hunt`]) or makes random inputs ([`random_input`]).
    pub hunts: bool,
}

impl Plugin for BotPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(*self).add_systems(ReadLocalInput, fly);
    }
}

fn fly(
    bot: Res<BotPlugin>,
    frame: Res<RollbackFrameCount>,
    this_match: Option<Res<CurrentMatch>>,
    ships: Query<(&Ship, &Body, &Hull)>,
    pickups: Query<(&Pickup, &Body), Without<Ship>>,
    mut input: ResMut<LocalInput<ArenaInput>>,
) {
    // Frames count from 0.
    let frame = frame.0.unsigned_abs();
    let local = this_match.as_deref().map_or(&[][..], |this_match| &this_match.local_players);
    for (player, seed) in local.iter().zip(bot.seed..) {
        let given = match bot.hunts {
            true => hunt(seed, frame, player.0, &ships, &pickups),
            false => random_input(seed, frame),
        };
        input.set(*player, given);
    }
}

/// The length of a block in frames. Each block has two random choices of buttons.
const BLOCK: u32 = 40;

/// Pseudo-random buttons for a frame. They are held for 8 to 32 frames at a time (longer when the next choice is the
/// same), and every button occurs.
pub fn random_input(seed: u64, frame: u32) -> ArenaInput {
    let mut dice = Pcg32::new(seed, 0);
    dice.advance(u64::from(frame / BLOCK) * 3);
    let first_half = 8 + dice.next_u32() % 25;
    let (first, second) = (dice.next_u32(), dice.next_u32());
    let choice = if frame % BLOCK < first_half { first } else { second };

    // Different bits, so that directions, fire and dash are independent.
    let directions = (choice >> 8) as u8 & (UP | DOWN | LEFT | RIGHT);
    let fire = if choice >> 16 & 3 != 0 { FIRE } else { 0 };
    let dash = if choice >> 20 & 7 == 0 { DASH } else { 0 };
    ArenaInput { buttons: directions | fire | dash }
}

/// The buttons of a bot that attacks: it flies to a pick-up nearby or else to the nearest enemy, keeps some distance,
/// and fires when it faces the enemy. From time to time its inputs are random ([`random_input`]), so that it is less
/// predictable.
pub fn hunt(
    seed: u64,
    frame: u32,
    player: u8,
    ships: &Query<(&Ship, &Body, &Hull)>,
    pickups: &Query<(&Pickup, &Body), Without<Ship>>,
) -> ArenaInput {
    let random = random_input(seed, frame);
    let Some((_, own, _)) = ships.iter().find(|(ship, ..)| ship.player == player) else {
        return random;
    };
    // Random for the first of every five blocks, which take about three seconds.
    if (frame / BLOCK).is_multiple_of(5) {
        return random;
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

    let mut buttons = random.buttons & DASH;
    match (prize, enemy) {
        (_, Some(enemy)) if enemy.length_squared() < Point::px(360, 0).length_squared() => {
            buttons |= aim(enemy, frame);
        }
        (Some(place), _) | (None, Some(place)) => buttons |= towards(place),
        (None, None) => buttons |= random.buttons,
    }
    ArenaInput { buttons }
}

/// The buttons near an enemy: flies into line with it on the shorter axis, then turns to it and fires.
fn aim(enemy: Point, frame: u32) -> u8 {
    let (x, y) = (enemy.x.abs(), enemy.y.abs());
    let aligned = x.min(y) < 22 * PX || (x - y).abs() < 26 * PX;
    if aligned {
        // It does not fire all the time: otherwise it would be too strong.
        let trigger = if frame % 90 < 70 { FIRE } else { 0 };
        return trigger | if frame % 16 < 4 { towards(enemy) } else { 0 };
    }
    if x < y { towards(Point::new(enemy.x, 0)) } else { towards(Point::new(0, enemy.y)) }
}

/// The direction buttons for the nearest of eight directions.
fn towards(away: Point) -> u8 {
    let mut buttons = 0;
    let (x, y) = (away.x.abs(), away.y.abs());
    // 5/12 is the tangent of 22.6°, the boundary between two of eight directions.
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
    fn random_buttons_are_held_for_a_while_and_all_of_them_occur() {
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
    fn a_hunting_bot_flies_in_the_nearest_of_eight_directions() {
        assert_eq!(towards(Point::px(100, 10)), RIGHT);
        assert_eq!(towards(Point::px(-100, 90)), LEFT | UP);
        assert_eq!(towards(Point::px(3, -90)), DOWN);
    }
}
