//! [`Column`]: the values of a type in one frame.

use std::ops::Range;

use crate::SpawnOrder;

/// The values of a type in one frame, and whose they are, table by table as the world has them.
///
/// Where nothing was spawned, despawned, inserted or removed since, tables of the world have the same entities in the
/// same order, and whole slices are copied. Memory is kept from one frame to the next.
pub(super) struct Column<T> {
    orders: Vec<SpawnOrder>,
    values: Vec<T>,
    ends: Vec<usize>,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self { orders: Vec::new(), values: Vec::new(), ends: Vec::new() }
    }
}

impl<T: Clone> Column<T> {
    /// Replaces everything by the values of these tables.
    pub(super) fn fill<'a>(&mut self, tables: impl Iterator<Item = (&'a [SpawnOrder], &'a [T])>)
    where
        T: 'a,
    {
        self.orders.clear();
        self.ends.clear();
        for (orders, values) in tables {
            let start = self.orders.len();
            self.orders.extend_from_slice(orders);
            self.ends.push(self.orders.len());
            // Overwriting keeps what values own on the heap.
            let kept = values.len().min(self.values.len() - start);
            self.values[start..start + kept].clone_from_slice(&values[..kept]);
            self.values.extend_from_slice(&values[kept..]);
        }
        self.values.truncate(self.orders.len());
    }

    /// Replaces everything by these rows, as if they were one table.
    pub(super) fn fill_rows<'a>(&mut self, rows: impl Iterator<Item = (SpawnOrder, &'a T)>)
    where
        T: 'a,
    {
        self.clear();
        for (order, value) in rows {
            self.push(order, value.clone());
        }
        self.end_table();
    }
}

impl Column<()> {
    /// Replaces everything by the entities of these tables.
    pub(super) fn fill_orders<'a>(&mut self, tables: impl Iterator<Item = &'a [SpawnOrder]>) {
        self.clear();
        for orders in tables {
            self.orders.extend_from_slice(orders);
            self.end_table();
        }
        self.values.resize(self.orders.len(), ());
    }
}

impl<T> Column<T> {
    pub(super) fn clear(&mut self) {
        self.orders.clear();
        self.values.clear();
        self.ends.clear();
    }

    /// Appends a row to the last table.
    pub(super) fn push(&mut self, order: SpawnOrder, value: T) {
        self.orders.push(order);
        self.values.push(value);
    }

    pub(super) fn end_table(&mut self) {
        self.ends.push(self.orders.len());
    }

    pub(super) fn orders(&self) -> &[SpawnOrder] {
        &self.orders
    }

    pub(super) fn values(&self) -> &[T] {
        &self.values
    }

    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = (SpawnOrder, &T)> {
        self.orders.iter().copied().zip(&self.values)
    }

    /// The rows of each table.
    pub(super) fn tables(&self) -> impl Iterator<Item = Range<usize>> {
        let mut start = 0;
        self.ends.iter().map(move |end| std::mem::replace(&mut start, *end)..*end)
    }
}

/// Rows of a column that are elsewhere in the world, or not there, and rows of the world that are elsewhere in the
/// column, or not there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mismatch {
    pub(super) saved: Vec<usize>,
    pub(super) present: Vec<SpawnOrder>,
}

impl Mismatch {
    pub(super) fn is_empty(&self) -> bool {
        self.saved.is_empty() && self.present.is_empty()
    }

    /// Compares a table of the world with the same table of the column, row by row. Calls `matched` with the row in the
    /// table and the row in the column for every entity that is where it was.
    pub(super) fn compare(
        &mut self,
        present: &[SpawnOrder],
        saved: &[SpawnOrder],
        rows: Range<usize>,
        mut matched: impl FnMut(usize, usize),
    ) {
        let both = present.len().min(rows.len());
        for (row, (order, saved_row)) in present.iter().zip(rows.clone()).enumerate() {
            if *order == saved[saved_row] {
                matched(row, saved_row);
            } else {
                self.present.push(*order);
                self.saved.push(saved_row);
            }
        }
        self.present.extend_from_slice(&present[both..]);
        self.saved.extend(rows.skip(both));
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
        let (first, second) = (orders(&[3, 1]), orders(&[2]));
        column.fill([(&first[..], &["a", "b"][..]), (&second, &["c"])].into_iter());
        assert_eq!(column.tables().collect::<Vec<_>>(), [0..2, 2..3]);
        assert_eq!(column.values(), ["a", "b", "c"]);
        column.fill([(&second[..], &["d"][..])].into_iter());
        assert_eq!(column.rows().collect::<Vec<_>>(), [(second[0], &"d")]);
        assert!(column.tables().eq(std::iter::once(0..1)));
    }

    #[test]
    fn only_rows_that_are_elsewhere_mismatch() {
        let mut mismatch = Mismatch::default();
        let (saved, mut matched) = (orders(&[9, 4, 5, 6]), Vec::new());
        // 5 was despawned: the last row took its place, and 7 was spawned after it.
        let present = orders(&[4, 6, 7, 8]);
        mismatch.compare(&present, &saved, 1..4, |row, saved| matched.push((row, saved)));
        assert_eq!(matched, [(0, 1)]);
        let expected = Mismatch { saved: vec![2, 3], present: orders(&[6, 7, 8]) };
        assert_eq!(mismatch, expected);
    }
}
