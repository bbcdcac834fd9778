//! WebRTC: a room on a signaling server, and connections to the other peers in it.
//!
//! What to do is decided by [`Negotiator`](netplay_core::negotiation::Negotiator), which owns the client of the
//! signaling server, checks and filters what peers signal, and encrypts what the server relays. This module carries it
//! out: one background task, the driver, owns the WebSocket to the server and one attempt for each connection that
//! opens or is open. [`RtcTransport`] is the caller's end of it.
//!
//! Each attempt is a matchbox socket of its own, for one peer and one try. matchbox has no handshake deadline, no way
//! to close one peer, and gives up every peer of a socket when one of them sends something it cannot parse. With one
//! socket per attempt a deadline is a dropped future, and trouble stays with the peer that caused it.
//!
//! ```text
//!            requests                      WebSocket
//! caller ───────────────► driver ◄──────────────────────► netplay-server
//!    ▲   ◄─────────────── │    ▲
//!    │       events       │    │ reports (signals, opened, ended)
//!    │                    ▼    │
//!    └──── packets ───── attempt (one matchbox socket) ◄──► the same on the other peer
//! ```

mod allowed_servers;
mod attempt;
mod driver;
mod driver_event;
#[cfg(not(target_arch = "wasm32"))]
#[path = "platform/ice_servers.rs"]
mod ice_servers;
#[cfg(not(target_arch = "wasm32"))]
#[path = "platform/ice_waker.rs"]
mod ice_waker;
mod inbox_quota;
mod logs;
#[cfg(not(target_arch = "wasm32"))]
#[path = "platform/mapped_address.rs"]
mod mapped_address;
mod network_watch;
#[cfg_attr(target_arch = "wasm32", path = "platform/wasm.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "platform/native.rs")]
mod platform;
mod relay_queue;
mod report;
mod room_list;
mod sender;
mod signaller;
mod socket;
#[cfg(not(target_arch = "wasm32"))]
#[path = "platform/tunnels.rs"]
mod tunnels;
#[cfg(not(target_arch = "wasm32"))]
#[path = "platform/turn_tunnel.rs"]
mod turn_tunnel;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::StreamExt;
use futures::channel::mpsc;
use netplay_core::path::{Channel, PathId};
use netplay_protocol::{PeerKey, Roster};

use crate::{JoinRequest, LeaveReason, SendError, Transport, TransportEvent, TransportRequest};
use driver_event::DriverEvent;
#[cfg(target_arch = "wasm32")]
pub(crate) use platform::connect;
pub(crate) use platform::{
    FrameSink, FrameStream, LocalFuture, Task, finish, now as real_time, spawn,
};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use platform::{frames, web_socket_config};
pub use room_list::RoomListTask;
use sender::Sender;

/// How many events may wait for the caller: the packets that seven peers may have waiting, and some. When a
/// caller stops polling for longer, datagrams are dropped; inputs are repeated until they are acknowledged.
const MAX_INBOX: usize = 8192;

/// WebRTC connections to the peers of one room.
pub struct RtcTransport {
    requests: mpsc::UnboundedSender<TransportRequest>,
    inbox: mpsc::Receiver<DriverEvent>,
    /// The oldest event of the inbox, if it was looked at already.
    next: Option<DriverEvent>,
    events: VecDeque<TransportEvent>,
    paths: BTreeMap<(PeerKey, PathId), Sender>,
    /// Peers that the caller wants to hear nothing more of: what was on its way is dropped.
    forgotten: BTreeSet<PeerKey>,
    /// The members of the room.
    listed: Vec<PeerKey>,
    left: bool,
    /// Ends the driver, and with it every connection, when the transport is dropped.
    _driver: platform::Task,
}

impl RtcTransport {
    /// Starts joining. What becomes of it comes as events.
    pub fn join(request: JoinRequest) -> Self {
        let (requests, requests_rx) = mpsc::unbounded();
        let (inbox_tx, inbox) = mpsc::channel(MAX_INBOX);
        let driver = platform::spawn(driver::drive(request, requests_rx, inbox_tx));
        Self {
            requests,
            inbox,
            next: None,
            events: VecDeque::new(),
            paths: BTreeMap::new(),
            forgotten: BTreeSet::new(),
            listed: Vec::new(),
            left: false,
            _driver: driver,
        }
    }

    fn try_recv(&mut self) -> Result<DriverEvent, mpsc::TryRecvError> {
        self.next.take().map_or_else(|| self.inbox.try_recv(), Ok)
    }

    /// Who was out of the room and comes in again is another process, and is heard: the first attempt may be its own.
    fn handle_roster(&mut self, roster: &Roster) {
        for member in roster.members.iter().filter(|member| !self.listed.contains(member)) {
            self.forgotten.remove(member);
        }
        self.listed.clone_from(&roster.members);
    }

    fn left(&mut self, reason: LeaveReason) {
        if !std::mem::replace(&mut self.left, true) {
            self.paths.clear();
            self.events.push_back(TransportEvent::Left(reason));
        }
    }
}

impl Transport for RtcTransport {
    fn poll(&mut self, now: Duration) {
        let polled = platform::now();
        loop {
            match self.try_recv() {
                Ok(DriverEvent::Event(TransportEvent::Left(reason))) => self.left(reason),
                Ok(DriverEvent::Event(event)) => {
                    match &event {
                        TransportEvent::PathDown { peer, path, .. } => {
                            self.paths.remove(&(*peer, *path));
                        }
                        TransportEvent::Roster(roster) => self.handle_roster(roster),
                        _ => {}
                    }
                    self.events.push_back(event);
                }
                Ok(DriverEvent::PathUp { peer, .. } | DriverEvent::Packet { peer, .. })
                    if self.forgotten.contains(&peer) => {}
                Ok(DriverEvent::PathUp { peer, path, kind, sender }) => {
                    self.paths.insert((peer, path), sender);
                    self.events.push_back(TransportEvent::PathUp { peer, path, kind });
                }
                Ok(DriverEvent::Packet { peer, path, at, channel, packet, .. }) => {
                    let at = now.saturating_sub(polled.saturating_duration_since(at));
                    let received = TransportEvent::Received { peer, path, at, channel, packet };
                    self.events.push_back(received);
                }
                Err(mpsc::TryRecvError::Empty) => break,
                Err(mpsc::TryRecvError::Closed) => {
                    // The driver always says why it ends; if it could not, it died.
                    self.left(LeaveReason::ServerGone("the connection task ended".into()));
                    break;
                }
            }
        }
    }

    fn poll_event(&mut self) -> Option<TransportEvent> {
        self.events.pop_front()
    }

    fn send(
        &mut self,
        _now: Duration,
        to: PeerKey,
        path: PathId,
        channel: Channel,
        packet: &[u8],
    ) -> Result<usize, SendError> {
        if packet.len() > channel.max_packet_bytes() {
            return Err(SendError::TooLarge(packet.len()));
        }
        self.paths.get_mut(&(to, path)).ok_or(SendError::NoPath)?.send(channel, packet)
    }

    fn buffered(&self, to: PeerKey, path: PathId) -> Option<usize> {
        self.paths.get(&(to, path)).map(Sender::buffered)
    }

    fn request(&mut self, request: TransportRequest) {
        match request {
            TransportRequest::Close(peer, path) => drop(self.paths.remove(&(peer, path))),
            TransportRequest::Forget(peer) => {
                self.paths.retain(|(known, _), _| *known != peer);
                self.forgotten.insert(peer);
            }
            TransportRequest::Attempt(peer) | TransportRequest::OpenRelay(peer) => {
                self.forgotten.remove(&peer);
            }
            TransportRequest::CheckServer
            | TransportRequest::Playing(_)
            | TransportRequest::Connected(..)
            | TransportRequest::Kick { .. }
            | TransportRequest::Open(_) => {}
        }
        // A driver that is gone has left the room.
        let _ = self.requests.unbounded_send(request);
    }

    fn leave(&mut self) {
        self.requests.close_channel();
    }

    fn runs_on_real_time(&self) -> bool {
        true
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // Nothing follows when the room was left.
        if self.left {
            return Poll::Pending;
        }
        if self.next.is_none() {
            match self.inbox.poll_next_unpin(context) {
                Poll::Ready(next) => self.next = next,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }
}
