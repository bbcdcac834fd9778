//! The history of which entities there are.

use bevy::platform::collections::HashSet;
use bevy::prelude::*;

use super::column::Mismatch;
use super::history::RollsBack;
use super::rows::Rows;
use crate::rollback::order::SpawnOrders;
use crate::{RollbackEntity, SpawnOrder};

/// The entities of the kept frames.
pub(super) struct EntityHistory {
    slots: Vec<Slot>,
    rows: QueryState<&'static SpawnOrder, RollsBack>,
}

/// How the entities of now differed from those of a slot.
#[derive(Default)]
pub(super) struct EntityChanges {
    /// Entities that were gone and have come back.
    pub(super) returned: Vec<(SpawnOrder, Entity)>,
    /// Entities that the slot does not have.
    pub(super) surplus: Vec<SpawnOrder>,
}

/// The entities of a frame.
#[derive(Default)]
struct Slot {
    rows: Rows,
    /// The place that the next entity is given.
    next: u32,
}

impl EntityHistory {
    pub(super) fn new(world: &mut World) -> Self {
        Self { slots: Vec::new(), rows: world.query_filtered() }
    }

    pub(super) fn set_depth(&mut self, slots: usize) {
        self.slots.resize_with(slots, Slot::default);
    }

    pub(super) fn rows(&self, slot: usize) -> &Rows {
        &self.slots[slot].rows
    }

    pub(super) fn next(&self, slot: usize) -> u32 {
        self.slots[slot].next
    }

    pub(super) fn save(&mut self, world: &mut World, slot: usize) {
        let slot = &mut self.slots[slot];
        slot.next = world.resource::<SpawnOrders>().next();
        // A place is stored in tables.
        if let Ok(tables) = self.rows.contiguous_iter(world) {
            slot.rows.fill(tables);
        }
    }

    /// Puts entities that were decoded into a slot, in ascending order.
    pub(super) fn put(&mut self, slot: usize, entities: &[SpawnOrder], next: u32) {
        let slot = &mut self.slots[slot];
        slot.next = next;
        slot.rows.fill(std::iter::once(entities));
    }

    /// Copies a slot to another one, in ascending order.
    pub(super) fn keep(&mut self, from: usize, to: usize) {
        let mut entities = self.slots[from].rows.orders().to_vec();
        entities.sort_unstable();
        self.put(to, &entities, self.slots[from].next);
    }

    /// Two slots change places.
    pub(super) fn swap(&mut self, a: usize, b: usize) {
        self.slots.swap(a, b);
    }

    /// Brings back the entities of a slot that are gone.
    pub(super) fn restore(&mut self, world: &mut World, slot: usize) -> EntityChanges {
        let slot = &self.slots[slot];
        let mut mismatch = Mismatch::default();
        if let Ok(tables) = self.rows.contiguous_iter(world) {
            let mut saved = slot.rows.tables();
            for present in tables {
                let (orders, start) = saved.next().unwrap_or_default();
                if *present != *orders {
                    mismatch.compare(present, orders, start, |_| {});
                }
            }
            saved.for_each(|(orders, start)| mismatch.compare(&[], orders, start, |_| {}));
        }
        if mismatch.is_empty() {
            return EntityChanges::default();
        }
        let saved: HashSet<SpawnOrder> = mismatch.saved.iter().map(|(order, _)| *order).collect();
        let present: HashSet<SpawnOrder> = mismatch.present.iter().copied().collect();
        let mut returned = Vec::new();
        for (order, _) in mismatch.saved {
            if !present.contains(&order) {
                world.resource_mut::<SpawnOrders>().expect(order);
                returned.push((order, world.spawn((RollbackEntity, order)).id()));
            }
        }
        let mut surplus = mismatch.present;
        surplus.retain(|order| !saved.contains(order));
        EntityChanges { returned, surplus }
    }
}
