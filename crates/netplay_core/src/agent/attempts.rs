use std::time::Duration;

use super::AgentConfig;

/// When to attempt another connection: three times with a growing wait, then slowly.
///
/// Both sides may attempt. So that they do not cross more often than they must, the side that would yield
/// waits for the other first.
#[derive(Debug)]
pub(crate) struct Attempts {
    /// Whether we yield when attempts cross.
    yields: bool,
    /// Since when one is under way, ours or the peer's.
    under_way: bool,
    /// Attempts in a row that came to nothing.
    failed: u32,
    /// Not before this.
    not_before: Duration,
    /// Since when one has been wanted.
    wanted_since: Option<Duration>,
    last_failure: String,
}

impl Attempts {
    pub(crate) fn new(yields: bool) -> Self {
        Self {
            yields,
            under_way: false,
            failed: 0,
            not_before: Duration::ZERO,
            wanted_since: None,
            last_failure: "nobody answered".to_owned(),
        }
    }

    /// Says whether to begin one now, given whether one is wanted.
    pub(crate) fn begin(&mut self, config: &AgentConfig, now: Duration, wanted: bool) -> bool {
        if !wanted {
            self.wanted_since = None;
            return false;
        }
        let since = *self.wanted_since.get_or_insert(now);
        let patience = if self.yields { config.yield_for } else { Duration::ZERO };
        if self.under_way || now < self.not_before || now < since + patience {
            return false;
        }
        self.under_way = true;
        true
    }

    /// The peer began one.
    pub(crate) fn peer_began(&mut self) {
        self.under_way = true;
    }

    /// The one under way came to nothing.
    pub(crate) fn failed(&mut self, config: &AgentConfig, now: Duration, reason: String) {
        self.under_way = false;
        self.failed = self.failed.saturating_add(1);
        self.last_failure = reason;
        self.not_before = now
            + if self.failed < config.quick_attempts {
                config.attempt_back_off * (1 << (self.failed - 1).min(16))
            } else {
                config.slow_attempts
            };
    }

    /// One succeeded.
    pub(crate) fn succeeded(&mut self) {
        self.under_way = false;
        self.failed = 0;
        self.not_before = Duration::ZERO;
    }

    /// What stood in the way may be gone: the count begins anew.
    pub(crate) fn encourage(&mut self, now: Duration) {
        self.failed = 0;
        self.not_before = self.not_before.min(now);
    }

    /// Whether the quick attempts have all failed.
    pub(crate) fn exhausted(&self, config: &AgentConfig) -> bool {
        self.failed >= config.quick_attempts
    }

    /// Whether any has failed since the last success.
    pub(crate) fn any_failed(&self) -> bool {
        self.failed > 0
    }

    /// Why the last one came to nothing.
    pub(crate) fn last_failure(&self) -> &str {
        &self.last_failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn three_attempts_follow_each_other_and_then_one_in_ten_seconds() {
        let config = AgentConfig::default();
        let mut attempts = Attempts::new(false);
        let mut began = Vec::new();
        for ms in 0..30_000 {
            if attempts.begin(&config, MS * ms, true) {
                began.push(ms);
                attempts.failed(&config, MS * ms, "no".into());
            }
        }
        assert_eq!(began, [0, 500, 1500, 11_500, 21_500]);
        assert!(attempts.exhausted(&config));
        attempts.encourage(MS * 30_000);
        assert!(attempts.begin(&config, MS * 30_000, true));
        assert!(!attempts.begin(&config, MS * 30_001, true), "one at a time");
    }

    #[test]
    fn the_side_that_yields_waits_for_the_other_to_begin() {
        let config = AgentConfig::default();
        let mut attempts = Attempts::new(true);
        assert!(!attempts.begin(&config, Duration::ZERO, true));
        assert!(!attempts.begin(&config, MS * 1499, true));
        assert!(attempts.begin(&config, MS * 1500, true));
        attempts.succeeded();
        assert!(!attempts.begin(&config, MS * 9000, false));
        assert!(!attempts.begin(&config, MS * 9500, true));
        attempts.peer_began();
        assert!(!attempts.begin(&config, MS * 20_000, true));
    }
}
