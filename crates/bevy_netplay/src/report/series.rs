//! [`Series`]: samples of a whole match, however long it is.

use bevy::prelude::*;

use crate::stats::{LinkSample, MatchSample};

/// How many samples are kept: four minutes of quarters of a second, before two become one.
const MAX_SAMPLES: usize = 1024;

/// What can be a sample of a longer interval.
pub(super) trait Merge: Clone {
    /// The interval goes on with the one after it.
    fn merge(&mut self, next: &Self);
}

impl Merge for MatchSample {
    fn merge(&mut self, next: &Self) {
        self.merge(next);
    }
}

impl Merge for LinkSample {
    fn merge(&mut self, next: &Self) {
        self.merge(next);
    }
}

/// Samples of a whole match. Once there are too many, two neighbours become one, again and again: the memory is bounded,
/// and extremes stay.
#[derive(Clone, Debug, Reflect)]
pub(super) struct Series<T> {
    samples: Vec<T>,
    /// How many samples as they come make one here.
    step: u32,
    /// How many of these the last one has.
    filled: u32,
}

impl<T> Default for Series<T> {
    fn default() -> Self {
        Self { samples: Vec::new(), step: 1, filled: 0 }
    }
}

impl<T: Merge> Series<T> {
    pub(super) fn push(&mut self, sample: &T) {
        match self.samples.last_mut() {
            Some(last) if self.filled < self.step => last.merge(sample),
            _ => {
                if self.samples.len() == MAX_SAMPLES {
                    self.halve();
                }
                self.samples.push(sample.clone());
                self.filled = 0;
            }
        }
        self.filled += 1;
    }

    fn halve(&mut self) {
        let merge = |pair: &[T]| {
            let mut merged = pair[0].clone();
            pair[1..].iter().for_each(|next| merged.merge(next));
            merged
        };
        self.samples = self.samples.chunks(2).map(merge).collect();
        self.step *= 2;
    }

    pub(super) fn samples(&self) -> &[T] {
        &self.samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First and last number, and the largest.
    #[derive(Clone, Debug, PartialEq)]
    struct Span(u32, u32, u32);

    impl Merge for Span {
        fn merge(&mut self, next: &Self) {
            assert_eq!(self.1 + 1, next.0, "a gap");
            *self = Self(self.0, next.1, self.2.max(next.2));
        }
    }

    #[test]
    fn however_long_it_is_it_covers_everything_without_gaps_and_stays_bounded() {
        let mut series = Series::default();
        for number in 0..100_000 {
            series.push(&Span(number, number, number % 7919));
            assert!(series.samples.len() <= MAX_SAMPLES);
            if number % 997 == 0 {
                let all = series.samples.iter().cloned().reduce(|mut sum, next| {
                    sum.merge(&next);
                    sum
                });
                assert_eq!(all, Some(Span(0, number, number.min(7918))));
            }
        }
        assert!(series.samples.len() > MAX_SAMPLES / 2 - 2, "{}", series.samples.len());
        assert_eq!(series.step, 128);
    }
}
