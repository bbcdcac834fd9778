//! What the caller is told.

use netplay_core::path::{PathId, PathKind};
use netplay_protocol::PeerKey;
use web_time::Instant;

use super::inbox_quota::Permit;
use super::sender::Sender;
use crate::{Channel, TransportEvent};

/// An event or packet for the caller.
pub(super) enum DriverEvent {
    /// Passed on as it is.
    Event(TransportEvent),
    /// A path is up, and packets are sent on it this way.
    PathUp { peer: PeerKey, path: PathId, kind: PathKind, sender: Sender },
    /// A packet arrived.
    Packet {
        peer: PeerKey,
        path: PathId,
        at: Instant,
        channel: Channel,
        packet: Vec<u8>,
        /// Held until the caller takes the packet.
        _permit: Permit,
    },
}
