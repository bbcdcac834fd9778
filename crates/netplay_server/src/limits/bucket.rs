//! A token bucket on tokio's clock.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

use super::Rate;

/// A token bucket. See the [module](self).
pub(super) struct Bucket {
    limiter: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Nanos>>,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn new(rate: Rate, period: Duration) -> Self {
        let quota = Quota::with_period(period / rate.rate.get())
            // None only for a rate above one per nanosecond, which is no limit in practice.
            .unwrap_or_else(|| Quota::per_second(rate.rate))
            .allow_burst(rate.burst);
        Self { limiter: RateLimiter::direct_with_clock(quota, TokioClock::new()) }
    }

    /// Takes tokens, or returns how long it takes until there are enough. A request for more tokens than the
    /// bucket holds takes a full bucket.
    pub(super) fn take(&self, tokens: u32) -> Result<(), Duration> {
        let Some(tokens) = NonZeroU32::new(tokens) else { return Ok(()) };
        let taken = match self.limiter.check_n(tokens) {
            Ok(taken) => taken,
            Err(most) => match NonZeroU32::new(most.0) {
                Some(most) => self.limiter.check_n(most).unwrap_or(Ok(())),
                None => Ok(()),
            },
        };
        taken.map_err(|until| until.wait_time_from(self.limiter.clock().now()))
    }
}

/// Tokio's clock, which tests can pause.
#[derive(Clone, Debug)]
struct TokioClock {
    started: Instant,
}

impl TokioClock {
    fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.started.elapsed().into()
    }
}
