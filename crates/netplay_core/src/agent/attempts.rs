//! When another WebRTC connection is attempted.
//!
//! Attempts follow each other three times with a growing backoff, then slowly. Both peers may attempt. To keep
//! attempts from crossing more often than they must, the polite peer (the one that gives way in a glare,
//! as in the WebRTC pattern of perfect negotiation) leaves the first attempt to the other one for a while.
//!
//! An attempt [beside](super::beside) a connection that works has a schedule of its own: when it fails, that says
//! nothing about the attempts that are needed once the connection no longer works.

use std::time::Duration;

use super::AgentConfig;
use super::failures::Failures;

/// The attempts at connections to one peer.
#[derive(Debug)]
pub(super) struct Attempts {
    polite: bool,
    state: AttemptState,
    /// Attempts in a row that failed while no connection worked.
    failures: u32,
    failed: Failures,
    /// Every attempt that began, the peer's included.
    begun: u64,
    /// Whether an attempt has ever succeeded.
    has_connected: bool,
    /// The network changed: a dead connection is given no time to recover.
    urgent: bool,
}

/// Why an attempt is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// It is not needed, or not possible.
    None,
    /// No connection works.
    Connection,
    /// A connection works, and a better one is to be tried beside it.
    Beside,
}

/// What the next attempt waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AttemptState {
    /// No attempt is wanted.
    Idle,
    /// One is wanted, and the polite peer leaves it to the other one until then.
    PoliteWait { until: Duration },
    /// The last one failed. None begins until then.
    Backoff { until: Duration },
    /// One of either peer is under way. `beside`: it began beside a connection that works.
    UnderWay { beside: bool },
}

impl Attempts {
    pub(super) fn new(polite: bool) -> Self {
        Self {
            polite,
            state: AttemptState::Idle,
            failures: 0,
            failed: Failures::default(),
            begun: 0,
            has_connected: false,
            urgent: false,
        }
    }

    /// Returns whether an attempt begins now.
    pub(super) fn begin(&mut self, config: &AgentConfig, now: Duration, need: Need) -> bool {
        self.state = match self.state {
            AttemptState::UnderWay { beside } => AttemptState::UnderWay { beside },
            AttemptState::Backoff { until } if now < until => AttemptState::Backoff { until },
            _ if need == Need::None => AttemptState::Idle,
            AttemptState::PoliteWait { until } if now < until => AttemptState::PoliteWait { until },
            AttemptState::Idle if self.polite => {
                AttemptState::PoliteWait { until: now + config.polite_wait }
            }
            AttemptState::Idle | AttemptState::PoliteWait { .. } | AttemptState::Backoff { .. } => {
                self.handle_begun(need == Need::Beside);
                return true;
            }
        };
        false
    }

    /// An attempt of either peer begins: beside a connection that works, or because there is none.
    pub(super) fn handle_begun(&mut self, beside: bool) {
        self.begun += 1;
        self.state = AttemptState::UnderWay { beside };
    }

    /// The attempt under way failed.
    pub(super) fn handle_failure(&mut self, config: &AgentConfig, now: Duration, reason: String) {
        self.failed.record(now, reason);
        if let AttemptState::UnderWay { beside: true } = self.state {
            self.state = AttemptState::Idle;
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let backoff = if self.failures < config.quick_attempts {
            config.attempt_backoff * (1 << (self.failures - 1).min(16))
        } else {
            config.slow_attempts
        };
        self.state = AttemptState::Backoff { until: now + backoff };
    }

    /// A connection opened.
    pub(super) fn handle_success(&mut self) {
        self.state = AttemptState::Idle;
        self.failures = 0;
        self.has_connected = true;
        self.urgent = false;
    }

    /// The local network changed: what made attempts fail may no longer be so, and connections that are dead
    /// will stay so.
    pub(super) fn handle_network_change(&mut self) {
        self.urgent = true;
        self.reset_backoff();
    }

    /// Lets the next attempt begin at once, as if none had failed.
    pub(super) fn reset_backoff(&mut self) {
        self.failures = 0;
        if let AttemptState::Backoff { until } = &mut self.state {
            *until = Duration::ZERO;
        }
    }

    /// How long every connection must have been dead before another is attempted.
    pub(super) fn patience(&self, config: &AgentConfig) -> Duration {
        if self.urgent { Duration::ZERO } else { config.attempt_after }
    }

    /// Whether the network changed, and no connection has opened since.
    pub(super) fn is_urgent(&self) -> bool {
        self.urgent
    }

    /// Whether the quick attempts have all failed.
    pub(super) fn is_exhausted(&self, config: &AgentConfig) -> bool {
        self.failures >= config.quick_attempts
    }

    /// Whether there was a connection before, or an attempt at the first one has failed: then there is no
    /// reason to expect one soon.
    pub(super) fn has_outcome(&self) -> bool {
        self.has_connected || self.failures > 0
    }

    /// Whether an attempt has ever succeeded.
    pub(super) fn has_connected(&self) -> bool {
        self.has_connected
    }

    /// Why the last attempt failed.
    pub(super) fn last_failure(&self) -> &str {
        self.failed.last().map_or("nobody answered", |failure| &failure.reason)
    }

    /// The last attempts that failed, oldest first.
    pub(super) fn failed(&self) -> &Failures {
        &self.failed
    }

    /// How many attempts began, the peer's included.
    pub(super) fn begun(&self) -> u64 {
        self.begun
    }
}

#[cfg(test)]
#[path = "attempts_tests.rs"]
mod tests;
