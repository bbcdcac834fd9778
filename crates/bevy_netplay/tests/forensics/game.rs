//! A small game with types of every kind, into which an error can be planted.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use serde::{Deserialize, Serialize};

/// From this frame on the error has consequences.
pub const PLANTED_AT: i32 = 100;
/// The input that the errors wait for that are in the game of everybody.
pub const FIRE: u8 = 0x80;

/// An error of the game.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plant {
    #[default]
    None,
    /// On one machine a value by serde is another one.
    Value,
    /// On one machine a value by reflection is another one.
    Reflected,
    /// On one machine an entity is not spawned.
    MissingEntity,
    /// On one machine an entity has a component less.
    MissingComponent,
    /// On one machine two entities are spawned in another order.
    Order,
    /// On one machine `usize` has 32 bits, and a list of them is hashed as raw memory.
    Width,
    /// The simulation goes through a hash map whose order is another one in every process.
    HashMapOrder,
    /// The simulation reads the time of day.
    TimeOfDay,
}

#[derive(Component, Clone, Debug, Serialize, Deserialize)]
pub struct Ship {
    pub owner: PlayerHandle,
    pub at: Vec2,
    pub shots: u32,
}

#[derive(Component, Clone, Debug, Reflect)]
pub struct Shield {
    strength: f32,
    layers: Vec<Layer>,
}

#[derive(Clone, Debug, Reflect)]
struct Layer {
    thickness: u8,
}

/// Compared by `Hash`.
#[derive(Component, Clone, Debug)]
struct Ammo {
    rounds: Vec<u64>,
    is_narrow: bool,
}

impl Hash for Ammo {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for round in &self.rounds {
            match self.is_narrow {
                true => state.write(&(*round as u32).to_ne_bytes()),
                false => state.write(&round.to_ne_bytes()),
            }
        }
    }
}

#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Score {
    frames: u32,
    picked: u64,
    clock: u64,
}

/// Adds the game with what bevy_netplay needs. The error is that of the resource [`Plant`].
pub fn game(app: &mut App, config: NetplayConfig) {
    app.add_plugins(NetplayPlugins::<u8>::new(config))
        .init_resource::<Plant>()
        .init_resource::<Score>()
        .rollback_component::<Ship>()
        .rollback_component_by_reflect::<Shield>()
        .rollback_component_by_hash::<Ammo>()
        .rollback_resource::<Score>()
        .add_systems(ReadLocalInput, press)
        .add_systems(StartMatch, set_up)
        .add_systems(NetplayUpdate, (steer, err, spawn).chain());
}

/// The game as it is simulated again.
pub fn replayed(plant: Plant) -> impl Fn(&mut App) {
    move |app| {
        app.add_plugins(MinimalPlugins);
        game(app, NetplayConfig::default());
        app.insert_resource(plant);
    }
}

fn press(
    frame: Res<RollbackFrameCount>,
    this_match: Res<CurrentMatch>,
    mut input: ResMut<LocalInput<u8>>,
) {
    let player = i32::from(this_match.local_player.0);
    let fire = if frame.0 >= PLANTED_AT - 10 && player == 1 { FIRE } else { 0 };
    input.0 = ((frame.0 / 7 + player) % 4) as u8 | fire;
}

fn set_up(mut commands: Commands, this_match: Res<CurrentMatch>) {
    commands.insert_resource(Score::default());
    for owner in this_match.player_handles() {
        commands.spawn((
            RollbackEntity,
            Ship { owner, at: Vec2::ZERO, shots: 0 },
            Shield { strength: 1.0, layers: vec![Layer { thickness: 3 }] },
            Ammo { rounds: vec![7], is_narrow: false },
        ));
    }
}

fn steer(inputs: Inputs<u8>, mut score: ResMut<Score>, mut ships: Query<&mut Ship>) {
    score.frames += 1;
    for mut ship in &mut ships {
        let pressed = inputs.get(ship.owner);
        ship.at.x += f32::from(pressed & 1) * 0.5;
        ship.shots += u32::from(pressed & FIRE != 0);
    }
}

/// The errors that are not in what is spawned.
#[expect(clippy::disallowed_methods, reason = "the time of day is an error that games make")]
fn err(
    plant: Res<Plant>,
    frame: Res<RollbackFrameCount>,
    mut score: ResMut<Score>,
    mut commands: Commands,
    mut ships: Query<(Entity, &mut Ship, &mut Shield, &mut Ammo)>,
) {
    let is_now = frame.0 >= PLANTED_AT;
    let fired: u32 = ships.iter().map(|(_, ship, ..)| ship.shots).sum();
    for (entity, mut ship, mut shield, mut ammo) in &mut ships {
        if ship.owner.0 != 1 || !is_now {
            continue;
        }
        match *plant {
            Plant::Value => ship.at.y = 0.25,
            Plant::Reflected => shield.layers[0].thickness = 4,
            Plant::MissingComponent => drop(commands.entity(entity).remove::<Shield>()),
            Plant::Width => ammo.is_narrow = true,
            _ => {}
        }
    }
    match *plant {
        Plant::HashMapOrder if fired > 0 => {
            let weights: HashMap<u32, u64> = (0..100).map(|key| (key, u64::from(key))).collect();
            // It depends on the order.
            score.picked = weights.values().fold(0, |sum, weight| sum * 31 % 1_000_003 + weight);
        }
        Plant::TimeOfDay if fired > 0 => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            score.clock = now.unwrap().as_nanos() as u64;
        }
        _ => {}
    }
}

fn spawn(plant: Res<Plant>, frame: Res<RollbackFrameCount>, mut commands: Commands) {
    if frame.0 != PLANTED_AT {
        return;
    }
    let mut owners = [0, 1];
    match *plant {
        Plant::MissingEntity => return,
        Plant::Order => owners.reverse(),
        _ => {}
    }
    for owner in owners {
        commands.spawn((
            RollbackEntity,
            Ship { owner: PlayerHandle(owner), at: Vec2::splat(9.0), shots: 0 },
        ));
    }
}
