//! What the server counts.
//!
//! Each server has its own registry, so that several servers in one process, as in a game or a test, do not
//! count each other's players. Without the cargo feature `metrics` nothing is counted.

#[cfg(not(feature = "metrics"))]
mod disabled;
#[cfg(feature = "metrics")]
mod prometheus;

#[cfg(not(feature = "metrics"))]
pub(crate) use disabled::Metrics;
#[cfg(feature = "metrics")]
pub(crate) use prometheus::Metrics;
