use std::time::Duration;

/// The thresholds of the path agent. The defaults are those of the design document.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentConfig {
    /// A path on which nothing has come for this long, or on which nothing that was sent has been
    /// acknowledged for a round trip more, is dead. Default 500 ms.
    pub dead_after: Duration,
    /// A smoothed round trip time above this impairs a path. Default 300 ms.
    pub impaired_rtt: Duration,
    /// A loss above this impairs a path. Default 0.20.
    pub impaired_loss: f32,
    /// For how long round trip time or loss must be bad before a path counts as impaired, and good before
    /// it no longer does. Default 2 s.
    pub impaired_after: Duration,
    /// A send buffer above this impairs a path. Default 32 KiB.
    pub impaired_buffer: usize,
    /// For how long the send buffer must be above. Default 1 s.
    pub impaired_buffer_after: Duration,
    /// For how long a path must have been better before it takes over from one that works. Default 2 s.
    pub proven_after: Duration,
    /// Each time a path fails within a minute of taking over, it must prove itself for twice as long, up to
    /// this. Default 16 s.
    pub proven_at_most: Duration,
    /// By what fraction a path of the same kind must be better. Default 0.10.
    pub better_by: f32,
    /// And by what time. Default 5 ms.
    pub better_by_time: Duration,
    /// For how long the old path carries beside the new one. Default 500 ms.
    pub overlap: Duration,
    /// How often a path that does not carry is probed. Default 100 ms.
    pub probe_every: Duration,
    /// How long a link without any path waits for a direct one before it asks the server to relay. Default
    /// 3 s.
    pub relay_after: Duration,
    /// How long a path may be dead before another connection is attempted beside it: most blips are
    /// shorter. Default 1 s.
    pub attempt_after: Duration,
    /// How many attempts follow each other quickly. Default 3.
    pub quick_attempts: u32,
    /// How long to wait after the first failed attempt; twice as long after each further one. Default
    /// 500 ms.
    pub attempt_back_off: Duration,
    /// How long to wait between attempts after the quick ones. Default 10 s.
    pub slow_attempts: Duration,
    /// How long the side that yields when attempts cross waits for the other to begin. Default 1500 ms.
    pub yield_for: Duration,
    /// After how long a connection that is not needed beside another is closed. Default 5 s.
    pub surplus_after: Duration,
    /// After how long a dead connection is closed when there is another path. Default 30 s.
    pub close_dead_after: Duration,
    /// How often the connection to the server is checked while nothing is heard on any path. Default 2 s.
    pub check_every: Duration,
}

impl Default for AgentConfig {
    fn default() -> Self {
        Self {
            dead_after: Duration::from_millis(500),
            impaired_rtt: Duration::from_millis(300),
            impaired_loss: 0.20,
            impaired_after: Duration::from_secs(2),
            impaired_buffer: 32 * 1024,
            impaired_buffer_after: Duration::from_secs(1),
            proven_after: Duration::from_secs(2),
            proven_at_most: Duration::from_secs(16),
            better_by: 0.10,
            better_by_time: Duration::from_millis(5),
            overlap: Duration::from_millis(500),
            probe_every: Duration::from_millis(100),
            relay_after: Duration::from_secs(3),
            attempt_after: Duration::from_secs(1),
            quick_attempts: 3,
            attempt_back_off: Duration::from_millis(500),
            slow_attempts: Duration::from_secs(10),
            yield_for: Duration::from_millis(1500),
            surplus_after: Duration::from_secs(5),
            close_dead_after: Duration::from_secs(30),
            check_every: Duration::from_secs(2),
        }
    }
}
