//! The trait that every transport implements.

use std::time::Duration;

use netplay_core::path::{Channel, PathId};
use netplay_core::transport::{SendError, TransportEvent, TransportRequest};
use netplay_protocol::PeerKey;

/// Brings the peers of a room together and carries packets between them.
///
/// The caller polls once a frame, then reads events until there are none. Between two peers there may be
/// several paths at a time; which of them to use, and when to attempt another, is the caller's to decide.
/// Packets are delivered as they came: unordered and perhaps twice on [`Channel::Datagram`]; on
/// [`Channel::Reliable`] once and in order, as long as the path lives.
pub trait Transport: Send + Sync {
    /// Takes in what has arrived by `now`, counted from any fixed moment.
    fn poll(&mut self, now: Duration);

    /// The next thing that happened, oldest first.
    fn next_event(&mut self) -> Option<TransportEvent>;

    /// Sends a packet on a path that is up. Never blocks. Returns about how many bytes wait to be sent on
    /// the path now.
    ///
    /// # Errors
    ///
    /// [`SendError`] where the path is down or the packet too large.
    fn send(
        &mut self,
        now: Duration,
        to: PeerKey,
        path: PathId,
        channel: Channel,
        packet: &[u8],
    ) -> Result<usize, SendError>;

    /// Does something about paths, or tells the server something. What comes of it comes as events.
    fn request(&mut self, request: TransportRequest);

    /// Leaves the room once what was sent reliably is on its way. Events end with
    /// [`TransportEvent::Left`].
    fn leave(&mut self);
}
