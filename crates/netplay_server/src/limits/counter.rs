//! Counts what exists at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts what exists at the same time.
#[derive(Clone, Debug, Default)]
pub(super) struct Counter(Arc<AtomicUsize>);

/// One counted thing. Dropping it reduces the count.
#[derive(Debug)]
#[must_use = "dropping it reduces the count"]
pub(super) struct Counted(Arc<AtomicUsize>);

impl Counter {
    /// Counts one more, unless there are `most` already.
    pub(super) fn count(&self, most: usize) -> Option<Counted> {
        // Relaxed: no other memory depends on the count.
        let more = |count| (count < most).then_some(count + 1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Counted(self.0.clone()))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
