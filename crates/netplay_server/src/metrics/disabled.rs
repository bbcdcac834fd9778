//! Stands in for the metrics in a build without them. Every method does nothing.

use netplay_protocol::RelayChannel;
use netplay_protocol::signaling::{ConnectionType, Refusal};

/// The fields and methods of the real metrics, as far as the server updates them.
#[derive(Default)]
pub(crate) struct Metrics {
    pub(crate) connections: Disabled,
    #[cfg(feature = "matchbox")]
    pub(crate) matchbox_peers: Disabled,
    pub(crate) queued: Disabled,
    pub(crate) joins: Disabled,
    pub(crate) lists: Disabled,
    pub(crate) signals: Disabled,
    pub(crate) attempts: Disabled,
    pub(crate) away_signals_dropped: Disabled,
    pub(crate) relay_dropped: Disabled,
    #[cfg(feature = "matchbox")]
    pub(crate) signals_dropped: Disabled,
    pub(crate) turn_withheld: Disabled,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn count_relayed(&self, _: RelayChannel, _: usize) {}

    pub(crate) fn count_resume(&self, _: bool) {}

    pub(crate) fn count_kick(&self, _: bool) {}

    pub(crate) fn count_link(&self, _: ConnectionType) {}

    pub(crate) fn count_refusal(&self, _: &Refusal) {}
}

/// A counter or gauge that counts nothing.
#[derive(Default)]
pub(crate) struct Disabled;

impl Disabled {
    pub(crate) fn inc(&self) {}

    pub(crate) fn inc_by(&self, _: u64) {}

    pub(crate) fn dec(&self) {}

    pub(crate) fn set(&self, _: i64) {}
}
