//! When another connection is attempted beside one that works.
//!
//! A connection that is merely bad goes on being used, and so does one through a TURN server. Another one may be
//! better: what made ICE choose the pair of candidates in use may no longer be so. It is attempted rarely, and more
//! rarely each time: a network that stays bad is not made better by attempts. Whether the new connection is better
//! is measured before it becomes primary ([`Selection`](super::selection::Selection)).

use std::time::Duration;

use super::AgentConfig;

/// What the connections that work lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    /// None of them is healthy.
    Health,
    /// All of them lead through a TURN server, and direct ones are allowed.
    Directness,
}

/// The attempts beside connections that work.
#[derive(Debug, Default)]
pub(super) struct Beside {
    state: State,
    /// How many began since the connections last lacked nothing for a while, the peer's included.
    begun: u32,
    last_begun: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// No connection works.
    #[default]
    Disconnected,
    /// Something is lacking.
    Lacking { since: Duration },
    /// Nothing is lacking.
    Satisfied { since: Duration },
}

impl Beside {
    /// Whether an attempt is due, where a connection works and this is what is lacking. `urgent`: the network
    /// changed, so there is no reason to wait.
    pub(super) fn is_due(
        &mut self,
        config: &AgentConfig,
        now: Duration,
        lack: Option<Lack>,
        urgent: bool,
    ) -> bool {
        let Some(lack) = lack else {
            let since = match self.state {
                State::Satisfied { since } => since,
                State::Disconnected | State::Lacking { .. } => now,
            };
            self.state = State::Satisfied { since };
            if now.saturating_sub(since) >= config.beside_reset_after {
                self.begun = 0;
            }
            return false;
        };
        let since = match self.state {
            State::Lacking { since } => since,
            State::Disconnected | State::Satisfied { .. } => now,
        };
        self.state = State::Lacking { since };
        let patience = match lack {
            _ if urgent => Duration::ZERO,
            Lack::Health => config.healthier_after,
            Lack::Directness => config.direct_after,
        };
        let since_last = self.last_begun.map_or(Duration::MAX, |at| now.saturating_sub(at));
        now.saturating_sub(since) >= patience && since_last >= self.backoff(config)
    }

    /// No connection works: what they lack is not the question.
    pub(super) fn handle_disconnected(&mut self) {
        self.state = State::Disconnected;
    }

    /// An attempt of either peer begins beside a connection that works.
    pub(super) fn handle_begun(&mut self, now: Duration) {
        self.begun = self.begun.saturating_add(1);
        self.last_begun = Some(now);
    }

    /// What made attempts fail, or connections bad, may no longer be so.
    pub(super) fn reset_backoff(&mut self) {
        self.begun = 0;
    }

    /// The least time from one attempt to the next.
    fn backoff(&self, config: &AgentConfig) -> Duration {
        match self.begun.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => (config.beside_backoff * (1 << doublings.min(16)))
                .min(config.beside_backoff_at_most),
        }
    }
}

#[cfg(test)]
#[path = "beside_tests.rs"]
mod tests;
