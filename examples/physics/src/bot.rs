//! A bot: it makes the inputs of the local player in the place of a keyboard.
//!
//! [`random_input`] is for tests: it depends only on the seed and the frame. A bot that hunts pushes crates into its
//! own goal. It may read predicted state, because its only result is an input.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng as _;

use crate::crates::Crate;
use crate::field::goal;
use crate::input::PusherInput;
use crate::pusher::Pusher;
use crate::{Body, Physics};

/// Lets a bot make the inputs of the local players.
#[derive(Resource, Clone, Copy, Debug)]
pub struct BotPlugin {
    /// The seed of its random inputs.
    pub seed: u64,
    /// Whether it pushes crates into its goal or makes random inputs ([`random_input`]).
    pub hunts: bool,
}

impl Plugin for BotPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(*self).add_systems(ReadLocalInput, act);
    }
}

fn act(
    bot: Res<BotPlugin>,
    frame: Res<RollbackFrameCount>,
    this_match: Res<CurrentMatch>,
    physics: Res<Physics>,
    pushers: Query<(&Pusher, &Body)>,
    crates: Query<&Body, With<Crate>>,
    mut input: ResMut<LocalInput<PusherInput>>,
) {
    for (player, seed) in this_match.local_players.iter().copied().zip(bot.seed..) {
        let random = random_input(seed, frame.0.unsigned_abs());
        let own = pushers.iter().find(|(pusher, _)| pusher.player == player);
        let own = own.and_then(|(_, body)| physics.place(*body));
        let crates = crates.iter().filter_map(|body| physics.place(*body));
        let stick = own.filter(|_| bot.hunts).and_then(|own| hunt(own, goal(player), crates));
        input.set(player, stick.map_or(random, |stick| PusherInput { stick, ..random }));
    }
}

/// The length of a block in frames. In each the stick is held, and the key is pressed once at most.
const BLOCK: u32 = 32;

/// A pseudo-random input for a frame.
pub fn random_input(seed: u64, frame: u32) -> PusherInput {
    let mut dice = Pcg32::new(seed, 0);
    dice.advance(u64::from(frame / BLOCK) * 2);
    let (stick, key) = (dice.next_u32() >> 8, dice.next_u32() >> 8);
    let axis = |bits: u32| [-127, -127, -60, 0, 60, 127, 127][bits as usize % 7];
    let dashes = frame % BLOCK == key & 31;
    PusherInput { stick: [axis(stick & 0xff), axis(stick >> 8)], dash: dashes.into() }
}

/// The stick of a bot at a place that pushes the nearest crate towards a goal: it goes behind the crate first. None if
/// there is no crate.
fn hunt(own: Vec2, goal: Vec2, crates: impl Iterator<Item = Vec2>) -> Option<[i8; 2]> {
    let nearest = |a: &Vec2, b: &Vec2| {
        let [a, b] = [a, b].map(|at| own.distance_squared(*at));
        a.total_cmp(&b)
    };
    let target = crates.min_by(nearest)?;
    let onwards = (goal - target).normalize_or_zero();
    let is_behind = (target - own).normalize_or_zero().dot(onwards) > 0.6;
    let to = if is_behind { target + onwards } else { target - 1.5 * onwards };
    let direction = (to - own).normalize_or_zero() * 127.0;
    Some([direction.x as i8, direction.y as i8])
}
