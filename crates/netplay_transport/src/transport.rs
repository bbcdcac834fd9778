//! The trait that every transport implements.

use std::task::{Context, Poll};
use std::time::Duration;

use netplay_core::emulator::NetworkEmulation;
use netplay_core::path::{Channel, PathId};
use netplay_core::transport::{SendError, TransportEvent, TransportRequest};
use netplay_protocol::PeerKey;

/// Brings the peers of a room together and carries packets between them.
///
/// The caller polls once a frame or more often, then takes events until there are none. There may be several paths to a peer at a
/// time; the caller decides which to use and when to attempt another. Packets on [`Channel::Datagram`] may be lost,
/// reordered and duplicated. On [`Channel::Reliable`] they arrive once and in order, as long as the path is up.
pub trait Transport: Send + Sync {
    /// Receives what has arrived by `now`, a time since any fixed moment.
    fn poll(&mut self, now: Duration);

    /// The next event, oldest first.
    fn poll_event(&mut self) -> Option<TransportEvent>;

    /// Sends a packet on a path that is up. Never blocks. Returns about how many bytes now wait to be sent on the
    /// path.
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

    /// About how many bytes wait to be sent on a path at this moment. None where that is only known when a packet is
    /// sent, which is the default.
    fn buffered(&self, _to: PeerKey, _path: PathId) -> Option<usize> {
        None
    }

    /// Carries out a request. Its results are events.
    fn request(&mut self, request: TransportRequest);

    /// Leaves the room once reliable packets had time to be sent. The last event is [`TransportEvent::Left`].
    fn leave(&mut self);

    /// Emulates this network from now on. Only [`ConditionedTransport`](crate::conditioned::ConditionedTransport) does.
    fn set_emulation(&mut self, _now: Duration, _emulation: &NetworkEmulation) {}

    /// Sends at once what is held back: the process may be about to end.
    fn release(&mut self) {}

    /// Whether something happens here as real time passes, and so between the frames of a game. If not, as on virtual
    /// time, it is polled in frames and at no other time, which is the default.
    fn runs_on_real_time(&self) -> bool {
        false
    }

    /// Sends what was held back until now, and has the task woken when more is due. Takes nothing in. Only on real
    /// time.
    fn poll_due(&mut self, _now: Duration, _context: &mut Context<'_>) {}

    /// Whether there is something to [`poll`](Self::poll). If not, and this runs on real time, has the task woken once
    /// there is.
    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}
