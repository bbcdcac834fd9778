//! Everything about a link that can be configured.

use std::time::Duration;

use super::RateLimitConfig;
use crate::agent::AgentConfig;
use crate::path::PathConfig;

/// The thresholds of a link, taken [within their bounds](Self::bounded). `docs/LINKS.md` explains the defaults and has
/// the bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkConfig {
    /// After how long without sending anything a keepalive is sent on the primary path. Default 100 ms.
    pub keepalive_after: Duration,
    /// After how long without hearing anything the link counts as silent. Default 1 s.
    pub silent_after: Duration,
    /// How long a better quality must last before it is reported. A worse one is reported at once.
    /// Default 1 s.
    pub recover_after: Duration,
    /// From this round trip time on, the quality is [`Degraded`](super::LinkQuality::Degraded). Default
    /// 150 ms.
    pub degraded_rtt: Duration,
    /// From this loss on, the quality is [`Degraded`](super::LinkQuality::Degraded). Default 0.05.
    pub degraded_loss: f32,
    /// From this round trip time on, the quality is [`Poor`](super::LinkQuality::Poor). Default 300 ms.
    pub poor_rtt: Duration,
    /// From this loss on, the quality is [`Poor`](super::LinkQuality::Poor). Default 0.20.
    pub poor_loss: f32,
    /// When a path is healthy.
    pub path: PathConfig,
    /// When another path becomes primary.
    pub agent: AgentConfig,
    /// What the peer may send.
    pub rate_limits: RateLimitConfig,
}

impl Default for LinkConfig {
    fn default() -> Self {
        Self {
            keepalive_after: Duration::from_millis(100),
            silent_after: Duration::from_secs(1),
            recover_after: Duration::from_secs(1),
            degraded_rtt: Duration::from_millis(150),
            degraded_loss: 0.05,
            poor_rtt: Duration::from_millis(300),
            poor_loss: 0.20,
            path: PathConfig::default(),
            agent: AgentConfig::default(),
            rate_limits: RateLimitConfig::default(),
        }
    }
}
