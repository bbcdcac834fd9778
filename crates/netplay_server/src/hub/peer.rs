use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Bytes;
use axum::extract::ws::Message;
use netplay_protocol::signaling::{Refusal, ServerMessage, Signal};
use netplay_protocol::{ConnectionId, PeerKey, RelayChannel, RelayHeader};

use super::{Hub, Seat, SeatCell};
use crate::backbone::Backbone;
use crate::limits::{ConnectionPermit, LimitsConfig};
use crate::message::text;
use crate::outbox::Outbox;
use crate::room::{Room, Signaled, SocketId};

/// A connection's place in the hub. What it asks for goes through here.
pub(crate) struct Peer {
    pub(super) hub: Arc<Hub>,
    pub(super) socket: SocketId,
    pub(super) outbox: Outbox,
    pub(super) permit: Arc<ConnectionPermit>,
    pub(super) seat: SeatCell,
    /// Whether it waits in a queue, or has.
    pub(super) queued: AtomicBool,
    departed: AtomicBool,
}

/// How a connection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// For good: the seat is free.
    Left,
    /// Perhaps to come back: the seat is kept for the grace period.
    Lost,
}

impl Peer {
    pub(super) fn new(
        hub: Arc<Hub>,
        socket: SocketId,
        outbox: Outbox,
        permit: Arc<ConnectionPermit>,
    ) -> Self {
        let (queued, departed) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { hub, socket, outbox, permit, seat: SeatCell::default(), queued, departed }
    }

    /// The number of the connection, for the log.
    pub(crate) fn number(&self) -> u64 {
        self.socket.0
    }

    /// Whether it has joined a room or a queue.
    pub(crate) fn has_entered(&self) -> bool {
        self.seat.get().is_some() || self.queued.load(Ordering::Relaxed)
    }

    pub(crate) fn limits(&self) -> &LimitsConfig {
        &self.hub.config.limits
    }

    /// Counts a message against the limits.
    pub(crate) fn count_message(&self) -> Result<(), Refusal> {
        self.permit.message()
    }

    /// Asks the peer for a sign of life.
    pub(crate) fn ping(&self) {
        self.outbox.push(Message::Ping(Bytes::new()));
    }

    /// Tells the peer something that concerns nobody else.
    pub(crate) fn tell(&self, message: &ServerMessage) {
        self.outbox.push(text(message));
    }

    /// Tells new credentials, in time before the old ones expire.
    pub(crate) fn refresh_ice(&self) {
        if let Some(seat) = self.seat.get() {
            self.tell(&ServerMessage::IceServers { ice_servers: self.hub.ice_servers(seat.key) });
        }
    }

    /// Passes a signal on.
    pub(crate) async fn signal(
        &self,
        to: PeerKey,
        connection: ConnectionId,
        signal: Signal,
    ) -> Result<(), Refusal> {
        let rules = self.hub.rules();
        let pass =
            |room: &mut Room| match room.signal(rules, self.socket, to, connection, signal.clone())
            {
                Ok(Signaled::Deliver(delivery)) => (Ok(true), vec![delivery]),
                Ok(Signaled::Dropped) => (Ok(false), Vec::new()),
                Ok(Signaled::Kept | Signaled::Nobody) => (Ok(true), Vec::new()),
                Err(refusal) => (Err(refusal), Vec::new()),
            };
        let passed = self.hub.in_room(self.seat()?, pass).await.unwrap_or(Ok(true))?;
        self.hub.metrics.signals.inc();
        if !passed {
            self.hub.metrics.away_signals_dropped.inc();
        }
        Ok(())
    }

    /// Remembers whether the peer is in a running match.
    pub(crate) async fn playing(&self, playing: bool) -> Result<(), Refusal> {
        let set = |room: &mut Room| (room.playing(self.socket, playing), Vec::new());
        self.hub.in_room(self.seat()?, set).await.unwrap_or(Ok(()))
    }

    /// Opens or closes the relay from this peer to another one.
    pub(crate) async fn open_relay(&self, to: PeerKey, open: bool) -> Result<(), Refusal> {
        let set = |room: &mut Room| match room.relay(self.socket, to, open) {
            Ok(told) => (Ok(()), told.into_iter().collect()),
            Err(refusal) => (Err(refusal), Vec::new()),
        };
        self.hub.in_room(self.seat()?, set).await.unwrap_or(Ok(()))
    }

    /// Carries a packet to another peer of the room. One that goes nowhere is dropped: the receiver may
    /// just have lost its socket.
    pub(crate) async fn carry(&self, frame: &[u8]) -> Result<(), Refusal> {
        self.permit.relayed(frame.len())?;
        let (channel, to, packet) = RelayHeader::split(frame)
            .map_err(|error| Refusal::Malformed { detail: error.to_string() })?;
        if channel == RelayChannel::Datagram && packet.len() > self.limits().datagram_bytes {
            return Err(Refusal::TooLarge);
        }
        let metrics = &self.hub.metrics;
        let route = self.hub.backbone.route(&self.seat()?.code, self.socket, to).await;
        let Some((from, outbox)) = route else {
            metrics.relay_dropped.inc();
            return Ok(());
        };
        metrics.relayed(channel, packet.len());
        // Copied: the packet would pin the whole buffer that it was read into.
        let frame = Bytes::from(RelayHeader::new(channel, from).frame(packet));
        match channel {
            RelayChannel::Datagram => {
                metrics.relay_dropped.inc_by(outbox.datagram(frame));
            }
            RelayChannel::Reliable => outbox.reliable(frame).await,
        }
        Ok(())
    }

    /// Gives up the seat, or the place in the queue. Only the first time counts.
    pub(crate) async fn depart(&self, how: Departure) {
        if self.departed.swap(true, Ordering::Relaxed) {
            return;
        }
        let hub = &self.hub;
        hub.backbone.detach(self.socket);
        hub.metrics.connections.dec();
        if self.queued.load(Ordering::Relaxed) {
            hub.leave_queue(self.socket).await;
        }
        let Some(seat) = self.seat.get() else { return };
        let rules = hub.rules();
        let go = |room: &mut Room| match how {
            Departure::Left => (None, room.leave(rules, self.socket)),
            Departure::Lost => {
                let deliveries = room.lost(rules, self.socket);
                (room.next_expiry(), deliveries)
            }
        };
        if let Some(Some(at)) = hub.in_room(seat, go).await {
            hub.look_again(&seat.code, at);
        }
    }

    fn seat(&self) -> Result<&Seat, Refusal> {
        self.seat.get().ok_or(Refusal::OutOfOrder)
    }
}
