//! [`Gauge`]: how bad one thing is, without flicker.

use std::time::Duration;

use super::NoticeLevel;

/// For how long something must have been better before it is said to be.
pub(super) const HOLD: Duration = Duration::from_millis(2500);

/// How bad one thing is: at once worse, and better once it has been better for [`HOLD`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gauge {
    level: Option<NoticeLevel>,
    /// Since when it was better, and the worst that it was since then.
    better: Option<(Duration, Option<NoticeLevel>)>,
}

impl Gauge {
    /// It is so bad now; none for good. Returns how bad it is to be called.
    pub(super) fn handle_level(
        &mut self,
        now: Duration,
        level: Option<NoticeLevel>,
    ) -> Option<NoticeLevel> {
        if level >= self.level {
            *self = Self { level, better: None };
            return level;
        }
        let (since, worst) = self.better.get_or_insert((now, level));
        *worst = (*worst).max(level);
        if now.saturating_sub(*since) >= HOLD {
            *self = Self { level: *worst, better: None };
        }
        self.level
    }

    /// How bad it is to be called; none for good.
    pub(super) fn level(&self) -> Option<NoticeLevel> {
        self.level
    }
}

/// The level of a value that is worse the larger it is.
pub(super) fn level_of(value: f32, warning: f32, critical: f32) -> Option<NoticeLevel> {
    match value {
        value if value >= critical => Some(NoticeLevel::Critical),
        value if value >= warning => Some(NoticeLevel::Warning),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::NoticeLevel::{Critical, Warning};
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// What is shown at these times, in ms, for these levels.
    fn shown(levels: &[(u32, Option<NoticeLevel>)]) -> Vec<Option<NoticeLevel>> {
        let mut gauge = Gauge::default();
        levels.iter().map(|(at, level)| gauge.handle_level(MS * *at, *level)).collect()
    }

    #[test]
    fn it_is_worse_at_once_and_better_after_two_and_a_half_seconds() {
        let levels = [
            (0, None),
            (10, Some(Warning)),
            (20, Some(Critical)),
            (30, None),
            (2529, None),
            (2530, None),
        ];
        let expected = [None, Some(Warning), Some(Critical), Some(Critical), Some(Critical), None];
        assert_eq!(shown(&levels), expected);
    }

    #[test]
    fn what_comes_again_in_between_is_held_again() {
        let levels =
            [(0, Some(Warning)), (10, None), (2000, Some(Warning)), (2010, None), (4000, None)];
        assert_eq!(shown(&levels), [Some(Warning); 5]);
    }

    #[test]
    fn it_falls_to_the_worst_of_what_came_meanwhile() {
        let levels = [
            (0, Some(Critical)),
            (10, None),
            (1000, Some(Warning)),
            (2000, None),
            (2510, None),
            (5010, None),
            (7600, None),
        ];
        let shown = shown(&levels);
        assert_eq!(shown[4..], [Some(Warning), Some(Warning), None]);
    }

    #[test]
    fn a_value_at_the_threshold_counts() {
        let level = |value| level_of(value, 150.0, 300.0);
        let expected = [None, Some(Warning), Some(Warning), Some(Critical)];
        assert_eq!([149.9, 150.0, 299.9, 300.0].map(level), expected);
        assert_eq!(level(f32::NAN), None);
    }
}
