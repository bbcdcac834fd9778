//! Numbers over time, column by column. All columns of a series are equally long; the entry of each is of one interval,
//! which ends at the entry of `at_ms`.

use serde::{Deserialize, Serialize};

/// The simulation over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "reflect", derive(bevy_reflect::Reflect))]
#[cfg_attr(feature = "reflect", reflect(Debug, PartialEq))]
#[serde(default)]
pub struct MatchSeries {
    /// The end of the interval.
    pub at_ms: Vec<f64>,
    /// The frame that is simulated next, at the end.
    pub frame: Vec<i32>,
    /// Frames that were simulated for the first time.
    pub frames: Vec<u32>,
    /// Updates of the app.
    pub updates: Vec<u32>,
    /// The longest time between two updates.
    pub longest_update_ms: Vec<f64>,
    /// How often the simulation went back.
    pub rollbacks: Vec<u32>,
    /// The deepest rollback, in frames.
    pub depth: Vec<u32>,
    /// Time spent going back and simulating again.
    pub rollback_ms: Vec<f64>,
    /// Frames that were due and waited for inputs.
    pub stalled: Vec<u32>,
    /// Time that could not be simulated because the machine is too slow.
    pub lost_ms: Vec<f64>,
    /// The most frames by which the simulation was ahead of what is confirmed.
    pub confirmed_lag: Vec<i32>,
    /// How many frames the simulation is ahead of the player who is the farthest behind.
    pub frame_advantage: Vec<f64>,
    /// How many frames the local input waits.
    pub input_delay: Vec<usize>,
}

/// A link over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "reflect", derive(bevy_reflect::Reflect))]
#[cfg_attr(feature = "reflect", reflect(Debug, PartialEq))]
#[serde(default)]
pub struct LinkSeries {
    /// The end of the interval.
    pub at_ms: Vec<f64>,
    /// How packets travel, at the end: the first letter of `direct`, `turn`, `relay`, `memory`, or `-`.
    pub path: String,
    /// The largest smoothed round trip time.
    pub rtt_ms: Vec<f64>,
    /// The largest jitter.
    pub jitter_ms: Vec<f64>,
    /// The largest loss, 0 to 1.
    pub loss: Vec<f64>,
    /// Datagrams sent.
    pub datagrams_sent: Vec<u64>,
    /// Bytes sent.
    pub bytes_sent: Vec<u64>,
    /// Datagrams received.
    pub datagrams_received: Vec<u64>,
    /// Bytes received.
    pub bytes_received: Vec<u64>,
    /// Inputs of the peer that came.
    pub inputs: Vec<u64>,
    /// How many frames the local simulation is ahead of the peer's, at the end.
    pub frame_advantage: Vec<f64>,
    /// The most frames for which an input of the peer was waited.
    pub input_lag: Vec<i32>,
}

impl MatchSeries {
    /// How long each column is; none where they differ.
    pub(super) fn length(&self) -> Option<usize> {
        equal(&[
            self.at_ms.len(),
            self.frame.len(),
            self.frames.len(),
            self.updates.len(),
            self.longest_update_ms.len(),
            self.rollbacks.len(),
            self.depth.len(),
            self.rollback_ms.len(),
            self.stalled.len(),
            self.lost_ms.len(),
            self.confirmed_lag.len(),
            self.frame_advantage.len(),
            self.input_delay.len(),
        ])
    }
}

impl LinkSeries {
    /// How long each column is; none where they differ.
    pub(super) fn length(&self) -> Option<usize> {
        equal(&[
            self.at_ms.len(),
            self.path.chars().count(),
            self.rtt_ms.len(),
            self.jitter_ms.len(),
            self.loss.len(),
            self.datagrams_sent.len(),
            self.bytes_sent.len(),
            self.datagrams_received.len(),
            self.bytes_received.len(),
            self.inputs.len(),
            self.frame_advantage.len(),
            self.input_lag.len(),
        ])
    }
}

fn equal(lengths: &[usize]) -> Option<usize> {
    let first = *lengths.first()?;
    lengths.iter().all(|length| *length == first).then_some(first)
}
