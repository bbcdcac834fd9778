use std::time::Duration;

use crate::rate::RateLimit;

/// What a peer may send. The defaults are several times what a game at 120 frames per second sends.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetConfig {
    /// Datagrams per second. Default 600.
    pub datagrams: u32,
    /// Reliable messages per second. Default 200.
    pub messages: u32,
    /// Packets per second that turn out not to be well-formed. Default 20.
    pub malformed: u32,
    /// How many seconds' worth may come at once, as after a page was hidden. Default 10.
    pub burst: u32,
    /// For how long a peer that exceeds one of these is not listened to. Default 1 s.
    pub mute: Duration,
    /// How often in a minute a peer may be muted before it is given up. Default 3.
    pub mutes: u32,
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self {
            datagrams: 600,
            messages: 200,
            malformed: 20,
            burst: 10,
            mute: Duration::from_secs(1),
            mutes: 3,
        }
    }
}

/// What of a budget a packet takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expense {
    Datagram,
    Message,
    Malformed,
}

/// Whether a packet is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Heard,
    Muted,
    /// The peer has been muted too often.
    Exceeded,
}

/// Keeps a peer within its budget: token buckets, and a count of how often one ran dry.
#[derive(Debug)]
pub(super) struct Budget {
    limits: [RateLimit; 3],
    muted_until: Duration,
    mutes: u32,
    first_mute: Duration,
}

impl Budget {
    pub(super) fn new(config: &BudgetConfig, now: Duration) -> Self {
        let limit = |rate: u32| RateLimit::new(rate, rate.saturating_mul(config.burst), now);
        Self {
            limits: [config.datagrams, config.messages, config.malformed].map(limit),
            muted_until: now,
            mutes: 0,
            first_mute: now,
        }
    }

    pub(super) fn spend(
        &mut self,
        config: &BudgetConfig,
        at: Duration,
        expense: Expense,
    ) -> Verdict {
        if at < self.muted_until {
            return Verdict::Muted;
        }
        if self.limits[expense as usize].take(at) {
            return Verdict::Heard;
        }
        self.muted_until = at + config.mute;
        if at.saturating_sub(self.first_mute) > Duration::from_secs(60) {
            (self.mutes, self.first_mute) = (0, at);
        }
        self.mutes += 1;
        if self.mutes > config.mutes { Verdict::Exceeded } else { Verdict::Muted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// How many of a thousand packets a second are heard for so many seconds, and whether the peer was given
    /// up.
    fn flood(seconds: u64, expense: Expense) -> (u32, bool) {
        let config = BudgetConfig::default();
        let mut budget = Budget::new(&config, Duration::ZERO);
        let (mut heard, mut exceeded) = (0, false);
        for ms in 0..seconds * 1000 {
            match budget.spend(&config, Duration::from_millis(ms), expense) {
                Verdict::Heard => heard += 1,
                Verdict::Muted => {}
                Verdict::Exceeded => exceeded = true,
            }
        }
        (heard, exceeded)
    }

    #[test]
    fn within_the_budget_nothing_is_muted() {
        let config = BudgetConfig::default();
        let mut budget = Budget::new(&config, Duration::ZERO);
        for frame in 0..100_000 {
            let at = Duration::from_micros(1700) * frame;
            assert_eq!(budget.spend(&config, at, Expense::Datagram), Verdict::Heard, "{frame}");
        }
    }

    #[test]
    fn a_burst_after_a_silence_is_heard() {
        let config = BudgetConfig::default();
        let mut budget = Budget::new(&config, Duration::ZERO);
        let at = Duration::from_secs(20);
        assert!((0..6000).all(|_| budget.spend(&config, at, Expense::Datagram) == Verdict::Heard));
    }

    #[test]
    fn a_flood_is_muted_and_then_given_up() {
        let (heard, exceeded) = flood(5, Expense::Message);
        assert!(heard < 3500 && !exceeded, "{heard}");
        let (_, exceeded) = flood(40, Expense::Message);
        assert!(exceeded);
        assert!(flood(20, Expense::Malformed).1);
    }
}
