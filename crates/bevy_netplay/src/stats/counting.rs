//! Counts rollbacks and stalls in the schedules of bevy_ggrs, and closes the accounts of each update.

use std::time::Duration;

use bevy::platform::time::Instant;
use bevy::prelude::*;
use bevy_ggrs::{ConfirmedFrameCount, RollbackFrameCount};
use tracing::Span;

use super::pace::Pace;
use super::player_set::PlayerSet;
use super::samples::{MatchSample, SAMPLE, UpdateSample};
use crate::RollbackMetrics;
use crate::desync::Capture;
use crate::session::{FrameClock, Session};

/// How far the simulation is, to tell a resimulated frame from a new one and a stall from a save; and what has happened
/// since the last update and since the last sample.
#[derive(Resource, Debug, Default)]
pub(crate) struct RollbackProgress {
    /// The newest frame simulated.
    newest: i32,
    rollback: Option<Rollback>,
    /// Since when the simulation stalls.
    stalled_since: Option<Duration>,
    update: UpdateSample,
    sample: MatchSample,
    pace: Pace,
    /// When the match started.
    started: Option<Duration>,
}

/// A rollback that runs.
#[derive(Debug)]
struct Rollback {
    since: Instant,
    /// The players whose late inputs caused it; none before the first frame is simulated again.
    caused_by: Option<PlayerSet>,
    span: Span,
}

impl RollbackProgress {
    /// So much time was not simulated because the updates take too long.
    pub(crate) fn handle_lost_time(&mut self, lost: Duration) {
        self.update.lost_time += lost;
    }

    /// The inputs of these players differ from what was predicted at the frame that is simulated again.
    pub(super) fn handle_misses(&mut self, players: PlayerSet) {
        if let Some(rollback) = &mut self.rollback {
            // The simulation goes back to the first wrong frame.
            rollback.caused_by.get_or_insert(players);
        }
    }
}

/// Opens the span of a rollback. It is entered and left in different systems, on the one thread that bevy_ggrs'
/// schedules run on.
fn enter_span(depth: u32, frame: i32) -> Span {
    let span = info_span!("rollback", depth, frame);
    span.with_subscriber(|(id, dispatch)| dispatch.enter(id));
    span
}

fn leave_span(span: &Span) {
    span.with_subscriber(|(id, dispatch)| dispatch.exit(id));
}

#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(clippy::disallowed_methods, reason = "the cost of a rollback is real time")
)]
pub(super) fn begin_rollback(
    mut metrics: ResMut<RollbackMetrics>,
    mut progress: ResMut<RollbackProgress>,
    mut capture: ResMut<Capture>,
    frame: Res<RollbackFrameCount>,
) {
    let depth = progress.newest.saturating_sub(frame.0).max(0) as u32;
    capture.note_rollback(progress.newest, depth);
    metrics.begin_rollback(depth);
    progress.update.rollbacks += 1;
    progress.update.depth = progress.update.depth.max(depth);
    let span = enter_span(depth, frame.0);
    progress.rollback = Some(Rollback { since: Instant::now(), caused_by: None, span });
}

pub(super) fn begin_frame(
    mut metrics: ResMut<RollbackMetrics>,
    mut progress: ResMut<RollbackProgress>,
    frame: Res<RollbackFrameCount>,
    time: Res<Time<Real>>,
) {
    if frame.0 <= progress.newest {
        metrics.frames_resimulated += 1;
        progress.update.resimulated += 1;
        return;
    }
    progress.newest = frame.0;
    progress.update.frames += 1;
    if let Some(since) = progress.stalled_since.take() {
        metrics.longest_stall = metrics.longest_stall.max(time.elapsed().saturating_sub(since));
    }
}

/// A frame was simulated: a rollback is over once it has come to the newest one.
pub(super) fn end_frame(
    mut metrics: ResMut<RollbackMetrics>,
    mut progress: ResMut<RollbackProgress>,
    frame: Res<RollbackFrameCount>,
) {
    let is_over = frame.0 >= progress.newest;
    let Some(rollback) = progress.rollback.take_if(|_| is_over) else { return };
    leave_span(&rollback.span);
    let caused_by = rollback.caused_by.unwrap_or_default();
    let took = rollback.since.elapsed();
    metrics.end_rollback(took, caused_by);
    progress.update.rollback_time += took;
    progress.update.caused_by.extend(caused_by);
}

/// A frame was due, and ggrs waited for inputs.
pub(crate) fn count_stall(
    mut metrics: ResMut<RollbackMetrics>,
    mut progress: ResMut<RollbackProgress>,
    time: Res<Time<Real>>,
) {
    metrics.stalled_frames += 1;
    progress.update.stalled = true;
    if progress.stalled_since.is_none() {
        metrics.stalls += 1;
        progress.stalled_since = Some(time.elapsed());
    }
}

/// An update has come to its end: what it was, and how far the simulation is ahead of what is confirmed.
pub(crate) fn end_update(
    mut metrics: ResMut<RollbackMetrics>,
    mut progress: ResMut<RollbackProgress>,
    mut capture: ResMut<Capture>,
    (session, clock): (Res<Session>, Res<FrameClock>),
    (frame, confirmed): (Res<RollbackFrameCount>, Res<ConfirmedFrameCount>),
    time: Res<Time<Real>>,
) {
    let now = time.elapsed();
    let started = *progress.started.get_or_insert(now);
    let interval = time.delta();
    let update = UpdateSample { frame: frame.0, interval, ..std::mem::take(&mut progress.update) };
    metrics.confirmed_lag = frame.0 - confirmed.0;
    metrics.confirmed_lag_max = metrics.confirmed_lag_max.max(metrics.confirmed_lag);
    if let Some(frames) = session.input_delay() {
        metrics.input_delay = frames;
        capture.note_delay(frame.0, frames);
    }
    metrics.frame_advantage = session.frame_advantage();
    metrics.speed = clock.speed() as f32;
    metrics.lost_time += update.lost_time;
    metrics.is_too_slow = progress.pace.handle_update(now, update.lost_time);
    session.tell_lost_time(if metrics.is_too_slow { metrics.lost_share() } else { 0.0 });

    let lag = progress.sample.confirmed_lag.max(metrics.confirmed_lag);
    progress.sample.add_update(&update);
    progress.sample.confirmed_lag = lag;
    metrics.updates.push(update);
    if progress.sample.length >= SAMPLE {
        let joined = session.times().map_or(started, |times| times.joined_at());
        let sample = MatchSample {
            at: now.saturating_sub(joined),
            frame_advantage: metrics.frame_advantage,
            input_delay: metrics.input_delay,
            ..std::mem::take(&mut progress.sample)
        };
        metrics.history.push(sample);
        metrics.update_frame_rate();
    }
}
