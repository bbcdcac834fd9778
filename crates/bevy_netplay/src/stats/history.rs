//! [`History`]: the latest values of something, in a ring of fixed size.

use std::collections::VecDeque;

use bevy::prelude::*;

/// The latest values of something, oldest first. It takes up its memory once, and forgets the oldest value when it is full.
#[derive(Clone, Debug, Reflect)]
pub struct History<T> {
    samples: VecDeque<T>,
    capacity: usize,
    /// How many there were in all.
    total: u64,
}

impl<T> History<T> {
    /// An empty one for so many values.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { samples: VecDeque::with_capacity(capacity), capacity, total: 0 }
    }

    pub(crate) fn push(&mut self, sample: T) {
        if self.samples.len() >= self.capacity {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
        self.total += 1;
    }

    /// The values, oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &T> + DoubleEndedIterator {
        self.samples.iter()
    }

    /// The newest value.
    pub fn last(&self) -> Option<&T> {
        self.samples.back()
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// How many values there were in all, those that are forgotten included: it tells how many are new.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many values there are at most.
    pub fn capacity(&self) -> usize {
        self.capacity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_value_makes_room_and_the_memory_stays_the_same() {
        let mut history = History::new(3);
        let memory = history.samples.capacity();
        (0..100).for_each(|value: u32| history.push(value));
        assert_eq!(history.iter().copied().collect::<Vec<_>>(), [97, 98, 99]);
        assert_eq!((history.last(), history.len(), history.capacity()), (Some(&99), 3, 3));
        assert_eq!((history.samples.capacity(), history.total()), (memory, 100));
    }
}
