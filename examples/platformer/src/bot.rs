//! A bot: it makes the inputs of the local player in the place of a keyboard.
//!
//! [`random_input`] is for tests: it depends only on the seed and the frame. `hunt` is an opponent for people. It may
//! read predicted state, because its only result is an input.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng as _;

use crate::input::{Action, FighterInput};
use crate::sim::Fighter;

/// Lets a bot make the inputs of the local players.
#[derive(Resource, Clone, Copy, Debug)]
pub struct BotPlugin {
    /// The seed of its random inputs.
    pub seed: u64,
    /// Whether it attacks the other players (`hunt`) or makes random inputs ([`random_input`]).
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
    fighters: Query<(&Fighter, &Transform)>,
    mut input: ResMut<LocalInput<FighterInput>>,
) {
    let frame = frame.0.unsigned_abs();
    let fighters = fighters.iter().map(|(fighter, at)| (fighter.player, at.translation.truncate()));
    let fighters: Vec<_> = fighters.collect();
    for (player, seed) in this_match.local_players.iter().zip(bot.seed..) {
        let random = random_input(seed, frame);
        let given = match bot.hunts {
            true => hunt(random, frame, *player, &fighters),
            false => random,
        };
        input.set(*player, given);
    }
}

/// The length of a block in frames. In each the stick is held, and the keys are pressed once at most.
const BLOCK: u32 = 20;

/// A pseudo-random input for a frame. Every key is pressed now and then.
pub fn random_input(seed: u64, frame: u32) -> FighterInput {
    let mut dice = Pcg32::new(seed, 0);
    dice.advance(u64::from(frame / BLOCK) * 2);
    let (stick, keys) = (dice.next_u32() >> 16, dice.next_u32() >> 8);
    // Different bits, so that the keys are independent.
    let at = frame % BLOCK;
    let jumps = keys & 1 == 0 && at == keys >> 1 & 15;
    let acts = at == keys >> 5 & 15;
    let action = if keys >> 9 & 3 == 0 { Action::Throw } else { Action::Strike };
    FighterInput {
        walk: [-1.0, -0.6, 0.0, 0.6, 1.0][stick as usize % 5],
        jump: jumps,
        action: acts.then_some(action),
    }
}

/// The input of a bot that attacks: it goes to the nearest fighter, strikes when it is there, and stays on the stage.
/// Of the random input it takes the throws and the jumps.
fn hunt(
    random: FighterInput,
    frame: u32,
    player: PlayerHandle,
    fighters: &[(PlayerHandle, Vec2)],
) -> FighterInput {
    let Some((_, own)) = fighters.iter().find(|(other, _)| *other == player) else { return random };
    let away = fighters.iter().filter(|(other, _)| *other != player).map(|(_, at)| *at - *own);
    let nearest = away.min_by(|a, b| a.length_squared().total_cmp(&b.length_squared()));
    let Some(away) = nearest else { return random };
    let is_near = away.x.abs() < 56.0 && away.y.abs() < 40.0;
    // At the edge it turns back.
    let walk = match own.x.abs() > 330.0 {
        true => -own.x.signum(),
        false if is_near => 0.2 * away.x.signum(),
        false => away.x.signum(),
    };
    let strikes = is_near && frame.is_multiple_of(24);
    let climbs = away.y > 50.0 || own.y < -170.0;
    let throws = random.action == Some(Action::Throw) && !is_near;
    FighterInput {
        walk,
        jump: random.jump || (climbs && frame.is_multiple_of(30)),
        action: strikes.then_some(Action::Strike).or(throws.then_some(Action::Throw)),
    }
}
