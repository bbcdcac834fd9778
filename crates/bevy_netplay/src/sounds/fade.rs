//! [`Fade`]: a volume that changes within a short time.

use std::time::Duration;

/// A volume on its way to another one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fade {
    volume: f32,
    target: f32,
    left: Duration,
}

impl Fade {
    /// It stays at this volume.
    pub(super) fn at(volume: f32) -> Self {
        Self { volume, target: volume, left: Duration::ZERO }
    }

    /// From now on it goes to another one, within so long.
    pub(super) fn to(self, target: f32, fade: Duration) -> Self {
        Self { target, left: fade, ..self }
    }

    /// Time passes. Returns the volume.
    pub(super) fn pass(&mut self, passed: Duration) -> f32 {
        match self.left.checked_sub(passed).filter(|left| !left.is_zero()) {
            Some(left) => {
                self.volume += (self.target - self.volume) * passed.div_duration_f32(self.left);
                self.left = left;
            }
            None => *self = Self::at(self.target),
        }
        self.volume
    }

    /// Whether it is at its volume.
    pub(super) fn is_over(&self) -> bool {
        self.left.is_zero() && self.volume == self.target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_volume_changes_evenly_from_where_it_is() {
        let mut fade = Fade::at(0.0).to(0.8, 80 * MS);
        for expected in [0.2, 0.4, 0.6] {
            assert!((fade.pass(20 * MS) - expected).abs() < 1e-5, "{fade:?}");
        }
        assert!(!fade.is_over());
        // It turns around before it is there.
        fade = fade.to(0.0, 40 * MS);
        assert!((fade.pass(20 * MS) - 0.3).abs() < 1e-5, "{fade:?}");
        assert_eq!(fade.pass(20 * MS), 0.0);
        assert!(fade.is_over());
        assert_eq!(fade.pass(20 * MS), 0.0);
    }

    #[test]
    fn a_fade_that_takes_no_time_is_over_at_once() {
        let mut fade = Fade::at(0.5).to(1.0, Duration::ZERO);
        assert!(!fade.is_over());
        assert_eq!(fade.pass(Duration::ZERO), 1.0);
        assert!(fade.is_over());
    }
}
