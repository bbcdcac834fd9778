use std::cmp::Ordering;
use std::time::Duration;

use super::health::{Fitness, Health, Signs};
use crate::link::LinkConfig;
use crate::path::{Estimator, PathId, PathKind};

/// For how long after the last input on a path the peer counts as using it.
pub(super) const PEER_USES: Duration = Duration::from_secs(1);

/// A path of the link, as the agent sees it.
#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) id: PathId,
    pub(crate) kind: PathKind,
    pub(crate) estimator: Estimator,
    pub(crate) health: Health,
    /// Bytes that wait to be sent on it.
    pub(crate) buffered: usize,
    /// When the peer last let it carry.
    pub(crate) peer_used: Option<Duration>,
    /// Datagrams with inputs that were counted for a kind that was a guess.
    pub(crate) inputs_while_guessed: u64,
}

impl Path {
    pub(crate) fn new(config: &LinkConfig, now: Duration, id: PathId, kind: PathKind) -> Self {
        let estimator = Estimator::new(config, now);
        let health = Health::new(now);
        let (buffered, peer_used, inputs_while_guessed) = (0, None, 0);
        Self { id, kind, estimator, health, buffered, peer_used, inputs_while_guessed }
    }

    /// Whether the peer lets it carry.
    pub(crate) fn is_used_by_peer(&self, now: Duration) -> bool {
        self.peer_used.is_some_and(|at| now.saturating_sub(at) < PEER_USES)
    }

    pub(super) fn signs(&self, now: Duration) -> Signs {
        Signs {
            silence: self.estimator.silence(now),
            unacknowledged: self.estimator.unacknowledged(now),
            rtt: self.estimator.rtt(),
            loss: self.estimator.loss(now),
            buffered: self.buffered,
        }
    }

    /// What a datagram costs on this path: its round trip, and ten milliseconds for each percent that is
    /// lost.
    pub(super) fn cost(&self, now: Duration) -> Duration {
        let loss = Duration::from_secs(1).mul_f32(self.estimator.loss(now));
        self.estimator.rtt().unwrap_or_default() + loss
    }

    pub(super) fn is_peer_to_peer(&self) -> bool {
        self.kind.is_peer_to_peer()
    }

    /// The order of paths, best first.
    pub(super) fn standing(&self, other: &Self, now: Duration) -> Ordering {
        let fitness = self.health.fitness().cmp(&other.health.fitness());
        let kind = || self.kind.cmp(&other.kind);
        let cost = || self.cost(now).cmp(&other.cost(now));
        match self.health.fitness() {
            // Of two that are impaired, what they cost says more than what they are.
            Fitness::Impaired => fitness.then_with(cost).then_with(kind),
            _ => fitness.then_with(kind).then_with(cost),
        }
    }
}
