//! How components of a type are overwritten: in place, or by inserting them again where they are immutable.

use bevy::ecs::component::{Immutable, Mutable};
use bevy::platform::collections::HashMap;
use bevy::prelude::*;

use super::column::{Column, Mismatch};
use super::history::RollsBack;
use super::references::Restored;
use crate::SpawnOrder;

/// Gives every entity that is where it was in the column its value, and returns what is elsewhere.
type Overwrite<T> = dyn FnMut(&mut World, &Column<T>, &mut Restored<'_>) -> Mismatch + Send + Sync;

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
            overwrite: Box::new(move |world, column, references| {
                let mut mismatch = Mismatch::default();
                let Ok(tables) = rows.contiguous_iter_mut(world) else {
                    mismatch.saved.extend(0..column.orders().len());
                    mismatch.present.extend(rows.iter(world).map(|(order, _)| *order));
                    return mismatch;
                };
                let mut saved = column.tables();
                for (orders, mut values) in tables {
                    let table = saved.next().unwrap_or_default();
                    if *orders == column.orders()[table.clone()] {
                        values.clone_from_slice(&column.values()[table]);
                        references.map(&mut values);
                    } else {
                        // Each access through `ContiguousMut` marks all values as changed.
                        let values: &mut [T] = &mut values;
                        mismatch.compare(orders, column.orders(), table, |row, saved| {
                            values[row] = references.restore(&column.values()[saved]);
                        });
                    }
                }
                mismatch.saved.extend(saved.flatten());
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
            overwrite: Box::new(move |world, column, references| {
                let mut missing: HashMap<SpawnOrder, usize> =
                    column.orders().iter().copied().zip(0..).collect();
                let mut mismatch = Mismatch::default();
                for (order, value) in rows.iter(world) {
                    let saved = missing.get(order).copied();
                    if saved
                        .is_some_and(|row| same(value, &references.restore(&column.values()[row])))
                    {
                        missing.remove(order);
                    } else {
                        mismatch.present.push(*order);
                    }
                }
                mismatch.saved.extend(missing.into_values());
                mismatch.saved.sort_unstable();
                mismatch
            }),
            overwrite_one: |entity, value| {
                entity.insert(value);
            },
            replaces: true,
        }
    }
}
