//! [`FrameClock`]: when frames are due, by real time.

use std::time::Duration;

use bevy::prelude::*;

/// The most that is simulated after an update that took long: a quarter of a second. A peer that stood still longer
/// catches up over several updates.
const MAX_BACKLOG: Duration = Duration::from_millis(250);

/// Counts the real time that is not simulated yet.
#[derive(Resource, Debug, Default)]
pub(crate) struct FrameClock {
    backlog: Duration,
}

impl FrameClock {
    /// So much time has passed. Returns how much of it is not made up for.
    pub(crate) fn handle_time(&mut self, passed: Duration) -> Duration {
        let backlog = self.backlog + passed;
        self.backlog = backlog.min(MAX_BACKLOG);
        backlog - self.backlog
    }

    /// Whether a frame of this length is due. It is so once.
    pub(crate) fn poll_frame(&mut self, length: Duration) -> bool {
        let left = self.backlog.checked_sub(length);
        self.backlog = left.unwrap_or(self.backlog);
        left.is_some()
    }

    /// The match waits for inputs: frames that were due meanwhile are not made up for.
    pub(crate) fn handle_stall(&mut self, length: Duration) {
        while self.poll_frame(length) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(10);

    fn frames(clock: &mut FrameClock, passed: u64) -> usize {
        clock.handle_time(Duration::from_millis(passed));
        std::iter::from_fn(|| clock.poll_frame(FRAME).then_some(())).count()
    }

    #[test]
    fn as_many_frames_are_due_as_fit_into_the_time_that_has_passed() {
        let mut clock = FrameClock::default();
        let due: Vec<_> = [4, 4, 4, 25, 3].map(|passed| frames(&mut clock, passed)).into();
        assert_eq!(due, [0, 0, 1, 2, 1]);
    }

    #[test]
    fn neither_a_long_update_nor_a_stall_is_made_up_for() {
        let mut clock = FrameClock::default();
        assert_eq!(frames(&mut clock, 30_000), 25);
        assert_eq!(clock.handle_time(Duration::from_millis(64)), Duration::ZERO);
        clock.handle_stall(FRAME);
        assert_eq!(frames(&mut clock, 5), 0);
        assert_eq!(frames(&mut clock, 1), 1);
    }

    #[test]
    fn time_that_is_not_made_up_for_is_told() {
        let mut clock = FrameClock::default();
        let lost = [100, 100, 100, 3000].map(|ms| clock.handle_time(Duration::from_millis(ms)));
        assert_eq!(lost.map(|lost| lost.as_millis()), [0, 0, 50, 3000]);
    }
}
