//! A match's traffic where two owners reach it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::traffic::MatchTraffic;

/// The traffic of a match, shared by the room and the rollback session's socket.
///
/// The room takes in what comes before a rollback session runs, and between the updates of the game; so the lock is
/// hardly ever waited for. A rollback session that catches up runs many frames within one update, and exchanges messages
/// in each of them.
#[derive(Clone, Debug)]
pub struct SharedTraffic(Arc<Mutex<MatchTraffic>>);

impl SharedTraffic {
    /// Shares the traffic of a match.
    pub fn new(traffic: MatchTraffic) -> Self {
        Self(Arc::new(Mutex::new(traffic)))
    }

    /// The traffic, until the guard is dropped.
    pub fn lock(&self) -> MutexGuard<'_, MatchTraffic> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
