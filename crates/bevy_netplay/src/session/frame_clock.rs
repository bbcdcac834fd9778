//! [`FrameClock`]: when frames are due, by real time.

use std::time::Duration;

use bevy::prelude::*;
use netplay_core::match_::FramePace;

/// The most that is simulated after an update that took long: a quarter of a second. A peer that stood still longer
/// catches up over several updates.
const MAX_BACKLOG: Duration = Duration::from_millis(250);

/// Which part of a frame must have passed for the first frame of an update, where each update is to have one: the time
/// between two updates is never quite that of a frame, and pictures would be repeated and left out again and again. Of
/// further frames it is the rest.
const EARLY: f64 = 0.25;

/// Which frames are due in an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameRounding {
    /// Those whose time has passed: what is drawn is between frames.
    Down,
    /// As many as updates take on average: the newest frame is drawn. Time that is left or missing is carried over.
    Steady,
}

/// Counts the real time that is not simulated yet.
#[derive(Resource, Debug, Default)]
pub(crate) struct FrameClock {
    /// In nanoseconds; negative where a frame was simulated before its time.
    backlog: i64,
    /// How many frames this update has had.
    frames: u32,
    /// How the next frame is simulated, once that is decided.
    pace: Option<FramePace>,
    /// How fast the simulation runs, by the last decision: 1 is real time.
    speed: Option<f64>,
    /// The match waits for inputs since the last frame.
    is_stalled: bool,
}

impl FrameClock {
    /// An update begins, after so much time. Returns how much of it is not made up for.
    pub(crate) fn handle_time(&mut self, passed: Duration) -> Duration {
        let backlog = self.backlog.saturating_add(nanos(passed));
        self.backlog = backlog.min(nanos(MAX_BACKLOG));
        self.frames = 0;
        Duration::from_nanos((backlog - self.backlog).unsigned_abs())
    }

    /// Whether a frame of this length is due. It is so once. `decide` says how each frame is simulated.
    pub(crate) fn poll_frame(
        &mut self,
        length: Duration,
        rounding: FrameRounding,
        decide: impl FnOnce() -> FramePace,
    ) -> bool {
        let wait = match *self.pace.get_or_insert_with(decide) {
            FramePace::Extra => Duration::ZERO,
            FramePace::Speed(speed) => {
                self.speed = Some(speed);
                length.div_f64(speed)
            }
        };
        let part = match rounding {
            FrameRounding::Down => 1.0,
            FrameRounding::Steady if self.frames == 0 => EARLY,
            FrameRounding::Steady => 1.0 - EARLY,
        };
        if self.backlog < nanos(wait.mul_f64(part)) {
            return false;
        }
        self.backlog -= nanos(wait);
        self.frames += 1;
        self.pace = None;
        self.is_stalled = false;
        true
    }

    /// The match waits for inputs: frames of this length that were due meanwhile are not made up for.
    pub(crate) fn handle_stall(&mut self, length: Duration) {
        if self.backlog > 0 {
            self.backlog %= nanos(length).max(1);
        }
        self.is_stalled = true;
    }

    /// How far real time is from the last frame to the next one, 0 to 1; 1 while the match waits for inputs: what is drawn
    /// between frames does not go back.
    pub(crate) fn fraction(&self, length: Duration) -> f32 {
        let fraction = self.backlog as f64 / nanos(length).max(1) as f64 * self.speed();
        if self.is_stalled { 1.0 } else { fraction.clamp(0.0, 1.0) as f32 }
    }

    /// How fast the simulation runs: 1 is real time.
    pub(crate) fn speed(&self) -> f64 {
        self.speed.unwrap_or(1.0)
    }
}

/// How long a frame lasts, of so many in a second.
pub(crate) fn frame_length(frame_rate: usize) -> Duration {
    Duration::from_secs(1) / u32::try_from(frame_rate.max(1)).unwrap_or(u32::MAX)
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(10);

    fn frames(clock: &mut FrameClock, passed: u64) -> usize {
        frames_at(clock, passed, FramePace::Speed(1.0))
    }

    fn frames_at(clock: &mut FrameClock, passed: u64, pace: FramePace) -> usize {
        clock.handle_time(Duration::from_millis(passed));
        let down = FrameRounding::Down;
        std::iter::from_fn(|| clock.poll_frame(FRAME, down, || pace).then_some(())).count()
    }

    #[test]
    fn frames_are_as_long_as_the_pace_says() {
        for (speed, expected) in [(0.5, 2), (1.0, 4), (2.0, 8)] {
            let mut clock = FrameClock::default();
            assert_eq!(frames_at(&mut clock, 40, FramePace::Speed(speed)), expected);
            assert!((clock.speed() - speed).abs() < f64::EPSILON);
        }
        let mut clock = FrameClock::default();
        assert!(clock.poll_frame(FRAME, FrameRounding::Down, || FramePace::Extra), "at once");
    }

    #[test]
    fn as_many_frames_are_due_as_fit_into_the_time_that_has_passed() {
        let mut clock = FrameClock::default();
        let due: Vec<_> = [4, 4, 4, 25, 3].map(|passed| frames(&mut clock, passed)).into();
        assert_eq!(due, [0, 0, 1, 2, 1]);
    }

    /// How many frames updates have that come after so many microseconds, each with a frame if possible.
    fn steady(clock: &mut FrameClock, passed: &[u64], speed: f64) -> Vec<usize> {
        let update = |passed: &u64| {
            clock.handle_time(Duration::from_micros(*passed));
            let mut poll =
                || clock.poll_frame(FRAME, FrameRounding::Steady, || FramePace::Speed(speed));
            std::iter::from_fn(|| poll().then_some(())).count()
        };
        passed.iter().map(update).collect()
    }

    #[test]
    fn updates_of_about_a_frame_have_one_each_and_time_is_carried_over() {
        let uneven = [10_300, 9_600, 10_900, 9_100, 10_050, 12_000, 8_050].repeat(100);
        assert_eq!(steady(&mut FrameClock::default(), &uneven, 1.0), [1; 700]);
        // Half a percent is a frame in 200, and no other one is repeated or left out for it.
        for (speed, rare, expected) in [(0.995, 0, 10), (1.005, 2, 10)] {
            let frames = steady(&mut FrameClock::default(), &[10_100, 9_900].repeat(1000), speed);
            assert_eq!(frames.iter().filter(|frames| **frames == rare).count(), expected);
            assert_eq!(frames.iter().filter(|frames| **frames != 1).count(), expected, "{speed}");
        }
        // What is slower or faster keeps its pace as well.
        assert_eq!(steady(&mut FrameClock::default(), &[20_000; 50], 1.0), [2; 50]);
        let fast = steady(&mut FrameClock::default(), &[5_000; 100], 1.0);
        assert_eq!(fast.iter().sum::<usize>(), 50);
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
    fn real_time_is_between_two_frames_or_waits_for_the_next_one() {
        let mut clock = FrameClock::default();
        assert_eq!(frames(&mut clock, 14), 1);
        assert!((clock.fraction(FRAME) - 0.4).abs() < 1e-6);
        clock.handle_stall(FRAME);
        assert_eq!(clock.fraction(FRAME), 1.0);
        assert_eq!(frames(&mut clock, 9), 1);
        assert!((clock.fraction(FRAME) - 0.3).abs() < 1e-6);
        assert_eq!(frames_at(&mut clock, 4, FramePace::Speed(0.5)), 0);
        clock.pace = None;
        assert_eq!(frames_at(&mut clock, 1, FramePace::Speed(0.5)), 0);
        assert!((clock.fraction(FRAME) - 0.4).abs() < 1e-6, "frames are twice as long");
    }

    #[test]
    fn time_that_is_not_made_up_for_is_told() {
        let mut clock = FrameClock::default();
        let lost = [100, 100, 100, 3000].map(|ms| clock.handle_time(Duration::from_millis(ms)));
        assert_eq!(lost.map(|lost| lost.as_millis()), [0, 0, 50, 3000]);
    }
}
