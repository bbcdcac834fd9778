//! Particles: small lights that fly, slow down, shrink and disappear.

use bevy::prelude::*;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng as _;
use std::f32::consts::TAU;

use super::images::Images;

/// The maximum number of particles at a time.
const MOST: usize = 400;

#[derive(Component)]
struct Particle {
    velocity: Vec2,
    age: f32,
    life: f32,
}

/// A burst of particles.
pub struct Burst {
    /// Its position, in pixels.
    pub at: Vec2,
    /// The velocity that all of them share, in pixels per second.
    pub drift: Vec2,
    /// The number of particles.
    pub count: usize,
    /// The speed of the fastest one, in pixels per second.
    pub speed: f32,
    /// The width of the largest one, in pixels.
    pub size: f32,
    /// The longest lifetime, in seconds.
    pub life: f32,
    /// Their colour.
    pub color: Color,
}

/// Bursts that were requested in this frame.
#[derive(Resource, Default)]
pub struct Bursts(pub Vec<Burst>);

/// Random numbers for drawing. The simulation has its own (`sim::Dice`), which drawing must not use.
struct Chance(Pcg32);

impl Default for Chance {
    fn default() -> Self {
        Self(Pcg32::new(1, 1))
    }
}

impl Chance {
    fn unit(&mut self) -> f32 {
        self.0.next_u32() as f32 / u32::MAX as f32
    }
}

pub fn plugin(app: &mut App) {
    app.init_resource::<Bursts>().add_systems(PostUpdate, (age, burst).chain());
}

fn burst(
    mut commands: Commands,
    mut chance: Local<Chance>,
    mut bursts: ResMut<Bursts>,
    images: Res<Images>,
    alive: Query<(), With<Particle>>,
) {
    let mut room = MOST.saturating_sub(alive.iter().len());
    for burst in std::mem::take(&mut bursts.0) {
        for _ in 0..burst.count.min(room) {
            let way = Vec2::from_angle(chance.unit() * TAU) * chance.unit() * burst.speed;
            commands.spawn((
                Particle {
                    velocity: burst.drift + way,
                    age: 0.0,
                    life: burst.life * (0.4 + 0.6 * chance.unit()),
                },
                Sprite {
                    image: images.spark.clone(),
                    custom_size: Some(Vec2::splat(burst.size * (0.5 + 0.5 * chance.unit()))),
                    color: burst.color,
                    ..Sprite::default()
                },
                Transform::from_translation(burst.at.extend(2.0)),
            ));
        }
        room = room.saturating_sub(burst.count);
    }
}

fn age(
    mut commands: Commands,
    time: Res<Time>,
    mut particles: Query<(Entity, &mut Particle, &mut Transform)>,
) {
    let passed = time.delta_secs();
    for (entity, mut particle, mut transform) in &mut particles {
        particle.age += passed;
        if particle.age >= particle.life {
            commands.entity(entity).despawn();
            continue;
        }
        particle.velocity *= (1.0 - 2.5 * passed).max(0.0);
        transform.translation += (particle.velocity * passed).extend(0.0);
        transform.scale = Vec3::splat(1.0 - particle.age / particle.life);
    }
}
