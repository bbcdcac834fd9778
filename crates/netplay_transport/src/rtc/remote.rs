use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use netplay_core::path::PathId;
use netplay_core::rate::TokenBucket;
use netplay_protocol::{ConnectionId, Identity, PeerKey};
use web_time::Instant;

use super::attempt::Attempt;
use super::quota::Quota;
use super::seal::Sealing;

/// How many signals of a peer are taken at once, and each second. An attempt takes about ten.
const SIGNALS: (u32, u32) = (256, 32);
/// How many attempts of a peer are taken at once, and each second.
const OFFERS: (u32, u32) = (16, 1);
/// How many attempts are remembered, to tell an offer from one that is sent again.
const MOST_KNOWN: usize = 1024;
/// How long a handshake may take before it is begun anew.
const HANDSHAKE: Duration = Duration::from_secs(3);

/// What the driver knows of one other peer.
pub(super) struct Remote {
    /// The attempt that is under way.
    pub(super) attempt: Option<Attempt>,
    /// Connections that are open.
    pub(super) connections: BTreeMap<PathId, Attempt>,
    pub(super) sealing: Sealing,
    /// When the handshake is begun anew, if we are the one to begin.
    pub(super) handshake_at: Option<Instant>,
    /// When a handshake was last begun or asked for.
    agreeing_since: Instant,
    pub(super) relay: Relay,
    /// What of its relayed packets waits for the caller.
    pub(super) quota: Quota,
    /// It is not in the room any more, as far as the server knows.
    pub(super) absent: bool,
    /// The caller wants to hear nothing more of it.
    pub(super) ignored: bool,
    met: Instant,
    signals: TokenBucket,
    offers: TokenBucket,
    known: BTreeSet<ConnectionId>,
    oldest_known: VecDeque<ConnectionId>,
}

/// How far the relay to a peer is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relay {
    Closed,
    /// As soon as there are keys and a server.
    Wanted,
    /// The server has been asked, the caller told.
    Open,
}

impl Remote {
    pub(super) fn new(identity: Identity, peer: PeerKey, now: Instant) -> Self {
        let limit = |(at_once, a_second)| TokenBucket::new(a_second, at_once, Duration::ZERO);
        Self {
            attempt: None,
            connections: BTreeMap::new(),
            sealing: Sealing::new(identity, peer),
            handshake_at: None,
            agreeing_since: now,
            relay: Relay::Closed,
            quota: Quota::default(),
            absent: false,
            ignored: false,
            met: now,
            signals: limit(SIGNALS),
            offers: limit(OFFERS),
            known: BTreeSet::new(),
            oldest_known: VecDeque::new(),
        }
    }

    /// Whether another signal of it is taken.
    pub(super) fn may_signal(&mut self, now: Instant) -> bool {
        self.signals.take(now.saturating_duration_since(self.met))
    }

    /// Whether an attempt of it is taken: not too often, and none twice.
    pub(super) fn may_offer(&mut self, now: Instant, connection: ConnectionId) -> bool {
        self.offers.take(now.saturating_duration_since(self.met)) && self.is_new(connection)
    }

    /// Whether an attempt has not been heard of before. From now on it has.
    fn is_new(&mut self, connection: ConnectionId) -> bool {
        let new = self.known.insert(connection);
        if new {
            self.oldest_known.push_back(connection);
            if self.oldest_known.len() > MOST_KNOWN
                && let Some(oldest) = self.oldest_known.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
        new
    }

    /// Notes that a handshake is begun now.
    pub(super) fn handshake_begins(&mut self, now: Instant) {
        self.handshake_at = Some(now + HANDSHAKE);
        self.agreeing_since = now;
    }

    /// Whether the keys may be agreed on anew: not before the last try has had its time. If so, it counts.
    pub(super) fn may_agree_anew(&mut self, now: Instant) -> bool {
        let may = now.saturating_duration_since(self.agreeing_since) >= HANDSHAKE;
        if may {
            self.agreeing_since = now;
        }
        may
    }
}
