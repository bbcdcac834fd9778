use std::time::Duration;

use serde::Deserialize;

/// How players are matched. Skills are on any scale of the game.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatchmakingConfig {
    /// How far another player's skill may be away at once. Default: 100.
    pub window: u32,
    /// By how much the window grows with every second of waiting. Default: 50.
    pub widening_per_s: u32,
    /// How far the window grows at most. Default: without bound, so that everybody is matched in the end.
    pub widest: Option<u32>,
    /// How long a player who is about to be matched may take to answer a ping. Default: 2 s.
    #[serde(with = "humantime_serde")]
    pub probe_timeout: Duration,
}

impl Default for MatchmakingConfig {
    fn default() -> Self {
        Self {
            window: 100,
            widening_per_s: 50,
            widest: None,
            probe_timeout: Duration::from_secs(2),
        }
    }
}

impl MatchmakingConfig {
    /// How far away the skill of another may be for somebody who has waited so long.
    pub(super) fn window_after(&self, waited: Duration) -> u64 {
        let grown = u128::from(self.widening_per_s) * waited.as_millis() / 1000;
        let grown = u64::try_from(grown).unwrap_or(u64::MAX);
        let widest = self.widest.map_or(u64::MAX, u64::from);
        grown.saturating_add(self.window.into()).min(widest)
    }
}
