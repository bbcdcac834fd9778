//! [`RollbackStore`]: the state at the start of recent frames.
//!
//! ```text
//!                        slots, one for each kept frame
//! entities               which there are, by their place in spawn order
//! ├─ component histories one column of values per type and frame
//! ├─ resource histories
//! └─ remains             what despawned entities had besides
//! ```
//!
//! Kept frames name entities by [`SpawnOrder`]. As long as nothing was spawned, despawned, inserted or removed,
//! saving and loading a component is a copy of the slices of its tables.

mod access;
mod column;
mod component;
mod entities;
mod history;
mod references;
mod remains;
mod resource;
mod state;
mod wire;

use bevy::ecs::reflect::AppTypeRegistry;
use bevy::prelude::*;

use super::order::SpawnOrders;
use super::registry::RollbackRegistry;
use crate::SpawnOrder;
use entities::EntityHistory;
use references::{Decoding, Origin, Places, Restored};

pub use access::Restorable;
pub(super) use component::ComponentHistory;
pub use history::DecodeError;
pub(super) use history::History;
pub(super) use remains::Remains;
pub(super) use resource::ResourceHistory;
pub(super) use state::StateHistory;

/// The first byte of an encoded state.
const VERSION: u8 = 1;
/// The frame of a slot that has none.
const NO_FRAME: i32 = -1;

/// The state at the start of recent frames, of everything that is registered.
#[derive(Resource)]
pub(crate) struct RollbackStore {
    /// The frame that each slot has. One slot more is for what is decoded.
    frames: Vec<i32>,
    entities: EntityHistory,
    /// In the order of the names that peers call the types by.
    histories: Vec<(&'static str, Box<dyn History>)>,
}

/// Checksums of a frame, by type: equal on every peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FrameChecksum {
    pub(crate) total: u64,
    pub(crate) parts: Vec<(&'static str, u64)>,
}

/// Why a state cannot be encoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The frame is not kept, or not any more.
    #[error("the state of frame {0} is not kept")]
    Frame(i32),
    /// A type is registered without an encoding.
    #[error(
        "{0} is registered by Hash, or for snapshots only, and has no encoding: register it by serde or Reflect"
    )]
    Type(&'static str),
    /// The `Serialize` of a value failed.
    #[error("a value of {0} cannot be encoded: {1}")]
    Value(&'static str, String),
}

impl FromWorld for RollbackStore {
    fn from_world(world: &mut World) -> Self {
        world.init_resource::<SpawnOrders>();
        Self { frames: Vec::new(), entities: EntityHistory::new(world), histories: Vec::new() }
    }
}

impl RollbackStore {
    /// A match begins: keeps the latest so many frames, and none of those before.
    pub(crate) fn begin(&mut self, registry: &RollbackRegistry, frames: usize) {
        let names: Vec<_> = registry.names().into_values().collect();
        self.histories
            .sort_by_key(|(name, _)| names.iter().position(|registered| registered == name));
        self.frames.clear();
        self.frames.resize(frames, NO_FRAME);
        self.entities.set_depth(frames + 1);
        for (_, history) in &mut self.histories {
            history.set_depth(frames + 1);
        }
    }

    pub(super) fn add(&mut self, name: &'static str, history: Box<dyn History>) {
        self.histories.push((name, history));
    }

    /// Copies the state of the world, at the start of a frame.
    pub(crate) fn save(&mut self, world: &mut World, frame: i32) {
        let slot = self.slot(frame);
        self.frames[slot] = frame;
        self.entities.save(world, slot);
        for (_, history) in &mut self.histories {
            history.save(world, slot);
        }
    }

    /// Gives the world the state of a frame. False if it is not kept.
    #[must_use]
    pub(crate) fn load(&mut self, world: &mut World, frame: i32) -> bool {
        let slot = self.slot(frame);
        let is_kept = self.frames[slot] == frame;
        if is_kept {
            self.load_slot(world, slot, Origin::Saved);
        }
        is_kept
    }

    fn load_slot(&mut self, world: &mut World, slot: usize, origin: Origin) {
        let surplus = self.entities.restore(world, slot);
        world.resource_scope(|world, orders: Mut<SpawnOrders>| {
            let mut references = Restored::new(&orders, origin);
            // Children leave parents that go before these do, and hooks of components find the resources of before.
            for (_, history) in &mut self.histories {
                history.load(world, slot, &mut references);
            }
        });
        for order in surplus {
            let orders = world.resource::<SpawnOrders>();
            // A child goes with its parent.
            if let Some(entity) = orders.entity(order) {
                world.entity_mut(entity).despawn();
            }
        }
        world.flush();
        Remains::report(world);
    }

    /// The checksum of a kept frame.
    pub(crate) fn checksum(&self, world: &World, frame: i32) -> Result<FrameChecksum, EncodeError> {
        let slot = self.kept(frame)?;
        let mut checksum = FrameChecksum::default();
        let compared = self.histories.iter().filter(|(_, history)| history.is_compared());
        checksum.parts.extend(compared.map(|(name, _)| (*name, 0)));
        let mut part = 0;
        self.compare(world, frame, |name, _, hash| {
            while checksum.parts[part].0 != name {
                part += 1;
            }
            // The order of rows differs from peer to peer: a sum does not depend on it.
            let sum = &mut checksum.parts[part].1;
            *sum = sum.wrapping_add(hash);
        })?;
        let mut all = Vec::new();
        for (_, part) in &checksum.parts {
            all.extend_from_slice(&part.to_le_bytes());
        }
        all.extend_from_slice(&(self.entities.orders(slot).len() as u64).to_le_bytes());
        all.extend_from_slice(&self.entities.next(slot).to_le_bytes());
        checksum.total = seahash::hash(&all);
        Ok(checksum)
    }

    /// Hashes of the compared values of a kept frame, each with its type and the entity that has it: type by type, in
    /// any order of entities.
    pub(crate) fn compare(
        &self,
        world: &World,
        frame: i32,
        mut each: impl FnMut(&'static str, Option<SpawnOrder>, u64),
    ) -> Result<(), EncodeError> {
        let slot = self.kept(frame)?;
        let registry = world.resource::<AppTypeRegistry>().read();
        let mut places = Places::new(world.resource(), self.entities.orders(slot));
        for (name, history) in &self.histories {
            let mut each = |order, hash| each(name, order, hash);
            let compared = history.compare(slot, &registry, &mut places, &mut each);
            compared.map_err(|error| EncodeError::Value(name, error.to_string()))?;
        }
        Ok(())
    }

    /// The state of a kept frame as bytes that a peer of the same build can [load](Self::decode).
    pub(crate) fn encode(&self, world: &World, frame: i32) -> Result<Vec<u8>, EncodeError> {
        let slot = self.kept(frame)?;
        let registry = world.resource::<AppTypeRegistry>().read();
        let mut entities = self.entities.orders(slot).to_vec();
        entities.sort_unstable();
        let mut places = Places::new(world.resource(), &entities);
        let mut bytes = vec![VERSION];
        wire::put(&mut bytes, self.entities.next(slot));
        wire::put(&mut bytes, entities.len() as u32);
        entities.iter().for_each(|order| wire::put(&mut bytes, order.index()));
        for (name, history) in &self.histories {
            if !history.is_encodable() {
                return Err(EncodeError::Type(name));
            }
            let encoded = history.encode(slot, &registry, &mut places, &mut bytes);
            encoded.map_err(|error| EncodeError::Value(name, error.to_string()))?;
        }
        Ok(bytes)
    }

    /// Gives the world a state that another peer has encoded.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] where the bytes are none. The world is as it was then.
    pub(crate) fn decode(&mut self, world: &mut World, bytes: &[u8]) -> Result<(), DecodeError> {
        let slot = self.frames.len();
        let registry = world.resource::<AppTypeRegistry>().clone();
        let registry = registry.read();
        let (version, mut rest) = bytes.split_first().ok_or(DecodeError::Empty)?;
        if *version != VERSION {
            return Err(DecodeError::Version(*version));
        }
        let next = wire::take(&mut rest)?;
        let count = wire::take(&mut rest)?;
        // Not reserved: the count is what somebody says. Each place takes at least a byte.
        let mut entities = Vec::new();
        for _ in 0..count {
            let order = SpawnOrder::from_index(wire::take(&mut rest)?);
            if entities.last().is_some_and(|last| *last >= order) || order.index() >= next {
                return Err(DecodeError::Entities);
            }
            entities.push(order);
        }
        let components = world.components();
        let decoding = Decoding { registry: &registry, components, entities: &entities };
        for (_, history) in &mut self.histories {
            history.decode(slot, &decoding, &mut rest)?;
        }
        if !rest.is_empty() {
            return Err(DecodeError::TooLong(rest.len()));
        }
        drop(registry);
        self.entities.put(slot, entities.into_iter(), next);
        self.load_slot(world, slot, Origin::Decoded);
        Ok(())
    }

    /// The oldest frame that can be loaded when a frame is simulated.
    pub(super) fn oldest_frame(&self, simulated: i32) -> i32 {
        simulated + 1 - self.frames.len() as i32
    }

    fn slot(&self, frame: i32) -> usize {
        usize::try_from(frame).unwrap_or(0) % self.frames.len()
    }

    fn kept(&self, frame: i32) -> Result<usize, EncodeError> {
        let slot = self.slot(frame);
        if self.frames[slot] == frame { Ok(slot) } else { Err(EncodeError::Frame(frame)) }
    }
}
