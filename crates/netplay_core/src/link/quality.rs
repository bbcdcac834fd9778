use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::LinkConfig;

/// How good a link is, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quality {
    /// Nothing to complain about.
    Good,
    /// Noticeable: round trip time from 150 ms, or loss from 5 %.
    Degraded,
    /// Hard to play: round trip time from 300 ms, or loss from 20 %.
    Poor,
    /// Nothing is heard.
    Lost,
}

impl Quality {
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

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Good => "good",
            Self::Degraded => "degraded",
            Self::Poor => "poor",
            Self::Lost => "lost",
        })
    }
}

/// Believes a worse verdict at once and a better one only when it lasts, so that a link on the edge does
/// not flicker.
#[derive(Debug)]
pub(super) struct QualityGauge {
    current: Quality,
    /// Since when every verdict was better than `current`.
    better_since: Option<Duration>,
}

impl QualityGauge {
    pub(super) fn new() -> Self {
        Self { current: Quality::Good, better_since: None }
    }

    pub(super) fn current(&self) -> Quality {
        self.current
    }

    /// Takes a verdict; returns the change, if there is one.
    pub(super) fn update(
        &mut self,
        now: Duration,
        verdict: Quality,
        recover_after: Duration,
    ) -> Option<(Quality, Quality)> {
        let believed = if verdict >= self.current {
            self.better_since = None;
            verdict
        } else {
            let since = *self.better_since.get_or_insert(now);
            if now.saturating_sub(since) < recover_after {
                return None;
            }
            self.better_since = None;
            verdict
        };
        let from = std::mem::replace(&mut self.current, believed);
        (from != believed).then_some((from, believed))
    }
}
