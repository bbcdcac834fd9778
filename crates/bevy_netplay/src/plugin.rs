//! The plugins of a rollback match, and when their systems run.

use std::marker::PhantomData;

use bevy::app::PluginGroupBuilder;
use bevy::ecs::schedule::{ScheduleLabel, SingleThreadedExecutor};
use bevy::input::InputSystems;
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy_ggrs::{GgrsPlugin, LoadWorld, RollbackFrameRate, RunGgrsSystems, SaveWorld};

use crate::input::{NetplayGgrs, NetplayInput, read_inputs};
use crate::session::{Session, TransportFactory};
use crate::{
    CurrentRoom, LastEndReason, LocalInput, NetplayConfig, NetplayMetricsPlugin, NetplayState,
    PeerLinks, ReadLocalInput, RollbackRegistry, messages, reflect, rollback, session,
};

/// Everything a rollback match needs, for a game whose players have the input `I`.
///
/// | plugin | feature | what it adds |
/// | --- | --- | --- |
/// | [`NetplayPlugin`] | | rooms, links, matches |
/// | [`NetplayMetricsPlugin`] | | [`RollbackMetrics`](crate::RollbackMetrics) and [`Checksums`](crate::Checksums) |
/// | `NetplayDiagnosticsPlugin` | `diagnostics` | links and rollbacks in Bevy's diagnostics |
///
/// Bevy's `StatesPlugin` is added if it is missing, and bevy_ggrs' `GgrsPlugin` always.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
///
/// let config = NetplayConfig { game: "pong 1".into(), input_delay: 3, ..default() };
/// App::new().add_plugins((MinimalPlugins, NetplayPlugins::<u8>::new(config)));
/// ```
#[derive(Clone, Debug)]
#[must_use = "plugins do nothing until they are added to an App"]
pub struct NetplayPlugins<I> {
    config: NetplayConfig,
    input: PhantomData<fn() -> I>,
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
        let group = PluginGroupBuilder::start::<Self>()
            .add(NetplayPlugin::<I> { config: self.config, input: PhantomData })
            .add(NetplayMetricsPlugin::<I>::default());
        #[cfg(feature = "diagnostics")]
        let group = group.add(crate::NetplayDiagnosticsPlugin);
        group
    }
}

/// Rooms, links, matches. Part of [`NetplayPlugins`].
#[derive(Clone, Debug)]
pub struct NetplayPlugin<I> {
    config: NetplayConfig,
    input: PhantomData<fn() -> I>,
}

/// The systems of bevy_netplay. All of them run in `PreUpdate`, after Bevy's `InputSystems`, in this order, with
/// bevy_ggrs' `RunGgrsSystems` between the first two.
///
/// A game rarely orders anything by them: its simulation is in [`NetplayUpdate`](crate::NetplayUpdate), its input in
/// [`ReadLocalInput`], and all that it shows in `Update`, after all of them.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash, Reflect)]
#[non_exhaustive]
pub enum NetplaySystems {
    /// Carries out [requests](crate::NetplayCommands), takes in what has arrived, starts and ends matches. A system
    /// that makes a request runs before it to be heard in the same update; one that reads
    /// [messages](crate::messages) runs after it to see them in the same update.
    Receive,
    /// Sends what is due and refreshes [`PeerLinks`]. A system that reads links in `PreUpdate` runs after it.
    Send,
    /// Copies what is known to Bevy's diagnostics. Not meant to be ordered against; here for profilers and for games
    /// that switch it off with a run condition.
    Measure,
}

impl<I: NetplayInput> Plugin for NetplayPlugin<I> {
    fn build(&self, app: &mut App) {
        if !app.is_plugin_added::<StatesPlugin>() {
            app.add_plugins(StatesPlugin);
        }
        messages::register(app);
        reflect::register_types::<I>(app);
        app.add_plugins((GgrsPlugin::<NetplayGgrs<I>>::default(), rollback::plugin))
            .init_state::<NetplayState>()
            .register_type_state::<NetplayState>()
            .insert_resource(RollbackFrameRate(self.config.frame_rate))
            .insert_resource(self.config.clone())
            .init_resource::<Session>()
            .init_resource::<TransportFactory>()
            .init_resource::<RollbackRegistry>()
            .init_resource::<LocalInput<I>>()
            .init_resource::<PeerLinks>()
            .init_resource::<CurrentRoom>()
            .init_resource::<LastEndReason>()
            .configure_sets(
                PreUpdate,
                (
                    NetplaySystems::Receive,
                    RunGgrsSystems,
                    NetplaySystems::Send,
                    NetplaySystems::Measure,
                )
                    .chain()
                    .after(InputSystems),
            )
            .add_systems(
                SystemsOf(NetplaySystems::Receive),
                (
                    session::handle_requests::<I>,
                    session::receive,
                    session::apply_events::<I>.run_if(session::has_events),
                    session::fast_forward,
                )
                    .chain(),
            )
            .add_systems(
                SystemsOf(NetplaySystems::Send),
                (
                    session::restore_time,
                    session::confirm_frames,
                    session::send::<I>,
                    session::apply_events::<I>.run_if(session::has_events),
                )
                    .chain(),
            )
            .init_schedule(ReadLocalInput)
            .add_systems(bevy_ggrs::ReadInputs, read_inputs::<I>);
        #[cfg(target_arch = "wasm32")]
        app.add_plugins(crate::background::BackgroundPlugin);
        for set in [NetplaySystems::Receive, NetplaySystems::Send, NetplaySystems::Measure] {
            let systems = SystemsOf(set.clone());
            single_threaded(app, systems.clone());
            let run = move |world: &mut World| world.run_schedule(systems.clone());
            app.add_systems(PreUpdate, run.in_set(set));
        }
        single_threaded(app, SaveWorld);
        single_threaded(app, LoadWorld);
        single_threaded(app, ReadLocalInput);
    }
}

/// The systems of a set, as a schedule that one system of the set runs.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SystemsOf(pub(crate) NetplaySystems);

/// Has a schedule run its systems on one thread. They take a few microseconds each, several times a frame; handing those
/// of [`NetplaySystems`] to other threads takes some 80 µs of a frame on two cores (`cargo xtask bench`).
fn single_threaded(app: &mut App, schedule: impl ScheduleLabel) {
    app.edit_schedule(schedule, |schedule| {
        schedule.set_executor(SingleThreadedExecutor::new());
    });
}
