//! Makes a [`SessionReport`] of what was measured.

use std::time::Duration;

use bevy::prelude::*;
use bevy_ggrs::RollbackFrameRate;
use netplay_report::session::{
    AttemptFailureReport, FORMAT, LinkReport, PathChangeReport, RollbackReport, SessionReport,
    StallReport,
};

use super::last::LastReport;
use super::record::{MatchRecord, rounded};
use super::timeline::MatchTimeline;
use crate::session::Session;
use crate::{
    Checksums, CurrentMatch, NetplayConfig, NetplayState, PeerLink, PeerLinks, RollbackMetrics,
};

/// The report of the match that is played, or of the one that was played last, whatever has ended it. None before the
/// first match. Its checksum is that of the last compared frame that is confirmed.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::session_report;
///
/// fn print(world: &World) -> Option<String> {
///     session_report(world)?.to_json().ok()
/// }
/// ```
pub fn session_report(world: &World) -> Option<SessionReport> {
    let state = world.get_resource::<State<NetplayState>>()?;
    match state.get() {
        NetplayState::Playing => report_of(world),
        _ => world.get_resource::<LastReport>()?.0.clone(),
    }
}

/// The report of the match that is played, or was played last in the room, with the checksum of a frame: also after the
/// match has [ended](NetplayState::Ended) or was [left](crate::NetplayCommands::leave_room), until another room is
/// joined. None before the frame is confirmed, without a match, and when the frame is more than 1,000 frames ago.
pub fn session_report_at(world: &World, frame: i32) -> Option<SessionReport> {
    let checksum = world.get_resource::<Checksums>()?.confirmed(frame)?;
    let times = world.get_resource::<Session>()?.times()?;
    // In a room that has not played yet, what is known is of the room before.
    times.first_confirmed_after()?;
    Some(SessionReport { frames: frame, checksum: format!("{checksum:016x}"), ..report_of(world)? })
}

/// The report of the match in the world.
pub(super) fn report_of(world: &World) -> Option<SessionReport> {
    let this_match = world.get_resource::<CurrentMatch>()?;
    let checksums = world.get_resource::<Checksums>()?;
    let (frames, checksum) = checksums.last_confirmed().unzip();
    let metrics = world.get_resource::<RollbackMetrics>()?;
    let record = world.get_resource::<MatchRecord>()?;
    let timeline = world.get_resource::<MatchTimeline>()?;
    let now = world.get_resource::<Time<Real>>()?.elapsed();
    let times = world.get_resource::<Session>()?.times();
    let joined_at = times.map_or(record.started, |times| times.joined_at());
    let reached = |time: Option<Duration>| ms(time.unwrap_or_default());
    let links = world.get_resource::<PeerLinks>()?;
    Some(SessionReport {
        format: FORMAT,
        game: world.get_resource::<NetplayConfig>()?.game.clone(),
        platform: if cfg!(target_arch = "wasm32") { "web" } else { "native" }.into(),
        epoch: this_match.epoch,
        ended: None,
        frame_rate: world.get_resource::<RollbackFrameRate>()?.0,
        started_ms: ms(record.started.saturating_sub(joined_at)),
        frames: frames.unwrap_or(-1),
        confirmed_frame: checksums.confirmed_frame(),
        players: this_match.players,
        local_player: this_match.local_player.0,
        local_players: this_match.local_players.iter().map(|player| player.0).collect(),
        checksum: checksum.map(|sum| format!("{sum:016x}")).unwrap_or_default(),
        connect_ms: reached(times.and_then(|times| times.connected_after())),
        first_confirmed_ms: reached(times.and_then(|times| times.first_confirmed_after())),
        total_ms: ms(times.map_or_else(|| now.saturating_sub(joined_at), |it| it.total(now))),
        links: links.iter().map(|link| link_report(link, record)).collect(),
        rollbacks: RollbackReport {
            count: metrics.rollbacks,
            depth_max: metrics.depth_max,
            depth_histogram: metrics.depth_histogram.clone(),
            by_player: metrics.rollbacks_by_player.clone(),
            frames_resimulated: metrics.frames_resimulated,
            time_ms: ms(metrics.rollback_time),
            longest_ms: ms(metrics.longest_rollback),
            prediction_misses: metrics.prediction_misses,
        },
        stalls: StallReport {
            count: metrics.stalls,
            frames: metrics.stalled_frames,
            longest_ms: ms(metrics.longest_stall),
            lost_ms: ms(metrics.lost_time),
        },
        desyncs: metrics.desyncs.clone(),
        events: timeline.iter().cloned().collect(),
        events_dropped: timeline.dropped(),
        series: record.simulation(),
    })
}

fn link_report(link: &PeerLink, record: &MatchRecord) -> LinkReport {
    let failures = link.attempt_failures.iter().map(|failure| AttemptFailureReport {
        at_ms: ms(failure.at),
        reason: failure.reason.clone(),
    });
    let changes = link.path_changes.iter().map(|change| PathChangeReport {
        at_ms: ms(change.at),
        from: change.from.to_string(),
        to: change.to.to_string(),
        reason: change.reason.clone(),
    });
    LinkReport {
        player: link.player.unwrap_or_default().0,
        players: link.players.iter().map(|player| player.0).collect(),
        names: link.names.clone(),
        path: link.path.map(|path| path.to_string()),
        local_candidate: link.candidates.map(|pair| pair.local.to_string()),
        remote_candidate: link.candidates.map(|pair| pair.remote.to_string()),
        rtt_ms: ms(link.rtt.unwrap_or_default()),
        rtt_min_ms: ms(link.rtt_min.unwrap_or_default()),
        rtt_max_ms: ms(link.rtt_max),
        jitter_ms: ms(link.jitter),
        jitter_max_ms: ms(link.jitter_max),
        loss: link.loss,
        loss_max: link.loss_max,
        quality: link.quality.to_string(),
        datagrams_sent: link.counters.datagrams_sent,
        datagrams_received: link.counters.datagrams_received,
        bytes_sent: link.counters.bytes_sent,
        bytes_received: link.counters.bytes_received,
        dropped_malformed: link.counters.malformed,
        attempts: link.attempts,
        attempt_failures: failures.collect(),
        inputs_by_path: link.inputs_by_path,
        sent_by_path: link.sent_by_path,
        path_changes: changes.collect(),
        series: record.link(link.peer),
    }
}

/// A time in milliseconds, to a thousandth.
pub(super) fn ms(duration: Duration) -> f64 {
    rounded(duration.as_secs_f64() * 1000.0)
}
