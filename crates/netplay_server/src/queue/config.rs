//! The settings of matchmaking.

use std::time::Duration;

/// How the server matches players. Skills are numbers on a scale of the game's choice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "config-file", derive(serde::Deserialize))]
#[cfg_attr(feature = "config-file", serde(default, deny_unknown_fields))]
pub struct MatchmakingConfig {
    /// The greatest difference in skill that a player accepts at first. Default: 100.
    pub window: u32,
    /// How much the window grows per second of waiting. Default: 50.
    pub widening_per_s: u32,
    /// The greatest window. Default: unlimited, so that every player is matched in the end.
    pub widest: Option<u32>,
    /// How long a player may take to answer the ping before a match. Default: 2 s.
    #[cfg_attr(feature = "config-file", serde(with = "humantime_serde"))]
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
    /// The window of a player that has waited this long.
    pub(super) fn window_after(&self, waited: Duration) -> u64 {
        let grown = u128::from(self.widening_per_s) * waited.as_millis() / 1000;
        let grown = u64::try_from(grown).unwrap_or(u64::MAX);
        let widest = self.widest.map_or(u64::MAX, u64::from);
        grown.saturating_add(self.window.into()).min(widest)
    }
}
