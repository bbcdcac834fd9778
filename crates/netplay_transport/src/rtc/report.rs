//! What an attempt tells the driver.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::channel::oneshot;
use netplay_core::negotiation::AttemptSignal;
use netplay_protocol::{ConnectionId, PeerKey};
use web_time::Instant;

use super::sender::Senders;
use crate::Candidates;

/// What an attempt tells the driver.
pub(super) struct AttemptReport {
    pub(super) peer: PeerKey,
    pub(super) connection: ConnectionId,
    pub(super) event: AttemptEvent,
}

/// What happened to an attempt.
pub(super) enum AttemptEvent {
    /// It has a signal for the peer.
    Signal(AttemptSignal),
    /// Both channels are open.
    Opened(Opened),
    /// The pair of candidates became known or changed.
    Pair(Candidates),
    /// The attempt was broken off or the connection closed, for this reason.
    Ended(String),
    /// No candidates reached each other.
    ChecksFailed {
        reason: String,
        /// What went wrong at STUN and TURN servers.
        troubles: Vec<String>,
    },
}

/// A connection that has just opened.
pub(super) struct Opened {
    pub(super) senders: Senders,
    pub(super) heard: Heard,
    /// Sent once the caller knows the path: only then does the attempt forward what arrives, so that no packet
    /// overtakes the news of its path.
    pub(super) forward: oneshot::Sender<()>,
}

/// When something last came on a connection.
#[derive(Clone)]
pub(super) struct Heard {
    opened: Instant,
    /// How long after that, in milliseconds.
    last: Arc<AtomicU64>,
}

impl Heard {
    /// A connection that opens now.
    pub(super) fn new(now: Instant) -> Self {
        Self { opened: now, last: Arc::default() }
    }

    /// Something came.
    pub(super) fn note(&self, at: Instant) {
        let after = at.saturating_duration_since(self.opened).as_millis();
        self.last.store(u64::try_from(after).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// When something last came, or the connection opened.
    pub(super) fn last(&self) -> Instant {
        self.opened + Duration::from_millis(self.last.load(Ordering::Relaxed))
    }
}
