//! How fast the simulation runs, so that all peers wait for each other equally long.
//!
//! Clocks differ, matches start at different moments, and machines miss frames: without a correction one peer runs ahead,
//! and only that one rolls back, because the others have its inputs early. Who is ahead runs a little slower here and
//! who is behind a little faster, by so little that nobody sees it. Slippi, whose numbers these are, learned that
//! a correction of the leader alone punishes the faster machine: <https://github.com/project-slippi/Ishiiruka>.

use std::time::Duration;

/// Being ahead by less is none: each side sees the other one through datagrams that come in bunches.
const AHEAD_IS_NONE: Duration = Duration::from_millis(8);
/// Being behind by less is none. Less than being ahead, so that both sides of a pair do not wait for each other.
const BEHIND_IS_NONE: Duration = Duration::from_micros(250);
/// From here on, in frames, a correction grows no more.
const FULL_AT: f64 = 3.0;
/// How much slower who is ahead runs at most, and how much faster who is behind.
const SLOWER: f64 = 0.005;
const FASTER: f64 = 0.01;
/// Both at the start of a match, when peers may be apart by as much as their messages take.
const AT_START: f64 = 0.05;
/// How long the start of a match is.
const START: Duration = Duration::from_secs(2);
/// Who is behind by more than this simulates frames in between.
const FAR_BEHIND: Duration = Duration::from_micros(26_700);
/// As many in a row as it is behind, at most so many, one after each so many frames; and after how many frames it is seen
/// what they did.
const EXTRA_FRAMES: f64 = 3.0;
const EXTRA_EVERY: u32 = 5;
const EXTRA_SEEN_AFTER: u32 = 60;
/// How many frames before the end of the prediction window the simulation runs as slowly as a machine that is too slow:
/// a reserve for inputs that come unevenly. From how many more it begins to.
const MAX_RESERVE: i32 = 2;
const MAX_SLACK: i32 = 3;
/// How much slower it runs where the reserve is used up, as a share.
const REFILL: f64 = 0.1;
/// The least speed beside a machine that is too slow.
const MIN_SPEED: f64 = 0.1;

/// Decides how long each frame lasts, so that all peers wait for each other equally long.
#[derive(Clone, Debug, Default)]
pub struct Pacer {
    /// How many frames were simulated.
    frames: u32,
    /// Frames in between that are still to come, and after how many frames the next one may be.
    extra: u32,
    wait: u32,
}

/// How the next frame is simulated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FramePace {
    /// After its time: the duration of a frame, divided by this speed.
    Speed(f64),
    /// At once, in between.
    Extra,
}

impl Pacer {
    /// How the next frame is simulated by a peer that is so many frames ahead of the others, on average; negative if
    /// it is behind. `frame` is how long a frame lasts, and `most` how fast the others allow.
    pub fn poll_frame(&mut self, ahead: f64, frame: Duration, most: f64) -> FramePace {
        self.frames = self.frames.saturating_add(1);
        self.wait = self.wait.saturating_sub(1);
        let is_far_behind = ahead * frame.as_secs_f64() < -FAR_BEHIND.as_secs_f64();
        if is_far_behind && self.extra == 0 && self.wait == 0 {
            let whole_frames = (-ahead).round().min(EXTRA_FRAMES);
            (self.extra, self.wait) = (whole_frames as u32, EXTRA_EVERY);
        }
        if self.extra > 0 && self.wait == 0 {
            self.extra -= 1;
            self.wait = if self.extra > 0 { EXTRA_EVERY } else { EXTRA_SEEN_AFTER };
            return FramePace::Extra;
        }
        let is_start = frame * self.frames < START;
        FramePace::Speed(speed(ahead, frame, is_start).min(most))
    }
}

fn speed(ahead: f64, frame: Duration, is_start: bool) -> f64 {
    let frames = |time: Duration| time.as_secs_f64() / frame.as_secs_f64();
    let (none, most) = match ahead > 0.0 {
        true => (frames(AHEAD_IS_NONE), SLOWER),
        false => (frames(BEHIND_IS_NONE), FASTER),
    };
    let most = if is_start { AT_START } else { most };
    let share = (ahead.abs() - none) / (FULL_AT - none);
    1.0 - share.clamp(0.0, 1.0) * most * ahead.signum()
}

/// How fast the simulation may run beside a machine that is too slow and runs at `speed`: as fast as that a little before
/// the prediction window ends, so that it goes on evenly and does not stall. Frames further inside it runs as fast as it
/// should. `left` is how many frames of the `window` are left before that machine's last input holds it up.
pub(super) fn speed_beside(speed: f64, left: i32, window: i32) -> f64 {
    let slack = f64::from((window / 2).clamp(1, MAX_SLACK));
    let limit = match left.saturating_sub((window / 4).min(MAX_RESERVE)) {
        short if short < 0 => speed * (1.0 - REFILL),
        left => speed + (1.0 - speed) * (f64::from(left) / slack).min(1.0),
    };
    limit.max(MIN_SPEED)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const FRAME: Duration = Duration::from_micros(16_667);

    fn after_start(ahead: f64) -> f64 {
        speed(ahead, FRAME, false)
    }

    #[test]
    fn a_small_difference_is_none() {
        for ahead in [0.0, 0.4, -0.01] {
            assert_eq!(after_start(ahead), 1.0, "{ahead}");
        }
    }

    #[test]
    fn who_is_ahead_runs_slower_and_who_is_behind_faster_within_bounds() {
        assert!((0.997..0.999).contains(&after_start(1.5)));
        assert!((1.004..1.006).contains(&after_start(-1.5)));
        for (ahead, expected) in [(3.0, 0.995), (1e9, 0.995), (-3.0, 1.01), (-1e9, 1.01)] {
            assert_eq!(after_start(ahead), expected);
        }
        assert_eq!(speed(9.0, FRAME, true), 0.95);
    }

    #[test]
    fn who_is_far_behind_simulates_up_to_three_frames_in_between_and_waits_for_what_they_do() {
        let extra = |ahead: f64| {
            let mut pacer = Pacer::default();
            let mut is_extra = || pacer.poll_frame(ahead, FRAME, 1.0) == FramePace::Extra;
            (1..=100).filter(|_| is_extra()).collect::<Vec<u32>>()
        };
        assert_eq!(extra(-4.0), [6, 11, 16, 81, 86, 91]);
        assert_eq!(extra(-2.4), [6, 11, 76, 81]);
        assert_eq!(extra(-1.7), [6, 11, 76, 81]);
        assert!(extra(-1.5).is_empty());
    }

    #[test]
    fn beside_a_slow_machine_it_runs_as_slowly_a_little_before_the_window_ends() {
        let limits = |window| [0, 1, 2, 3, 4, 5, 8].map(|left| speed_beside(0.6, left, window));
        let expected = [0.54, 0.54, 0.6, 0.6 + 0.4 / 3.0, 0.6 + 0.8 / 3.0, 1.0, 1.0];
        for (limit, expected) in limits(8).into_iter().zip(expected) {
            assert!((limit - expected).abs() < 1e-9, "{:?}", limits(8));
        }
        assert_eq!(limits(0), [0.6, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], "in lockstep");
        assert_eq!(speed_beside(0.0, i32::MIN, 8), MIN_SPEED);
    }

    #[test]
    fn a_match_begins_with_larger_corrections() {
        let mut pacer = Pacer::default();
        let speeds: Vec<FramePace> = (0..200).map(|_| pacer.poll_frame(5.0, FRAME, 1.0)).collect();
        assert_eq!((speeds[0], speeds[199]), (FramePace::Speed(0.95), FramePace::Speed(0.995)));
    }
}
