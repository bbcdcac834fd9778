//! The progress of a bot (`--progress`): one line of JSON per second on its standard output.

use std::time::Duration;

use bevy::prelude::*;
use bevy::time::common_conditions::on_real_timer;
use bevy_netplay::prelude::*;
use serde::{Deserialize, Serialize};

use super::console;

/// The progress of a bot.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Progress {
    /// The last confirmed frame; negative before the first one.
    pub confirmed: i32,
    /// The round-trip time of its slowest link.
    pub rtt_ms: f64,
    /// How many rollbacks it made.
    pub rollbacks: u64,
}

/// Prints the progress.
pub(super) fn plugin(app: &mut App) {
    app.add_systems(Last, print.run_if(on_real_timer(Duration::from_secs(1))));
}

fn print(
    frame: Res<ConfirmedFrameCount>,
    links: Res<PeerLinks>,
    metrics: Res<RollbackMetrics>,
) -> Result {
    let slowest = links.iter().filter_map(|link| link.rtt).max().unwrap_or_default();
    let progress = Progress {
        confirmed: frame.0,
        rtt_ms: slowest.as_secs_f64() * 1000.0,
        rollbacks: metrics.rollbacks,
    };
    console::line(serde_json::to_string(&progress)?);
    Ok(())
}
