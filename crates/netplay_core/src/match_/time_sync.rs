//! How far the simulation is ahead of another player's, so that who is ahead can run slower.
//!
//! Each side tells the other how many frames it is behind, as far as it can see: behind the last input that has arrived.
//! Half of the difference of both views, each averaged over half a second, is how far a side is ahead: how long inputs
//! travel and wait is in both, and cancels. ggrs measures the same, but by the machine's clock: what it told and how fast
//! it ran would follow from the speed of the machine, and a simulated match would differ from run to run.

use std::time::Duration;

/// Over how many frames the views are averaged.
const WINDOW: usize = 30;
/// How often a peer is told how far the local simulation is behind.
const REPORT_INTERVAL: Duration = Duration::from_millis(200);

/// See the [module](self).
#[derive(Debug)]
pub(super) struct TimeSync {
    /// How many frames the local simulation is behind, and how many the peer is: of the last frames, in a ring.
    behind: [(i32, i32); WINDOW],
    next: usize,
    remote: i32,
    reported: Option<Duration>,
}

impl TimeSync {
    pub(super) fn new() -> Self {
        Self { behind: [(0, 0); WINDOW], next: 0, remote: 0, reported: None }
    }

    /// A frame was simulated. `last_frame` is the last one of which an input of the peer has arrived.
    pub(super) fn handle_frame(&mut self, frame: i32, last_frame: Option<i32>) {
        let Some(last_frame) = last_frame else { return };
        let local = last_frame.saturating_sub(frame);
        let local = local.clamp(i16::MIN.into(), i16::MAX.into());
        self.behind[self.next] = (local, self.remote);
        self.next = (self.next + 1) % WINDOW;
    }

    /// The peer tells how many frames it is behind.
    pub(super) fn handle_report(&mut self, frames: i16) {
        self.remote = frames.into();
    }

    /// What the peer is to be told now, if anything: how many frames the local simulation is behind.
    pub(super) fn poll_report(&mut self, now: Duration) -> Option<i16> {
        let reported = *self.reported.get_or_insert(now);
        if now.saturating_sub(reported) < REPORT_INTERVAL {
            return None;
        }
        self.reported = Some(now);
        i16::try_from(self.local_average()).ok()
    }

    /// How many frames the local simulation is behind. Of one frame that would say how long ago a datagram came, too.
    fn local_average(&self) -> i32 {
        self.behind.iter().map(|(local, _)| local).sum::<i32>() / WINDOW as i32
    }

    /// How many frames the local simulation is ahead, as the average of both views; negative if it is behind.
    pub(super) fn frame_advantage(&self) -> f32 {
        self.difference() as f32 / (2 * WINDOW) as f32
    }

    /// How many frames the local simulation is ahead; negative if it is behind. A difference of one frame is none: both
    /// views differ that much when datagrams come in bunches.
    pub(super) fn frames_ahead(&self) -> i32 {
        match self.difference() / (2 * WINDOW as i32) {
            -1..=1 => 0,
            frames => frames,
        }
    }

    /// By how much the peer is farther behind, of all frames of the window together.
    fn difference(&self) -> i32 {
        self.behind.iter().map(|(local, remote)| remote - local).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn half_of_the_difference_is_how_far_one_is_ahead() {
        let (mut ahead, mut behind) = (TimeSync::new(), TimeSync::new());
        for frame in 0..80 {
            // Six frames apart. What arrives was sent two frames ago, for the next frame but two.
            ahead.handle_frame(frame + 6, Some(frame - 2 + 3));
            behind.handle_frame(frame, Some(frame + 6 - 2 + 3));
            let (of_ahead, of_behind) = (ahead.local_average(), behind.local_average());
            ahead.handle_report(of_behind as i16);
            behind.handle_report(of_ahead as i16);
        }
        assert_eq!((ahead.frames_ahead(), behind.frames_ahead()), (6, -6));
        assert_eq!((ahead.frame_advantage(), behind.frame_advantage()), (6.0, -6.0));
    }

    #[test]
    fn a_report_is_due_five_times_a_second() {
        let mut sync = TimeSync::new();
        sync.handle_frame(3, None);
        let reports = (0..1001).filter(|ms| sync.poll_report(MS * *ms).is_some()).count();
        assert_eq!(reports, 5);
    }

    #[test]
    fn no_report_of_a_peer_can_overflow() {
        let mut sync = TimeSync::new();
        for report in [i16::MIN, i16::MAX] {
            for frame in [0, i32::MAX] {
                sync.handle_report(report);
                sync.handle_frame(frame, Some(0));
                sync.handle_frame(frame, Some(i32::MAX));
                sync.frames_ahead();
            }
        }
    }
}
