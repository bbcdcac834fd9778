//! The report of a match: [`session_report`], [`LastReport`], and saving it.
//!
//! ```text
//! messages, RollbackMetrics ──► MatchTimeline ─┐
//! MatchSample, LinkSample ────► MatchRecord ───┼─► SessionReport ──► LastReport, files, the storage of the tab
//! PeerLinks, RollbackMetrics ──────────────────┘
//! ```
//!
//! The types of a report are those of the crate `netplay_report`, which also reads and draws them.

mod build;
mod last;
mod record;
mod save;
mod series;
#[cfg(target_arch = "wasm32")]
mod storage;
mod timeline;
mod timeline_events;

use bevy::prelude::*;

pub use build::{session_report, session_report_at};
pub use last::LastReport;
pub(crate) use record::MatchRecord;
pub(crate) use save::save_report;
pub use timeline::MatchTimeline;

use crate::plugin::SystemsOf;
use crate::stats::end_update;
use crate::{NetplayState, NetplaySystems, in_match};

pub(crate) fn plugin(app: &mut App) {
    app.init_resource::<MatchRecord>()
        .init_resource::<MatchTimeline>()
        .init_resource::<LastReport>()
        .add_systems(OnExit(NetplayState::Playing), last::keep_report)
        .add_systems(
            SystemsOf(NetplaySystems::Measure),
            (
                timeline_events::record_messages,
                timeline_events::record_links,
                timeline_events::record_metrics.run_if(in_match),
                record::record_samples.run_if(in_match),
            )
                .chain()
                .after(end_update),
        );
    #[cfg(target_arch = "wasm32")]
    app.add_plugins(storage::plugin);
}
