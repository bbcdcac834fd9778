//! One path of a link with its estimates, its health and its counters.

use std::cmp::Ordering;
use std::time::Duration;

use super::estimator::Estimator;
use super::health::{HealthMonitor, PathHealth, PathSample};
use super::{Candidates, PathConfig, PathId, PathKind, PeerUse};

/// One path of a link.
#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) id: PathId,
    kind: PathKind,
    candidates: Option<Candidates>,
    pub(crate) estimator: Estimator,
    pub(crate) health: HealthMonitor,
    /// Bytes that wait to be sent on it.
    pub(crate) buffered: usize,
    pub(crate) peer_use: PeerUse,
    /// Datagrams with inputs that were sent while `kind` was a guess; none once it is known.
    inputs_while_guessed: Option<u64>,
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
            peer_use: PeerUse::default(),
            inputs_while_guessed: Some(0),
        }
    }

    pub(crate) fn kind(&self) -> PathKind {
        self.kind
    }

    pub(crate) fn candidates(&self) -> Option<Candidates> {
        self.candidates
    }

    /// The candidate pair of the path became known, or changed. Returns how many datagrams with inputs were
    /// counted for a kind that was only a guess.
    pub(crate) fn set_kind(&mut self, kind: PathKind, candidates: Candidates) -> u64 {
        self.kind = kind;
        self.candidates = Some(candidates);
        self.inputs_while_guessed.take().unwrap_or(0)
    }

    /// A datagram with inputs was sent on the path.
    pub(crate) fn count_inputs(&mut self) {
        if let Some(count) = &mut self.inputs_while_guessed {
            *count += 1;
        }
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
            buffered: self.buffered,
        };
        self.health.judge(config, now, sample);
    }

    /// The cost of a datagram on this path: the round trip time, and ten milliseconds for each percent of
    /// loss.
    pub(crate) fn cost(&self, now: Duration) -> Duration {
        let loss = Duration::from_secs(1).mul_f32(self.estimator.loss(now));
        self.estimator.rtt().unwrap_or_default() + loss
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
    fn only_inputs_that_were_sent_under_a_guess_are_counted_again() {
        let mut path = path(PathKind::Direct);
        path.count_inputs();
        path.count_inputs();
        assert_eq!(path.set_kind(PathKind::Direct, PAIR), 2);
        path.count_inputs();
        assert_eq!(path.set_kind(PathKind::Turn, PAIR), 0, "it was direct until then");
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
