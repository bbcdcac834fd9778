//! The memory that waits for clients which do not read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::network::Network;

/// What waits for all clients of an address, in bytes: each connection has bounds of its own, but a client
/// that opens many and reads from none would get them all filled.
#[derive(Clone, Debug)]
pub(crate) struct WaitingBytes {
    network: Arc<Network>,
    most: usize,
}

/// The bytes that wait for the clients of one network.
#[derive(Debug, Default)]
pub(super) struct Waiting(AtomicUsize);

impl WaitingBytes {
    pub(super) fn new(network: Arc<Network>, most: usize) -> Self {
        Self { network, most }
    }

    /// Whether the address, or a network that it is in, has as much waiting as it may.
    pub(crate) fn is_full(&self) -> bool {
        self.network.levels().any(|level| {
            // Relaxed: no other memory depends on the sum.
            let most = self.most.saturating_mul(level.address().allowance() as usize);
            level.waiting.0.load(Ordering::Relaxed) >= most
        })
    }

    /// What waits for one of its connections has changed.
    pub(crate) fn change(&self, before: usize, after: usize) {
        for level in self.network.levels() {
            // Wraps for a difference below zero, and the sum wraps back.
            level.waiting.0.fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
        }
    }
}
