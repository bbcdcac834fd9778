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
    /// A jitter above this impairs a path: the mean deviation of the arrival spacing (RFC 3550). Default 40 ms. Only
    /// datagrams that are newer than all before count, so that is much: delays that vary evenly by 400 ms have it.
    pub impaired_jitter: Duration,
    /// For how long round trip time, loss or jitter must be bad before the path counts as impaired; and for how long
    /// these and the send buffer must be good before it no longer does. Default 2 s.
    pub impaired_after: Duration,
    /// More bytes than this that wait to be sent impair a path, beyond what was sent within the shortest round trip.
    /// Default 32 KiB.
    ///
    /// Transports do not count alike what waits: a browser counts what it has not handed to the network, a native one
    /// what was not acknowledged, which includes what is under way. So what may be under way is no congestion.
    pub impaired_buffer: usize,
    /// For how long there must be more than that. Default 1 s.
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
            impaired_jitter: Duration::from_millis(40),
            impaired_after: Duration::from_secs(2),
            impaired_buffer: 32 * 1024,
            impaired_buffer_after: Duration::from_secs(1),
            rtt_window: Duration::from_secs(10),
            loss_window: Duration::from_secs(2),
        }
    }
}
