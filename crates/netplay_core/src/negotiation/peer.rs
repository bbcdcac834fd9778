//! What the negotiator knows of one other peer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use netplay_protocol::ConnectionId;
use netplay_protocol::signaling::{ConnectionType, IceServer};

use super::evidence::AttemptEvidence;
use super::filter::{Role, SignalFilter};
use super::noise::NoiseChannel;
use crate::path::PathPolicy;
use crate::rate::TokenBucket;

/// How many signals of a peer are accepted at once, and each second. An attempt takes about ten.
const SIGNALS: (u32, u32) = (256, 32);
/// How many attempts of a peer are accepted at once, and each second.
const OFFERS: (u32, u32) = (16, 1);
/// How many attempts are remembered, to tell a new offer from one that is sent again.
const MAX_KNOWN_ATTEMPTS: usize = 1024;
/// How long a handshake may take before another one begins.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(3);

/// See the [module](self).
#[derive(Debug)]
pub(super) struct PeerState {
    /// Attempts by their id: any number that are open, and at most one that is not.
    attempts: BTreeMap<ConnectionId, AttemptState>,
    pub(super) noise: NoiseChannel,
    /// When the local peer begins another handshake, if it is the one to begin.
    pub(super) handshake_due: Option<Duration>,
    /// When a handshake was last begun or asked for.
    handshake_began: Duration,
    pub(super) relay: RelayState,
    /// Whether the peer is in the room, as far as the server knows.
    pub(super) is_member: bool,
    /// The room wants to hear nothing more of the peer.
    pub(super) is_forgotten: bool,
    /// What the server was told of how packets to the peer travel.
    reported: BTreeSet<ConnectionType>,
    signals: TokenBucket,
    offers: TokenBucket,
    /// The peer's attempts, and in the order of their offers.
    known: BTreeSet<ConnectionId>,
    oldest_known: VecDeque<ConnectionId>,
}

/// How far an attempt is.
#[derive(Debug)]
pub(super) enum AttemptState {
    /// It is under way.
    UnderWay(UnderWay),
    /// It has become a connection.
    Open,
}

/// An attempt that is under way.
#[derive(Debug)]
pub(super) struct UnderWay {
    /// What the peer's signals pass.
    pub(super) filter: SignalFilter,
    pub(super) evidence: AttemptEvidence,
}

/// How far the relay to a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RelayState {
    Closed,
    /// It opens as soon as there are keys and a server.
    Wanted,
    /// The server has been asked, the room told.
    Open,
}

impl PeerState {
    pub(super) fn new(noise: NoiseChannel, now: Duration) -> Self {
        let limit = |(at_once, a_second)| TokenBucket::new(a_second, at_once, now);
        Self {
            attempts: BTreeMap::new(),
            noise,
            handshake_due: None,
            handshake_began: now,
            relay: RelayState::Closed,
            is_member: true,
            is_forgotten: false,
            reported: BTreeSet::new(),
            signals: limit(SIGNALS),
            offers: limit(OFFERS),
            known: BTreeSet::new(),
            oldest_known: VecDeque::new(),
        }
    }

    /// Whether another signal of the peer is accepted.
    pub(super) fn admit_signal(&mut self, now: Duration) -> bool {
        self.signals.take(now)
    }

    /// Whether an attempt of the peer is accepted: not too often, and none twice.
    pub(super) fn admit_offer(&mut self, now: Duration, connection: ConnectionId) -> bool {
        let admitted = self.offers.take(now) && !self.attempts.contains_key(&connection);
        admitted && self.remember(connection)
    }

    /// Whether the server was not told of a connection of this type yet. From now on it is.
    pub(super) fn admit_report(&mut self, path: ConnectionType) -> bool {
        self.reported.insert(path)
    }

    /// The peer's process is another one: what it is connected by counts again.
    pub(super) fn reset_reports(&mut self) {
        self.reported.clear();
    }

    /// Whether an attempt was not known before. From now on it is.
    fn remember(&mut self, connection: ConnectionId) -> bool {
        let new = self.known.insert(connection);
        if new {
            self.oldest_known.push_back(connection);
            if self.oldest_known.len() > MAX_KNOWN_ATTEMPTS
                && let Some(oldest) = self.oldest_known.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
        new
    }

    /// Begins an attempt. There must be none under way.
    pub(super) fn begin_attempt(
        &mut self,
        connection: ConnectionId,
        role: Role,
        policy: PathPolicy,
        ice_servers: &[IceServer],
    ) {
        let filter = SignalFilter::new(role, policy);
        let evidence = AttemptEvidence::new(policy, ice_servers);
        let under_way = UnderWay { filter, evidence };
        self.attempts.insert(connection, AttemptState::UnderWay(under_way));
    }

    /// The attempt that is under way, and on which side of it the local peer is.
    pub(super) fn attempt_under_way(&self) -> Option<(ConnectionId, Role)> {
        self.attempts.iter().find_map(|(connection, state)| match state {
            AttemptState::UnderWay(attempt) => Some((*connection, attempt.filter.role())),
            AttemptState::Open => None,
        })
    }

    /// An attempt that is under way.
    pub(super) fn under_way_mut(&mut self, connection: ConnectionId) -> Option<&mut UnderWay> {
        match self.attempts.get_mut(&connection)? {
            AttemptState::UnderWay(attempt) => Some(attempt),
            AttemptState::Open => None,
        }
    }

    /// Gives the attempt up that is under way.
    pub(super) fn abort_attempt(&mut self) -> Option<ConnectionId> {
        let (connection, _) = self.attempt_under_way()?;
        self.attempts.remove(&connection);
        Some(connection)
    }

    /// An attempt has become a connection. Returns whether it is one that is still wanted.
    pub(super) fn attempt_opened(&mut self, connection: ConnectionId) -> bool {
        let wanted = self.under_way_mut(connection).is_some();
        if wanted {
            self.attempts.insert(connection, AttemptState::Open);
        }
        wanted
    }

    /// An attempt failed, or its connection closed. Returns what it was, if it was known.
    pub(super) fn attempt_ended(&mut self, connection: ConnectionId) -> Option<AttemptState> {
        self.attempts.remove(&connection)
    }

    /// Removes every attempt and connection.
    pub(super) fn take_attempts(&mut self) -> impl Iterator<Item = ConnectionId> + use<> {
        std::mem::take(&mut self.attempts).into_keys()
    }

    /// Whether this is a connection.
    pub(super) fn is_open(&self, connection: ConnectionId) -> bool {
        matches!(self.attempts.get(&connection), Some(AttemptState::Open))
    }

    /// Whether there is a connection.
    pub(super) fn has_connection(&self) -> bool {
        self.attempts.values().any(|state| matches!(state, AttemptState::Open))
    }

    /// Notes that a handshake begins now.
    pub(super) fn begin_handshake(&mut self, now: Duration) {
        self.handshake_due = Some(now + HANDSHAKE_TIMEOUT);
        self.handshake_began = now;
    }

    /// Whether another handshake may begin: not before the last one has had its time. If so, it counts.
    pub(super) fn admit_handshake(&mut self, now: Duration) -> bool {
        let admitted = now.saturating_sub(self.handshake_began) >= HANDSHAKE_TIMEOUT;
        if admitted {
            self.handshake_began = now;
        }
        admitted
    }
}
