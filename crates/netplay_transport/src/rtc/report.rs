//! What an attempt tells the driver.

use futures::channel::oneshot;
use netplay_core::negotiation::AttemptSignal;
use netplay_protocol::{ConnectionId, PeerKey};

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
    /// The attempt failed or the connection closed, for this reason.
    Ended(String),
}

/// A connection that has just opened.
pub(super) struct Opened {
    pub(super) senders: Senders,
    /// Sent once the caller knows the path: only then does the attempt forward what arrives, so that no packet
    /// overtakes the news of its path.
    pub(super) forward: oneshot::Sender<()>,
}
