//! [`Column`]: the values of a type in one frame.

use std::ops::Range;

use super::rows::Rows;
use crate::SpawnOrder;

/// The values of a type in one frame, table by table as the world has them. The entities that have them are in the
/// [`Rows`] of the frame, which all columns share, or in the column itself.
///
/// Where nothing was spawned, despawned, inserted or removed since, tables of the world have the same entities in the
/// same order, and whole slices are copied. Memory is kept from one frame to the next.
pub(super) struct Column<T> {
    values: Vec<T>,
    /// The entities of each table, as a range of the rows of the frame, or of its own ones.
    tables: Vec<Range<usize>>,
    /// Of values that are not in tables, or were decoded.
    own: Option<Vec<SpawnOrder>>,
}

/// The values of a table, and whose they are.
pub(super) struct Table<'a, T> {
    pub(super) orders: &'a [SpawnOrder],
    pub(super) values: &'a [T],
    /// The place of the first one among the values of the column.
    pub(super) start: usize,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self { values: Vec::new(), tables: Vec::new(), own: None }
    }
}

impl<T> Default for Table<'_, T> {
    fn default() -> Self {
        Self { orders: &[], values: &[], start: 0 }
    }
}

impl<T: Clone> Column<T> {
    /// Replaces everything by the values of these tables, if they are among those of the frame. Returns whether they
    /// are.
    pub(super) fn fill<'a>(
        &mut self,
        frame: &Rows,
        tables: impl Iterator<Item = (&'a [SpawnOrder], &'a [T])>,
    ) -> bool
    where
        T: 'a,
    {
        self.own = None;
        self.tables.clear();
        let (mut start, mut saved) = (0, frame.saved_tables());
        for (orders, values) in tables.filter(|(orders, _)| !orders.is_empty()) {
            // Queries go through tables in the same order.
            let Some(table) = saved.find(|table| table.is_of(orders)) else { return false };
            self.tables.push(table.rows.clone());
            // Overwriting keeps what values own on the heap.
            let kept = values.len().min(self.values.len() - start);
            self.values[start..start + kept].clone_from_slice(&values[..kept]);
            self.values.extend_from_slice(&values[kept..]);
            start += values.len();
        }
        self.values.truncate(start);
        true
    }
}

impl<T> Column<T> {
    /// Replaces everything by these rows, as if they were one table.
    pub(super) fn fill_own(&mut self, rows: impl Iterator<Item = (SpawnOrder, T)>) {
        let mut own = self.own.take().unwrap_or_default();
        own.clear();
        self.values.clear();
        for (order, value) in rows {
            own.push(order);
            self.values.push(value);
        }
        self.tables.clear();
        self.tables.push(0..own.len());
        self.own = Some(own);
    }

    /// The tables of a column of this frame.
    pub(super) fn tables<'a>(&'a self, frame: &'a Rows) -> impl Iterator<Item = Table<'a, T>> {
        let orders = self.own.as_deref().unwrap_or(frame.orders());
        let mut start = 0;
        self.tables.iter().map(move |rows| {
            let end = start + rows.len();
            let values = &self.values[start..end];
            Table {
                orders: &orders[rows.clone()],
                values,
                start: std::mem::replace(&mut start, end),
            }
        })
    }

    pub(super) fn value(&self, row: usize) -> &T {
        &self.values[row]
    }

    pub(super) fn rows<'a>(&'a self, frame: &'a Rows) -> impl Iterator<Item = (SpawnOrder, &'a T)> {
        self.tables(frame).flat_map(|table| table.orders.iter().copied().zip(table.values))
    }
}

/// Rows of a column that are elsewhere in the world, or not there, and rows of the world that are elsewhere in the
/// column, or not there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mismatch {
    /// Each with its place among the values of the column.
    pub(super) saved: Vec<(SpawnOrder, usize)>,
    pub(super) present: Vec<SpawnOrder>,
}

impl Mismatch {
    pub(super) fn is_empty(&self) -> bool {
        self.saved.is_empty() && self.present.is_empty()
    }

    /// Compares a table of the world with the same table of the column, row by row. Calls `matched` with the row in the
    /// table for every entity that is where it was.
    pub(super) fn compare(
        &mut self,
        present: &[SpawnOrder],
        saved: &[SpawnOrder],
        start: usize,
        mut matched: impl FnMut(usize),
    ) {
        let both = present.len().min(saved.len());
        for (row, (present, saved)) in present.iter().zip(saved).enumerate() {
            if present == saved {
                matched(row);
            } else {
                self.present.push(*present);
                self.saved.push((*saved, start + row));
            }
        }
        self.present.extend_from_slice(&present[both..]);
        self.saved.extend(saved[both..].iter().copied().zip(start + both..));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders(indices: &[u32]) -> Vec<SpawnOrder> {
        indices.iter().copied().map(SpawnOrder::from_index).collect()
    }

    #[test]
    fn a_column_has_the_tables_it_was_filled_with_last() {
        let mut column = Column::default();
        let (first, without, second) = (orders(&[3, 1]), orders(&[7]), orders(&[2]));
        let mut frame = Rows::default();
        frame.fill([&first[..], &without, &[], &second].into_iter());
        let tables = [(&first[..], &["a", "b"][..]), (&[], &[]), (&second, &["c"])];
        assert!(column.fill(&frame, tables.into_iter()));
        let rows: Vec<_> = column.rows(&frame).collect();
        assert_eq!(rows, [(first[0], &"a"), (first[1], &"b"), (second[0], &"c")]);
        assert_eq!(column.tables(&frame).map(|table| table.start).collect::<Vec<_>>(), [0, 2]);
        assert!(column.fill(&frame, [(&second[..], &["d"][..])].into_iter()));
        assert_eq!(column.rows(&frame).collect::<Vec<_>>(), [(second[0], &"d")]);
        let other = orders(&[2]);
        assert!(!column.fill(&frame, [(&other[..], &["d"][..])].into_iter()));
        column.fill_own([(without[0], "e")].into_iter());
        assert_eq!(column.rows(&frame).collect::<Vec<_>>(), [(without[0], &"e")]);
    }

    #[test]
    fn only_rows_that_are_elsewhere_mismatch() {
        let mut mismatch = Mismatch::default();
        let (saved, mut matched) = (orders(&[4, 5, 6]), Vec::new());
        // 5 was despawned: the last row took its place, and 7 was spawned after it.
        let present = orders(&[4, 6, 7, 8]);
        mismatch.compare(&present, &saved, 1, |row| matched.push(row));
        assert_eq!(matched, [0]);
        let expected =
            Mismatch { saved: vec![(saved[1], 2), (saved[2], 3)], present: orders(&[6, 7, 8]) };
        assert_eq!(mismatch, expected);
    }
}
