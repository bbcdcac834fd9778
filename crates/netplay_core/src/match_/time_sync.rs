//! How far the simulation is ahead of another player's, so that who is ahead can run slower.
//!
//! Each side tells the other how many frames it is behind, as far as it can see: behind the last input that has arrived,
//! plus the frames that its own inputs wait. Half of the difference of both views, each averaged over half a second, is
//! how far a side is ahead: how long inputs travel and wait is in both, and cancels. ggrs measures the same, but without
//! the wait, so that it is wrong by half of the difference between two input delays, and by the machine's clock: what it
//! told and how fast it ran would follow from the speed of the machine, and a simulated match would differ from run to run.
//!
//! A machine that updates rarely simulates several frames at once. What counts is where a simulation is on average: in the
//! middle between its frames before and after an update. So all of it is measured in eighths of a frame.

use std::time::Duration;

/// Over how many frames the views are averaged.
const WINDOW: usize = 30;
/// How often a peer is told how far the local simulation is behind.
const REPORT_INTERVAL: Duration = Duration::from_millis(200);
/// How many of them a frame has: a report in whole frames would be wrong by more than a pace corrects.
const EIGHTHS: i32 = 8;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct TimeSync {
    /// How many eighths of a frame the local simulation is behind, and how many the peer is: of the last updates, in a
    /// ring.
    behind: [(i32, i32); WINDOW],
    next: usize,
    remote: i32,
    reported: Option<Duration>,
}

impl TimeSync {
    pub(super) fn new() -> Self {
        Self { behind: [(0, 0); WINDOW], next: 0, remote: 0, reported: None }
    }

    /// Frames were simulated: `before` was the next one before that, `after` is it now. `last_frame` is the last one of
    /// which an input of the peer has arrived, and `delay` how many frames the local inputs wait: the input of the peer is of
    /// a frame that is as many frames later as its own wait.
    pub(super) fn handle_frames(
        &mut self,
        before: i32,
        after: i32,
        last_frame: Option<i32>,
        delay: usize,
    ) {
        let Some(last_frame) = last_frame else { return };
        let delay = i32::try_from(delay).unwrap_or(i32::MAX);
        let since = |frame: i32| last_frame.saturating_sub(frame).saturating_add(delay);
        let local = since(before).saturating_add(since(after)).saturating_mul(EIGHTHS / 2);
        let local = local.clamp(i8::MIN.into(), i8::MAX.into());
        self.behind[self.next] = (local, self.remote);
        self.next = (self.next + 1) % WINDOW;
    }

    /// The peer tells how many eighths of a frame it is behind.
    pub(super) fn handle_report(&mut self, eighths: i8) {
        self.remote = eighths.into();
    }

    /// What the peer is to be told now, if anything: how many eighths of a frame the local simulation is
    /// behind.
    pub(super) fn poll_report(&mut self, now: Duration) -> Option<i8> {
        let reported = *self.reported.get_or_insert(now);
        if now.saturating_sub(reported) < REPORT_INTERVAL {
            return None;
        }
        self.reported = Some(now);
        i8::try_from(self.local_average()).ok()
    }

    /// How many eighths of a frame the local simulation is behind. Of one update that would say how long ago a datagram
    /// came, too.
    fn local_average(&self) -> i32 {
        let sum: i32 = self.behind.iter().map(|(local, _)| local).sum();
        // To the nearest: what is cut off would add up on both sides.
        (sum as f32 / WINDOW as f32).round() as i32
    }

    /// How many frames the local simulation is ahead, as the average of both views; negative if it is behind.
    pub(super) fn frame_advantage(&self) -> f32 {
        let difference: i32 = self.behind.iter().map(|(local, remote)| remote - local).sum();
        difference as f32 / (2 * EIGHTHS * WINDOW as i32) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn half_of_the_difference_is_how_far_one_is_ahead_whatever_the_input_delays_are() {
        for (delay_ahead, delay_behind) in [(3, 3), (0, 0), (1, 6), (8, 0)] {
            let (mut ahead, mut behind) = (TimeSync::new(), TimeSync::new());
            for frame in 0..80 {
                // Six frames apart. What arrives was sent two frames ago.
                let of_behind = frame - 2 + delay_behind as i32;
                let of_ahead = frame + 6 - 2 + delay_ahead as i32;
                ahead.handle_frames(frame + 6, frame + 7, Some(of_behind), delay_ahead);
                behind.handle_frames(frame, frame + 1, Some(of_ahead), delay_behind);
                let (of_ahead, of_behind) = (ahead.local_average(), behind.local_average());
                ahead.handle_report(of_behind as i8);
                behind.handle_report(of_ahead as i8);
            }
            assert_eq!((ahead.frame_advantage(), behind.frame_advantage()), (6.0, -6.0));
        }
    }

    #[test]
    fn a_machine_that_simulates_several_frames_at_once_is_where_it_is_on_average() {
        // Both simulate as many frames as have passed, one of them three in every third moment. So it is behind by none, one
        // and two frames in turn.
        let (mut often, mut rarely) = (TimeSync::new(), TimeSync::new());
        for now in 0..180 {
            // What arrives was sent two moments ago.
            let of_rarely = (now - 4_i32).div_euclid(3) * 3 + 2;
            often.handle_frames(now, now + 1, Some(of_rarely), 0);
            if now % 3 == 2 {
                rarely.handle_frames(now - 2, now + 1, Some(now - 2), 0);
            }
            let reports = [often.local_average(), rarely.local_average()];
            rarely.handle_report(reports[0] as i8);
            often.handle_report(reports[1] as i8);
        }
        assert_eq!((often.frame_advantage(), rarely.frame_advantage()), (1.0, -1.0));
    }

    #[test]
    fn a_report_is_due_five_times_a_second() {
        let mut sync = TimeSync::new();
        sync.handle_frames(2, 3, None, 2);
        let reports = (0..1001).filter(|ms| sync.poll_report(MS * *ms).is_some()).count();
        assert_eq!(reports, 5);
    }

    #[test]
    fn no_report_of_a_peer_can_overflow() {
        let mut sync = TimeSync::new();
        for report in [i8::MIN, i8::MAX] {
            for frame in [0, i32::MAX] {
                sync.handle_report(report);
                for delay in [0, usize::MAX] {
                    sync.handle_frames(0, frame, Some(0), delay);
                    sync.handle_frames(0, frame, Some(i32::MAX), delay);
                    sync.frame_advantage();
                }
            }
        }
    }
}
