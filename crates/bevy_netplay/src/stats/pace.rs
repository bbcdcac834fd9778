//! [`Pace`]: whether this machine is too slow for the simulation.

use std::time::Duration;

/// How long it must lose time before it is said to be too slow.
const LOSING: Duration = Duration::from_secs(2);
/// How long it may lose none meanwhile.
const PAUSE: Duration = Duration::from_millis(500);

/// Tells a machine that is too slow from one update that took long, which loses time once.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The first and the last time at which it lost time.
    losing: Option<(Duration, Duration)>,
}

impl Pace {
    /// An update has lost so much time. Returns whether the machine is too slow.
    pub(super) fn handle_update(&mut self, now: Duration, lost: Duration) -> bool {
        self.losing = match self.losing {
            _ if !lost.is_zero() => Some((self.losing.map_or(now, |(since, _)| since), now)),
            Some((_, last)) if now.saturating_sub(last) > PAUSE => None,
            unchanged => unchanged,
        };
        self.losing.is_some_and(|(since, last)| last.saturating_sub(since) >= LOSING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Whether it is too slow after updates of so many ms, of which each `every`th loses 50 ms.
    fn is_too_slow(updates: u32, length: u32, every: u32) -> bool {
        let mut pace = Pace::default();
        let lost =
            |update: u32| if update.is_multiple_of(every) { MS * 50 } else { Duration::ZERO };
        (1..=updates)
            .map(|update| pace.handle_update(MS * length * update, lost(update)))
            .last()
            .unwrap()
    }

    #[test]
    fn a_machine_that_always_loses_time_is_too_slow_after_two_seconds() {
        assert!(!is_too_slow(6, 300, 1));
        assert!(is_too_slow(8, 300, 1));
    }

    #[test]
    fn an_update_now_and_then_that_takes_long_is_not_a_slow_machine() {
        assert!(!is_too_slow(600, 16, 60));
        assert!(!is_too_slow(1, 30_000, 1));
    }

    #[test]
    fn it_is_fast_enough_once_it_has_lost_no_time_for_half_a_second() {
        let mut pace = Pace::default();
        for second in 0..10 {
            pace.handle_update(MS * 300 * second, MS * 50);
        }
        assert!(pace.handle_update(MS * 3000, Duration::ZERO));
        assert!(!pace.handle_update(MS * 3300, Duration::ZERO));
    }
}
