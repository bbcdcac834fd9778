//! What a bot tells the demo while it plays: a line of JSON every second on its standard output.

use std::time::Duration;

use bevy::prelude::*;
use bevy::time::common_conditions::on_real_timer;
use bevy_netplay::prelude::*;
use serde::{Deserialize, Serialize};

use super::console;

/// How a bot is doing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Progress {
    /// The last confirmed frame; negative before the first.
    pub confirmed: i32,
    /// Its slowest link.
    pub rtt_ms: f64,
    /// How often it went back.
    pub rollbacks: u64,
}

pub fn plugin(app: &mut App) {
    app.add_systems(Last, tell.run_if(on_real_timer(Duration::from_secs(1))));
}

fn tell(
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
