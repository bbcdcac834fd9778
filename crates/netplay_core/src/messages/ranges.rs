//! Sets of numbers, kept as ranges.

use std::collections::BTreeMap;

/// A set of numbers: the start of each range, and its end, which is not part of it. Ranges neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges(BTreeMap<u64, u64>);

impl Ranges {
    /// Adds the numbers from `start` to before `end`.
    pub(super) fn insert(&mut self, mut start: u64, mut end: u64) {
        if start >= end {
            return;
        }
        if let Some((&before, &reaches)) = self.0.range(..=start).next_back()
            && reaches >= start
        {
            (start, end) = (before, end.max(reaches));
        }
        while let Some((&inside, &reaches)) = self.0.range(start..=end).next() {
            self.0.remove(&inside);
            end = end.max(reaches);
        }
        self.0.insert(start, end);
    }

    /// Removes the numbers from `start` to before `end`.
    pub(super) fn remove(&mut self, start: u64, end: u64) {
        if start >= end {
            return;
        }
        if let Some((&before, &reaches)) = self.0.range(..start).next_back()
            && reaches > start
        {
            self.0.insert(before, start);
            if reaches > end {
                self.0.insert(end, reaches);
            }
        }
        while let Some((&inside, &reaches)) = self.0.range(start..end).next() {
            self.0.remove(&inside);
            if reaches > end {
                self.0.insert(end, reaches);
            }
        }
    }

    /// The numbers from `start` to before `end` that are not in the set, as ranges.
    pub(super) fn gaps(&self, start: u64, end: u64) -> Vec<(u64, u64)> {
        let mut gaps = Vec::new();
        let mut from = start;
        if let Some((_, &reaches)) = self.0.range(..=start).next_back() {
            from = from.max(reaches);
        }
        for (&inside, &reaches) in self.0.range(start..end.max(start)) {
            if inside > from {
                gaps.push((from, inside));
            }
            from = from.max(reaches);
        }
        if from < end {
            gaps.push((from, end));
        }
        gaps
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.0.range(..=number).next_back().is_some_and(|(_, end)| *end > number)
    }

    /// The lowest range.
    pub(super) fn first(&self) -> Option<(u64, u64)> {
        self.0.first_key_value().map(|(start, end)| (*start, *end))
    }

    /// Removes the lowest range.
    pub(super) fn remove_first(&mut self) {
        self.0.pop_first();
    }

    /// How many ranges there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ranges, from the highest down.
    pub(super) fn descending(&self) -> impl Iterator<Item = (u64, u64)> {
        self.0.iter().rev().map(|(start, end)| (*start, *end))
    }

    /// How many of the numbers from `start` to before `end` are in the set.
    pub(super) fn count(&self, start: u64, end: u64) -> u64 {
        let missing: u64 = self.gaps(start, end).iter().map(|(from, to)| to - from).sum();
        end.saturating_sub(start) - missing
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};

    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_set_of_ranges_holds_what_a_set_of_numbers_does() {
        let mut random = rand_pcg::Pcg32::seed_from_u64(1);
        let (mut ranges, mut numbers) = (Ranges::default(), [false; 64]);
        for step in 0..5000 {
            let start = random.random_range(0..64u64);
            let end = random.random_range(start..=64);
            let adds = random.random_range(0..2) == 0;
            numbers[start as usize..end as usize].fill(adds);
            if adds {
                ranges.insert(start, end);
            } else {
                ranges.remove(start, end);
            }
            let contains: Vec<bool> = (0..64).map(|number| ranges.contains(number)).collect();
            assert_eq!(contains, numbers, "{step}");
            let runs = numbers.chunk_by(|a, b| a == b).filter(|run| run[0]).count();
            assert_eq!(ranges.len(), runs, "{step}: {ranges:?}");
            let held = numbers[start as usize..end as usize].iter().filter(|it| **it).count();
            assert_eq!(ranges.count(start, end), held as u64, "{step}");
            for (from, to) in ranges.gaps(start, end) {
                assert!(from < to && (from..to).all(|number| !ranges.contains(number)), "{step}");
            }
        }
    }
}
