//! [`RollbackMetrics`]: what prediction cost, counted in the schedules of bevy_ggrs.

use std::collections::VecDeque;
use std::time::Duration;

use bevy::platform::time::Instant;
use bevy::prelude::*;
use bevy_ggrs::{
    AdvanceWorld, AdvanceWorldSystems, LoadWorld, LoadWorldSystems, PlayerInputs,
    RollbackFrameCount, SaveWorld, SaveWorldSystems,
};
use ggrs::InputStatus;

use crate::input::{NetplayGgrs, NetplayInput};
use crate::report::DesyncReport;
use crate::{Checksums, PlayerHandle};

/// How many desyncs are kept. After the first everything differs; more teach nothing.
const KEPT_DESYNCS: usize = 64;

/// What prediction cost, since the match started.
#[derive(Resource, Clone, Debug, Default, Reflect)]
#[reflect(Resource, Debug, Default)]
#[non_exhaustive]
pub struct RollbackMetrics {
    /// How often the simulation went back.
    pub rollbacks: u64,
    /// The deepest rollback, in frames.
    pub depth_max: u32,
    /// How many rollbacks had a depth of 0, 1, 2, … frames.
    pub depth_histogram: Vec<u64>,
    /// Frames simulated again.
    pub frames_resimulated: u64,
    /// Time spent going back and simulating again.
    pub rollback_time: Duration,
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
    /// States of other players that differed from the local one.
    pub desyncs: Vec<DesyncReport>,
}

/// How far the simulation is, to tell a resimulated frame from a new one and a stall from a save.
#[derive(Resource, Debug, Default)]
pub(crate) struct RollbackProgress {
    /// The newest frame simulated.
    newest: i32,
    /// The newest frame was saved and not yet advanced from.
    saved: bool,
    /// Since when a rollback runs.
    rolling_back: Option<Instant>,
    /// Since when the simulation stalls.
    stalled_since: Option<Duration>,
}

impl RollbackMetrics {
    /// Notes a desync; returns whether it is a new one.
    pub(crate) fn note_desync(
        &mut self,
        player: PlayerHandle,
        frame: i32,
        local: Option<u64>,
        remote: u64,
    ) -> bool {
        let known = self.desyncs.iter().any(|known| known.player == player && known.frame == frame);
        let new = !known && self.desyncs.len() < KEPT_DESYNCS;
        if new {
            let hex = |checksum: u64| format!("{checksum:016x}");
            let local = local.map(hex);
            self.desyncs.push(DesyncReport { player, frame, local, remote: hex(remote) });
        }
        new
    }
}

/// Counts rollbacks and stalls. Part of [`NetplayPlugins`](crate::NetplayPlugins).
pub struct NetplayMetricsPlugin<I>(std::marker::PhantomData<I>);

impl<I> Default for NetplayMetricsPlugin<I> {
    fn default() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<I: NetplayInput> Plugin for NetplayMetricsPlugin<I> {
    fn build(&self, app: &mut App) {
        app.init_resource::<RollbackMetrics>()
            .init_resource::<RollbackProgress>()
            .init_resource::<Checksums>()
            .init_resource::<Predictions<I>>()
            .register_type::<RollbackMetrics>()
            .add_systems(LoadWorld, count_rollback.before(LoadWorldSystems::EntityResurrect))
            .add_systems(
                AdvanceWorld,
                (count_advance, judge_predictions::<I>).before(AdvanceWorldSystems::First),
            )
            .add_systems(
                SaveWorld,
                (count_save, Checksums::record).in_set(SaveWorldSystems::Snapshot),
            );
    }
}

#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(clippy::disallowed_methods, reason = "the cost of a rollback is real time")
)]
fn count_rollback(
    mut metrics: ResMut<RollbackMetrics>,
    mut progress: ResMut<RollbackProgress>,
    frame: Res<RollbackFrameCount>,
) {
    let depth = progress.newest.saturating_sub(frame.0).max(0) as usize;
    metrics.rollbacks += 1;
    metrics.depth_max = metrics.depth_max.max(depth as u32);
    if metrics.depth_histogram.len() <= depth {
        metrics.depth_histogram.resize(depth + 1, 0);
    }
    metrics.depth_histogram[depth] += 1;
    progress.rolling_back = Some(Instant::now());
}

fn count_advance(
    mut metrics: ResMut<RollbackMetrics>,
    mut progress: ResMut<RollbackProgress>,
    frame: Res<RollbackFrameCount>,
    time: Res<Time<Real>>,
) {
    if frame.0 <= progress.newest {
        metrics.frames_resimulated += 1;
        return;
    }
    progress.newest = frame.0;
    progress.saved = false;
    if let Some(since) = progress.rolling_back.take() {
        metrics.rollback_time += since.elapsed();
    }
    if let Some(since) = progress.stalled_since.take() {
        metrics.longest_stall = metrics.longest_stall.max(time.elapsed().saturating_sub(since));
    }
}

/// A frame that is saved twice without being advanced from is a frame that ggrs waited.
fn count_save(
    mut metrics: ResMut<RollbackMetrics>,
    mut progress: ResMut<RollbackProgress>,
    frame: Res<RollbackFrameCount>,
    time: Res<Time<Real>>,
) {
    if frame.0 < progress.newest {
        return;
    }
    if std::mem::replace(&mut progress.saved, true) && frame.0 > 0 {
        metrics.stalled_frames += 1;
        if progress.stalled_since.is_none() {
            metrics.stalls += 1;
            progress.stalled_since = Some(time.elapsed());
        }
    }
}

/// The inputs that the latest frames were simulated with.
#[derive(Resource)]
struct Predictions<I: NetplayInput> {
    frames: VecDeque<(i32, Vec<(I, bool)>)>,
}

impl<I: NetplayInput> Default for Predictions<I> {
    fn default() -> Self {
        Self { frames: VecDeque::new() }
    }
}

/// Counts inputs that a frame was simulated with and that turned out to be others.
fn judge_predictions<I: NetplayInput>(
    mut metrics: ResMut<RollbackMetrics>,
    mut predictions: ResMut<Predictions<I>>,
    frame: Res<RollbackFrameCount>,
    inputs: Res<PlayerInputs<NetplayGgrs<I>>>,
) {
    let used =
        inputs.iter().map(|(input, status)| (input.input, *status == InputStatus::Predicted));
    let used: Vec<(I, bool)> = used.collect();
    let frames = &mut predictions.frames;
    if let Some((_, before)) = frames.iter_mut().find(|(at, _)| *at == frame.0) {
        let missed = before
            .iter()
            .zip(&used)
            .filter(|((old, predicted), (new, still))| *predicted && !*still && old != new);
        metrics.prediction_misses += missed.count() as u64;
        *before = used;
        return;
    }
    // A frame that was not seen before is the newest, or the first of another match.
    frames.retain(|(at, _)| *at < frame.0);
    frames.push_back((frame.0, used));
    if frames.len() > crate::NetplayConfig::MAX_PREDICTION + 2 {
        frames.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desync_is_noted_once_per_player_and_frame() {
        let mut metrics = RollbackMetrics::default();
        assert!(metrics.note_desync(PlayerHandle(1), 30, Some(1), 2));
        assert!(!metrics.note_desync(PlayerHandle(1), 30, None, 2));
        assert!(metrics.note_desync(PlayerHandle(2), 30, None, 3));
        assert_eq!(metrics.desyncs.len(), 2);
    }
}
