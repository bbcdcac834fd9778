//! [`UpdateBudget`]: how much one update simulates.

use std::time::Duration;

use bevy::platform::time::Instant;

/// After how long an update leaves the frames that are still due to the next one: a game may be slow, and never freezes.
/// A rollback is not interrupted.
const TIME: Duration = Duration::from_millis(50);

/// The frames that one update may still simulate, and until when.
#[derive(Debug)]
pub(super) struct UpdateBudget {
    frames: usize,
    /// None where time is set by hand: what is simulated follows from that time alone.
    until: Option<Instant>,
}

impl UpdateBudget {
    /// An update begins, that may simulate so many frames. `now` is none where time is set by hand.
    pub(super) fn new(frames: usize, now: Option<Instant>) -> Self {
        Self { frames: frames.max(1), until: now.map(|now| now + TIME) }
    }

    /// Whether there may be one more of the frames that are counted.
    pub(super) fn has_frames(&self) -> bool {
        self.frames > 0
    }

    /// One of the frames that are counted is simulated.
    pub(super) fn take_frame(&mut self) {
        self.frames = self.frames.saturating_sub(1);
    }

    /// Whether the update has taken long enough.
    pub(super) fn is_over(&self, now: impl FnOnce() -> Instant) -> bool {
        self.until.is_some_and(|until| now() >= until)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "any moment")]
mod tests {
    use super::*;

    #[test]
    fn an_update_simulates_so_many_frames_and_no_longer_than_its_time() {
        let began = Instant::now();
        let mut budget = UpdateBudget::new(2, Some(began));
        for _ in 0..2 {
            assert!(budget.has_frames());
            budget.take_frame();
        }
        assert!(!budget.has_frames());
        assert!(!budget.is_over(|| began + TIME / 2));
        assert!(budget.is_over(|| began + TIME));
        assert!(UpdateBudget::new(0, None).has_frames(), "at least one");
    }

    #[test]
    fn time_that_is_set_by_hand_takes_none() {
        let late = Instant::now() + Duration::from_secs(9);
        assert!(!UpdateBudget::new(1, None).is_over(|| late));
    }
}
