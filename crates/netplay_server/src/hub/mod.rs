//! The hub connects the connections with the rooms: it knows which room each connection is in, and checks
//! limits, authentication and passwords before a room changes.
//!
//! [`room`](crate::room) decides what happens in a room, [`backbone`](crate::backbone) stores the rooms, and
//! [`queue`](crate::queue) forms the groups of matchmaking.

mod admission;
mod expiries;
mod maintenance;
mod matchmaking;
mod peer;
mod proof;
mod turn_access;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use netplay_protocol::signaling::{ServerMessage, VERSION};
use netplay_protocol::{PeerKey, RoomCode};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::auth::Authenticator;
use crate::backbone::{Backbone, Memory};
use crate::lifecycle::Lifecycle;
use crate::limits::{ConnectionPermit, Limits};
#[cfg(feature = "matchbox")]
use crate::matchbox::state::Matchbox;
use crate::message::text;
use crate::metrics::Metrics;
use crate::password::Hasher;
use crate::random::Random;
use crate::room::{Room, Rules, SocketId};
use crate::send_queue::{RelayBounds, SendQueue};
use crate::token_signer::TokenSigner;
use crate::{ServerConfig, ServerError};
use expiries::Expiries;
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
    random: Random,
    signer: TokenSigner,
    wall_clock: WallClock,
    hasher: Hasher,
    backbone: Memory,
    matchmaking: tokio::sync::Mutex<Matchmaking>,
    /// When which room may have to remove members that are away.
    expiries: Mutex<Expiries>,
    /// Notified when something is due earlier than before.
    rescheduled: Notify,
    next_socket: AtomicU64,
    started: Instant,
}

/// Where the time of day comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WallClock {
    /// From the system.
    System,
    /// It is the time since the server started.
    #[cfg(feature = "simulation")]
    Virtual,
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
    /// A hub with the system's randomness and time of day.
    pub(crate) fn new(config: ServerConfig, lifecycle: Lifecycle) -> Result<Self, ServerError> {
        Self::with_sources(config, lifecycle, Random::system()?, WallClock::System)
    }

    pub(crate) fn with_sources(
        config: ServerConfig,
        lifecycle: Lifecycle,
        random: Random,
        wall_clock: WallClock,
    ) -> Result<Self, ServerError> {
        Ok(Self {
            limits: Limits::new(&config.limits),
            metrics: Metrics::new(),
            lifecycle,
            #[cfg(feature = "matchbox")]
            matchbox: Matchbox::default(),
            authenticator: Authenticator::new(&config.auth)?,
            signer: TokenSigner::with_random(config.secret.as_ref(), &random)?,
            random,
            wall_clock,
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

    /// Whether everybody may join, as far as the configuration says.
    #[cfg(feature = "matchbox")]
    pub(crate) fn is_open(&self) -> bool {
        self.authenticator.is_open()
    }

    /// Whether a page of this origin may connect.
    pub(crate) fn allows_origin(&self, origin: Option<&str>) -> bool {
        self.authenticator.allows_origin(origin)
    }

    /// How many relayed packets of one sender may wait for one connection.
    pub(crate) fn relay_bounds(&self, permit: &ConnectionPermit) -> RelayBounds {
        RelayBounds {
            datagrams: self.config.limits.relay_queue_datagrams,
            reliable_bytes: self.config.limits.relay_queue_bytes,
            memory: Some(permit.waiting_bytes()),
        }
    }

    /// The metrics in the text format of Prometheus.
    #[cfg(feature = "metrics")]
    pub(crate) fn metrics_text(&self) -> Result<String, std::fmt::Error> {
        self.metrics.signals_dropped.inc_by(self.backbone.take_dropped_signals());
        let public = self.backbone.public_room_count();
        self.metrics.public_rooms.set(i64::try_from(public).unwrap_or(i64::MAX));
        self.metrics.rooms.set(i64::try_from(self.backbone.room_count()).unwrap_or(i64::MAX));
        let relays = self.backbone.open_relay_count();
        self.metrics.open_relays.set(i64::try_from(relays).unwrap_or(i64::MAX));
        self.metrics.text()
    }

    /// Registers a connection that is written to through this queue, and sends it its challenge. `host` is the header
    /// `Host` of the request for it.
    pub(crate) fn connect(
        self: &Arc<Self>,
        queue: SendQueue,
        permit: ConnectionPermit,
        host: Option<&str>,
    ) -> Peer {
        let socket = self.next_socket();
        queue.push(text(&ServerMessage::Challenge {
            version: VERSION,
            challenge: self.random.challenge(socket),
            issuer: self.signer.issuer().to_owned(),
        }));
        self.backbone.attach(socket, queue.clone());
        self.metrics.connections.inc();
        // Of no use where the names are configured.
        let host = host.filter(|_| self.config.public_names.is_empty());
        Peer::new(self.clone(), socket, queue, permit, host.map(Into::into))
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
            bans: self.config.limits.bans_per_room,
            signer: &self.signer,
            unix_now: self.unix_now(),
        }
    }

    /// Seconds since 1970, by which tokens and rosters age.
    fn unix_now(&self) -> u64 {
        match self.wall_clock {
            WallClock::System => unix_now(),
            #[cfg(feature = "simulation")]
            WallClock::Virtual => self.started.elapsed().as_secs(),
        }
    }

    /// Whether what a server issued at this time is still accepted.
    fn is_recent(&self, issued: u64) -> bool {
        // The clocks of two servers differ: what is from the future is new.
        self.unix_now().saturating_sub(issued) <= self.config.resume_max_age.as_secs()
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

    /// Wakes a room when it has to remove members that are away for too long. To be called while the room is being
    /// changed, so that the last change decides. None: the room has ended.
    fn schedule_expiry(&self, code: &RoomCode, room: Option<&Room>) {
        let at = room.and_then(Room::poll_timeout);
        if self.expiries().set(code, at) {
            self.rescheduled.notify_one();
        }
    }

    fn expiries(&self) -> MutexGuard<'_, Expiries> {
        self.expiries.lock().unwrap_or_else(PoisonError::into_inner)
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
