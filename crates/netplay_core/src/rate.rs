//! A token bucket: how often something may happen.

use std::time::Duration;

/// A token bucket: a rate on average, and a burst after a pause.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    per_second: f64,
    burst: f64,
    tokens: f64,
    filled: Duration,
}

impl TokenBucket {
    /// A full bucket of `burst` tokens that is refilled at a rate.
    pub fn new(per_second: u32, burst: u32, now: Duration) -> Self {
        let burst = f64::from(burst);
        Self { per_second: f64::from(per_second), burst, tokens: burst, filled: now }
    }

    /// Takes a token. Returns whether there was one.
    pub fn take(&mut self, now: Duration) -> bool {
        let available = self.available(now) > 0;
        if available {
            self.tokens -= 1.0;
        }
        available
    }

    /// Takes so many tokens, whether there are as many or not: those that are missing are made up for later.
    pub fn take_several(&mut self, now: Duration, tokens: usize) {
        self.available(now);
        self.tokens -= tokens as f64;
    }

    /// How many tokens there are.
    pub fn available(&mut self, now: Duration) -> usize {
        let passed = now.saturating_sub(self.filled).as_secs_f64();
        self.filled = self.filled.max(now);
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
        self.tokens as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_burst_and_then_the_rate() {
        let mut bucket = TokenBucket::new(10, 5, Duration::ZERO);
        let taken = |bucket: &mut TokenBucket, ms| {
            (0..100).filter(|_| bucket.take(Duration::from_millis(ms))).count()
        };
        assert_eq!([0, 50, 100, 1100, 9000].map(|ms| taken(&mut bucket, ms)), [5, 0, 1, 5, 5]);
    }

    #[test]
    fn tokens_that_are_missing_are_made_up_for() {
        let mut bucket = TokenBucket::new(10, 5, Duration::ZERO);
        bucket.take_several(Duration::ZERO, 25);
        let available = |bucket: &mut TokenBucket, ms| bucket.available(Duration::from_millis(ms));
        assert_eq!([1000, 2000, 2100].map(|ms| available(&mut bucket, ms)), [0, 0, 1]);
    }
}
