//! When a path is healthy, impaired or dead.

use std::time::Duration;

/// The thresholds by which the health of a path is judged.
#[derive(Clone, Debug, PartialEq)]
pub struct PathConfig {
    /// A path is dead after a silence this long, or when nothing that was sent has been acknowledged for
    /// this long and a round trip more. Default 500 ms.
    pub dead_after: Duration,
    /// A smoothed round trip time above this impairs a path. Default 300 ms.
    pub impaired_rtt: Duration,
    /// A loss above this impairs a path, 0 to 1. Default 0.20.
    pub impaired_loss: f32,
    /// For how long round trip time or loss must be bad before the path counts as impaired, and good
    /// before it no longer does. Default 2 s.
    pub impaired_after: Duration,
    /// A send buffer above this impairs a path, in bytes. Default 32 KiB.
    pub impaired_buffer: usize,
    /// For how long the send buffer must be above that. Default 1 s.
    pub impaired_buffer_after: Duration,
    /// The window of the minimum round trip time. Default 10 s.
    pub rtt_window: Duration,
    /// The window of the loss. Default 2 s.
    pub loss_window: Duration,
}

impl Default for PathConfig {
    fn default() -> Self {
        Self {
            dead_after: Duration::from_millis(500),
            impaired_rtt: Duration::from_millis(300),
            impaired_loss: 0.20,
            impaired_after: Duration::from_secs(2),
            impaired_buffer: 32 * 1024,
            impaired_buffer_after: Duration::from_secs(1),
            rtt_window: Duration::from_secs(10),
            loss_window: Duration::from_secs(2),
        }
    }
}
