//! How many received packets of one path may wait for the caller.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many packets of one path may wait for the caller: 8 s of datagrams.
const MAX_WAITING: usize = 1024;

/// Keeps the packets of one path from filling the whole inbox.
#[derive(Clone, Debug, Default)]
pub(super) struct InboxQuota(Arc<AtomicUsize>);

/// Permission for one packet to wait. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Permit(Arc<AtomicUsize>);

impl InboxQuota {
    /// Permission for one more packet, unless too many wait.
    pub(super) fn acquire(&self) -> Option<Permit> {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        let permit = Permit(self.0.clone());
        (before < MAX_WAITING).then_some(permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permit_that_is_given_back_can_be_acquired_again() {
        let quota = InboxQuota::default();
        let mut permits: Vec<_> = (0..MAX_WAITING).map(|_| quota.acquire().unwrap()).collect();
        assert!(quota.acquire().is_none());
        permits.pop();
        assert!(quota.acquire().is_some());
    }
}
