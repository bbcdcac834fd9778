//! When the agent switches paths, attempts connections and asks for the relay.

use std::time::Duration;

/// The timings of the path agent.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentConfig {
    /// For how long a path must have been better before it replaces a primary path that works. Default 2 s.
    pub proven_after: Duration,
    /// Each time a path fails, or is impaired and left, within a minute of becoming primary, the next one must prove
    /// itself for twice as long, up to this. Default 16 s.
    pub proven_at_most: Duration,
    /// By what fraction the cost of a path of the same kind must be lower. Default 0.10.
    pub better_by: f32,
    /// And by what time. Default 5 ms.
    pub better_by_time: Duration,
    /// For how long the old primary path is sent on beside the new one (make before break). Default 500 ms.
    pub make_before_break: Duration,
    /// How often a path that is not primary is probed. Default 100 ms.
    pub probe_every: Duration,
    /// How long a link without any path waits for a direct one before it asks the server to relay.
    /// Default 3 s.
    pub relay_after: Duration,
    /// How long every connection must have been dead before another is attempted: most interruptions are
    /// shorter. Default 1 s.
    pub attempt_after: Duration,
    /// How many attempts follow each other quickly. Default 3.
    pub quick_attempts: u32,
    /// The backoff after the first failed attempt; it doubles with each further one. Default 500 ms.
    pub attempt_backoff: Duration,
    /// The backoff once the quick attempts have failed. Default 10 s.
    pub slow_attempts: Duration,
    /// For how long every connection that works must have been impaired before another is attempted beside them.
    /// Default 1 s.
    pub healthier_after: Duration,
    /// For how long every connection that works must have led through a TURN server before a direct one is
    /// attempted beside them, where the policy allows it. Default 15 s.
    pub direct_after: Duration,
    /// The least time from one such attempt to the next; it doubles with each further one. Default 15 s.
    pub beside_backoff: Duration,
    /// Up to this. Default 5 min.
    pub beside_backoff_at_most: Duration,
    /// For how long a direct connection must have been healthy before that backoff begins again. Default 60 s.
    pub beside_reset_after: Duration,
    /// For how long the polite peer leaves the first attempt to the other one. Default 1500 ms.
    pub polite_wait: Duration,
    /// After how long a connection that is not needed beside another is closed. Default 5 s.
    pub surplus_after: Duration,
    /// After how long a connection is closed that could have become primary and has not. Default 20 s.
    pub close_unused_after: Duration,
    /// After how long a dead connection is closed if it is not primary. Default 30 s.
    pub close_dead_after: Duration,
    /// How often the connection to the server is checked while every path is dead. Default 2 s.
    pub check_every: Duration,
}

impl Default for AgentConfig {
    fn default() -> Self {
        Self {
            proven_after: Duration::from_secs(2),
            proven_at_most: Duration::from_secs(16),
            better_by: 0.10,
            better_by_time: Duration::from_millis(5),
            make_before_break: Duration::from_millis(500),
            probe_every: Duration::from_millis(100),
            relay_after: Duration::from_secs(3),
            attempt_after: Duration::from_secs(1),
            quick_attempts: 3,
            attempt_backoff: Duration::from_millis(500),
            slow_attempts: Duration::from_secs(10),
            healthier_after: Duration::from_secs(1),
            direct_after: Duration::from_secs(15),
            beside_backoff: Duration::from_secs(15),
            beside_backoff_at_most: Duration::from_secs(300),
            beside_reset_after: Duration::from_secs(60),
            polite_wait: Duration::from_millis(1500),
            surplus_after: Duration::from_secs(5),
            close_unused_after: Duration::from_secs(20),
            close_dead_after: Duration::from_secs(30),
            check_every: Duration::from_secs(2),
        }
    }
}
