//! One connection as the hub sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Bytes;
use axum::extract::ws::Message;
use netplay_protocol::signaling::{
    ConnectionType, ListRooms, Presence, Refusal, ServerMessage, Signal,
};
use netplay_protocol::{ConnectionId, PeerKey, RelayChannel, RelayHeader};

use super::turn_access::TurnAccess;
use super::{Hub, Membership, MembershipCell};
use crate::backbone::Backbone;
use crate::limits::{ConnectionPermit, LimitsConfig};
use crate::message::text;
use crate::room::{KickOutcome, Room, SignalOutcome, SocketId};
use crate::send_queue::SendQueue;

/// One connection as the hub sees it. Each request of a client is a method of this type.
pub(crate) struct Peer {
    pub(super) hub: Arc<Hub>,
    pub(super) socket: SocketId,
    pub(super) queue: SendQueue,
    pub(super) permit: ConnectionPermit,
    /// The header `Host` of its request, where the server's names are not configured.
    pub(super) host: Option<Box<str>>,
    pub(super) membership: MembershipCell,
    pub(super) turn: Arc<TurnAccess>,
    /// Whether it is, or was, in the matchmaking queue.
    pub(super) queued: AtomicBool,
    departed: AtomicBool,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// The peer leaves the room.
    Left,
    /// The peer may return: the room keeps its slot for the grace period.
    Lost,
    /// The same, and its page was closed, loaded again or left.
    PageClosed,
}

impl Peer {
    pub(super) fn new(
        hub: Arc<Hub>,
        socket: SocketId,
        queue: SendQueue,
        permit: ConnectionPermit,
        host: Option<Box<str>>,
    ) -> Self {
        let (queued, departed) = (AtomicBool::new(false), AtomicBool::new(false));
        let membership = MembershipCell::default();
        let turn = Arc::new(TurnAccess::new(permit.turn_client()));
        Self { hub, socket, queue, permit, host, membership, turn, queued, departed }
    }

    /// The number of the connection, for the log.
    pub(crate) fn number(&self) -> u64 {
        self.socket.0
    }

    /// Whether it has joined a room or the queue.
    pub(crate) fn has_joined(&self) -> bool {
        self.membership.get().is_some() || self.queued.load(Ordering::Relaxed)
    }

    pub(crate) fn limits(&self) -> &LimitsConfig {
        &self.hub.config.limits
    }

    /// Counts a message against the limits.
    pub(crate) fn count_message(&self) -> Result<(), Refusal> {
        self.permit.count_message()
    }

    /// Sends a ping, which the client answers if it still reads.
    pub(crate) fn ping(&self) {
        self.queue.push(Message::Ping(Bytes::new()));
    }

    /// Sends a message to this peer only.
    pub(crate) fn send(&self, message: &ServerMessage) {
        self.queue.push(text(message));
    }

    /// Sends new TURN credentials before the old ones expire, or the first ones to a member for which there were none
    /// when it joined.
    pub(crate) fn refresh_ice_servers(&self) {
        if let Some(membership) = self.membership.get()
            && let Some(ice_servers) = self.turn.renew(&self.hub, membership.key)
        {
            self.send(&ServerMessage::IceServers { ice_servers });
        }
    }

    /// Whether it has TURN credentials, as far as the server gives some.
    pub(crate) fn has_turn(&self) -> bool {
        self.turn.is_held()
    }

    /// Forwards a signal.
    pub(crate) async fn signal(
        &self,
        to: PeerKey,
        connection: ConnectionId,
        signal: Signal,
    ) -> Result<(), Refusal> {
        let rules = self.hub.rules();
        let is_offer = matches!(signal, Signal::Offer(_));
        let forward = |room: &mut Room| {
            let outcome = room.handle_signal(rules, self.socket, to, connection, signal.clone())?;
            let forwarded = matches!(outcome, SignalOutcome::Sent | SignalOutcome::Kept);
            let is_attempt =
                is_offer && forwarded && room.count_attempt(self.socket, to, connection);
            Ok::<_, Refusal>((outcome, is_attempt))
        };
        let forwarded = self.hub.in_room(self.membership()?, forward).await.transpose()?;
        self.hub.metrics.signals.inc();
        let Some((outcome, is_attempt)) = forwarded else { return Ok(()) };
        if outcome == SignalOutcome::Dropped {
            self.hub.metrics.away_signals_dropped.inc();
        }
        if is_attempt {
            self.hub.metrics.attempts.inc();
        }
        Ok(())
    }

    /// Counts by which type of connection the peer reaches another one.
    pub(crate) async fn count_connected(
        &self,
        to: PeerKey,
        path: ConnectionType,
    ) -> Result<(), Refusal> {
        let count = |room: &mut Room| room.handle_connected(self.socket, to, path);
        let counts = self.hub.in_room(self.membership()?, count).await.unwrap_or(Ok(false))?;
        if counts {
            self.hub.metrics.count_link(path);
        }
        Ok(())
    }

    /// Stores whether the peer is in a running match.
    pub(crate) async fn set_playing(&self, playing: bool) -> Result<(), Refusal> {
        let set = |room: &mut Room| room.handle_playing(self.socket, playing);
        self.hub.in_room(self.membership()?, set).await.unwrap_or(Ok(()))
    }

    /// Asks to remove a member from the room.
    pub(crate) async fn kick(&self, target: PeerKey, ban: bool) -> Result<(), Refusal> {
        let (hub, rules) = (&self.hub, self.hub.rules());
        let membership = self.membership()?;
        let kick = |room: &mut Option<Room>| {
            let kicked =
                room.as_mut().map(|room| room.handle_kick(rules, self.socket, target, ban));
            // A member that was away had a time at which its slot would be free.
            hub.schedule_expiry(&membership.room, room.as_ref());
            kicked.unwrap_or(Ok(KickOutcome::Ignored))
        };
        let kicked = hub.backbone.change(&membership.room, kick).await?;
        tracing::debug!(connection = self.number(), ?kicked, "asks to remove a member");
        if let KickOutcome::Kicked { banned } = kicked {
            hub.metrics.count_kick(banned);
        }
        Ok(())
    }

    /// Opens or closes the room for new peers.
    pub(crate) async fn set_open(&self, open: bool) -> Result<(), Refusal> {
        let rules = self.hub.rules();
        let set = |room: &mut Room| room.handle_open(rules, self.socket, open);
        self.hub.in_room(self.membership()?, set).await.unwrap_or(Ok(()))
    }

    /// Sends a page of the list of public rooms, to a connection that has not joined.
    pub(crate) async fn list_rooms(&self, request: &ListRooms) -> Result<(), Refusal> {
        if self.has_joined() {
            return Err(Refusal::OutOfOrder);
        }
        self.permit.count_list()?;
        if self.hub.lifecycle.is_draining() {
            // It admits nobody to the rooms that it has.
            return Err(Refusal::Draining);
        }
        let page = self.hub.backbone.list(request).await;
        self.hub.metrics.lists.inc();
        self.send(&ServerMessage::Rooms(page));
        Ok(())
    }

    /// Opens or closes the relay from this peer to another one.
    pub(crate) async fn set_relay(&self, to: PeerKey, open: bool) -> Result<(), Refusal> {
        let set = |room: &mut Room| room.handle_relay(self.socket, to, open);
        self.hub.in_room(self.membership()?, set).await.unwrap_or(Ok(()))
    }

    /// Relays a packet to another peer of the room. A packet without a receiver is dropped: the receiver may
    /// just have lost its socket. So is one for a receiver that has not read what came before, and nobody waits.
    pub(crate) async fn relay(&self, frame: &[u8]) -> Result<(), Refusal> {
        self.permit.count_relayed(frame.len())?;
        let (channel, to, packet) = RelayHeader::split(frame)
            .map_err(|error| Refusal::Malformed { detail: error.to_string() })?;
        if channel == RelayChannel::Datagram && packet.len() > self.limits().datagram_bytes {
            return Err(Refusal::TooLarge);
        }
        let metrics = &self.hub.metrics;
        let room = &self.membership()?.room;
        let route = self.hub.backbone.relay_route(room, self.socket, to).await;
        let Some((from, queue)) = route else {
            metrics.relay_dropped.inc();
            return Ok(());
        };
        metrics.count_relayed(channel, packet.len());
        // Copied, because the packet would keep the whole read buffer alive.
        let frame = Bytes::from(RelayHeader::new(channel, from).frame(packet));
        let dropped = match channel {
            RelayChannel::Datagram => queue.push_datagram(from.into(), frame),
            RelayChannel::Reliable => u64::from(!queue.push_reliable(from.into(), frame)),
        };
        metrics.relay_dropped.inc_by(dropped);
        Ok(())
    }

    /// Leaves the room or the queue. Only the first call counts.
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
        let Some(membership) = self.membership.get() else { return };
        let rules = hub.rules();
        let depart = |room: &mut Option<Room>| {
            match (&mut *room, how) {
                (Some(room), Departure::Left) => room.handle_leave(rules, self.socket),
                (Some(room), Departure::Lost) => {
                    room.handle_disconnect(rules, self.socket, Presence::Away);
                }
                (Some(room), Departure::PageClosed) => {
                    room.handle_disconnect(rules, self.socket, Presence::PageClosed);
                }
                (None, _) => {}
            }
            hub.schedule_expiry(&membership.room, room.as_ref());
        };
        hub.backbone.change(&membership.room, depart).await;
    }

    fn membership(&self) -> Result<&Membership, Refusal> {
        self.membership.get().ok_or(Refusal::OutOfOrder)
    }
}
