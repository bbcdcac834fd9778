//! What players are told of connections: [`ConnectionNotices`], and a widget that shows them.
//!
//! ```text
//! PeerLinks, RollbackMetrics ──► Reading ──► Judge (Gauges) ──► ConnectionNotices ──► widget (feature `overlay`)
//! ```
//!
//! [`judge`] decides on virtual time and knows nothing of Bevy's world; the system here reads the world for it.

mod gauge;
mod judge;
mod notice;
#[cfg(feature = "overlay")]
mod widget;

use bevy::prelude::*;
use netplay_protocol::limits::MAX_PLAYERS;

pub use notice::{ConnectionNotices, LinkNotice, NoticeKind, NoticeLevel};
#[cfg(feature = "overlay")]
pub use widget::{ConnectionIndicator, ConnectionIndicatorPlugin};

use crate::plugin::SystemsOf;
use crate::stats::end_update;
use crate::{
    LinkPath, LinkQuality, NetplayConfig, NetplayState, NetplaySystems, PeerLink, PeerLinks,
    PlayerHandle, RollbackMetrics, in_match,
};
use judge::{Judge, LinkReading, MeanRollback, Progress, Reading};

/// Of how many samples of a quarter of a second the mean rollback is taken: two seconds.
const SAMPLES: usize = 8;
/// With fewer rollbacks in them there is no mean: a single one is no trouble.
const MIN_ROLLBACKS: u32 = 4;

pub(crate) fn plugin(app: &mut App) {
    app.init_resource::<ConnectionNotices>()
        .init_resource::<Judge>()
        .add_systems(
            SystemsOf(NetplaySystems::Measure),
            judge_links.after(end_update).run_if(in_match),
        )
        .add_systems(OnExit(NetplayState::Playing), clear);
}

/// Judges what was measured in this update.
fn judge_links(
    links: Res<PeerLinks>,
    metrics: Res<RollbackMetrics>,
    config: Res<NetplayConfig>,
    time: Res<Time<Real>>,
    mut judge: ResMut<Judge>,
    mut notices: ResMut<ConnectionNotices>,
) {
    let update = metrics.updates.last();
    let progress = match update {
        Some(update) if update.frames > 0 => Progress::Simulated,
        Some(update) if update.stalled => Progress::Stalled,
        _ => Progress::NotDue,
    };
    let reading = Reading {
        frames_per_second: config.frame_rate as f32,
        progress,
        is_too_slow: metrics.is_too_slow,
        mean_rollback: mean_rollback(&metrics),
    };
    let desyncs = || metrics.desyncs.iter().map(|desync| PlayerHandle(desync.player));
    judge.handle_reading(
        time.elapsed(),
        &reading,
        links.iter().filter_map(link_reading),
        desyncs(),
    );
    // Whatever shows them does so when they change.
    if notices.as_slice() != judge.notices() {
        notices.set(judge.notices());
    }
}

/// A match is over, and what it was like as well.
fn clear(mut judge: ResMut<Judge>, mut notices: ResMut<ConnectionNotices>) {
    *judge = Judge::default();
    if !notices.is_empty() {
        notices.set(&[]);
    }
}

/// None for a peer that does not play.
fn link_reading(link: &PeerLink) -> Option<LinkReading> {
    Some(LinkReading {
        player: link.player?,
        input_lag: link.input_lag?,
        rtt: link.rtt.unwrap_or_default(),
        jitter: link.jitter,
        loss: link.loss,
        is_silent: link.quality == LinkQuality::Lost,
        is_relayed: link.path == Some(LinkPath::Relay),
        is_too_slow: link.is_too_slow,
    })
}

/// The mean depth of the latest rollbacks, and the player who caused most of them.
fn mean_rollback(metrics: &RollbackMetrics) -> Option<MeanRollback> {
    let (mut rollbacks, mut resimulated) = (0, 0);
    let mut caused = [0_u32; MAX_PLAYERS as usize];
    for sample in metrics.history.iter().rev().take(SAMPLES) {
        rollbacks += sample.rollbacks;
        resimulated += sample.resimulated;
        for player in sample.caused_by.iter() {
            caused[player.index()] += 1;
        }
    }
    if rollbacks < MIN_ROLLBACKS {
        return None;
    }
    // Of several the first.
    let (player, times) = caused.iter().enumerate().rev().max_by_key(|(_, times)| **times)?;
    let depth = resimulated as f32 / rollbacks as f32;
    (*times > 0).then(|| MeanRollback { depth, player: PlayerHandle::from(player) })
}
