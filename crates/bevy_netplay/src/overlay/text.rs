//! Writes the numbers, a few times a second and only where they have changed.

use std::time::Duration;

use bevy::prelude::*;
use bevy_ggrs::RollbackFrameCount;

use super::graph::player_color;
use crate::{
    LinkPath, LinkQuality, NetplayState, PeerLink, PeerLinks, PlayerHandle, PlayerSet,
    RollbackMetrics,
};

/// The time between two writings.
const EVERY: Duration = Duration::from_millis(250);

/// How many characters of a name are shown.
const MAX_NAME: usize = 9;

/// A text of the overlay.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The lines about the simulation.
    Summary,
    /// A column of the table behind the names, counted from 0.
    Cells(usize),
}

/// The name in a row of the table, counted from 0: a part of one text, so that rows are as high as those of the cells.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name(pub(super) usize);

/// The titles of the columns behind the names.
pub(super) const COLUMNS: [&str; 7] = ["rtt", "jit", "loss", "path", "ahead", "lag", "late"];

/// Writes what has changed.
pub(super) fn write(
    (links, metrics): (Res<PeerLinks>, Res<RollbackMetrics>),
    (state, frame): (Res<State<NetplayState>>, Res<RollbackFrameCount>),
    time: Res<Time<Real>>,
    added: Query<(), Added<Part>>,
    mut parts: Query<(&Part, &mut Text)>,
    mut names: Query<(&Name, &mut TextSpan, &mut TextColor)>,
    mut written: Local<Duration>,
) {
    let now = time.elapsed();
    if added.is_empty() && now.saturating_sub(*written) < EVERY {
        return;
    }
    *written = now;
    let rows: Vec<_> = links.iter().map(|link| cells(link, &metrics)).collect();
    for (part, mut text) in &mut parts {
        let wanted = match part {
            Part::Summary => summary(*state.get(), frame.0, &metrics),
            Part::Cells(column) => {
                let cells = rows.iter().map(|row| row[*column].as_str());
                std::iter::once(COLUMNS[*column]).chain(cells).collect::<Vec<_>>().join("\n")
            }
        };
        text.set_if_neq(Text(wanted));
    }
    for (Name(row), mut span, mut color) in &mut names {
        let link = links.iter().nth(*row);
        if let Some(player) = link.and_then(|link| link.player) {
            color.set_if_neq(TextColor(player_color(player)));
        }
        let wanted = link.map(|link| format!("\n{}", name(link))).unwrap_or_default();
        if span.0 != wanted {
            span.0 = wanted;
        }
    }
}

fn summary(state: NetplayState, frame: i32, metrics: &RollbackMetrics) -> String {
    let recent = Recent::of(metrics);
    let mut lines = format!(
        "{} {frame}, {:.0}/s, delay {}, ahead {:+.1} ({:+.1} %)\n\
         lag {} (max {}), resimulation max {:.1} ms\n\
         {:.0} s: {} rollbacks, mean {:.1}, max {}, {} stalls\n\
         match: {} rollbacks, max {}, {} stalls",
        name_of(state),
        metrics.frame_rate,
        metrics.input_delay,
        metrics.frame_advantage,
        (metrics.speed - 1.0) * 100.0,
        metrics.confirmed_lag,
        metrics.confirmed_lag_max,
        recent.longest.as_secs_f64() * 1000.0,
        recent.length.as_secs_f64(),
        recent.rollbacks,
        recent.resimulated as f32 / recent.rollbacks.max(1) as f32,
        recent.depth,
        recent.stalls,
        metrics.rollbacks,
        metrics.depth_max,
        metrics.stalls,
    );
    if let Some(desync) = metrics.desyncs.first() {
        let player = PlayerHandle(desync.player);
        lines.push_str(&format!("\nDESYNC with {player} from frame {}", desync.frame));
    }
    lines
}

/// Sums over the updates that are kept.
#[derive(Debug, Default)]
struct Recent {
    length: Duration,
    rollbacks: u32,
    resimulated: u32,
    depth: u32,
    /// How often the simulation came to stand still.
    stalls: u32,
    /// The longest time that an update simulated again.
    longest: Duration,
}

impl Recent {
    fn of(metrics: &RollbackMetrics) -> Self {
        let mut recent = Self::default();
        let mut stands_still = false;
        for update in metrics.updates.iter() {
            recent.length += update.interval;
            recent.rollbacks += update.rollbacks;
            recent.resimulated += update.resimulated;
            recent.depth = recent.depth.max(update.depth);
            recent.longest = recent.longest.max(update.rollback_time);
            recent.stalls += u32::from(update.stalled && !stands_still);
            stands_still = update.stalled || (stands_still && update.frames == 0);
        }
        recent
    }
}

fn name_of(state: NetplayState) -> &'static str {
    match state {
        NetplayState::Offline => "offline",
        NetplayState::Connecting => "connecting",
        NetplayState::Lobby => "lobby",
        NetplayState::Synchronizing => "synchronizing",
        NetplayState::Playing => "playing",
        NetplayState::Ended => "ended",
    }
}

fn name(link: &PeerLink) -> String {
    match (&link.name, link.player) {
        (Some(name), _) => name.chars().take(MAX_NAME).collect(),
        (None, Some(player)) => player.to_string(),
        (None, None) => "peer".into(),
    }
}

/// The row of a link behind its name.
fn cells(link: &PeerLink, metrics: &RollbackMetrics) -> [String; COLUMNS.len()] {
    let ms = |duration: Duration| format!("{:.0}", duration.as_secs_f64() * 1000.0);
    let unknown = || "-".to_owned();
    let is_late = |players: &PlayerSet| link.players.iter().any(|it| players.contains(*it));
    let late = metrics.updates.iter().filter(|update| is_late(&update.caused_by)).count();
    [
        link.rtt.map_or_else(unknown, ms),
        ms(link.jitter),
        format!("{:.0}%", link.loss * 100.0),
        path(link).to_owned(),
        link.frame_advantage.map_or_else(unknown, |ahead| format!("{ahead:+.1}")),
        link.input_lag.map_or_else(unknown, |lag| lag.to_string()),
        late.to_string(),
    ]
}

/// The primary path. The relay, which is the last resort, is in capitals.
fn path(link: &PeerLink) -> &'static str {
    match link.path {
        _ if link.quality == LinkQuality::Lost => "LOST",
        Some(LinkPath::Memory) => "memory",
        Some(LinkPath::Direct) => "direct",
        Some(LinkPath::Turn) => "turn",
        Some(LinkPath::Relay) => "RELAY",
        None => "-",
    }
}
