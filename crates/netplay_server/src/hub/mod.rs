//! The hub stands between connections and rooms: it knows who sits where, and asks everybody who has a
//! say before something happens.
//!
//! What a room decides is in [`room`](crate::room), where rooms are kept in
//! [`backbone`](crate::backbone), who plays with whom in [`queue`](crate::queue).

mod entering;
mod housekeeping;
mod matching;
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
use crate::matchbox::Matchbox;
use crate::metrics::Metrics;
use crate::outbox::{Outbox, RelayBounds};
use crate::password::Hasher;
use crate::room::{Delivery, Room, Rules, SocketId};
use crate::seals::Seals;
use crate::{ServerConfig, ServerError};
use matching::Matching;
pub(crate) use peer::{Departure, Peer};

/// What all connections share.
pub(crate) struct Hub {
    config: ServerConfig,
    pub(crate) limits: Arc<Limits>,
    pub(crate) metrics: Metrics,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) matchbox: Matchbox,
    authenticator: Authenticator,
    seals: Seals,
    hasher: Hasher,
    backbone: Memory,
    matching: tokio::sync::Mutex<Matching>,
    /// When which room has to be looked at, because somebody has been away for the grace period.
    expiries: Mutex<BinaryHeap<Reverse<(Duration, RoomCode)>>>,
    /// Something is due earlier than it was.
    rescheduled: Notify,
    next_socket: AtomicU64,
    started: Instant,
}

/// Where a connection sits.
#[derive(Clone, Debug)]
struct Seat {
    code: RoomCode,
    key: PeerKey,
}

impl Hub {
    pub(crate) fn new(config: ServerConfig, lifecycle: Lifecycle) -> Result<Self, ServerError> {
        Ok(Self {
            limits: Limits::new(&config.limits),
            metrics: Metrics::new(),
            lifecycle,
            matchbox: Matchbox::default(),
            authenticator: Authenticator::new(&config.auth)?,
            seals: Seals::new(config.secret.as_ref())?,
            hasher: Hasher::new(),
            backbone: Memory::default(),
            matching: tokio::sync::Mutex::new(Matching::new(&config.matchmaking)),
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
    pub(crate) fn origin(&self, origin: Option<&str>) -> bool {
        self.authenticator.origin(origin)
    }

    /// How much of what is relayed may wait for one connection.
    pub(crate) fn relay_bounds(&self) -> RelayBounds {
        RelayBounds {
            datagrams: self.config.limits.relay_queue_datagrams,
            reliable_bytes: self.config.limits.relay_queue_bytes,
        }
    }

    /// What the server counts, in the text format of Prometheus.
    pub(crate) fn metrics_text(&self) -> Result<String, std::fmt::Error> {
        self.metrics.rooms.set(i64::try_from(self.backbone.rooms()).unwrap_or(i64::MAX));
        self.metrics.text()
    }

    /// Registers a connection, to be written to through this queue.
    pub(crate) fn connect(self: &Arc<Self>, outbox: Outbox, permit: ConnectionPermit) -> Peer {
        let socket = self.next_socket();
        self.backbone.attach(socket, outbox.clone());
        self.metrics.connections.inc();
        Peer::new(self.clone(), socket, outbox, Arc::new(permit))
    }

    /// A name for a connection that no other has.
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
            seals: &self.seals,
        }
    }

    /// Changes the room of a seat, if it is still there.
    async fn in_room<T: Send>(
        &self,
        seat: &Seat,
        mut step: impl FnMut(&mut Room) -> (T, Vec<Delivery>) + Send,
    ) -> Option<T> {
        let step = |room: &mut Option<Room>| match room {
            Some(room) => {
                let (outcome, deliveries) = step(room);
                (Some(outcome), deliveries)
            }
            None => (None, Vec::new()),
        };
        self.backbone.change(&seat.code, step).await
    }

    /// Has a room looked at when somebody has been away for too long.
    fn look_again(&self, code: &RoomCode, at: Duration) {
        self.expiries().push(Reverse((at, code.clone())));
        self.rescheduled.notify_one();
    }

    fn expiries(&self) -> MutexGuard<'_, BinaryHeap<Reverse<(Duration, RoomCode)>>> {
        self.expiries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The STUN and TURN servers for a peer, with a credential of its own.
    fn ice_servers(&self, key: PeerKey) -> Vec<IceServer> {
        let minted = self.config.turn.as_ref().map(|turn| turn.mint(key, unix_now()));
        self.config.ice_servers.iter().cloned().chain(minted).collect()
    }
}

/// Seconds since 1970: what the credentials of TURN servers count in.
#[expect(clippy::disallowed_methods, reason = "a TURN server compares with the time of day")]
pub(crate) fn unix_now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// Set once, when the connection is seated: by itself, or by matchmaking.
type SeatCell = Arc<OnceLock<Seat>>;

#[cfg(test)]
mod tests;
