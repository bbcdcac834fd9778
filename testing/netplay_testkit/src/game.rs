//! A duel in a square: ships steer and shoot, crates appear at random and are picked up.
//!
//! It has what breaks a wrong rollback: entities that spawn and despawn all the time, a random number generator and a
//! counter that roll back, and inputs that matter at once. All of it is integers.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bytemuck::{Pod, Zeroable};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use crate::script::Script;

/// The side of the square.
const SIDE: i32 = 4096;
/// How fast ships and shots are, per frame.
const SHIP_SPEED: i32 = 24;
const SHOT_SPEED: i32 = 160;
/// How close is a hit.
const REACH: i32 = 256;
/// How many frames a gun needs, a shot flies and a crate waits.
const RELOAD: u8 = 7;
const SHOT_FRAMES: u16 = 20;
const CRATE_FRAMES: u16 = 240;

/// The input of a player.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct Keys {
    /// Any of the constants of this type.
    pub buttons: u8,
    /// Mixed into the random numbers: a lost input shows in everything after it.
    pub stamp: u8,
}

impl Keys {
    /// Steer left.
    pub const LEFT: u8 = 1;
    /// Steer right.
    pub const RIGHT: u8 = 2;
    /// Steer up.
    pub const UP: u8 = 4;
    /// Steer down.
    pub const DOWN: u8 = 8;
    /// Shoot.
    pub const FIRE: u8 = 16;
    /// All buttons.
    pub const ALL: u8 = 31;

    fn axis(self, less: u8, more: u8) -> i32 {
        let pressed = |button| i32::from(self.buttons & button != 0);
        pressed(more) - pressed(less)
    }
}

#[derive(Component, Clone, Copy, Debug, Hash)]
pub(crate) struct Ship {
    pub(crate) player: usize,
    pub(crate) place: IVec2,
    facing: IVec2,
    reload: u8,
}

#[derive(Component, Clone, Copy, Debug, Hash)]
pub(crate) struct Shot {
    /// An order that is the same on all peers; that of queries is not.
    pub(crate) id: u32,
    owner: usize,
    place: IVec2,
    speed: IVec2,
    frames_left: u16,
}

#[derive(Component, Clone, Copy, Debug, Hash)]
pub(crate) struct Crate {
    pub(crate) id: u32,
    place: IVec2,
    frames_left: u16,
}

/// Points by player, and how many shots and crates there have been.
#[derive(Resource, Clone, Debug, Default, Hash)]
pub(crate) struct Score {
    points: [u32; 8],
    made: u32,
}

/// The state of the random numbers.
#[derive(Resource, Clone, Debug, Default, Hash)]
pub(crate) struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = Pcg32::seed_from_u64(self.0).random();
        self.0 % sides
    }

    fn place(&mut self) -> IVec2 {
        IVec2::new(self.roll(SIDE as u64) as i32, self.roll(SIDE as u64) as i32)
    }
}

/// From this frame on, an App with this resource simulates differently.
#[derive(Resource, Clone, Copy, Debug)]
pub struct Diverge(pub i32);

/// The systems that simulate a frame.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct DuelSystems;

/// Adds the game to an App, whose local player is played by a script.
pub(crate) fn add_game(app: &mut App, script: Script) {
    let diverge = diverge.run_if(resource_exists::<Diverge>);
    app.rollback_component_by_hash::<Ship>()
        .rollback_component_by_hash::<Shot>()
        .rollback_component_by_hash::<Crate>()
        .rollback_resource_by_hash::<Score>()
        .rollback_resource_by_hash::<Dice>()
        .init_resource::<Score>()
        .init_resource::<Dice>()
        .insert_resource(script)
        .add_systems(ReadLocalInput, press)
        .add_systems(StartMatch, set_up)
        .add_systems(
            NetplayUpdate,
            (stir, steer, fire, fly, crates, diverge).chain().in_set(DuelSystems),
        );
}

/// A pure function of the frame: however often a stalled frame asks, it gets the same answer.
fn press(
    script: Res<Script>,
    game: Res<CurrentMatch>,
    frame: Res<RollbackFrameCount>,
    config: Res<NetplayConfig>,
    mut input: ResMut<LocalInput<Keys>>,
) {
    let takes_effect = frame.0 + config.input_delay as i32;
    input.0 = script.keys(game.epoch, game.local_player.index(), takes_effect);
}

fn set_up(mut commands: Commands, game: Res<CurrentMatch>) {
    commands.insert_resource(Score::default());
    commands.insert_resource(Dice(game.seed));
    for player in 0..game.players {
        let place = IVec2::splat(SIDE / (game.players as i32 + 1) * (player as i32 + 1));
        commands.spawn((RollbackEntity, Ship { player, place, facing: IVec2::X, reload: 0 }));
    }
}

fn stir(inputs: Inputs<Keys>, game: Res<CurrentMatch>, mut dice: ResMut<Dice>) {
    for player in 0..game.players {
        dice.0 = dice.0.rotate_left(9) ^ u64::from(inputs.get(player).stamp);
    }
}

fn steer(inputs: Inputs<Keys>, mut ships: Query<&mut Ship>) {
    for mut ship in &mut ships {
        let keys = inputs.get(ship.player);
        let step = IVec2::new(keys.axis(Keys::LEFT, Keys::RIGHT), keys.axis(Keys::UP, Keys::DOWN));
        if step != IVec2::ZERO {
            ship.facing = step;
        }
        ship.place = (ship.place + step * SHIP_SPEED).clamp(IVec2::ZERO, IVec2::splat(SIDE));
        ship.reload = ship.reload.saturating_sub(1);
    }
}

fn fire(
    mut commands: Commands,
    inputs: Inputs<Keys>,
    mut score: ResMut<Score>,
    mut ships: Query<&mut Ship>,
) {
    let mut ships: Vec<_> = ships.iter_mut().collect();
    ships.sort_by_key(|ship| ship.player);
    for mut ship in ships {
        if ship.reload == 0 && inputs.get(ship.player).buttons & Keys::FIRE != 0 {
            ship.reload = RELOAD;
            score.made += 1;
            let shot = Shot {
                id: score.made,
                owner: ship.player,
                place: ship.place,
                speed: ship.facing * SHOT_SPEED,
                frames_left: SHOT_FRAMES,
            };
            commands.spawn((RollbackEntity, shot));
        }
    }
}

fn fly(
    mut commands: Commands,
    mut score: ResMut<Score>,
    ships: Query<&Ship>,
    mut shots: Query<(Entity, &mut Shot)>,
) {
    for (entity, mut shot) in &mut shots {
        let shot = &mut *shot;
        shot.place += shot.speed;
        shot.frames_left -= 1;
        let hits = ships
            .iter()
            .filter(|ship| ship.player != shot.owner && near(ship.place, shot.place))
            .count();
        score.points[shot.owner] += hits as u32;
        if hits > 0 || shot.frames_left == 0 {
            commands.entity(entity).despawn();
        }
    }
}

fn crates(
    mut commands: Commands,
    mut score: ResMut<Score>,
    mut dice: ResMut<Dice>,
    ships: Query<&Ship>,
    mut crates: Query<(Entity, &mut Crate)>,
) {
    if dice.roll(12) == 0 {
        score.made += 1;
        let (id, place) = (score.made, dice.place());
        commands.spawn((RollbackEntity, Crate { id, place, frames_left: CRATE_FRAMES }));
    }
    for (entity, mut wooden) in &mut crates {
        wooden.frames_left -= 1;
        // Of two players who reach it at once, the lower number gets it, whatever the order of the query.
        let near = ships.iter().filter(|ship| near(ship.place, wooden.place));
        let finder = near.map(|ship| ship.player).min();
        if let Some(player) = finder {
            score.points[player] += 5;
        }
        if finder.is_some() || wooden.frames_left == 0 {
            commands.entity(entity).despawn();
        }
    }
}

fn near(a: IVec2, b: IVec2) -> bool {
    (a - b).abs().max_element() < REACH
}

fn diverge(diverge: Res<Diverge>, frame: Res<RollbackFrameCount>, mut score: ResMut<Score>) {
    if frame.0 >= diverge.0 {
        score.points[7] += 1;
    }
}
