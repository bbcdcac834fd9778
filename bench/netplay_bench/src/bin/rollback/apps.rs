//! [`DrivenApp`]: the game on a store of bevy_ggrs or bevy_netplay, each as a game adds it.

use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::ecs::schedule::SingleThreadedExecutor;
use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_ggrs::{
    AdvanceWorld, AdvanceWorldSystems, GgrsConfig, GgrsPlugin, LoadWorld, LocalInputs,
    LocalPlayers, PlayerInputs, ReadInputs, Rollback, RollbackApp, SaveWorld, Session,
};
use bevy_netplay::prelude::*;
use bevy_netplay::{AsBytes, EncodeError, NetplayGgrs, PredictRepeatLast};
use ggrs::{Config, GgrsError, PlayerType, SessionBuilder};

use crate::game::{Body, Game, Gun, Luck};
use crate::store::{DEPTH, Store};

/// Long enough for a rollback and the frame that it ends with.
const WINDOW: usize = DEPTH as usize + 2;
/// A frame, rounded up so that every update contains one.
const FRAME: Duration = Duration::from_nanos(16_666_667);
/// How many updates a first frame takes at most: clocks have to start, and states to be entered.
const MAX_UPDATES: usize = 10;

type PlainTypes = GgrsConfig<u8>;
type OurTypes = NetplayGgrs<u8, AsBytes, PredictRepeatLast>;

/// A game that is driven by the schedules of bevy_ggrs, as bevy_ggrs does it for a session.
pub struct DrivenApp {
    name: &'static str,
    app: App,
    frame: i32,
    /// The latest frame that was ever next.
    newest: i32,
}

impl DrivenApp {
    /// The game on bevy_ggrs' own store, with checksums of every save if it is asked for.
    pub fn bevy_ggrs(game: Game, with_checksums: bool) -> Result<Self, String> {
        let mut app = app_with_clock();
        app.add_plugins(GgrsPlugin::<PlainTypes>::default())
            .rollback_component_with_clone::<Body>()
            .rollback_component_with_clone::<Gun>()
            .rollback_component_with_clone::<Luck>();
        if with_checksums {
            app.checksum_component_with_hash::<Body>()
                .checksum_component_with_hash::<Gun>()
                .checksum_component_with_hash::<Luck>();
        }
        game.add::<Rollback>(&mut app);
        let mut driven = Self::start::<PlainTypes>("bevy_ggrs", app, |_| {})?;
        game.spawn::<Rollback>(driven.world());
        Ok(driven)
    }

    /// The game on bevy_netplay's store.
    pub fn bevy_netplay(game: Game) -> Result<Self, String> {
        let mut app = app_with_clock();
        let config = NetplayConfig { max_prediction: WINDOW, ..default() };
        app.add_plugins(NetplayPlugins::<u8>::new(config))
            .rollback_component::<Body>()
            .rollback_component::<Gun>()
            .rollback_component::<Luck>();
        game.add::<RollbackEntity>(&mut app);
        let mut driven =
            Self::start::<OurTypes>("bevy_netplay", app, bevy_netplay::bench::start_match)?;
        game.spawn::<RollbackEntity>(driven.world());
        Ok(driven)
    }

    /// Has a session play the first frame. It alone can make what the schedules need: the inputs of a frame, and how
    /// many snapshots bevy_ggrs keeps.
    fn start<C: Config>(
        name: &'static str,
        mut app: App,
        start_match: impl FnOnce(&mut World),
    ) -> Result<Self, String> {
        let keep_inputs = keep_inputs::<C>.after(AdvanceWorldSystems::Last);
        app.add_systems(ReadInputs, press_nothing::<C>);
        app.add_systems(AdvanceWorld, keep_inputs.run_if(resource_exists::<Session<C>>));
        app.finish();
        app.cleanup();
        for (_, schedule) in app.world_mut().resource_mut::<Schedules>().iter_mut() {
            schedule.set_executor(SingleThreadedExecutor::new());
        }
        start_match(app.world_mut());
        app.insert_resource(session::<C>().map_err(|error| error.to_string())?);
        let mut updates = 0..MAX_UPDATES;
        while !app.world().contains_resource::<KeptInputs<C>>() && updates.next().is_some() {
            app.update();
        }
        let world = app.world_mut();
        world.remove_resource::<Session<C>>();
        let KeptInputs(inputs) = world
            .remove_resource::<KeptInputs<C>>()
            .ok_or_else(|| format!("{name} did not play a first frame"))?;
        world.insert_resource(inputs);
        let frame = world.resource::<RollbackFrameCount>().0;
        Ok(Self { name, app, frame, newest: frame })
    }

    fn set_frame(&mut self, frame: i32) {
        self.frame = frame;
        self.newest = self.newest.max(frame);
        let world = self.app.world_mut();
        world.resource_mut::<RollbackFrameCount>().0 = frame;
        world.resource_mut::<ConfirmedFrameCount>().0 = self.newest - DEPTH;
    }
}

impl Store for DrivenApp {
    fn name(&self) -> &'static str {
        self.name
    }

    fn frame(&self) -> i32 {
        self.frame
    }

    fn save(&mut self) {
        self.app.world_mut().run_schedule(SaveWorld);
    }

    fn load(&mut self, frame: i32) {
        self.set_frame(frame);
        self.app.world_mut().run_schedule(LoadWorld);
    }

    fn simulate(&mut self) {
        self.set_frame(self.frame + 1);
        self.app.world_mut().run_schedule(AdvanceWorld);
        // As Bevy does after each update: it notes what was removed until then.
        self.app.world_mut().clear_trackers();
    }

    fn world(&mut self) -> &mut World {
        self.app.world_mut()
    }
}

/// The checksum of a frame that an App on bevy_netplay's store keeps.
pub fn checksum(driven: &DrivenApp, frame: i32) -> Result<u64, EncodeError> {
    bevy_netplay::bench::checksum(driven.app.world(), frame)
}

/// Keeps a frame as a compared one is kept, to explain a desync.
pub fn keep(driven: &mut DrivenApp, frame: i32) {
    bevy_netplay::bench::keep(driven.app.world_mut(), frame);
}

fn app_with_clock() -> App {
    let mut app = App::new();
    app.add_plugins(MinimalPlugins.build().disable::<ScheduleRunnerPlugin>())
        .insert_resource(TimeUpdateStrategy::ManualDuration(FRAME));
    app
}

/// A session of one player.
fn session<C: Config>() -> Result<Session<C>, GgrsError> {
    let builder = SessionBuilder::<C>::new()
        .with_num_players(1)?
        .with_max_prediction_window(WINDOW)
        .with_check_distance(DEPTH as usize)
        .add_player(PlayerType::Local, 0)?;
    Ok(Session::SyncTest(builder.start_synctest_session()?))
}

/// The inputs of a frame.
#[derive(Resource)]
struct KeptInputs<C: Config>(PlayerInputs<C>);

fn keep_inputs<C: Config>(world: &mut World) {
    if let Some(inputs) = world.remove_resource::<PlayerInputs<C>>() {
        world.insert_resource(KeptInputs(inputs));
    }
}

fn press_nothing<C: Config>(mut commands: Commands, players: Res<LocalPlayers>) {
    let inputs = players.0.iter().map(|player| (*player, C::Input::default())).collect();
    commands.insert_resource(LocalInputs::<C>(inputs));
}
