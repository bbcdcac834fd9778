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
mod kept;
mod references;
mod remainder;
mod remains;
mod resource;
mod rows;
mod state;
mod wire;

use bevy::ecs::reflect::AppTypeRegistry;
use bevy::prelude::*;

use super::order::SpawnOrders;
use super::registry::RollbackRegistry;
use crate::SpawnOrder;
use entities::{EntityChanges, EntityHistory};
use references::{Decoding, Origin, Places, Restored};

pub use access::Restorable;
pub(super) use component::ComponentHistory;
pub use history::DecodeError;
pub(super) use history::History;
pub(super) use remains::{Remains, mark_child};
pub(super) use resource::ResourceHistory;
pub(super) use state::StateHistory;

/// The first byte of an encoded state.
const VERSION: u8 = 1;
/// The longest state that is encoded or decoded, in bytes.
const MAX_BYTES: usize = 64 << 20;
/// The greatest place that the next entity is given in a decoded state.
const MAX_NEXT: u32 = 1 << 31;
/// The frame of a slot that has none.
const NO_FRAME: i32 = -1;
/// How often a frame is restored whose restoration changes what was restored, by hooks and observers.
const MAX_PASSES: usize = 3;

/// The state at the start of recent frames, of everything that is registered.
#[derive(Resource)]
pub(crate) struct RollbackStore {
    /// The frame that each slot has. One slot more is for what is decoded.
    frames: Vec<i32>,
    /// The compared frames that are kept longer, each in a slot behind those.
    kept: Vec<i32>,
    entities: EntityHistory,
    /// In the order of the names that peers call the types by.
    histories: Vec<(&'static str, Box<dyn History>)>,
}

/// Checksums of a frame, by type: equal on every peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FrameChecksum {
    pub(crate) total: u64,
    pub(crate) parts: Vec<(&'static str, u64)>,
    /// Types with a value that cannot be compared, and why. They are left out.
    pub(crate) failed: Vec<(&'static str, String)>,
    /// How many bytes were compared.
    pub(crate) bytes: usize,
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
        "{0} has no encoding: it is registered by Hash, or for snapshots only, or contains itself or a list of values \
         without fields; register it by serde or Reflect"
    )]
    Type(&'static str),
    /// The `Serialize` of a value failed.
    #[error("a value of {0} cannot be encoded: {1}")]
    Value(&'static str, String),
    /// The state is longer than is decoded.
    #[error("the encoded state has {0} bytes, which is more than can be sent")]
    TooLarge(usize),
}

impl FromWorld for RollbackStore {
    fn from_world(world: &mut World) -> Self {
        world.init_resource::<SpawnOrders>();
        let (frames, kept, histories) = (Vec::new(), Vec::new(), Vec::new());
        Self { frames, kept, entities: EntityHistory::new(world), histories }
    }
}

impl RollbackStore {
    /// A match begins: keeps the latest so many frames, and none of those before; and so many compared frames in words.
    pub(crate) fn begin(&mut self, registry: &RollbackRegistry, frames: usize, kept: usize) {
        let names: Vec<_> = registry.names().into_values().collect();
        self.histories
            .sort_by_key(|(name, _)| names.iter().position(|registered| registered == name));
        self.frames.clear();
        self.frames.resize(frames, NO_FRAME);
        self.kept.clear();
        self.kept.resize(kept, NO_FRAME);
        self.set_depth(frames + 1 + kept);
    }

    fn set_depth(&mut self, slots: usize) {
        self.entities.set_depth(slots);
        for (_, history) in &mut self.histories {
            history.set_depth(slots);
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
            history.save(world, slot, self.entities.rows(slot));
        }
    }

    /// Gives the world the state of a frame. False if it is not kept.
    #[must_use]
    pub(crate) fn load(&mut self, world: &mut World, frame: i32) -> bool {
        let slot = self.kept(frame);
        if let Ok(slot) = slot {
            self.load_slot(world, slot, Origin::Saved);
        }
        slot.is_ok()
    }

    fn load_slot(&mut self, world: &mut World, slot: usize, origin: Origin) {
        let is_settled = (0..MAX_PASSES).any(|_| !self.load_entities(world, slot, origin));
        if !is_settled {
            self.overwrite(world, slot, origin, &[]);
        }
        // After the entities, whose hooks and observers find the values of before and may change them.
        world.resource_scope(|world, mut orders: Mut<SpawnOrders>| {
            orders.set_next(self.entities.next(slot));
            let mut references = Restored::new(&orders, origin, &[]);
            for (_, history) in &mut self.histories {
                history.load(world, slot, &mut references);
            }
        });
        Remains::report(world);
    }

    /// Gives the world the entities of a slot and their components. Returns whether anything was spawned, despawned,
    /// inserted or removed, so that hooks and observers may have changed what was restored.
    fn load_entities(&mut self, world: &mut World, slot: usize, origin: Origin) -> bool {
        let EntityChanges { returned, surplus } = self.entities.restore(world, slot);
        let mut is_changed = !returned.is_empty() || !surplus.is_empty();
        self.overwrite(world, slot, origin, &surplus);
        for (_, history) in &mut self.histories {
            is_changed |= history.insert_and_remove(world);
        }
        world.flush();
        Remains::restore(world, &returned);
        // Now that children have left parents that go.
        for order in surplus {
            // A child goes with its parent.
            if let Some(entity) = world.resource::<SpawnOrders>().entity(order) {
                world.try_despawn(entity).ok();
            }
        }
        world.flush();
        is_changed
    }

    /// Gives components that are there the values of a slot.
    fn overwrite(
        &mut self,
        world: &mut World,
        slot: usize,
        origin: Origin,
        surplus: &[SpawnOrder],
    ) {
        // No hook or observer runs meanwhile, which would miss the places.
        world.resource_scope(|world, orders: Mut<SpawnOrders>| {
            let mut references = Restored::new(&orders, origin, surplus);
            for (_, history) in &mut self.histories {
                history.overwrite(world, slot, self.entities.rows(slot), &mut references);
            }
        });
    }

    /// The checksum of a kept frame.
    pub(crate) fn checksum(&self, world: &World, frame: i32) -> Result<FrameChecksum, EncodeError> {
        let slot = self.kept(frame)?;
        let mut checksum = FrameChecksum::default();
        let compared = self.histories.iter().filter(|(_, history)| history.is_compared());
        checksum.parts.extend(compared.map(|(name, _)| (*name, 0)));
        let mut part = 0;
        let mut bytes = 0;
        checksum.failed = self.compare_bytes(world, frame, |name, _, hash, len| {
            bytes += len;
            while checksum.parts[part].0 != name {
                part += 1;
            }
            // The order of rows differs from peer to peer: a sum does not depend on it.
            let sum = &mut checksum.parts[part].1;
            *sum = sum.wrapping_add(hash);
        })?;
        checksum.bytes = bytes;
        for (name, part) in &mut checksum.parts {
            // How much of it was compared depends on the order of rows.
            if checksum.failed.iter().any(|(failed, _)| failed == name) {
                *part = 0;
            }
        }
        let mut all = Vec::new();
        for (_, part) in &checksum.parts {
            all.extend_from_slice(&part.to_le_bytes());
        }
        all.extend_from_slice(&(self.entities.rows(slot).orders().len() as u64).to_le_bytes());
        all.extend_from_slice(&self.entities.next(slot).to_le_bytes());
        checksum.total = seahash::hash(&all);
        Ok(checksum)
    }

    /// Hashes of the compared values of a kept frame, each with its type and the entity that has it: type by type, in
    /// any order of entities. Returns the types with a value that cannot be compared, and why.
    pub(crate) fn compare(
        &self,
        world: &World,
        frame: i32,
        mut each: impl FnMut(&'static str, Option<SpawnOrder>, u64),
    ) -> Result<Vec<(&'static str, String)>, EncodeError> {
        self.compare_bytes(world, frame, |name, order, hash, _| each(name, order, hash))
    }

    /// The same, with the number of bytes of each value.
    fn compare_bytes(
        &self,
        world: &World,
        frame: i32,
        mut each: impl FnMut(&'static str, Option<SpawnOrder>, u64, usize),
    ) -> Result<Vec<(&'static str, String)>, EncodeError> {
        let slot = self.kept(frame)?;
        let registry = world.resource::<AppTypeRegistry>().read();
        let frame = self.entities.rows(slot);
        let mut places = Places::new(world.resource(), frame.orders());
        let mut failed = Vec::new();
        for (name, history) in &self.histories {
            let mut each = |order, hash, len| each(name, order, hash, len);
            if let Err(error) = history.compare(slot, frame, &registry, &mut places, &mut each) {
                failed.push((*name, error.to_string()));
            }
        }
        Ok(failed)
    }

    /// The state of a kept frame as bytes that a peer of the same build can [load](Self::decode).
    pub(crate) fn encode(&self, world: &World, frame: i32) -> Result<Vec<u8>, EncodeError> {
        let slot = self.kept(frame)?;
        let registry = world.resource::<AppTypeRegistry>().read();
        let frame = self.entities.rows(slot);
        let mut entities = frame.orders().to_vec();
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
            let encoded = history.encode(slot, frame, &registry, &mut places, &mut bytes);
            encoded.map_err(|error| EncodeError::Value(name, error.to_string()))?;
            if bytes.len() > MAX_BYTES {
                return Err(EncodeError::TooLarge(bytes.len()));
            }
        }
        Ok(bytes)
    }

    /// Gives the world a state that another peer has encoded.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] where the bytes are none. The world is as it was then.
    pub(crate) fn decode(&mut self, world: &mut World, bytes: &[u8]) -> Result<(), DecodeError> {
        if bytes.len() > MAX_BYTES {
            return Err(DecodeError::TooLarge(bytes.len()));
        }
        // There may have been no match yet.
        let slot = self.frames.len();
        self.set_depth(slot + 1 + self.kept.len());
        let registry = world.resource::<AppTypeRegistry>().clone();
        let registry = registry.read();
        let (version, mut rest) = bytes.split_first().ok_or(DecodeError::Empty)?;
        if *version != VERSION {
            return Err(DecodeError::Version(*version));
        }
        let next = wire::take(&mut rest)?;
        if next > MAX_NEXT {
            return Err(DecodeError::Entities);
        }
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
        self.entities.put(slot, &entities, next);
        self.load_slot(world, slot, Origin::Decoded);
        Ok(())
    }

    /// The oldest frame that can be loaded when a frame is simulated.
    pub(super) fn oldest_frame(&self, simulated: i32) -> i32 {
        simulated + 1 - self.frames.len() as i32
    }

    fn slot(&self, frame: i32) -> usize {
        usize::try_from(frame).unwrap_or(0) % self.frames.len().max(1)
    }

    fn kept(&self, frame: i32) -> Result<usize, EncodeError> {
        let slot = self.slot(frame);
        match self.frames.get(slot) {
            Some(kept) if *kept == frame => Ok(slot),
            _ => Err(EncodeError::Frame(frame)),
        }
    }
}
