//! How components of a type are overwritten: in place, or by inserting them again where they are immutable.

use bevy::ecs::component::{Immutable, Mutable};
use bevy::platform::collections::HashMap;
use bevy::prelude::*;

use super::column::{Column, Mismatch};
use super::history::RollsBack;
use super::references::Restored;
use super::rows::Rows;
use crate::SpawnOrder;

/// Gives every entity that is where it was in the column its value, and returns what is elsewhere.
type Overwrite<T> =
    dyn FnMut(&mut World, &Column<T>, &Rows, &mut Restored<'_>) -> Mismatch + Send + Sync;

/// How components of a type are overwritten.
pub struct Access<T> {
    /// All of them.
    pub(super) overwrite: Box<Overwrite<T>>,
    /// Gives an entity that has the component a value.
    pub(super) overwrite_one: fn(&mut EntityWorldMut, T),
    /// That is by inserting it, so that hooks and observers run.
    pub(super) replaces: bool,
}

/// [`Mutable`] or [`Immutable`]: components of either roll back.
pub trait Restorable<T: Component>: private::Sealed {
    /// How they are overwritten. Immutable ones are not if the value is the same, because hooks and observers would
    /// run.
    #[doc(hidden)]
    fn access(world: &mut World, same: fn(&T, &T) -> bool) -> Access<T>;
}

mod private {
    pub trait Sealed {}
    impl Sealed for super::Mutable {}
    impl Sealed for super::Immutable {}
}

impl<T: Component<Mutability = Mutable> + Clone> Restorable<T> for Mutable {
    fn access(world: &mut World, _same: fn(&T, &T) -> bool) -> Access<T> {
        let mut rows = world.query_filtered::<(&SpawnOrder, &mut T), RollsBack>();
        Access {
            overwrite: Box::new(move |world, column, frame, references| {
                let mut mismatch = Mismatch::default();
                let Ok(tables) = rows.contiguous_iter_mut(world) else {
                    mismatch.saved.extend(column.rows(frame).map(|(order, _)| order).zip(0..));
                    mismatch.present.extend(rows.iter(world).map(|(order, _)| *order));
                    return mismatch;
                };
                let mut saved = column.tables(frame);
                for (orders, mut values) in tables {
                    let table = saved.next().unwrap_or_default();
                    if *orders == *table.orders {
                        values.clone_from_slice(table.values);
                        references.map(&mut values);
                    } else {
                        // Each access through `ContiguousMut` marks all values as changed.
                        let values: &mut [T] = &mut values;
                        mismatch.compare(orders, table.orders, table.start, |row| {
                            values[row] = references.restore(&table.values[row]);
                        });
                    }
                }
                saved.for_each(|table| mismatch.compare(&[], table.orders, table.start, |_| {}));
                mismatch
            }),
            overwrite_one: |entity, value| {
                if let Some(mut component) = entity.get_mut::<T>() {
                    *component = value;
                }
            },
            replaces: false,
        }
    }
}

impl<T: Component<Mutability = Immutable> + Clone> Restorable<T> for Immutable {
    fn access(world: &mut World, same: fn(&T, &T) -> bool) -> Access<T> {
        let mut rows = world.query_filtered::<(&SpawnOrder, &T), RollsBack>();
        Access {
            overwrite: Box::new(move |world, column, frame, references| {
                let mut missing: HashMap<SpawnOrder, usize> =
                    column.rows(frame).map(|(order, _)| order).zip(0..).collect();
                let mut mismatch = Mismatch::default();
                for (order, value) in rows.iter(world) {
                    let saved = missing.get(order).copied();
                    if saved.is_some_and(|row| same(value, &references.restore(column.value(row))))
                    {
                        missing.remove(order);
                    } else {
                        mismatch.present.push(*order);
                    }
                }
                mismatch.saved.extend(missing);
                mismatch.saved.sort_unstable_by_key(|(_, row)| *row);
                mismatch
            }),
            overwrite_one: |entity, value| {
                entity.insert(value);
            },
            replaces: true,
        }
    }
}
