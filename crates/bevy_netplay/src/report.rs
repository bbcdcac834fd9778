//! [`SessionReport`]: a match in numbers, for a file.

use std::time::Duration;

use bevy::prelude::*;
use netplay_transport::PathKind;
use serde::{Deserialize, Serialize};

use crate::session::Session;
use crate::{
    Checksums, CurrentMatch, LinkQuality, PeerLink, PeerLinks, PlayerHandle, RollbackMetrics,
};

/// A match in numbers, for a file: what was measured up to a frame.
///
/// The JSON of it is a stable format that scripts read. Times are in milliseconds; `connect_ms` and
/// `first_confirmed_ms` count from joining the room.
#[derive(Clone, Debug, PartialEq, Reflect, Serialize, Deserialize)]
#[reflect(Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionReport {
    /// The frame that the report was asked for.
    pub frames: i32,
    /// The last frame that is confirmed: it was simulated, and every player's input before it is known.
    pub confirmed_frame: i32,
    /// How many players play.
    pub players: usize,
    /// The player on this peer, counted from 0; the first one where there are several.
    pub local_player: PlayerHandle,
    /// The players on this peer.
    #[serde(default)]
    pub local_players: Vec<PlayerHandle>,
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
}

/// One link in a report.
#[derive(Clone, Debug, PartialEq, Reflect, Serialize, Deserialize)]
#[reflect(Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it, and PeerLink documents each")]
pub struct LinkReport {
    pub player: PlayerHandle,
    #[serde(default)]
    pub players: Vec<PlayerHandle>,
    pub path: Option<String>,
    pub local_candidate: Option<String>,
    pub remote_candidate: Option<String>,
    pub rtt_ms: f64,
    pub rtt_min_ms: f64,
    pub jitter_ms: f64,
    pub loss: f32,
    pub quality: LinkQuality,
    pub datagrams_sent: u64,
    pub datagrams_received: u64,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    pub dropped_malformed: u64,
    pub attempts: u64,
    #[serde(default)]
    pub attempt_failures: Vec<AttemptFailureReport>,
    pub inputs_by_path: InputsByPath,
    #[serde(default)]
    pub sent_by_path: InputsByPath,
    pub path_changes: Vec<PathChangeReport>,
}

/// Inputs, or datagrams with inputs, by the path they took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Reflect, Serialize, Deserialize)]
#[reflect(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InputsByPath {
    /// Straight to the peer.
    pub direct: u64,
    /// Through a TURN server.
    pub turn: u64,
    /// Through the signaling server.
    pub relay: u64,
}

impl InputsByPath {
    pub(crate) fn of(count: impl Fn(PathKind) -> u64) -> Self {
        Self {
            direct: count(PathKind::Direct),
            turn: count(PathKind::Turn),
            relay: count(PathKind::Relay),
        }
    }
}

/// An attempt at a connection that failed, in a report.
#[derive(Clone, Debug, PartialEq, Reflect, Serialize, Deserialize)]
#[reflect(Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it, and AttemptFailure documents each")]
pub struct AttemptFailureReport {
    pub at_ms: f64,
    pub reason: String,
}

/// A change of path in a report.
#[derive(Clone, Debug, PartialEq, Reflect, Serialize, Deserialize)]
#[reflect(Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it, and PathChange documents each")]
pub struct PathChangeReport {
    pub at_ms: f64,
    pub from: String,
    pub to: String,
    pub reason: String,
}

/// What prediction cost, in a report.
#[derive(Clone, Debug, PartialEq, Reflect, Serialize, Deserialize)]
#[reflect(Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it, and RollbackMetrics documents each")]
pub struct RollbackReport {
    pub count: u64,
    pub depth_max: u32,
    pub depth_histogram: Vec<u64>,
    pub frames_resimulated: u64,
    pub time_ms: f64,
    pub prediction_misses: u64,
}

/// Standing still, in a report.
#[derive(Clone, Debug, PartialEq, Reflect, Serialize, Deserialize)]
#[reflect(Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it, and RollbackMetrics documents each")]
pub struct StallReport {
    pub count: u64,
    pub frames: u64,
    pub longest_ms: f64,
}

/// A player whose state differed from the local one.
#[derive(Clone, Debug, PartialEq, Eq, Reflect, Serialize, Deserialize)]
#[reflect(Debug, PartialEq, Serialize, Deserialize)]
pub struct DesyncReport {
    /// The player, counted from 0.
    pub player: PlayerHandle,
    /// The first compared frame at which the states differed.
    pub frame: i32,
    /// The local checksum in hexadecimal.
    pub local: String,
    /// The player's checksum in hexadecimal.
    pub remote: String,
}

impl SessionReport {
    /// The report of the match that is played, or was played last in the room: also after it has
    /// [ended](crate::NetplayState::Ended) or was [left](crate::NetplayCommands::leave_room), until another room is
    /// joined. None before `frame` is confirmed, without a match, and when the frame is more than 1,000 frames ago.
    pub fn of(world: &World, frame: i32) -> Option<Self> {
        let game = world.get_resource::<CurrentMatch>()?;
        let checksums = world.get_resource::<Checksums>()?;
        let checksum = checksums.confirmed(frame)?;
        let metrics = world.get_resource::<RollbackMetrics>()?;
        let now = world.get_resource::<Time<Real>>()?.elapsed();
        let times = world.get_resource::<Session>()?.times()?;
        // In a room that has not played yet, what is known is of the room before.
        times.first_confirmed_after()?;
        let reached = |time: Option<Duration>| ms(time.unwrap_or_default());
        Some(Self {
            frames: frame,
            confirmed_frame: checksums.confirmed_frame(),
            players: game.players,
            local_player: game.local_player,
            local_players: game.local_players.clone(),
            checksum: format!("{checksum:016x}"),
            connect_ms: reached(times.connected_after()),
            first_confirmed_ms: reached(times.first_confirmed_after()),
            total_ms: ms(times.total(now)),
            links: world.get_resource::<PeerLinks>()?.iter().map(LinkReport::of).collect(),
            rollbacks: RollbackReport {
                count: metrics.rollbacks,
                depth_max: metrics.depth_max,
                depth_histogram: metrics.depth_histogram.clone(),
                frames_resimulated: metrics.frames_resimulated,
                time_ms: ms(metrics.rollback_time),
                prediction_misses: metrics.prediction_misses,
            },
            stalls: StallReport {
                count: metrics.stalls,
                frames: metrics.stalled_frames,
                longest_ms: ms(metrics.longest_stall),
            },
            desyncs: metrics.desyncs.clone(),
        })
    }
}

impl LinkReport {
    fn of(link: &PeerLink) -> Self {
        let failures = link.attempt_failures.iter().map(|failure| AttemptFailureReport {
            at_ms: ms(failure.at),
            reason: failure.reason.clone(),
        });
        Self {
            player: link.player.unwrap_or_default(),
            players: link.players.clone(),
            path: link.path.map(|path| path.to_string()),
            local_candidate: link.candidates.map(|pair| pair.local.to_string()),
            remote_candidate: link.candidates.map(|pair| pair.remote.to_string()),
            rtt_ms: ms(link.rtt.unwrap_or_default()),
            rtt_min_ms: ms(link.rtt_min.unwrap_or_default()),
            jitter_ms: ms(link.jitter),
            loss: link.loss,
            quality: link.quality,
            datagrams_sent: link.counters.datagrams_sent,
            datagrams_received: link.counters.datagrams_received,
            bytes_sent: link.counters.bytes_sent,
            bytes_received: link.counters.bytes_received,
            dropped_malformed: link.counters.malformed,
            attempts: link.attempts,
            attempt_failures: failures.collect(),
            inputs_by_path: link.inputs_by_path,
            sent_by_path: link.sent_by_path,
            path_changes: link
                .path_changes
                .iter()
                .map(|change| PathChangeReport {
                    at_ms: ms(change.at),
                    from: change.from.to_string(),
                    to: change.to.to_string(),
                    reason: change.reason.clone(),
                })
                .collect(),
        }
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
