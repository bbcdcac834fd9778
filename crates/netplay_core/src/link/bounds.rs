//! The bounds of what can be configured: a link works with every value in them, and a value outside is taken as the
//! nearest one.

use std::time::Duration;

use super::{LinkConfig, RateLimitConfig};
use crate::agent::AgentConfig;
use crate::path::PathConfig;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

impl LinkConfig {
    /// The thresholds with every value within its bounds. `docs/LINKS.md` has them all.
    #[must_use]
    pub fn bounded(self) -> Self {
        let path = self.path.bounded();
        Self {
            // A path must not look dead between two keepalives.
            keepalive_after: self.keepalive_after.clamp(MS * 10, path.dead_after / 3),
            silent_after: self.silent_after.clamp(MS * 200, MINUTE),
            recover_after: self.recover_after.min(MINUTE),
            degraded_rtt: self.degraded_rtt.min(MINUTE),
            degraded_loss: fraction(self.degraded_loss, 0.05),
            poor_rtt: self.poor_rtt.min(MINUTE),
            poor_loss: fraction(self.poor_loss, 0.20),
            agent: self.agent.bounded(&path),
            rate_limits: self.rate_limits.bounded(),
            path,
        }
    }
}

impl PathConfig {
    fn bounded(self) -> Self {
        Self {
            dead_after: self.dead_after.clamp(MS * 200, SECOND * 30),
            impaired_rtt: self.impaired_rtt.clamp(MS * 10, MINUTE),
            impaired_loss: fraction(self.impaired_loss, 0.20),
            impaired_jitter: self.impaired_jitter.clamp(MS * 5, MINUTE),
            impaired_after: self.impaired_after.clamp(MS * 100, MINUTE),
            impaired_buffer: self.impaired_buffer.clamp(1024, 16 * 1024 * 1024),
            impaired_buffer_after: self.impaired_buffer_after.clamp(MS * 100, MINUTE),
            rtt_window: self.rtt_window.clamp(SECOND, MINUTE * 10),
            loss_window: self.loss_window.clamp(MS * 200, MINUTE),
        }
    }
}

impl AgentConfig {
    fn bounded(self, path: &PathConfig) -> Self {
        let proven_after = self.proven_after.clamp(MS * 100, MINUTE);
        let proven_at_most = self.proven_at_most.clamp(proven_after, MINUTE * 10);
        let beside_backoff = self.beside_backoff.clamp(SECOND, HOUR);
        Self {
            proven_after,
            proven_at_most,
            better_by: fraction(self.better_by, 0.10),
            better_by_time: self.better_by_time.min(SECOND),
            make_before_break: self.make_before_break.min(SECOND * 10),
            // A path must not look dead between two probes.
            probe_every: self.probe_every.clamp(MS * 10, path.dead_after / 3),
            relay_after: self.relay_after.min(MINUTE),
            attempt_after: self.attempt_after.min(MINUTE),
            quick_attempts: self.quick_attempts.min(20),
            attempt_backoff: self.attempt_backoff.clamp(MS * 100, MINUTE),
            slow_attempts: self.slow_attempts.clamp(SECOND, HOUR),
            healthier_after: self.healthier_after.min(HOUR),
            direct_after: self.direct_after.clamp(SECOND, HOUR),
            beside_backoff,
            beside_backoff_at_most: self.beside_backoff_at_most.clamp(beside_backoff, HOUR),
            beside_reset_after: self.beside_reset_after.clamp(SECOND, HOUR),
            polite_wait: self.polite_wait.min(MINUTE),
            surplus_after: self.surplus_after.clamp(SECOND, MINUTE * 10),
            // Before that it may still be proving itself.
            close_unused_after: self.close_unused_after.clamp(proven_at_most, HOUR),
            close_dead_after: self.close_dead_after.clamp(SECOND, HOUR),
            check_every: self.check_every.clamp(MS * 500, MINUTE),
        }
    }
}

impl RateLimitConfig {
    fn bounded(self) -> Self {
        Self {
            datagrams: self.datagrams.clamp(60, 100_000),
            messages: self.messages.clamp(10, 100_000),
            malformed: self.malformed.clamp(1, 100_000),
            burst: self.burst.clamp(1, 60),
            mute: self.mute.clamp(MS * 100, MINUTE),
            mutes: self.mutes.min(1000),
        }
    }
}

/// A fraction between 0 and 1; another value if it is no number.
fn fraction(value: f32, otherwise: f32) -> f32 {
    if value.is_nan() { otherwise } else { value.clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_defaults_are_within_their_bounds() {
        assert_eq!(LinkConfig::default().bounded(), LinkConfig::default());
    }

    /// Thresholds of which every time and number is one value.
    fn all(time: Duration, number: u32, fraction: f32) -> LinkConfig {
        LinkConfig {
            keepalive_after: time,
            silent_after: time,
            recover_after: time,
            degraded_rtt: time,
            degraded_loss: fraction,
            poor_rtt: time,
            poor_loss: fraction,
            path: PathConfig {
                dead_after: time,
                impaired_rtt: time,
                impaired_loss: fraction,
                impaired_jitter: time,
                impaired_after: time,
                impaired_buffer: number as usize,
                impaired_buffer_after: time,
                rtt_window: time,
                loss_window: time,
            },
            agent: AgentConfig {
                proven_after: time,
                proven_at_most: time,
                better_by: fraction,
                better_by_time: time,
                make_before_break: time,
                probe_every: time,
                relay_after: time,
                attempt_after: time,
                quick_attempts: number,
                attempt_backoff: time,
                slow_attempts: time,
                healthier_after: time,
                direct_after: time,
                beside_backoff: time,
                beside_backoff_at_most: time,
                beside_reset_after: time,
                polite_wait: time,
                surplus_after: time,
                close_unused_after: time,
                close_dead_after: time,
                check_every: time,
            },
            rate_limits: RateLimitConfig {
                datagrams: number,
                messages: number,
                malformed: number,
                burst: number,
                mute: time,
                mutes: number,
            },
        }
    }

    #[test]
    fn the_least_and_the_greatest_values_are_within_bounds_afterwards() {
        let least = all(Duration::ZERO, 0, f32::NEG_INFINITY).bounded();
        let greatest = all(Duration::MAX, u32::MAX, f32::INFINITY).bounded();
        let none = all(SECOND, 100, f32::NAN).bounded();
        for config in [&least, &greatest, &none] {
            assert_eq!(config.clone().bounded(), *config);
            assert!(config.keepalive_after < config.path.dead_after);
            assert!(config.agent.probe_every < config.path.dead_after);
            assert!(config.agent.close_unused_after >= config.agent.proven_at_most);
            assert!((0.0..=1.0).contains(&config.path.impaired_loss));
        }
        assert_eq!((least.path.dead_after, greatest.path.dead_after), (MS * 200, SECOND * 30));
        assert_eq!(none.path.impaired_loss, 0.20);
    }
}
