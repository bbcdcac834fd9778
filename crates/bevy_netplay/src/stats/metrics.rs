//! [`RollbackMetrics`]: what prediction cost, and how even the simulation runs.

use std::time::Duration;

use bevy::prelude::*;
use netplay_report::session::DesyncReport;

use super::history::History;
use super::player_set::PlayerSet;
use super::samples::{MatchSample, SECOND, UpdateSample};
use crate::PlayerHandle;

/// How many updates are kept: five seconds at 60 a second.
const UPDATES: usize = 300;
/// How many samples of a quarter of a second are kept: a minute.
pub(super) const MINUTE: usize = 240;

/// What prediction cost, since the match started.
#[derive(Resource, Clone, Debug, Reflect)]
#[reflect(Resource, Debug, Default)]
#[non_exhaustive]
pub struct RollbackMetrics {
    /// How often the simulation went back.
    pub rollbacks: u64,
    /// The deepest rollback, in frames.
    pub depth_max: u32,
    /// How many rollbacks had a depth of 0, 1, 2, … frames.
    pub depth_histogram: Vec<u64>,
    /// How many rollbacks a late input of each player caused, in the order of the players. One that inputs of two
    /// players caused counts for both; one that a drop caused, for none.
    pub rollbacks_by_player: Vec<u64>,
    /// Frames simulated again.
    pub frames_resimulated: u64,
    /// Time spent going back and simulating again.
    pub rollback_time: Duration,
    /// The rollback that took longest.
    pub longest_rollback: Duration,
    /// Inputs of players, by frame, that were predicted wrongly.
    pub prediction_misses: u64,
    /// How often the simulation stood still, waiting for inputs.
    pub stalls: u64,
    /// Frames that it stood still in all.
    pub stalled_frames: u64,
    /// The longest it stood still.
    pub longest_stall: Duration,
    /// The frame that is simulated, minus the last that is confirmed.
    pub confirmed_lag: i32,
    /// The most that it was.
    pub confirmed_lag_max: i32,
    /// How many frames the simulation is ahead of the player who is the farthest behind, averaged over half a second;
    /// negative if it is itself behind all others. 0 in a match of one peer.
    pub frame_advantage: f32,
    /// How fast the simulation runs, compared with real time: a little slower than 1 while it is ahead of the others, a
    /// little faster while it is behind.
    pub speed: f32,
    /// How many frames the local player's input waits at present, in a match in a room:
    /// [`NetplayConfig::input_delay`](crate::NetplayConfig::input_delay) can change while a match is played.
    pub input_delay: usize,
    /// Frames simulated per second, over the last second. Frames that are simulated again do not count.
    pub frame_rate: f32,
    /// Time that could not be simulated because updates take too long, since the match started.
    pub lost_time: Duration,
    /// Whether this machine is too slow: for two seconds it has lost time without a pause. The others wait for it, and
    /// it feels like a bad network to them.
    pub is_too_slow: bool,
    /// The players whose states differed from the local one, each at the first frame.
    pub desyncs: Vec<DesyncReport>,
    /// The latest updates of the app, at most 300.
    pub updates: History<UpdateSample>,
    /// The last minute, in samples of a quarter of a second.
    pub history: History<MatchSample>,
}

impl Default for RollbackMetrics {
    fn default() -> Self {
        Self {
            rollbacks: 0,
            depth_max: 0,
            depth_histogram: Vec::new(),
            rollbacks_by_player: Vec::new(),
            frames_resimulated: 0,
            rollback_time: Duration::ZERO,
            longest_rollback: Duration::ZERO,
            prediction_misses: 0,
            stalls: 0,
            stalled_frames: 0,
            longest_stall: Duration::ZERO,
            confirmed_lag: 0,
            confirmed_lag_max: 0,
            frame_advantage: 0.0,
            speed: 1.0,
            input_delay: 0,
            frame_rate: 0.0,
            lost_time: Duration::ZERO,
            is_too_slow: false,
            desyncs: Vec::new(),
            updates: History::new(UPDATES),
            history: History::new(MINUTE),
        }
    }
}

impl RollbackMetrics {
    /// Notes a desync. The room tells of one for each player.
    pub(crate) fn note_desync(
        &mut self,
        player: PlayerHandle,
        frame: i32,
        local: u64,
        remote: u64,
    ) {
        let [local, remote] = [local, remote].map(|checksum| format!("{checksum:016x}"));
        self.desyncs.push(DesyncReport { player: player.0, frame, local, remote });
    }

    /// A rollback of so many frames begins.
    pub(super) fn begin_rollback(&mut self, depth: u32) {
        self.rollbacks += 1;
        self.depth_max = self.depth_max.max(depth);
        let depth = depth as usize;
        if self.depth_histogram.len() <= depth {
            self.depth_histogram.resize(depth + 1, 0);
        }
        self.depth_histogram[depth] += 1;
    }

    /// A rollback has ended, which late inputs of these players have caused.
    pub(super) fn end_rollback(&mut self, took: Duration, caused_by: PlayerSet) {
        self.rollback_time += took;
        self.longest_rollback = self.longest_rollback.max(took);
        for player in caused_by.iter() {
            let index = player.index();
            if self.rollbacks_by_player.len() <= index {
                self.rollbacks_by_player.resize(index + 1, 0);
            }
            self.rollbacks_by_player[index] += 1;
        }
    }

    /// How much of the last second could not be simulated, 0 to 1.
    pub(super) fn lost_share(&self) -> f32 {
        let last = self.history.iter().rev().take(SECOND);
        let (lost, length) = last.fold((Duration::ZERO, Duration::ZERO), |(lost, length), it| {
            (lost + it.lost_time, length + it.length)
        });
        lost.as_secs_f32() / length.as_secs_f32().max(f32::MIN_POSITIVE)
    }

    /// A sample was added to the history.
    pub(super) fn update_frame_rate(&mut self) {
        let last = self.history.iter().rev().take(SECOND);
        let (frames, length) = last.fold((0, Duration::ZERO), |(frames, length), sample| {
            (frames + sample.frames, length + sample.length)
        });
        self.frame_rate = frames as f32 / length.as_secs_f32().max(f32::MIN_POSITIVE);
    }

    /// How many rollbacks late inputs of a player have caused.
    pub fn rollbacks_of(&self, player: impl Into<PlayerHandle>) -> u64 {
        self.rollbacks_by_player.get(player.into().index()).copied().unwrap_or(0)
    }
}
