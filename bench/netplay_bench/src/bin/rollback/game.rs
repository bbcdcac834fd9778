//! The game that is simulated: entities with three components of 56 bytes together, all of which every frame changes.
//!
//! It computes little, so that what is compared is the stores.

use std::hash::{DefaultHasher, Hash, Hasher};

use bevy::prelude::*;
use bevy_netplay::prelude::NetplayUpdate;
use serde::{Deserialize, Serialize};

/// Floats.
#[derive(Component, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Body {
    place: [f32; 3],
    velocity: [f32; 3],
}

/// Floats and integers.
#[derive(Component, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gun {
    angle: f32,
    spin: f32,
    heat: u32,
    shots: u32,
}

/// Integers.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Luck {
    seed: u64,
    score: u32,
    frames_left: u32,
}

const _: () = assert!(size_of::<Body>() + size_of::<Gun>() + size_of::<Luck>() == 56);

/// bevy_ggrs makes checksums by `Hash`, which floats do not have.
impl Hash for Body {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for value in self.place.iter().chain(&self.velocity) {
            value.to_bits().hash(state);
        }
    }
}

impl Hash for Gun {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { angle, spin, heat, shots } = self;
        (angle.to_bits(), spin.to_bits(), heat, shots).hash(state);
    }
}

/// How many frames an entity lives.
#[derive(Resource, Clone, Copy)]
struct Lifetime(u32);

/// How many entities there are, and how long they live.
#[derive(Clone, Copy, Debug)]
pub struct Game {
    pub entities: u32,
    /// How many frames an entity lives until another one takes its place. As many do in every frame. None: for ever.
    pub lifetime: Option<u32>,
}

impl Game {
    /// Adds the simulation to an App whose entities have this marker.
    pub fn add<M: Bundle + Default>(self, app: &mut App) {
        app.add_systems(NetplayUpdate, (fly, fire, live).chain());
        if let Some(lifetime) = self.lifetime {
            app.insert_resource(Lifetime(lifetime))
                .add_systems(NetplayUpdate, replace::<M>.after(live));
        }
    }

    /// Spawns the entities.
    pub fn spawn<M: Bundle + Default>(self, world: &mut World) {
        for index in 0..self.entities {
            let number = index as f32;
            let body = Body {
                place: [number % 100.0, number % 10.0, 0.0],
                velocity: [1.0, number % 7.0, -2.0],
            };
            let gun = Gun { angle: 0.0, spin: number % 5.0 / 60.0, heat: index % 7, shots: 0 };
            let frames_left = self.lifetime.map_or(u32::MAX, |lifetime| 1 + index % lifetime);
            let luck = Luck { seed: index.into(), score: 0, frames_left };
            world.spawn((M::default(), body, gun, luck));
        }
        world.flush();
    }
}

/// A number for the state of the game, whatever the order of the entities is.
pub fn digest(world: &mut World) -> u64 {
    let mut rows = world.query::<(&Body, &Gun, &Luck)>();
    let digests = rows.iter(world).map(|row| {
        let mut hasher = DefaultHasher::new();
        row.hash(&mut hasher);
        hasher.finish()
    });
    digests.fold(0, u64::wrapping_add)
}

fn fly(mut bodies: Query<&mut Body>) {
    for mut body in &mut bodies {
        let Body { place, velocity } = &mut *body;
        for (place, velocity) in place.iter_mut().zip(velocity) {
            *place += *velocity * (1.0 / 60.0);
        }
    }
}

fn fire(mut guns: Query<&mut Gun>) {
    for mut gun in &mut guns {
        gun.angle += gun.spin;
        gun.heat = gun.heat.wrapping_add(1);
        gun.shots ^= gun.heat;
    }
}

fn live(mut all: Query<&mut Luck>) {
    for mut luck in &mut all {
        luck.seed =
            luck.seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        luck.score += u32::from(luck.seed >> 63 == 1);
        luck.frames_left -= 1;
    }
}

/// Another entity in place of each whose time is over.
fn replace<M: Bundle + Default>(
    mut commands: Commands,
    lifetime: Res<Lifetime>,
    all: Query<(Entity, &Body, &Gun, &Luck)>,
) {
    for (entity, body, gun, luck) in &all {
        if luck.frames_left == 0 {
            commands.entity(entity).despawn();
            let luck = Luck { score: 0, frames_left: lifetime.0, ..*luck };
            commands.spawn((M::default(), *body, *gun, luck));
        }
    }
}
