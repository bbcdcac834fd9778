//! Bevy diagnostics of links and rollbacks, under stable paths.

use bevy::diagnostic::{Diagnostic, DiagnosticPath, Diagnostics, RegisterDiagnostic};
use bevy::prelude::*;

use crate::plugin::SystemsOf;
use crate::{NetplaySystems, PeerLink, PeerLinks, RollbackMetrics, in_match};

/// Shows a match to Bevy's diagnostics, under stable paths. Part of
/// [`NetplayPlugins`](crate::NetplayPlugins).
#[derive(Default)]
pub struct NetplayDiagnosticsPlugin;

impl NetplayDiagnosticsPlugin {
    /// The largest smoothed round trip time of all links, in milliseconds.
    pub const RTT: DiagnosticPath = DiagnosticPath::const_new("netplay/rtt");
    /// The largest jitter of all links, in milliseconds.
    pub const JITTER: DiagnosticPath = DiagnosticPath::const_new("netplay/jitter");
    /// The largest loss of all links, in percent.
    pub const LOSS: DiagnosticPath = DiagnosticPath::const_new("netplay/loss");
    /// Rollbacks since the match started.
    pub const ROLLBACKS: DiagnosticPath = DiagnosticPath::const_new("netplay/rollbacks");
    /// Frames simulated again since the match started.
    pub const RESIMULATED: DiagnosticPath = DiagnosticPath::const_new("netplay/resimulated");
    /// Frames stood still since the match started.
    pub const STALLED: DiagnosticPath = DiagnosticPath::const_new("netplay/stalled");
    /// How many frames the simulation is ahead of the last confirmed one.
    pub const CONFIRMED_LAG: DiagnosticPath = DiagnosticPath::const_new("netplay/confirmed_lag");
}

impl Plugin for NetplayDiagnosticsPlugin {
    fn build(&self, app: &mut App) {
        app.register_diagnostic(Diagnostic::new(Self::RTT).with_suffix(" ms"))
            .register_diagnostic(Diagnostic::new(Self::JITTER).with_suffix(" ms"))
            .register_diagnostic(Diagnostic::new(Self::LOSS).with_suffix(" %"))
            .register_diagnostic(Diagnostic::new(Self::ROLLBACKS))
            .register_diagnostic(Diagnostic::new(Self::RESIMULATED))
            .register_diagnostic(Diagnostic::new(Self::STALLED))
            .register_diagnostic(Diagnostic::new(Self::CONFIRMED_LAG))
            .add_systems(SystemsOf(NetplaySystems::Measure), measure.run_if(in_match));
    }
}

fn measure(links: Res<PeerLinks>, metrics: Res<RollbackMetrics>, mut diagnostics: Diagnostics) {
    type Plugin = NetplayDiagnosticsPlugin;

    let worst = |of: fn(&PeerLink) -> f64| links.iter().map(of).fold(0.0, f64::max);
    diagnostics.add_measurement(&Plugin::RTT, || {
        worst(|link| link.rtt.unwrap_or_default().as_secs_f64() * 1000.0)
    });
    diagnostics
        .add_measurement(&Plugin::JITTER, || worst(|link| link.jitter.as_secs_f64() * 1000.0));
    diagnostics.add_measurement(&Plugin::LOSS, || worst(|link| f64::from(link.loss) * 100.0));
    diagnostics.add_measurement(&Plugin::ROLLBACKS, || metrics.rollbacks as f64);
    diagnostics.add_measurement(&Plugin::RESIMULATED, || metrics.frames_resimulated as f64);
    diagnostics.add_measurement(&Plugin::STALLED, || metrics.stalled_frames as f64);
    diagnostics.add_measurement(&Plugin::CONFIRMED_LAG, || f64::from(metrics.confirmed_lag));
}
