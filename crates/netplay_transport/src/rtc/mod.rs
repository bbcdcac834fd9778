//! WebRTC: a room on a signaling server, and a connection to every other peer in it.
//!
//! Everything that waits lives in one background task, the driver, which owns the connection to the
//! signaling server and, for each remote peer, an attempt that is under way and the connections that are
//! open. [`RtcTransport`] is the caller's end of it.
//!
//! The connection to the server looks after itself: it tries several servers, comes back to its seat when
//! the socket breaks or the server is started anew, and keeps what was to be said meanwhile. Connections
//! that are open do not notice.
//!
//! Nobody has to trust the server. Offers and answers are signed by the identities that the peers' names are
//! fingerprints of; what the server carries is sealed with keys that they agreed on.
//!
//! Each attempt is a matchbox socket of its own, for one remote and one try. matchbox has no handshake
//! deadline, no way to close one peer, and gives up every peer of a socket when one of them sends
//! something it cannot take; with one socket per attempt a deadline is a dropped future and trouble
//! stays with the peer that made it. What comes from the signaling server goes through a gate first,
//! so matchbox only sees descriptions and candidates that are well formed and in order.
//!
//! ```text
//!            commands                         WebSocket
//! caller ───────────────► driver ◄──────── server ───────► netplay-server
//!    ▲   ◄─────────────── │    ▲ signals (gate, signaller)
//!    │       events       ▼    │
//!    └──── packets ───── attempt (one matchbox socket) ◄──► the same on the other peer
//! ```

mod attempt;
mod connecting;
mod driver;
mod gate;
#[cfg(not(target_arch = "wasm32"))]
#[path = "platform/nudge.rs"]
mod nudge;
#[cfg_attr(target_arch = "wasm32", path = "platform/wasm.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "platform/native.rs")]
mod platform;
mod quota;
mod relay;
mod relaying;
mod remote;
mod sdp;
mod seal;
mod sender;
mod signaller;
mod socket;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use futures::channel::mpsc;
use netplay_core::path::{Channel, PathId};
use netplay_protocol::PeerKey;
use netplay_protocol::limits::{MAX_CONTROL_BYTES, MAX_DATAGRAM_BYTES, SEAL_BYTES};

use crate::{JoinRequest, LeaveReason, SendError, Transport, TransportEvent, TransportRequest};
use driver::{Command, Happening};
use sender::Sender;

/// How many happenings may wait for the caller: as many as seven peers may have waiting, and some. When a
/// caller stops polling for longer, datagrams are dropped; inputs are repeated until they are acknowledged.
const INBOX: usize = 8192;

/// WebRTC connections to the peers of one room.
pub struct RtcTransport {
    commands: mpsc::UnboundedSender<Command>,
    inbox: mpsc::Receiver<Happening>,
    events: VecDeque<TransportEvent>,
    paths: BTreeMap<(PeerKey, PathId), Sender>,
    left: bool,
    /// Ends the driver, and with it every connection, when the transport is dropped.
    _driver: platform::Task,
}

impl RtcTransport {
    /// Starts joining. What becomes of it comes as events.
    pub fn join(request: JoinRequest) -> Self {
        let (commands, commands_rx) = mpsc::unbounded();
        let (inbox_tx, inbox) = mpsc::channel(INBOX);
        let driver = platform::spawn(driver::drive(request, commands_rx, inbox_tx));
        Self {
            commands,
            inbox,
            events: VecDeque::new(),
            paths: BTreeMap::new(),
            left: false,
            _driver: driver,
        }
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
            match self.inbox.try_recv() {
                Ok(Happening::Event(TransportEvent::Left(reason))) => self.left(reason),
                Ok(Happening::Event(event)) => {
                    if let TransportEvent::PathDown { peer, path, .. } = &event {
                        self.paths.remove(&(*peer, *path));
                    }
                    self.events.push_back(event);
                }
                Ok(Happening::PathUp { peer, path, kind, sender }) => {
                    self.paths.insert((peer, path), sender);
                    self.events.push_back(TransportEvent::PathUp { peer, path, kind });
                }
                Ok(Happening::Packet { peer, path, at, channel, packet, .. }) => {
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

    fn next_event(&mut self) -> Option<TransportEvent> {
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
        let most = match channel {
            Channel::Datagram => MAX_DATAGRAM_BYTES - SEAL_BYTES,
            Channel::Reliable => MAX_CONTROL_BYTES - SEAL_BYTES,
        };
        if packet.len() > most {
            return Err(SendError::TooLarge(packet.len()));
        }
        self.paths.get_mut(&(to, path)).ok_or(SendError::NoPath)?.send(channel, packet)
    }

    fn request(&mut self, request: TransportRequest) {
        match request {
            TransportRequest::Close(peer, path) => drop(self.paths.remove(&(peer, path))),
            TransportRequest::Forget(peer) => self.paths.retain(|(known, _), _| *known != peer),
            _ => {}
        }
        // A driver that is gone has left the room.
        let _ = self.commands.unbounded_send(Command::Request(request));
    }

    fn leave(&mut self) {
        // A driver that is gone has left already.
        let _ = self.commands.unbounded_send(Command::Leave);
    }
}
