//! From estimates to a verdict: healthy, impaired or dead.
//!
//! A path dies at once and is alive again at once. It is impaired only when round trip time, loss, jitter or send
//! buffer have been bad for a while, and healthy again only when they have been good for a while. And it is impaired
//! as long as the peer, who sent on it, sends on another one instead: what is lost in one direction is seen at the end
//! where it does not arrive, and nowhere else.

use std::time::Duration;

use thiserror::Error;

use super::PathConfig;

/// The health of a path. The order of the variants ranks paths, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PathHealth {
    Healthy,
    /// Slow, lossy, unsteady or congested, for a while; or left by the peer.
    Impaired,
    /// Nothing comes, or nothing arrives.
    Dead,
}

/// Why a path is impaired or dead. Each is half a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum UnhealthyReason {
    /// Nothing came.
    #[error("nothing was heard on the path before")]
    Silent,
    /// Nothing that was sent was acknowledged.
    #[error("nothing arrived on the path before")]
    Unacknowledged,
    /// The round trips were too long for too long.
    #[error("the path before was too slow")]
    Slow,
    /// Too much was lost for too long.
    #[error("the path before lost too much")]
    Lossy,
    /// What came was too unevenly spaced for too long.
    #[error("the path before was too uneven")]
    Unsteady,
    /// What was to be sent piled up in the send buffer.
    #[error("the path before could not take what was sent")]
    Congested,
    /// The peer sends on another path instead: it may receive badly on this one.
    #[error("the other player left the path before")]
    Left,
}

/// The estimates of a path at a moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PathSample {
    /// How long nothing has come.
    pub(crate) silence: Duration,
    /// For how long nothing that was sent has been acknowledged.
    pub(crate) unacknowledged: Duration,
    /// The smoothed round trip time.
    pub(crate) rtt: Option<Duration>,
    /// The fraction that was lost, 0 to 1.
    pub(crate) loss: f32,
    /// How unevenly datagrams arrive.
    pub(crate) jitter: Duration,
    /// Bytes that wait to be sent, or are under way.
    pub(crate) buffered: usize,
    /// Bytes of which it is no wonder that they are under way.
    pub(crate) under_way: usize,
    /// Bytes that should have been acknowledged by now, as far as they were not lost: not every transport can tell what
    /// waits in it.
    pub(crate) overdue: usize,
    /// Whether the peer sends on another path instead.
    pub(crate) left: bool,
}

/// The health of a path over time.
#[derive(Debug)]
pub(crate) struct HealthMonitor {
    state: State,
    /// Slow, lossy or unsteady.
    bad: Lasting,
    /// None of these, and the send buffer within its bound.
    good: Lasting,
    /// The send buffer is above its bound.
    congested: Lasting,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Healthy { since: Duration, alive_since: Duration },
    Impaired { alive_since: Duration, reason: UnhealthyReason },
    Dead { since: Duration, reason: UnhealthyReason },
}

/// Since when a condition has held without interruption.
#[derive(Clone, Copy, Debug, Default)]
struct Lasting(Option<Duration>);

impl Lasting {
    /// How long the condition has held.
    fn update(&mut self, now: Duration, holds: bool) -> Duration {
        if holds {
            now.saturating_sub(*self.0.get_or_insert(now))
        } else {
            self.0 = None;
            Duration::ZERO
        }
    }

    fn holds(self) -> bool {
        self.0.is_some()
    }
}

impl HealthMonitor {
    /// A path counts as healthy until a sample says otherwise.
    pub(crate) fn new(now: Duration) -> Self {
        Self {
            state: State::Healthy { since: now, alive_since: now },
            bad: Lasting::default(),
            good: Lasting::default(),
            congested: Lasting::default(),
        }
    }

    /// Judges the path by its estimates of this moment.
    pub(crate) fn judge(&mut self, config: &PathConfig, now: Duration, sample: PathSample) {
        let slow = sample.rtt.is_some_and(|rtt| rtt > config.impaired_rtt);
        let lossy = sample.loss > config.impaired_loss;
        let unsteady = sample.jitter > config.impaired_jitter;
        let is_bad = slow || lossy || unsteady;
        let bad = self.bad.update(now, is_bad) >= config.impaired_after;
        let waiting = sample.buffered.saturating_sub(sample.under_way).max(sample.overdue);
        let is_full = waiting > config.impaired_buffer;
        let congested = self.congested.update(now, is_full) >= config.impaired_buffer_after;
        let good = self.good.update(now, !is_bad && !is_full) >= config.impaired_after;
        let silent = sample.silence >= config.dead_after;
        let unacknowledged =
            sample.unacknowledged >= config.dead_after + sample.rtt.unwrap_or_default();

        let alive_since = match self.state {
            State::Healthy { alive_since, .. } | State::Impaired { alive_since, .. } => alive_since,
            State::Dead { .. } => now,
        };
        self.state = if silent || unacknowledged {
            let reason =
                if silent { UnhealthyReason::Silent } else { UnhealthyReason::Unacknowledged };
            let since = match self.state {
                State::Dead { since, .. } => since,
                _ => now,
            };
            State::Dead { since, reason }
        } else if bad || congested || sample.left {
            let reason = match () {
                () if congested => UnhealthyReason::Congested,
                () if bad && slow => UnhealthyReason::Slow,
                () if bad && lossy => UnhealthyReason::Lossy,
                () if bad => UnhealthyReason::Unsteady,
                () => UnhealthyReason::Left,
            };
            State::Impaired { alive_since, reason }
        } else {
            match self.state {
                State::Impaired { .. } if !good => self.state,
                State::Healthy { since, .. } => State::Healthy { since, alive_since },
                _ => State::Healthy { since: now, alive_since },
            }
        };
    }

    pub(crate) fn health(&self) -> PathHealth {
        match self.state {
            State::Healthy { .. } => PathHealth::Healthy,
            State::Impaired { .. } => PathHealth::Impaired,
            State::Dead { .. } => PathHealth::Dead,
        }
    }

    pub(crate) fn is_dead(&self) -> bool {
        matches!(self.state, State::Dead { .. })
    }

    /// How long the path has been dead; zero if it is not.
    pub(crate) fn dead_for(&self, now: Duration) -> Duration {
        match self.state {
            State::Dead { since, .. } => now.saturating_sub(since),
            _ => Duration::ZERO,
        }
    }

    /// How long the path has not been dead; zero if it is.
    pub(crate) fn alive_for(&self, now: Duration) -> Duration {
        match self.state {
            State::Healthy { alive_since, .. } | State::Impaired { alive_since, .. } => {
                now.saturating_sub(alive_since)
            }
            State::Dead { .. } => Duration::ZERO,
        }
    }

    /// How long the path has been healthy; zero if it is not.
    pub(crate) fn healthy_for(&self, now: Duration) -> Duration {
        match self.state {
            State::Healthy { since, .. } => now.saturating_sub(since),
            _ => Duration::ZERO,
        }
    }

    /// Whether the last sample would impair the path if it lasted.
    pub(crate) fn is_suspect(&self) -> bool {
        self.bad.holds() || self.congested.holds()
    }

    /// Why the path is impaired or dead; none if it is healthy.
    pub(crate) fn unhealthy_reason(&self) -> Option<UnhealthyReason> {
        match self.state {
            State::Healthy { .. } => None,
            State::Impaired { reason, .. } | State::Dead { reason, .. } => Some(reason),
        }
    }
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
