//! One word for how good a link is, steady enough to be shown to players.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::LinkConfig;

/// How good a link is, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkQuality {
    /// Not noticeable: round trip time below 150 ms and loss below 5 %.
    Good,
    /// Noticeable: round trip time from 150 ms, or loss from 5 %.
    Degraded,
    /// Hard to play: round trip time from 300 ms, or loss from 20 %.
    Poor,
    /// Nothing is heard.
    Lost,
}

impl LinkQuality {
    /// The quality of a link with these estimates.
    pub(super) fn judge(config: &LinkConfig, rtt: Option<Duration>, loss: f32) -> Self {
        let rtt = rtt.unwrap_or_default();
        if rtt >= config.poor_rtt || loss >= config.poor_loss {
            Self::Poor
        } else if rtt >= config.degraded_rtt || loss >= config.degraded_loss {
            Self::Degraded
        } else {
            Self::Good
        }
    }
}

impl fmt::Display for LinkQuality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Good => "good",
            Self::Degraded => "degraded",
            Self::Poor => "poor",
            Self::Lost => "lost",
        })
    }
}

/// Takes a worse quality over at once and a better one only when it lasts, so that the quality of a link
/// near a threshold does not flicker.
#[derive(Debug)]
pub(super) struct QualityGauge {
    current: LinkQuality,
    /// Since when every sample has been better than `current`.
    better_since: Option<Duration>,
}

impl QualityGauge {
    pub(super) fn new() -> Self {
        Self { current: LinkQuality::Good, better_since: None }
    }

    pub(super) fn current(&self) -> LinkQuality {
        self.current
    }

    /// Takes a sample; returns the change from one quality to another, if there is one.
    pub(super) fn update(
        &mut self,
        now: Duration,
        sample: LinkQuality,
        recover_after: Duration,
    ) -> Option<(LinkQuality, LinkQuality)> {
        if sample < self.current {
            let since = *self.better_since.get_or_insert(now);
            if now.saturating_sub(since) < recover_after {
                return None;
            }
        }
        self.better_since = None;
        let from = std::mem::replace(&mut self.current, sample);
        (from != sample).then_some((from, sample))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_worse_quality_counts_at_once_and_a_better_one_when_it_has_lasted() {
        use LinkQuality::{Degraded, Good, Poor};
        let mut gauge = QualityGauge::new();
        let mut at = |ms, sample| gauge.update(MS * ms, sample, MS * 1000);
        assert_eq!(at(0, Poor), Some((Good, Poor)));
        assert_eq!(at(100, Degraded), None);
        assert_eq!(at(900, Poor), None, "the wait for a better one starts again");
        assert_eq!(at(1000, Good), None);
        assert_eq!(at(2000, Degraded), Some((Poor, Degraded)));
    }
}
