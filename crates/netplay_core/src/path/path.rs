//! One path of a link with its estimates, its health and its counters.

use std::cmp::Ordering;
use std::ops::{AddAssign, SubAssign};
use std::time::Duration;

use super::estimator::Estimator;
use super::health::{HealthMonitor, PathHealth, PathSample};
use super::sent_bytes::SentBytes;
use super::{Candidates, PathConfig, PathId, PathKind, PeerUse};

/// One path of a link.
#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) id: PathId,
    kind: PathKind,
    candidates: Option<Candidates>,
    pub(crate) estimator: Estimator,
    pub(crate) health: HealthMonitor,
    /// Bytes that wait to be sent on it, as far as the transport can tell.
    pub(crate) buffered: usize,
    sent: SentBytes,
    pub(crate) peer_use: PeerUse,
    /// Whether the peer, who sent the match on it, sends on another path instead.
    pub(crate) left: bool,
    /// Since when it has not been primary; or when it opened.
    pub(crate) beside_since: Duration,
    /// What was counted while `kind` was a guess; none once it is known.
    counted_as_guess: Option<InputCounts>,
}

/// Inputs on a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct InputCounts {
    /// Datagrams with inputs that were sent.
    pub(crate) sent: u64,
    /// Inputs that were new when they came.
    pub(crate) received: u64,
}

impl AddAssign for InputCounts {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.received += other.received;
    }
}

impl SubAssign for InputCounts {
    fn sub_assign(&mut self, other: Self) {
        self.sent -= other.sent;
        self.received -= other.received;
    }
}

impl Path {
    /// A path that opens now. `kind` is a guess until [`Self::set_kind`].
    pub(crate) fn new(config: &PathConfig, now: Duration, id: PathId, kind: PathKind) -> Self {
        Self {
            id,
            kind,
            candidates: None,
            estimator: Estimator::new(config, now),
            health: HealthMonitor::new(now),
            buffered: 0,
            sent: SentBytes::default(),
            peer_use: PeerUse::default(),
            left: false,
            beside_since: now,
            counted_as_guess: Some(InputCounts::default()),
        }
    }

    pub(crate) fn kind(&self) -> PathKind {
        self.kind
    }

    pub(crate) fn candidates(&self) -> Option<Candidates> {
        self.candidates
    }

    /// The candidate pair of the path became known, or changed. Returns what was counted for a kind that was only a
    /// guess.
    pub(crate) fn set_kind(&mut self, kind: PathKind, candidates: Candidates) -> InputCounts {
        self.kind = kind;
        self.candidates = Some(candidates);
        self.counted_as_guess.take().unwrap_or_default()
    }

    /// Inputs were sent or came on the path.
    pub(crate) fn count_inputs(&mut self, inputs: InputCounts) {
        if let Some(counted) = &mut self.counted_as_guess {
            *counted += inputs;
        }
    }

    /// A packet of so many bytes is sent on the path.
    pub(crate) fn count_sent(&mut self, now: Duration, bytes: usize) {
        self.sent.record(now, bytes);
    }

    /// For how long it has not been primary.
    pub(crate) fn beside_for(&self, now: Duration) -> Duration {
        now.saturating_sub(self.beside_since)
    }

    pub(crate) fn is_peer_to_peer(&self) -> bool {
        self.kind.is_peer_to_peer()
    }

    /// Judges the health of the path by its estimates of this moment.
    pub(crate) fn judge(&mut self, config: &PathConfig, now: Duration) {
        let sample = PathSample {
            silence: self.estimator.silence(now),
            unacknowledged: self.estimator.unacknowledged(now),
            rtt: self.estimator.rtt(),
            loss: self.estimator.loss(now),
            jitter: self.estimator.jitter(),
            buffered: self.buffered,
            overdue: self.estimator.waiting(now),
            under_way: self.sent.under_way(now, self.estimator.rtt_min(now)),
            left: self.left,
        };
        self.health.judge(config, now, sample);
    }

    /// The cost of a datagram on this path: the round trip time, the jitter, and ten milliseconds for each percent
    /// of loss.
    pub(crate) fn cost(&self, now: Duration) -> Duration {
        let loss = Duration::from_secs(1).mul_f32(self.estimator.loss(now));
        self.estimator.rtt().unwrap_or_default() + self.estimator.jitter() + loss
    }

    /// The ranking of paths, best first.
    pub(crate) fn rank(&self, other: &Self, now: Duration) -> Ordering {
        let health = self.health.health().cmp(&other.health.health());
        let kind = || self.kind.cmp(&other.kind);
        let cost = || self.cost(now).cmp(&other.cost(now));
        match self.health.health() {
            // Between two impaired paths, the cost says more than the kind.
            PathHealth::Impaired => health.then_with(cost).then_with(kind),
            _ => health.then_with(kind).then_with(cost),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::CandidateKind;
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const PAIR: Candidates =
        Candidates { local: CandidateKind::Host, remote: CandidateKind::ServerReflexive };

    fn path(kind: PathKind) -> Path {
        Path::new(&PathConfig::default(), Duration::ZERO, PathId(1), kind)
    }

    #[test]
    fn only_inputs_that_were_counted_under_a_guess_are_counted_again() {
        let mut path = path(PathKind::Direct);
        let inputs = InputCounts { sent: 1, received: 2 };
        path.count_inputs(inputs);
        path.count_inputs(inputs);
        let counted = path.set_kind(PathKind::Direct, PAIR);
        assert_eq!(counted, InputCounts { sent: 2, received: 4 });
        path.count_inputs(inputs);
        let counted = path.set_kind(PathKind::Turn, PAIR);
        assert_eq!(counted, InputCounts::default(), "it was direct until then");
        assert_eq!((path.kind(), path.candidates()), (PathKind::Turn, Some(PAIR)));
    }

    #[test]
    fn healthy_paths_are_ranked_by_kind() {
        let order = [PathKind::Memory, PathKind::Direct, PathKind::Turn, PathKind::Relay];
        for pair in order.windows(2) {
            let ordering = path(pair[0]).rank(&path(pair[1]), Duration::ZERO);
            assert_eq!(ordering, Ordering::Less, "{pair:?}");
        }
    }
}
