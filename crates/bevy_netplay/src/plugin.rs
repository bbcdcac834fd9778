use std::marker::PhantomData;

use bevy::app::PluginGroupBuilder;
use bevy::ecs::schedule::{ScheduleLabel, SingleThreadedExecutor};
use bevy::input::InputSystems;
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy_ggrs::{GgrsPlugin, LoadWorld, RollbackFrameRate, RunGgrsSystems, SaveWorld};

use crate::input::{NetplayGgrs, NetplayInput, read_inputs};
use crate::session::{Netplay, TransportFactory};
use crate::{
    CurrentRoom, LocalInput, NetplayConfig, NetplayDiagnosticsPlugin, NetplayMetricsPlugin,
    NetplayState, PeerLinks, ReadInputs, RollbackRegistry, messages, session,
};

/// Everything a rollback match needs, for a game whose players press `I`.
///
/// * [`NetplayPlugin`]: rooms, links, matches;
/// * [`NetplayMetricsPlugin`]: [`RollbackMetrics`](crate::RollbackMetrics) and [`Checksums`](crate::Checksums);
/// * [`NetplayDiagnosticsPlugin`]: the same for Bevy's diagnostics.
pub struct NetplayPlugins<I> {
    config: NetplayConfig,
    input: PhantomData<I>,
}

impl<I> NetplayPlugins<I> {
    /// The plugins, configured.
    pub fn new(config: NetplayConfig) -> Self {
        Self { config, input: PhantomData }
    }
}

impl<I> Default for NetplayPlugins<I> {
    fn default() -> Self {
        Self::new(NetplayConfig::default())
    }
}

impl<I: NetplayInput> PluginGroup for NetplayPlugins<I> {
    fn build(self) -> PluginGroupBuilder {
        PluginGroupBuilder::start::<Self>()
            .add(NetplayPlugin::<I> { config: self.config, input: PhantomData })
            .add(NetplayMetricsPlugin::<I>::default())
            .add(NetplayDiagnosticsPlugin)
    }
}

/// Rooms, links, matches. Part of [`NetplayPlugins`].
pub struct NetplayPlugin<I> {
    config: NetplayConfig,
    input: PhantomData<I>,
}

/// When netplay runs, in `PreUpdate`.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub enum NetplaySystems {
    /// Takes in what has arrived, starts and ends matches. Before bevy_ggrs runs the frame.
    Receive,
    /// Sends what is due and refreshes [`PeerLinks`]. After bevy_ggrs has run the frame.
    Send,
}

impl<I: NetplayInput> Plugin for NetplayPlugin<I> {
    fn build(&self, app: &mut App) {
        if !app.is_plugin_added::<StatesPlugin>() {
            app.add_plugins(StatesPlugin);
        }
        messages::register(app);
        app.add_plugins(GgrsPlugin::<NetplayGgrs<I>>::default())
            .init_state::<NetplayState>()
            .insert_resource(RollbackFrameRate(self.config.frame_rate))
            .insert_resource(self.config.clone())
            .init_resource::<Netplay>()
            .init_resource::<TransportFactory>()
            .init_resource::<RollbackRegistry>()
            .init_resource::<LocalInput<I>>()
            .init_resource::<PeerLinks>()
            .init_resource::<CurrentRoom>()
            .register_type::<PeerLinks>()
            .configure_sets(
                PreUpdate,
                (NetplaySystems::Receive, RunGgrsSystems, NetplaySystems::Send)
                    .chain()
                    .after(InputSystems),
            )
            .add_systems(
                PreUpdate,
                (
                    session::receive::<I>.in_set(NetplaySystems::Receive),
                    session::send::<I>.in_set(NetplaySystems::Send),
                ),
            )
            .init_schedule(ReadInputs)
            .add_systems(bevy_ggrs::ReadInputs, read_inputs::<I>);
        #[cfg(target_arch = "wasm32")]
        app.add_systems(Last, crate::background::run_in_background_in_rooms);
        // Dozens of systems that each take a microsecond, several times a frame: handing them to other
        // threads costs more than they do.
        for schedule in
            [SaveWorld.intern(), LoadWorld.intern(), ReadInputs.intern(), StateTransition.intern()]
        {
            app.edit_schedule(schedule, |schedule| {
                schedule.set_executor(SingleThreadedExecutor::new());
            });
        }
    }
}
