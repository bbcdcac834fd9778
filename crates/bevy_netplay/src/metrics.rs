//! [`RollbackMetrics`]: what prediction cost, counted in the schedules of bevy_ggrs.

use std::collections::VecDeque;
use std::time::Duration;

use bevy::platform::time::Instant;
use bevy::prelude::*;
use bevy_ggrs::{
    AdvanceWorld, AdvanceWorldSystems, LoadWorld, LoadWorldSystems, PlayerInputs,
    RollbackFrameCount,
};
use ggrs::InputStatus;

use crate::PlayerHandle;
use crate::desync::Capture;
use crate::input::{MatchTypes, PlayerInputs as _};
use crate::report::DesyncReport;

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
    /// How many frames the local player's input waits at present, in a match in a room:
    /// [`NetplayConfig::input_delay`](crate::NetplayConfig::input_delay) can change while a match is played.
    pub input_delay: usize,
    /// The players whose states differed from the local one, each at the first frame.
    pub desyncs: Vec<DesyncReport>,
}

/// How far the simulation is, to tell a resimulated frame from a new one and a stall from a save.
#[derive(Resource, Debug, Default)]
pub(crate) struct RollbackProgress {
    /// The newest frame simulated.
    newest: i32,
    /// Since when a rollback runs.
    rolling_back: Option<Instant>,
    /// Since when the simulation stalls.
    stalled_since: Option<Duration>,
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
        self.desyncs.push(DesyncReport { player, frame, local, remote });
    }
}

/// Counts rollbacks and stalls. Part of [`NetplayPlugins`](crate::NetplayPlugins).
pub struct NetplayMetricsPlugin<C>(std::marker::PhantomData<fn() -> C>);

impl<C> Default for NetplayMetricsPlugin<C> {
    fn default() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<C: MatchTypes> Plugin for NetplayMetricsPlugin<C> {
    fn build(&self, app: &mut App) {
        app.init_resource::<RollbackMetrics>()
            .init_resource::<RollbackProgress>()
            .init_resource::<Predictions<C::Game>>()
            .register_type::<RollbackMetrics>()
            .add_systems(LoadWorld, count_rollback.before(LoadWorldSystems::EntityResurrect))
            .add_systems(
                AdvanceWorld,
                (count_advance, judge_predictions::<C>).before(AdvanceWorldSystems::First),
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
    mut capture: ResMut<Capture>,
    frame: Res<RollbackFrameCount>,
) {
    let depth = progress.newest.saturating_sub(frame.0).max(0) as usize;
    capture.note_rollback(progress.newest, depth as u32);
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
    if let Some(since) = progress.rolling_back.take() {
        metrics.rollback_time += since.elapsed();
    }
    if let Some(since) = progress.stalled_since.take() {
        metrics.longest_stall = metrics.longest_stall.max(time.elapsed().saturating_sub(since));
    }
}

/// A frame was due, and ggrs waited for inputs.
pub(crate) fn count_stall(
    mut metrics: ResMut<RollbackMetrics>,
    mut progress: ResMut<RollbackProgress>,
    time: Res<Time<Real>>,
) {
    metrics.stalled_frames += 1;
    if progress.stalled_since.is_none() {
        metrics.stalls += 1;
        progress.stalled_since = Some(time.elapsed());
    }
}

/// The inputs that the latest frames were simulated with.
#[derive(Resource)]
struct Predictions<I> {
    frames: VecDeque<(i32, Vec<(I, bool)>)>,
}

impl<I> Default for Predictions<I> {
    fn default() -> Self {
        Self { frames: VecDeque::new() }
    }
}

/// Counts inputs that a frame was simulated with and that turned out to be others.
fn judge_predictions<C: MatchTypes>(
    mut metrics: ResMut<RollbackMetrics>,
    mut predictions: ResMut<Predictions<C::Game>>,
    frame: Res<RollbackFrameCount>,
    inputs: Res<PlayerInputs<C>>,
) {
    let used = inputs.iter().flat_map(|(input, status)| {
        let players = 0..C::PeerInput::MAX_PLAYERS;
        players.map(|place| (input.input.player(place), *status == InputStatus::Predicted))
    });
    let used: Vec<(C::Game, bool)> = used.collect();
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
