//! The end of a hub that one peer holds.

use std::time::Duration;

use netplay_core::path::{Channel, PathId};
use netplay_protocol::PeerKey;

use super::MemoryHub;
use super::state::MemberId;
use crate::{SendError, Transport, TransportEvent, TransportRequest};

/// One peer's end of a [`MemoryHub`]. Dropping it is what a crash of the process is: the others see
/// its paths go down.
#[derive(Debug)]
pub struct MemoryTransport {
    hub: MemoryHub,
    member: MemberId,
}

impl MemoryTransport {
    pub(super) fn new(hub: MemoryHub, member: MemberId) -> Self {
        Self { hub, member }
    }
}

impl Transport for MemoryTransport {
    fn poll(&mut self, now: Duration) {
        self.hub.state().poll(self.member, now);
    }

    fn poll_event(&mut self) -> Option<TransportEvent> {
        self.hub.state().poll_event(self.member)
    }

    fn send(
        &mut self,
        now: Duration,
        to: PeerKey,
        path: PathId,
        channel: Channel,
        packet: &[u8],
    ) -> Result<usize, SendError> {
        self.hub.state().send(self.member, now, to, path, channel, packet)
    }

    fn request(&mut self, request: TransportRequest) {
        self.hub.state().request(self.member, request);
    }

    fn leave(&mut self) {
        self.hub.state().leave(self.member);
    }
}

impl Drop for MemoryTransport {
    fn drop(&mut self) {
        self.hub.state().drop_member(self.member);
    }
}
