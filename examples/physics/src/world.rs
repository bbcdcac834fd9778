//! [`Physics`]: the world of rapier, as a resource that rolls back.

use std::hash::{Hash, Hasher};

use bevy::prelude::*;
use rapier2d::prelude::{
    Collider, ColliderBuilder, PhysicsWorld, RigidBody, RigidBodyBuilder, RigidBodyHandle, Vector,
};

/// The world of rapier: bodies, colliders, contacts and all that follows from the frames before. Lengths are in metres.
///
/// All of it must be kept. A world that is put together from places and velocities alone has other contacts, and goes
/// on in another way.
#[derive(Resource)]
pub struct Physics(PhysicsWorld);

impl Default for Physics {
    /// A world without gravity and bodies, with frames of a sixtieth of a second.
    fn default() -> Self {
        Self(PhysicsWorld { gravity: Vector::ZERO, ..PhysicsWorld::default() })
    }
}

impl Clone for Physics {
    /// Pipelines are workspace: nothing in them outlives a step, so a copy has fresh ones.
    fn clone(&self) -> Self {
        let world = &self.0;
        Self(PhysicsWorld {
            gravity: world.gravity,
            integration_parameters: world.integration_parameters,
            islands: world.islands.clone(),
            broad_phase: world.broad_phase.clone(),
            narrow_phase: world.narrow_phase.clone(),
            bodies: world.bodies.clone(),
            colliders: world.colliders.clone(),
            impulse_joints: world.impulse_joints.clone(),
            multibody_joints: world.multibody_joints.clone(),
            soft_bodies: world.soft_bodies.clone(),
            ..PhysicsWorld::default()
        })
    }
}

impl Hash for Physics {
    /// The bodies in the order in which rapier keeps them, which is the same everywhere. Floats by their bits, but 0.0
    /// and
    /// -0.0 are one: which of them `min` and `max` return is not specified.
    fn hash<H: Hasher>(&self, state: &mut H) {
        for (handle, body) in self.0.bodies.iter() {
            handle.into_raw_parts().hash(state);
            let (at, rotation, velocity) = (body.translation(), body.rotation(), body.linvel());
            let angular = body.angvel();
            for value in [at.x, at.y, rotation.re, rotation.im, velocity.x, velocity.y, angular] {
                (value + 0.0).to_bits().hash(state);
            }
        }
    }
}

/// The body of an entity. A handle has the same number on every peer as long as bodies are inserted and removed in the
/// same order.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Body(RigidBodyHandle);

/// A body to insert.
#[derive(Clone, Copy, Debug)]
pub struct NewBody {
    /// Where its middle is.
    pub at: Vec2,
    /// In metres per second.
    pub velocity: Vec2,
    /// How much of its velocity it loses, per second.
    pub damping: f32,
    /// What it looks like to rapier.
    pub shape: Shape,
}

/// The shape of a body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// A disc that does not turn, with this radius.
    Disc(f32),
    /// A square with half this side.
    Square(f32),
}

impl Physics {
    /// Inserts a dynamic body. It never sleeps: what wakes a body up is not part of what peers compare.
    pub fn insert(&mut self, new: NewBody) -> Body {
        let body = RigidBodyBuilder::dynamic()
            .translation(vector(new.at))
            .linvel(vector(new.velocity))
            .linear_damping(new.damping)
            .angular_damping(new.damping)
            .can_sleep(false);
        let (body, collider) = match new.shape {
            Shape::Disc(radius) => {
                (body.lock_rotations(), ColliderBuilder::ball(radius).density(2.0))
            }
            Shape::Square(half) => (body, ColliderBuilder::cuboid(half, half).density(1.0)),
        };
        let collider: Collider = collider.friction(0.4).restitution(0.2).build();
        let body: RigidBody = body.build();
        Body(self.0.insert(body, collider).0)
    }

    /// Inserts a wall: a rectangle that never moves.
    pub fn insert_wall(&mut self, center: Vec2, half: Vec2) {
        let wall = ColliderBuilder::cuboid(half.x, half.y).translation(vector(center));
        self.0.insert_collider(wall.build(), None);
    }

    /// Removes a body.
    pub fn remove(&mut self, Body(handle): Body) {
        self.0.remove_body(handle);
    }

    /// Where the middle of a body is. None if there is no such body.
    pub fn place(&self, Body(handle): Body) -> Option<Vec2> {
        let at = self.0.bodies.get(handle)?.translation();
        Some(Vec2::new(at.x, at.y))
    }

    /// The angle of a body, in radians: for pictures. None if there is no such body.
    pub fn angle(&self, Body(handle): Body) -> Option<f32> {
        Some(self.0.bodies.get(handle)?.rotation().angle())
    }

    /// Changes the velocity of a body, in metres per second.
    pub fn accelerate(&mut self, Body(handle): Body, change: Vec2) {
        if let Some(body) = self.0.bodies.get_mut(handle) {
            body.set_linvel(body.linvel() + vector(change), true);
        }
    }

    /// How many bodies there are.
    pub fn len(&self) -> usize {
        self.0.bodies.len()
    }

    /// Whether there are no bodies.
    pub fn is_empty(&self) -> bool {
        self.0.bodies.is_empty()
    }
}

/// Simulates a frame.
pub(super) fn step(mut physics: ResMut<Physics>) {
    physics.0.step();
}

/// A vector of rapier, whose types are those of another version of glam.
fn vector(Vec2 { x, y }: Vec2) -> Vector {
    Vector::new(x, y)
}
