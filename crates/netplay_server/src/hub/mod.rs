//! The hub connects the connections with the rooms: it knows which room each connection is in, and checks
//! limits, authentication and passwords before a room changes.
//!
//! [`room`](crate::room) decides what happens in a room, [`backbone`](crate::backbone) stores the rooms, and
//! [`queue`](crate::queue) forms the groups of matchmaking.

mod admission;
mod maintenance;
mod matchmaking;
mod peer;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use netplay_protocol::signaling::IceServer;
use netplay_protocol::{PeerKey, RoomCode};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::auth::Authenticator;
use crate::backbone::{Backbone, Memory};
use crate::lifecycle::Lifecycle;
use crate::limits::{ConnectionPermit, Limits};
#[cfg(feature = "matchbox")]
use crate::matchbox::state::Matchbox;
use crate::metrics::Metrics;
use crate::password::Hasher;
use crate::room::{Room, Rules, SocketId};
use crate::send_queue::{RelayBounds, SendQueue};
use crate::token_signer::TokenSigner;
use crate::{ServerConfig, ServerError};
use matchmaking::Matchmaking;
pub(crate) use peer::{Departure, Peer};

/// The state that all connections share.
pub(crate) struct Hub {
    config: ServerConfig,
    pub(crate) limits: Arc<Limits>,
    pub(crate) metrics: Metrics,
    pub(crate) lifecycle: Lifecycle,
    #[cfg(feature = "matchbox")]
    pub(crate) matchbox: Matchbox,
    authenticator: Authenticator,
    signer: TokenSigner,
    hasher: Hasher,
    backbone: Memory,
    matchmaking: tokio::sync::Mutex<Matchmaking>,
    /// When which room may have to remove members that are away.
    expiries: Mutex<BinaryHeap<Reverse<(Duration, RoomCode)>>>,
    /// Notified when something is due earlier than before.
    rescheduled: Notify,
    next_socket: AtomicU64,
    started: Instant,
}

/// The room that a connection is in, and its key there.
#[derive(Clone, Debug)]
struct Membership {
    room: RoomCode,
    key: PeerKey,
}

/// Set once: when the connection is admitted to a room, directly or by matchmaking.
type MembershipCell = Arc<OnceLock<Membership>>;

impl Hub {
    pub(crate) fn new(config: ServerConfig, lifecycle: Lifecycle) -> Result<Self, ServerError> {
        Ok(Self {
            limits: Limits::new(&config.limits),
            metrics: Metrics::new(),
            lifecycle,
            #[cfg(feature = "matchbox")]
            matchbox: Matchbox::default(),
            authenticator: Authenticator::new(&config.auth)?,
            signer: TokenSigner::new(config.secret.as_ref())?,
            hasher: Hasher::new(),
            backbone: Memory::default(),
            matchmaking: tokio::sync::Mutex::new(Matchmaking::new(&config.matchmaking)),
            expiries: Mutex::default(),
            rescheduled: Notify::new(),
            next_socket: AtomicU64::new(0),
            started: Instant::now(),
            config,
        })
    }

    pub(crate) fn config(&self) -> &ServerConfig {
        &self.config
    }

    /// Whether a page of this origin may connect.
    pub(crate) fn allows_origin(&self, origin: Option<&str>) -> bool {
        self.authenticator.allows_origin(origin)
    }

    /// How many relayed packets may wait for one connection.
    pub(crate) fn relay_bounds(&self) -> RelayBounds {
        RelayBounds {
            datagrams: self.config.limits.relay_queue_datagrams,
            reliable_bytes: self.config.limits.relay_queue_bytes,
        }
    }

    /// The metrics in the text format of Prometheus.
    #[cfg(feature = "metrics")]
    pub(crate) fn metrics_text(&self) -> Result<String, std::fmt::Error> {
        self.metrics.rooms.set(i64::try_from(self.backbone.room_count()).unwrap_or(i64::MAX));
        self.metrics.text()
    }

    /// Registers a connection that is written to through this queue.
    pub(crate) fn connect(self: &Arc<Self>, queue: SendQueue, permit: ConnectionPermit) -> Peer {
        let socket = self.next_socket();
        self.backbone.attach(socket, queue.clone());
        self.metrics.connections.inc();
        Peer::new(self.clone(), socket, queue, permit)
    }

    /// A number that no other connection has.
    pub(crate) fn next_socket(&self) -> SocketId {
        SocketId(self.next_socket.fetch_add(1, Ordering::Relaxed))
    }

    /// Time since the server started.
    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn rules(&self) -> Rules<'_> {
        Rules {
            now: self.now(),
            grace: self.config.grace,
            away_messages: self.config.away_messages,
            away_bytes: self.config.away_bytes,
            signer: &self.signer,
        }
    }

    /// Changes the room of a member. None if the room is over.
    async fn in_room<T: Send>(
        &self,
        membership: &Membership,
        mut change: impl FnMut(&mut Room) -> T + Send,
    ) -> Option<T> {
        let change = |room: &mut Option<Room>| room.as_mut().map(&mut change);
        self.backbone.change(&membership.room, change).await
    }

    /// Wakes a room at this time to remove members that are away for too long.
    fn schedule_expiry(&self, room: &RoomCode, at: Duration) {
        self.expiries().push(Reverse((at, room.clone())));
        self.rescheduled.notify_one();
    }

    fn expiries(&self) -> MutexGuard<'_, BinaryHeap<Reverse<(Duration, RoomCode)>>> {
        self.expiries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The STUN and TURN servers for a peer, with credentials of its own.
    fn ice_servers(&self, key: PeerKey) -> Vec<IceServer> {
        let turn = self.config.turn.as_ref().map(|turn| turn.credential(key, unix_now()));
        self.config.ice_servers.iter().cloned().chain(turn).collect()
    }
}

/// Seconds since 1970, which is how TURN credentials give their expiry.
#[expect(clippy::disallowed_methods, reason = "a TURN server compares with the time of day")]
pub(crate) fn unix_now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
