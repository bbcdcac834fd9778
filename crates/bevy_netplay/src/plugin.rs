//! The plugins of a rollback match, and when their systems run.

use std::marker::PhantomData;

use bevy::app::PluginGroupBuilder;
use bevy::ecs::schedule::{ScheduleLabel, SingleThreadedExecutor};
use bevy::input::InputSystems;
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy_ggrs::{
    AdvanceWorld, AdvanceWorldSystems, GgrsPlugin, LoadWorld, ReadInputs, RollbackFrameRate,
    SaveWorld,
};
use ggrs::{InputPredictor, PredictRepeatLast};

use crate::input::{
    self, AsBytes, AsSerde, InputEncoding, MatchTypes, NetplayGgrs, NetplayInput, PeerInput,
    PendingInputs, Types,
};
use crate::lobby::{self, LobbyOverviewSeen, LobbyTypes};
use crate::session::{EntropySource, FrameClock, GgrsClock, RunGgrs, Session, TransportFactory};
use crate::smoothing::SmoothingSystems;
use crate::state::log_state;
use crate::{
    CurrentLobby, CurrentRoom, DoctorReport, LastEndReason, LocalInput, NetplayConfig,
    NetplayMetricsPlugin, NetplayState, PeerLinks, ReadLocalInput, StartMatch, UpdateBots, desync,
    doctor, effects, indicator, logs, messages, peer_messages, reflect, report, rollback, session,
    smoothing,
};

/// Everything a rollback match needs, for a game whose players have the input `I`.
///
/// | plugin | feature | what it adds |
/// | --- | --- | --- |
/// | [`NetplayPlugin`] | | rooms, links, matches |
/// | [`NetplayMetricsPlugin`] | | [`RollbackMetrics`](crate::RollbackMetrics) and [`Checksums`](crate::Checksums) |
/// | `NetplayDiagnosticsPlugin` | `diagnostics` | links and rollbacks in Bevy's diagnostics |
///
/// Bevy's `StatesPlugin` is added if it is missing, and bevy_ggrs' `GgrsPlugin` always. So that the libraries below WebRTC do
/// not fill the log, give Bevy's `LogPlugin` the filter [`LOG_FILTER`](crate::LOG_FILTER).
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
///
/// let config = NetplayConfig { game: "pong 1".into(), input_delay: 3, ..default() };
/// App::new().add_plugins((MinimalPlugins, NetplayPlugins::<u8>::new(config)));
/// ```
#[derive(Debug)]
#[must_use = "plugins do nothing until they are added to an App"]
pub struct NetplayPlugins<I, E = AsBytes, P = PredictRepeatLast, const L: usize = 1> {
    config: NetplayConfig,
    types: PhantomData<Types<I, E, P>>,
}

impl<I> NetplayPlugins<I> {
    /// The plugins, configured, for a game whose input is plain bytes. One that is not goes on with
    /// [`by_serde`](Self::by_serde).
    pub fn new(config: NetplayConfig) -> Self {
        Self { config, types: PhantomData }
    }
}

impl<I> Default for NetplayPlugins<I> {
    fn default() -> Self {
        Self::new(NetplayConfig::default())
    }
}

impl<I, E, P, const L: usize> NetplayPlugins<I, E, P, L> {
    /// A peer may bring up to so many players, 1 to 4, as [`JoinRoom::local_players`](crate::JoinRoom::local_players) says of
    /// each. All peers of a room must have the same number here. What travels of
    /// players that a peer could bring and does not is a few bits.
    ///
    /// ```
    /// let plugins = bevy_netplay::NetplayPlugins::<u8>::default().local_players::<4>();
    /// ```
    pub fn local_players<const N: usize>(self) -> NetplayPlugins<I, E, P, N> {
        NetplayPlugins { config: self.config, types: PhantomData }
    }

    /// Inputs travel by serde: see [`AsSerde`].
    pub fn by_serde(self) -> NetplayPlugins<I, AsSerde, P, L> {
        NetplayPlugins { config: self.config, types: PhantomData }
    }

    /// Inputs that have not arrived yet are predicted in another way than that a player goes on with the last one.
    ///
    /// ```
    /// use bevy_netplay::InputPredictor;
    ///
    /// /// A player who turned last goes on turning and does not fire again.
    /// struct FireOnce;
    ///
    /// impl InputPredictor<[u8; 2]> for FireOnce {
    ///     fn predict([turn, _fire]: [u8; 2]) -> [u8; 2] {
    ///         [turn, 0]
    ///     }
    /// }
    ///
    /// let plugins = bevy_netplay::NetplayPlugins::<[u8; 2]>::default().predict_by::<FireOnce>();
    /// ```
    pub fn predict_by<Q: InputPredictor<I>>(self) -> NetplayPlugins<I, E, Q, L> {
        NetplayPlugins { config: self.config, types: PhantomData }
    }
}

impl<I, E, P, const L: usize> PluginGroup for NetplayPlugins<I, E, P, L>
where
    I: NetplayInput,
    E: InputEncoding<I>,
    P: InputPredictor<I> + 'static,
{
    fn build(self) -> PluginGroupBuilder {
        let group = PluginGroupBuilder::start::<Self>()
            .add(NetplayPlugin::<I, E, P, L> { config: self.config, types: PhantomData })
            .add(NetplayMetricsPlugin::<NetplayGgrs<I, E, P, L>>::default());
        #[cfg(feature = "diagnostics")]
        let group = group.add(crate::NetplayDiagnosticsPlugin);
        group
    }
}

/// Rooms, links, matches. Part of [`NetplayPlugins`].
#[derive(Debug)]
pub struct NetplayPlugin<I, E = AsBytes, P = PredictRepeatLast, const L: usize = 1> {
    config: NetplayConfig,
    types: PhantomData<Types<I, E, P>>,
}

/// The systems of bevy_netplay. All of them run in `PreUpdate`, after Bevy's `InputSystems`, in this order.
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
    /// Simulates the frames that are due: rolls back where it must, runs [`ReadLocalInput`](crate::ReadLocalInput) and
    /// [`NetplayUpdate`](crate::NetplayUpdate). A system that collects presses of keys runs before it.
    Simulate,
    /// Sends what is due and refreshes [`PeerLinks`]. A system that reads links in `PreUpdate` runs after it.
    Send,
    /// Closes the accounts of the update: samples of [`RollbackMetrics`](crate::RollbackMetrics), the record of the
    /// [report](crate::session_report), Bevy's diagnostics. Not meant to be ordered against; here for profilers.
    Measure,
}

impl<I, E, P, const L: usize> Plugin for NetplayPlugin<I, E, P, L>
where
    I: NetplayInput,
    E: InputEncoding<I>,
    P: InputPredictor<I> + 'static,
{
    fn build(&self, app: &mut App) {
        if !app.is_plugin_added::<StatesPlugin>() {
            app.add_plugins(StatesPlugin);
        }
        messages::register(app);
        reflect::register_types::<I>(app);
        let ggrs = GgrsPlugin::<NetplayGgrs<I, E, P, L>>::new(RunGgrs);
        app.add_plugins((
            ggrs,
            rollback::plugin,
            lobby::match_end_plugin,
            logs::plugin,
            peer_messages::plugin,
            report::plugin,
            indicator::plugin,
            smoothing::plugin,
        ))
        .add_plugins(desync::plugin::<NetplayGgrs<I, E, P, L>>)
        .add_plugins(input::bots_plugin::<NetplayGgrs<I, E, P, L>>)
        .init_state::<NetplayState>()
        .register_type_state::<NetplayState>()
        .add_systems(Update, log_state.run_if(state_changed::<NetplayState>))
        .insert_resource(RollbackFrameRate(self.config.frame_rate))
        .insert_resource(self.config.clone())
        .init_resource::<Session>()
        .init_resource::<FrameClock>()
        .init_resource::<GgrsClock>()
        .init_resource::<TransportFactory>()
        .init_resource::<EntropySource>()
        .init_resource::<LocalInput<I>>()
        .init_resource::<PendingInputs<PeerInput<I, L>>>()
        .init_resource::<PeerLinks>()
        .init_resource::<CurrentRoom>()
        .init_resource::<CurrentLobby>()
        .init_resource::<LobbyOverviewSeen>()
        .init_resource::<LobbyTypes>()
        .init_resource::<LastEndReason>()
        .init_resource::<DoctorReport>()
        .configure_sets(
            PreUpdate,
            (
                NetplaySystems::Receive,
                NetplaySystems::Simulate,
                NetplaySystems::Send,
                NetplaySystems::Measure,
            )
                .chain()
                .after(InputSystems),
        )
        .init_schedule(ReadLocalInput);
        add_systems::<NetplayGgrs<I, E, P, L>>(app);
        #[cfg(target_arch = "wasm32")]
        app.add_plugins(crate::background::BackgroundPlugin);
        for set in [
            NetplaySystems::Receive,
            NetplaySystems::Simulate,
            NetplaySystems::Send,
            NetplaySystems::Measure,
        ] {
            let systems = SystemsOf(set.clone());
            single_threaded(app, systems.clone());
            let run = move |world: &mut World| world.run_schedule(systems.clone());
            app.add_systems(PreUpdate, run.in_set(set));
        }
        single_threaded(app, RunGgrs);
        single_threaded(app, SaveWorld);
        single_threaded(app, LoadWorld);
        single_threaded(app, ReadInputs);
        single_threaded(app, ReadLocalInput);
        single_threaded(app, StartMatch);
        single_threaded(app, UpdateBots);
        single_threaded(app, effects::ShowEffects);
    }

    fn finish(&self, app: &mut App) {
        rollback::check_simulation(app);
    }
}

fn add_systems<C: MatchTypes>(app: &mut App) {
    #[cfg(feature = "emulator")]
    app.init_resource::<session::CurrentEmulation>().add_systems(
        SystemsOf(NetplaySystems::Receive),
        session::change_emulation.after(session::handle_requests::<C>).before(session::receive),
    );
    app.add_systems(
        SystemsOf(NetplaySystems::Receive),
        (
            session::handle_requests::<C>,
            session::change_input_delay.run_if(resource_changed::<NetplayConfig>),
            session::read_room_list.run_if(session::is_listing),
            doctor::read_doctor.run_if(doctor::is_running),
            session::receive,
            session::apply_events::<C>.run_if(session::has_events),
            session::start_local_match::<C>.run_if(session::has_local_match),
            lobby::update_lobby.run_if(resource_changed::<LobbyOverviewSeen>),
            lobby::update_countdown,
        )
            .chain()
            .after(SmoothingSystems::Restore),
    )
    .add_systems(
        SystemsOf(NetplaySystems::Simulate),
        (
            effects::begin.run_if(resource_exists::<effects::ShownProgress>),
            session::simulate::<C>.run_if(session::is_simulating),
            effects::show::<C>.run_if(resource_exists::<effects::ShownProgress>),
        )
            .chain()
            .before(SmoothingSystems::Settle),
    )
    .add_systems(
        SystemsOf(NetplaySystems::Send),
        (
            session::send,
            session::refresh_links,
            session::apply_events::<C>.run_if(session::has_events),
        )
            .chain(),
    )
    .add_systems(Last, session::leave_at_exit.run_if(on_message::<AppExit>))
    .add_observer(session::restore_time)
    .add_systems(
        AdvanceWorld,
        (
            input::begin_frame::<C>.in_set(AdvanceWorldSystems::First),
            input::end_frame::<C>.in_set(AdvanceWorldSystems::Last),
        ),
    );
}

/// The systems of a set, as a schedule that one system of the set runs.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SystemsOf(pub(crate) NetplaySystems);

/// Has a schedule run its systems on one thread. They take a few microseconds each, several times a frame; handing
/// those of [`NetplaySystems`] to other threads takes some 80 µs of a frame on two cores (`cargo xtask bench`). And
/// where their order is left open, as it may be in [`StartMatch`], it is the same on every machine.
fn single_threaded(app: &mut App, schedule: impl ScheduleLabel) {
    app.edit_schedule(schedule, |schedule| {
        schedule.set_executor(SingleThreadedExecutor::new());
    });
}
