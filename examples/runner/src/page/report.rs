//! The report of a session, for the page.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use serde::Serialize;

use super::send;
use crate::RequestChecksum;
use crate::measure::{FrameCost, FrameCostPlugin};

/// Sends `{report}` once a frame is confirmed.
pub struct ReportPlugin {
    /// The frame; none where the page wants no report.
    pub frames: Option<i32>,
}

/// The frame to report; none once the report was sent.
#[derive(Resource)]
struct ToReport(Option<i32>);

impl Plugin for ReportPlugin {
    fn build(&self, app: &mut App) {
        let Some(frame) = self.frames else { return };
        app.insert_resource(ToReport(Some(frame)))
            .add_plugins((FrameCostPlugin::Netcode, RequestChecksum(frame)))
            .add_systems(Last, report);
    }
}

#[derive(Serialize)]
struct Reported {
    report: Report,
}

/// The report of a session, and what a frame cost apart from the game's own systems and drawing, in µs.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    report: SessionReport,
    netcode_us_per_frame: Option<f64>,
    netcode_median_us_per_frame: Option<f64>,
    /// The same without bevy_ggrs: the cost of bevy_netplay's own systems.
    facade_median_us_per_frame: Option<f64>,
}

/// Exclusive, because a report reads the whole world.
fn report(world: &mut World) {
    let Some(frame) = world.resource::<ToReport>().0 else { return };
    if let Some(report) = session_report_at(world, frame) {
        world.resource_mut::<ToReport>().0 = None;
        let cost = world.resource::<FrameCost>();
        send(&Reported {
            report: Report {
                report,
                netcode_us_per_frame: cost.mean_us(),
                netcode_median_us_per_frame: cost.median_us(),
                facade_median_us_per_frame: cost.median_beside_ggrs_us(),
            },
        });
    }
}
