//! The attempts that failed, for the report.

use std::collections::VecDeque;
use std::time::Duration;

/// How many are kept.
const KEPT: usize = 8;
/// How much of a reason is kept, in bytes.
const MAX_REASON_BYTES: usize = 256;

/// An attempt at a connection that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptFailure {
    /// When, on the clock of `now`.
    pub at: Duration,
    /// Why, in words: at most 256 bytes.
    pub reason: String,
}

/// The last attempts that failed, oldest first.
#[derive(Debug, Default)]
pub(super) struct Failures(VecDeque<AttemptFailure>);

impl Failures {
    pub(super) fn record(&mut self, at: Duration, mut reason: String) {
        reason.truncate(reason.floor_char_boundary(MAX_REASON_BYTES));
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(AttemptFailure { at, reason });
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &AttemptFailure> {
        self.0.iter()
    }

    pub(super) fn last(&self) -> Option<&AttemptFailure> {
        self.0.back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_last_eight_are_kept_and_of_each_a_bounded_reason() {
        let mut failures = Failures::default();
        for second in 0..20 {
            failures.record(Duration::from_secs(second), format!("{second} {}", "ü".repeat(9000)));
        }
        let kept: Vec<u64> = failures.iter().map(|failure| failure.at.as_secs()).collect();
        assert_eq!(kept, [12, 13, 14, 15, 16, 17, 18, 19]);
        assert!(failures.iter().all(|failure| (250..=256).contains(&failure.reason.len())));
    }
}
