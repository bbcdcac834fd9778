//! Rate limits on what a peer sends.

use std::time::Duration;

use crate::rate::TokenBucket;

/// The time in which [`RateLimitConfig::mutes`] are counted.
const MUTES_WITHIN: Duration = Duration::from_secs(60);

/// What a peer may send. The defaults are several times what a game at 120 frames per second sends.
#[derive(Clone, Debug, PartialEq)]
pub struct RateLimitConfig {
    /// Datagrams per second. Default 600.
    pub datagrams: u32,
    /// Reliable messages per second. Default 200.
    pub messages: u32,
    /// Malformed packets per second. Default 20.
    pub malformed: u32,
    /// How many seconds' worth may come at once, as after a page was hidden. Default 10.
    pub burst: u32,
    /// For how long a peer that exceeds a limit is muted: what it sends is dropped unread. Default 1 s.
    pub mute: Duration,
    /// How often in a minute a peer may be muted before the link reports a flood. Default 3.
    pub mutes: u32,
}

impl Default for RateLimitConfig {
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

/// Which limit a packet counts towards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PacketClass {
    Datagram,
    Message,
    Malformed,
}

/// Whether a packet is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Accepted,
    Muted,
    /// Muted, and that too often.
    Flooded,
}

/// Keeps a peer within its rate limits: a token bucket for each class of packets, and a count of how often one
/// was empty.
#[derive(Debug)]
pub(super) struct RateLimiter {
    buckets: [TokenBucket; 3],
    muted_until: Duration,
    mutes: u32,
    first_mute: Duration,
}

impl RateLimiter {
    pub(super) fn new(config: &RateLimitConfig, now: Duration) -> Self {
        let bucket = |rate: u32| TokenBucket::new(rate, rate.saturating_mul(config.burst), now);
        Self {
            buckets: [config.datagrams, config.messages, config.malformed].map(bucket),
            muted_until: now,
            mutes: 0,
            first_mute: now,
        }
    }

    /// Counts a packet that came at `at`.
    pub(super) fn admit(
        &mut self,
        config: &RateLimitConfig,
        at: Duration,
        class: PacketClass,
    ) -> Admission {
        if at < self.muted_until {
            return Admission::Muted;
        }
        if self.buckets[class as usize].take(at) {
            return Admission::Accepted;
        }
        self.muted_until = at + config.mute;
        if at.saturating_sub(self.first_mute) > MUTES_WITHIN {
            (self.mutes, self.first_mute) = (0, at);
        }
        self.mutes += 1;
        if self.mutes > config.mutes { Admission::Flooded } else { Admission::Muted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// How many of a thousand packets a second are accepted in so many seconds, and whether the limiter
    /// reports a flood.
    fn flood(seconds: u64, class: PacketClass) -> (u32, bool) {
        let config = RateLimitConfig::default();
        let mut limiter = RateLimiter::new(&config, Duration::ZERO);
        let (mut accepted, mut flooded) = (0, false);
        for ms in 0..seconds * 1000 {
            match limiter.admit(&config, Duration::from_millis(ms), class) {
                Admission::Accepted => accepted += 1,
                Admission::Muted => {}
                Admission::Flooded => flooded = true,
            }
        }
        (accepted, flooded)
    }

    #[test]
    fn within_the_limits_nothing_is_muted() {
        let config = RateLimitConfig::default();
        let mut limiter = RateLimiter::new(&config, Duration::ZERO);
        for frame in 0..100_000 {
            let at = Duration::from_micros(1700) * frame;
            let admission = limiter.admit(&config, at, PacketClass::Datagram);
            assert_eq!(admission, Admission::Accepted, "{frame}");
        }
    }

    #[test]
    fn a_burst_after_a_silence_is_accepted() {
        let config = RateLimitConfig::default();
        let mut limiter = RateLimiter::new(&config, Duration::ZERO);
        let at = Duration::from_secs(20);
        let mut admit = || limiter.admit(&config, at, PacketClass::Datagram);
        assert!((0..6000).all(|_| admit() == Admission::Accepted));
    }

    #[test]
    fn a_flood_is_muted_and_then_reported() {
        let (accepted, flooded) = flood(5, PacketClass::Message);
        assert!(accepted < 3500 && !flooded, "{accepted}");
        let (_, flooded) = flood(40, PacketClass::Message);
        assert!(flooded);
        assert!(flood(20, PacketClass::Malformed).1);
    }
}
