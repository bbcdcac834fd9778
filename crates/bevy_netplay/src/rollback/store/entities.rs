//! The history of which entities there are.

use bevy::platform::collections::HashSet;
use bevy::prelude::*;

use super::column::{Column, Mismatch};
use super::history::RollsBack;
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
    entities: Column<()>,
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

    pub(super) fn orders(&self, slot: usize) -> &[SpawnOrder] {
        self.slots[slot].entities.orders()
    }

    pub(super) fn next(&self, slot: usize) -> u32 {
        self.slots[slot].next
    }

    pub(super) fn save(&mut self, world: &mut World, slot: usize) {
        let slot = &mut self.slots[slot];
        slot.next = world.resource::<SpawnOrders>().next();
        // The marker and its place are stored in tables.
        if let Ok(tables) = self.rows.contiguous_iter(world) {
            slot.entities.fill_orders(tables);
        }
    }

    /// Puts entities that were decoded into a slot, in ascending order.
    pub(super) fn put(
        &mut self,
        slot: usize,
        entities: impl Iterator<Item = SpawnOrder>,
        next: u32,
    ) {
        let slot = &mut self.slots[slot];
        slot.next = next;
        slot.entities.clear();
        entities.for_each(|order| slot.entities.push(order, ()));
        slot.entities.end_table();
    }

    /// Brings back the entities of a slot that are gone.
    pub(super) fn restore(&mut self, world: &mut World, slot: usize) -> EntityChanges {
        let slot = &self.slots[slot];
        let mut mismatch = Mismatch::default();
        if let Ok(tables) = self.rows.contiguous_iter(world) {
            let mut saved = slot.entities.tables();
            for present in tables {
                let table = saved.next().unwrap_or_default();
                if *present != slot.entities.orders()[table.clone()] {
                    mismatch.compare(present, slot.entities.orders(), table, |_, _| {});
                }
            }
            mismatch.saved.extend(saved.flatten());
        }
        if mismatch.is_empty() {
            return EntityChanges::default();
        }
        let saved: HashSet<SpawnOrder> =
            mismatch.saved.iter().map(|row| slot.entities.orders()[*row]).collect();
        let present: HashSet<SpawnOrder> = mismatch.present.iter().copied().collect();
        let mut returned = Vec::new();
        for row in mismatch.saved {
            let order = slot.entities.orders()[row];
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
