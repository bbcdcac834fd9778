//! The history of a component.

use std::any::TypeId;

use bevy::ecs::relationship::RelationshipAccessor;
use bevy::platform::collections::HashMap;
use bevy::prelude::*;
use bevy::reflect::TypeRegistry;

use super::access::Access;
use super::column::Column;
use super::history::{DecodeError, History, RollsBack};
use super::references::{Decoding, Places, Restored, has_circle};
use super::rows::Rows;
use super::wire;
use crate::SpawnOrder;
use crate::rollback::codec::{Codec, CodecError};

/// The values of a component in the kept frames.
pub(in crate::rollback) struct ComponentHistory<T: Component> {
    codec: Codec<T>,
    slots: Vec<Column<T>>,
    rows: QueryState<(&'static SpawnOrder, &'static T), RollsBack>,
    access: Access<T>,
    /// What a load has still to change: values of entities that are in another row than they were, values of entities
    /// that do not have the component, and entities that should not have it.
    replaced: Vec<(Entity, T)>,
    inserted: Vec<(Entity, T)>,
    removed: Vec<Entity>,
}

impl<T: Component + Clone> ComponentHistory<T> {
    pub(in crate::rollback) fn new(world: &mut World, codec: Codec<T>, access: Access<T>) -> Self {
        Self {
            codec,
            slots: Vec::new(),
            rows: world.query_filtered(),
            access,
            replaced: Vec::new(),
            inserted: Vec::new(),
            removed: Vec::new(),
        }
    }
}

impl<T: Component + Clone> History for ComponentHistory<T> {
    fn set_depth(&mut self, slots: usize) {
        self.slots.resize_with(slots, Column::default);
    }

    fn save(&mut self, world: &mut World, slot: usize, frame: &Rows) {
        let column = &mut self.slots[slot];
        let tables = self.rows.contiguous_iter(world);
        if !tables.is_ok_and(|tables| column.fill(frame, tables)) {
            // It is stored in a sparse set.
            column.fill_own(self.rows.iter(world).map(|(order, value)| (*order, value.clone())));
        }
    }

    fn overwrite(
        &mut self,
        world: &mut World,
        slot: usize,
        frame: &Rows,
        references: &mut Restored<'_>,
    ) {
        self.replaced.clear();
        self.inserted.clear();
        self.removed.clear();
        let column = &self.slots[slot];
        let mismatch = (self.access.overwrite)(world, column, frame, references);
        if mismatch.is_empty() {
            return;
        }
        let mut missing: HashMap<SpawnOrder, usize> = mismatch.saved.iter().copied().collect();
        for order in mismatch.present {
            let Some(entity) = references.entity(order) else { continue };
            match missing.remove(&order) {
                Some(row) => {
                    self.replaced.push((entity, references.restore(column.value(row))));
                }
                None => self.removed.push(entity),
            }
        }
        for (order, row) in mismatch.saved {
            if missing.contains_key(&order)
                && let Some(entity) = references.entity(order)
            {
                self.inserted.push((entity, references.restore(column.value(row))));
            }
        }
    }

    fn insert_and_remove(&mut self, world: &mut World) -> bool {
        let replaces = self.access.replaces && !self.replaced.is_empty();
        let is_changed = replaces || !self.inserted.is_empty() || !self.removed.is_empty();
        // A hook or an observer of one may have despawned another.
        for (entity, value) in self.replaced.drain(..) {
            if let Ok(mut entity) = world.get_entity_mut(entity) {
                (self.access.overwrite_one)(&mut entity, value);
            }
        }
        for entity in self.removed.drain(..) {
            if let Ok(mut entity) = world.get_entity_mut(entity) {
                entity.remove::<T>();
            }
        }
        if !self.inserted.is_empty() {
            world.try_insert_batch(self.inserted.drain(..)).ok();
        }
        is_changed
    }

    fn is_encodable(&self) -> bool {
        self.codec.encoded.is_some()
    }

    fn is_compared(&self) -> bool {
        self.codec.compared.is_some()
    }

    fn compare(
        &self,
        slot: usize,
        frame: &Rows,
        registry: &TypeRegistry,
        places: &mut Places<'_>,
        each: &mut dyn FnMut(Option<SpawnOrder>, u64, usize),
    ) -> Result<(), CodecError> {
        let Some(write) = self.codec.compared else { return Ok(()) };
        let mut bytes = Vec::new();
        for (order, value) in self.slots[slot].rows(frame) {
            bytes.clear();
            bytes.extend_from_slice(&order.index().to_le_bytes());
            write(&places.portable(value), registry, &mut bytes)?;
            each(Some(order), seahash::hash(&bytes), bytes.len());
        }
        Ok(())
    }

    fn keep(&mut self, from: usize, to: usize, frame: &Rows, places: &mut Places<'_>) {
        if self.codec.compared.is_some() {
            let mut kept = std::mem::take(&mut self.slots[to]);
            let rows = self.slots[from].rows(frame);
            kept.fill_own(rows.map(|(order, value)| (order, places.portable(value))));
            self.slots[to] = kept;
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.slots.swap(a, b);
    }

    fn describe(
        &self,
        slot: usize,
        registry: &TypeRegistry,
        each: &mut dyn FnMut(Option<SpawnOrder>, u64, String),
    ) {
        let (Some(write), Some(describe)) = (self.codec.compared, self.codec.described) else {
            return;
        };
        let none = Rows::default();
        // It has its own rows.
        let mut rows: Vec<_> = self.slots[slot].rows(&none).collect();
        rows.sort_unstable_by_key(|(order, _)| *order);
        for (order, value) in rows {
            let mut bytes = order.index().to_le_bytes().to_vec();
            let mut text = String::new();
            // A value that cannot be compared is told of when its frame is.
            if write(value, registry, &mut bytes).is_ok() {
                // What is too long is cut.
                let _ = describe(value, registry, &mut text);
                each(Some(order), seahash::hash(&bytes), text);
            }
        }
    }

    fn encode(
        &self,
        slot: usize,
        frame: &Rows,
        registry: &TypeRegistry,
        places: &mut Places<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        let Some((write, _)) = self.codec.encoded else { return Ok(()) };
        let mut rows: Vec<_> = self.slots[slot].rows(frame).collect();
        rows.sort_unstable_by_key(|(order, _)| *order);
        wire::put(out, rows.len() as u32);
        for (order, value) in rows {
            wire::put(out, order.index());
            write(&places.portable(value), registry, out)?;
        }
        Ok(())
    }

    fn decode(
        &mut self,
        slot: usize,
        decoding: &Decoding<'_>,
        bytes: &mut &[u8],
    ) -> Result<(), DecodeError> {
        let Some((_, read)) = self.codec.encoded else { return Ok(()) };
        let mut rows = Vec::new();
        let (mut last, mut links) = (None, Vec::new());
        let is_relationship = T::relationship_accessor().is_some();
        // Not reserved: the count is what somebody says. Each row takes at least a byte.
        for _ in 0..wire::take(bytes)? {
            let order = SpawnOrder::from_index(wire::take(bytes)?);
            let ascends = last.is_none_or(|last| last < order);
            if !ascends || decoding.entities.binary_search(&order).is_err() {
                return Err(DecodeError::Entities);
            }
            last = Some(order);
            let mut value = read(bytes, decoding.registry)?;
            match decoding.target(&mut value)? {
                Some(target) => links.push((order, target)),
                // It belongs to an entity that does not roll back, or that is gone.
                None if is_relationship => continue,
                None => {}
            }
            rows.push((order, value));
        }
        self.slots[slot].fill_own(rows.into_iter());
        let is_linked = decoding
            .components
            .get_valid_id(TypeId::of::<T>())
            .and_then(|id| decoding.components.get_info(id)?.relationship_accessor())
            .is_none_or(RelationshipAccessor::linked_spawn);
        // Entities that are despawned with another one would be despawned for ever.
        match is_relationship && is_linked && has_circle(&links) {
            true => Err(DecodeError::Circle),
            false => Ok(()),
        }
    }
}
