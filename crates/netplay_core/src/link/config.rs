use std::time::Duration;

use super::BudgetConfig;
use crate::agent::AgentConfig;

/// The thresholds of a link. The defaults are those of the design document.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkConfig {
    /// After how long without sending anything a keepalive is sent. Default 100 ms.
    pub keepalive_after: Duration,
    /// After how long without hearing anything the link counts as silent. Default 1 s.
    pub silent_after: Duration,
    /// The window of the smallest round trip time. Default 10 s.
    pub rtt_window: Duration,
    /// The window of the loss. Default 2 s.
    pub loss_window: Duration,
    /// How long a better quality must last before it is believed. A worse one is believed at once.
    /// Default 1 s.
    pub recover_after: Duration,
    /// From this round trip time on, the quality is [`Degraded`](super::Quality::Degraded). Default
    /// 150 ms.
    pub degraded_rtt: Duration,
    /// From this loss on, the quality is [`Degraded`](super::Quality::Degraded). Default 0.05.
    pub degraded_loss: f32,
    /// From this round trip time on, the quality is [`Poor`](super::Quality::Poor). Default 300 ms.
    pub poor_rtt: Duration,
    /// From this loss on, the quality is [`Poor`](super::Quality::Poor). Default 0.20.
    pub poor_loss: f32,
    /// When another path carries.
    pub agent: AgentConfig,
    /// What the peer may send.
    pub budget: BudgetConfig,
}

impl Default for LinkConfig {
    fn default() -> Self {
        Self {
            keepalive_after: Duration::from_millis(100),
            silent_after: Duration::from_secs(1),
            rtt_window: Duration::from_secs(10),
            loss_window: Duration::from_secs(2),
            recover_after: Duration::from_secs(1),
            degraded_rtt: Duration::from_millis(150),
            degraded_loss: 0.05,
            poor_rtt: Duration::from_millis(300),
            poor_loss: 0.20,
            agent: AgentConfig::default(),
            budget: BudgetConfig::default(),
        }
    }
}
