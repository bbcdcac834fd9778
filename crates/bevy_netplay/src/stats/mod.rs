//! What is measured while people play: [`RollbackMetrics`] of the simulation, [`PeerLinks`] of the links.
//!
//! ```text
//! bevy_ggrs' schedules ──► counting, predictions ──► UpdateSample ──► MatchSample ──► RollbackMetrics
//! room of the core ──────► links ──────────────────────────────────► LinkSample ───► PeerLinks
//! ```
//!
//! Everything is counted in the same way natively and in a page. What is kept of the past is of fixed size.

mod counting;
#[cfg(feature = "diagnostics")]
mod diagnostics;
mod history;
mod link_sampler;
mod links;
mod metrics;
mod pace;
mod player_set;
mod predictions;
mod samples;

use bevy::prelude::*;
use bevy_ggrs::{AdvanceWorld, AdvanceWorldSystems, LoadWorld, LoadWorldSystems};

pub(crate) use counting::{RollbackProgress, count_stall, end_update};
#[cfg(feature = "diagnostics")]
pub use diagnostics::NetplayDiagnosticsPlugin;
pub use history::History;
pub use links::{AttemptFailure, PathChange, PeerLink, PeerLinks};
pub use metrics::RollbackMetrics;
pub use player_set::PlayerSet;
pub use samples::{LinkSample, LinkTraffic, MatchSample, UpdateSample};

use crate::input::MatchTypes;
use crate::plugin::SystemsOf;
use crate::{NetplaySystems, in_match};
use predictions::{Predictions, judge_predictions};

/// Counts rollbacks and stalls. Part of [`NetplayPlugins`](crate::NetplayPlugins).
pub struct NetplayMetricsPlugin<C>(std::marker::PhantomData<fn() -> C>);

impl<C> Default for NetplayMetricsPlugin<C> {
    fn default() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<C: MatchTypes> Plugin for NetplayMetricsPlugin<C> {
    fn build(&self, app: &mut App) {
        app.init_resource::<RollbackMetrics>()
            .init_resource::<RollbackProgress>()
            .init_resource::<Predictions<C::Game>>()
            .register_type::<RollbackMetrics>()
            .add_systems(
                LoadWorld,
                counting::begin_rollback.before(LoadWorldSystems::EntityResurrect),
            )
            .add_systems(
                AdvanceWorld,
                (
                    (counting::begin_frame, judge_predictions::<C>)
                        .chain()
                        .before(AdvanceWorldSystems::First),
                    counting::end_frame.after(AdvanceWorldSystems::Last),
                ),
            )
            .add_systems(SystemsOf(NetplaySystems::Measure), end_update.run_if(in_match));
    }
}
