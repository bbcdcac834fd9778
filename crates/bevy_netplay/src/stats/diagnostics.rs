//! Bevy diagnostics of links and rollbacks, under stable paths.

use bevy::diagnostic::{
    Diagnostic, DiagnosticPath, Diagnostics, DiagnosticsStore, RegisterDiagnostic,
};
use bevy::prelude::*;

use super::counting::end_update;
use crate::plugin::SystemsOf;
use crate::{NetplaySystems, PeerLink, PeerLinks, PlayerHandle, RollbackMetrics, in_match};

/// Shows a match to Bevy's diagnostics, under stable paths. Part of
/// [`NetplayPlugins`](crate::NetplayPlugins).
///
/// What is of links is there twice: the worst or the sum of all links, and for each peer under the first of its
/// [players](Self::of_player).
#[derive(Default)]
pub struct NetplayDiagnosticsPlugin;

impl NetplayDiagnosticsPlugin {
    /// The largest smoothed round trip time of all links, in milliseconds.
    pub const RTT: DiagnosticPath = DiagnosticPath::const_new("netplay/rtt");
    /// The largest jitter of all links, in milliseconds.
    pub const JITTER: DiagnosticPath = DiagnosticPath::const_new("netplay/jitter");
    /// The largest loss of all links, in percent.
    pub const LOSS: DiagnosticPath = DiagnosticPath::const_new("netplay/loss");
    /// What is sent on all links together, in bytes per second.
    pub const SENT: DiagnosticPath = DiagnosticPath::const_new("netplay/sent");
    /// What is received on all links together, in bytes per second.
    pub const RECEIVED: DiagnosticPath = DiagnosticPath::const_new("netplay/received");
    /// How many frames the simulation is ahead of the player who is the farthest behind.
    pub const FRAME_ADVANTAGE: DiagnosticPath =
        DiagnosticPath::const_new("netplay/frame_advantage");
    /// Rollbacks since the match started. Of a player: those that its late inputs have caused.
    pub const ROLLBACKS: DiagnosticPath = DiagnosticPath::const_new("netplay/rollbacks");
    /// Frames simulated again since the match started.
    pub const RESIMULATED: DiagnosticPath = DiagnosticPath::const_new("netplay/resimulated");
    /// Frames stood still since the match started.
    pub const STALLED: DiagnosticPath = DiagnosticPath::const_new("netplay/stalled");
    /// How many frames the simulation is ahead of the last confirmed one.
    pub const CONFIRMED_LAG: DiagnosticPath = DiagnosticPath::const_new("netplay/confirmed_lag");
    /// How many frames the local input waits.
    pub const INPUT_DELAY: DiagnosticPath = DiagnosticPath::const_new("netplay/input_delay");
    /// Frames simulated per second.
    pub const FRAME_RATE: DiagnosticPath = DiagnosticPath::const_new("netplay/frame_rate");

    /// What all links and players have, with its unit.
    const ALL: [(DiagnosticPath, &str); 12] = [
        (Self::RTT, " ms"),
        (Self::JITTER, " ms"),
        (Self::LOSS, " %"),
        (Self::SENT, " B/s"),
        (Self::RECEIVED, " B/s"),
        (Self::FRAME_ADVANTAGE, ""),
        (Self::ROLLBACKS, ""),
        (Self::RESIMULATED, ""),
        (Self::STALLED, ""),
        (Self::CONFIRMED_LAG, ""),
        (Self::INPUT_DELAY, ""),
        (Self::FRAME_RATE, ""),
    ];

    /// The path of the same for one player: of [`RTT`](Self::RTT), [`JITTER`](Self::JITTER), [`LOSS`](Self::LOSS),
    /// [`SENT`](Self::SENT), [`RECEIVED`](Self::RECEIVED), [`FRAME_ADVANTAGE`](Self::FRAME_ADVANTAGE) or
    /// [`ROLLBACKS`](Self::ROLLBACKS), there from the first match with that player on. A peer with several players has it
    /// under the first of them.
    ///
    /// ```
    /// use bevy_netplay::NetplayDiagnosticsPlugin as Netplay;
    ///
    /// assert_eq!(Netplay::of_player(&Netplay::RTT, 1).as_str(), "netplay/player_2/rtt");
    /// ```
    pub fn of_player(path: &DiagnosticPath, player: impl Into<PlayerHandle>) -> DiagnosticPath {
        let number = player.into().index() + 1;
        let name = path.components().last().unwrap_or_default();
        DiagnosticPath::new(format!("netplay/player_{number}/{name}"))
    }
}

impl Plugin for NetplayDiagnosticsPlugin {
    fn build(&self, app: &mut App) {
        for (path, unit) in Self::ALL {
            app.register_diagnostic(Diagnostic::new(path).with_suffix(unit));
        }
        app.init_resource::<PeerPaths>().add_systems(
            SystemsOf(NetplaySystems::Measure),
            (measure, (register_peers, measure_peers).chain()).after(end_update).run_if(in_match),
        );
    }
}

fn measure(links: Res<PeerLinks>, metrics: Res<RollbackMetrics>, mut diagnostics: Diagnostics) {
    type Plugin = NetplayDiagnosticsPlugin;

    let worst = |of: fn(&PeerLink) -> f64| links.iter().map(of).fold(0.0, f64::max);
    let sum = |of: fn(&PeerLink) -> f64| links.iter().map(of).sum::<f64>();
    diagnostics.add_measurement(&Plugin::RTT, || worst(rtt));
    diagnostics.add_measurement(&Plugin::JITTER, || worst(jitter));
    diagnostics.add_measurement(&Plugin::LOSS, || worst(loss));
    diagnostics.add_measurement(&Plugin::SENT, || sum(sent));
    diagnostics.add_measurement(&Plugin::RECEIVED, || sum(received));
    diagnostics.add_measurement(&Plugin::FRAME_ADVANTAGE, || f64::from(metrics.frame_advantage));
    diagnostics.add_measurement(&Plugin::ROLLBACKS, || metrics.rollbacks as f64);
    diagnostics.add_measurement(&Plugin::RESIMULATED, || metrics.frames_resimulated as f64);
    diagnostics.add_measurement(&Plugin::STALLED, || metrics.stalled_frames as f64);
    diagnostics.add_measurement(&Plugin::CONFIRMED_LAG, || f64::from(metrics.confirmed_lag));
    diagnostics.add_measurement(&Plugin::INPUT_DELAY, || metrics.input_delay as f64);
    diagnostics.add_measurement(&Plugin::FRAME_RATE, || f64::from(metrics.frame_rate));
}

/// The paths of each player in the order of [`PER_PEER`]; empty for one that was not measured yet.
#[derive(Resource, Default)]
struct PeerPaths(Vec<Vec<DiagnosticPath>>);

/// What is measured of each peer, by the path of all together.
const PER_PEER: [DiagnosticPath; 7] = [
    NetplayDiagnosticsPlugin::RTT,
    NetplayDiagnosticsPlugin::JITTER,
    NetplayDiagnosticsPlugin::LOSS,
    NetplayDiagnosticsPlugin::SENT,
    NetplayDiagnosticsPlugin::RECEIVED,
    NetplayDiagnosticsPlugin::FRAME_ADVANTAGE,
    NetplayDiagnosticsPlugin::ROLLBACKS,
];

/// Adds the diagnostics of players that are new.
fn register_peers(
    links: Res<PeerLinks>,
    mut paths: ResMut<PeerPaths>,
    mut store: ResMut<DiagnosticsStore>,
) {
    for player in links.iter().filter_map(|link| link.player) {
        if paths.0.len() <= player.index() {
            paths.0.resize(player.index() + 1, Vec::new());
        }
        let paths = &mut paths.0[player.index()];
        if paths.is_empty() {
            *paths = register(player, &mut store);
        }
    }
}

fn measure_peers(
    links: Res<PeerLinks>,
    metrics: Res<RollbackMetrics>,
    paths: Res<PeerPaths>,
    mut diagnostics: Diagnostics,
) {
    for link in links.iter() {
        let paths = link.player.and_then(|player| paths.0.get(player.index()));
        let caused = link.players.iter().map(|player| metrics.rollbacks_of(*player)).sum::<u64>();
        let values = [
            rtt(link),
            jitter(link),
            loss(link),
            sent(link),
            received(link),
            f64::from(link.frame_advantage.unwrap_or_default()),
            caused as f64,
        ];
        for (path, value) in paths.into_iter().flatten().zip(values) {
            diagnostics.add_measurement(path, || value);
        }
    }
}

/// A player is measured for the first time.
fn register(player: PlayerHandle, store: &mut DiagnosticsStore) -> Vec<DiagnosticPath> {
    let register = |path: &DiagnosticPath| {
        let all = NetplayDiagnosticsPlugin::ALL.into_iter().find(|(it, _)| it == path);
        let unit = all.map_or("", |(_, unit)| unit);
        let of_player = NetplayDiagnosticsPlugin::of_player(path, player);
        store.add(Diagnostic::new(of_player.clone()).with_suffix(unit));
        of_player
    };
    PER_PEER.iter().map(register).collect()
}

fn rtt(link: &PeerLink) -> f64 {
    link.rtt.unwrap_or_default().as_secs_f64() * 1000.0
}

fn jitter(link: &PeerLink) -> f64 {
    link.jitter.as_secs_f64() * 1000.0
}

fn loss(link: &PeerLink) -> f64 {
    f64::from(link.loss) * 100.0
}

fn sent(link: &PeerLink) -> f64 {
    link.sent_per_second.bytes as f64
}

fn received(link: &PeerLink) -> f64 {
    link.received_per_second.bytes as f64
}
