//! [`SessionReport`]: a match in numbers.
//!
//! The JSON of it is a stable format that scripts read. Fields are added and not changed. Times are in milliseconds,
//! counted from joining the room, or from the start of a match without a room.

mod csv;
mod event;
mod link;
mod read;
mod series;

use serde::{Deserialize, Serialize};

pub use event::{EventKind, TimelineEvent};
pub use link::{AttemptFailureReport, InputsByPath, LinkReport, PathChangeReport};
pub use series::{LinkSeries, MatchSeries};

/// The version of the format that is written.
pub const FORMAT: u32 = 1;

/// A match in numbers, for a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "reflect", derive(bevy_reflect::Reflect))]
#[cfg_attr(feature = "reflect", reflect(Debug, PartialEq))]
pub struct SessionReport {
    /// The version of the format: 1; 0 of reports that were written before there was one.
    #[serde(default)]
    pub format: u32,
    /// The name and version of the game.
    #[serde(default)]
    pub game: String,
    /// What the peer runs on: `native` or `web`.
    #[serde(default)]
    pub platform: String,
    /// Counts the matches in the room, from 1.
    #[serde(default)]
    pub epoch: u16,
    /// Why the match ended, in words; none while it is played.
    #[serde(default)]
    pub ended: Option<String>,
    /// Frames per second of the simulation.
    #[serde(default)]
    pub frame_rate: usize,
    /// When the match started.
    #[serde(default)]
    pub started_ms: f64,
    /// The frame that the report was asked for, or the last compared one.
    pub frames: i32,
    /// The last frame that is confirmed: it was simulated, and every player's input before it is known.
    pub confirmed_frame: i32,
    /// How many players play.
    pub players: usize,
    /// The player on this peer, counted from 0; the first one where there are several.
    pub local_player: u8,
    /// The players on this peer.
    #[serde(default)]
    pub local_players: Vec<u8>,
    /// The checksum of the state at frame `frames`, in hexadecimal: equal on every peer.
    pub checksum: String,
    /// Until everybody was connected.
    pub connect_ms: f64,
    /// Until the first frame was confirmed.
    pub first_confirmed_ms: f64,
    /// Until now, or until the room ended.
    pub total_ms: f64,
    /// The links, in the order of the players.
    pub links: Vec<LinkReport>,
    /// What prediction cost.
    pub rollbacks: RollbackReport,
    /// Standing still.
    pub stalls: StallReport,
    /// The players whose states differed from the local one, each at the first frame.
    pub desyncs: Vec<DesyncReport>,
    /// What happened, oldest first.
    #[serde(default)]
    pub events: Vec<TimelineEvent>,
    /// How many events are missing because there were too many.
    #[serde(default)]
    pub events_dropped: u64,
    /// The simulation over time.
    #[serde(default)]
    pub series: MatchSeries,
}

/// What prediction cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "reflect", derive(bevy_reflect::Reflect))]
#[cfg_attr(feature = "reflect", reflect(Debug, PartialEq))]
pub struct RollbackReport {
    /// How often the simulation went back.
    pub count: u64,
    /// The deepest rollback, in frames.
    pub depth_max: u32,
    /// How many rollbacks had a depth of 0, 1, 2, … frames.
    pub depth_histogram: Vec<u64>,
    /// How many rollbacks a late input of each player caused.
    #[serde(default)]
    pub by_player: Vec<u64>,
    /// Frames simulated again.
    pub frames_resimulated: u64,
    /// Time spent going back and simulating again.
    pub time_ms: f64,
    /// The rollback that took longest.
    #[serde(default)]
    pub longest_ms: f64,
    /// Inputs of players, by frame, that were predicted wrongly.
    pub prediction_misses: u64,
}

/// Standing still.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "reflect", derive(bevy_reflect::Reflect))]
#[cfg_attr(feature = "reflect", reflect(Debug, PartialEq))]
pub struct StallReport {
    /// How often the simulation stood still, waiting for inputs.
    pub count: u64,
    /// Frames that it stood still in all.
    pub frames: u64,
    /// The longest it stood still.
    pub longest_ms: f64,
    /// Time that could not be simulated because the machine is too slow.
    #[serde(default)]
    pub lost_ms: f64,
}

/// A player whose state differed from the local one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "reflect", derive(bevy_reflect::Reflect))]
#[cfg_attr(feature = "reflect", reflect(Debug, PartialEq))]
pub struct DesyncReport {
    /// The player, counted from 0.
    pub player: u8,
    /// The first compared frame at which the states differed.
    pub frame: i32,
    /// The local checksum in hexadecimal.
    pub local: String,
    /// The player's checksum in hexadecimal.
    pub remote: String,
}
