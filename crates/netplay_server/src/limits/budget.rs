//! A token bucket whose tokens can be given back.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Rate;

/// What is taken before some work is done, and given back if the work turns out to be harmless: a join takes a token
/// before anything of it is checked, so that joins at the same time cannot exceed the budget, and a join that
/// succeeds gives the token back.
///
/// The algorithm is GCRA (ITU-T I.371), as in the other buckets; those of `governor` take nothing back.
#[derive(Debug)]
pub(super) struct Budget {
    /// How long a token takes to return by itself.
    interval: Duration,
    /// How long all tokens take.
    full: Duration,
    /// When all tokens are back.
    full_at: Mutex<Instant>,
}

impl Budget {
    /// A full budget.
    pub(super) fn new(rate: Rate, period: Duration) -> Self {
        let interval = period / rate.rate.get();
        let full = interval.checked_mul(rate.burst.get()).unwrap_or(Duration::MAX);
        Self { interval, full, full_at: Mutex::new(Instant::now()) }
    }

    /// Takes a token, or returns how long it takes until there is one.
    pub(super) fn take(&self) -> Result<(), Duration> {
        let now = Instant::now();
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = full_at.saturating_duration_since(now) + self.interval;
        if missing > self.full {
            return Err(missing - self.full);
        }
        *full_at = now + missing;
        Ok(())
    }

    /// Gives back a token that was taken.
    pub(super) fn give_back(&self) {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        // None where the clock cannot go that far back: the budget is then full.
        *full_at = full_at.checked_sub(self.interval).unwrap_or(*full_at);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::time::advance;

    use super::*;

    fn budget(rate: u32, burst: u32) -> Budget {
        let rate = Rate { rate: rate.try_into().unwrap(), burst: burst.try_into().unwrap() };
        Budget::new(rate, Duration::from_secs(60))
    }

    #[tokio::test(start_paused = true)]
    async fn tokens_return_by_themselves_and_never_more_than_there_were() {
        let budget = budget(30, 3);
        let most = || (0..100).take_while(|_| budget.take().is_ok()).count();
        assert_eq!(most(), 3);
        assert_eq!(budget.take(), Err(Duration::from_secs(2)));
        advance(Duration::from_secs(4)).await;
        assert_eq!(most(), 2);
        advance(Duration::from_secs(600)).await;
        assert_eq!(most(), 3);
        budget.give_back();
        assert_eq!(most(), 1);
        advance(Duration::from_secs(600)).await;
        (0..3).for_each(|_| budget.give_back());
        assert_eq!(most(), 3, "what came back by itself is not given back twice");
    }

    #[tokio::test(start_paused = true)]
    async fn no_rate_overflows() {
        for (rate, burst) in [(1, u32::MAX), (u32::MAX, 1), (u32::MAX, u32::MAX)] {
            let budget = budget(rate, burst);
            assert!((0..10).all(|_| budget.take().is_ok()) || burst == 1);
            budget.give_back();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// In every order of taking, giving back and waiting, what is taken and kept never exceeds the burst and
        /// what has come back since the start.
        #[test]
        fn what_is_kept_never_exceeds_the_budget(steps in proptest::collection::vec(0..10u64, 1..300)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
            runtime.unwrap().block_on(async {
                let (budget, start) = (budget(60, 5), Instant::now());
                let (mut held, mut kept) = (0u64, 0u64);
                for step in steps {
                    match step {
                        0..5 if budget.take().is_ok() => held += 1,
                        5 if held > 0 => { budget.give_back(); held -= 1; }
                        6 if held > 0 => { kept += 1; held -= 1; }
                        7.. => advance(Duration::from_millis(step * 100)).await,
                        _ => {}
                    }
                    assert!(held + kept <= 5 + start.elapsed().as_secs());
                }
            });
        }
    }
}
