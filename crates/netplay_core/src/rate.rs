//! How often something may happen.

use std::time::Duration;

/// A token bucket: so many a second on average, and so many at once after a pause.
#[derive(Clone, Debug)]
pub struct RateLimit {
    per_second: f64,
    most: f64,
    tokens: f64,
    filled: Duration,
}

impl RateLimit {
    /// A full bucket.
    pub fn new(per_second: u32, at_once: u32, now: Duration) -> Self {
        let most = f64::from(at_once);
        Self { per_second: f64::from(per_second), most, tokens: most, filled: now }
    }

    /// Whether it may happen now. If so, it counts.
    pub fn take(&mut self, now: Duration) -> bool {
        let passed = now.saturating_sub(self.filled).as_secs_f64();
        self.filled = self.filled.max(now);
        self.tokens = (self.tokens + passed * self.per_second).min(self.most);
        let may = self.tokens >= 1.0;
        if may {
            self.tokens -= 1.0;
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_burst_and_then_the_rate() {
        let mut limit = RateLimit::new(10, 5, Duration::ZERO);
        let taken = |limit: &mut RateLimit, ms| {
            (0..100).filter(|_| limit.take(Duration::from_millis(ms))).count()
        };
        assert_eq!([0, 50, 100, 1100, 9000].map(|ms| taken(&mut limit, ms)), [5, 0, 1, 5, 5]);
    }
}
