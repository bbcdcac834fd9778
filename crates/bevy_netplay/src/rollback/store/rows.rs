//! [`Rows`]: the entities of one frame.

use std::ops::Range;

use crate::SpawnOrder;

/// The entities of one frame, table by table as the world has them.
#[derive(Default)]
pub(in crate::rollback) struct Rows {
    orders: Vec<SpawnOrder>,
    tables: Vec<SavedTable>,
}

/// A table of a frame.
pub(super) struct SavedTable {
    /// Where the table has its entities in memory, while the frame is saved.
    address: usize,
    pub(super) rows: Range<usize>,
}

impl SavedTable {
    /// Whether these are the entities of the table, while the frame is saved.
    pub(super) fn is_of(&self, orders: &[SpawnOrder]) -> bool {
        self.address == orders.as_ptr().addr() && self.rows.len() == orders.len()
    }
}

impl Rows {
    /// Replaces everything by the entities of these tables.
    pub(super) fn fill<'a>(&mut self, tables: impl Iterator<Item = &'a [SpawnOrder]>) {
        self.orders.clear();
        self.tables.clear();
        for orders in tables {
            let start = self.orders.len();
            self.orders.extend_from_slice(orders);
            let rows = start..self.orders.len();
            self.tables.push(SavedTable { address: orders.as_ptr().addr(), rows });
        }
    }

    pub(super) fn orders(&self) -> &[SpawnOrder] {
        &self.orders
    }

    pub(super) fn saved_tables(&self) -> impl Iterator<Item = &SavedTable> {
        self.tables.iter()
    }

    /// The entities of each table, and the place of the first.
    pub(super) fn tables(&self) -> impl Iterator<Item = (&[SpawnOrder], usize)> {
        self.tables.iter().map(|table| (&self.orders[table.rows.clone()], table.rows.start))
    }
}
