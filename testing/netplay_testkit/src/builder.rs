//! [`TestAppsBuilder`]: how many Apps, which game, what network.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bevy::app::ScheduleRunnerPlugin;
use bevy::ecs::schedule::SingleThreadedExecutor;
use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::{Checksums, EntropySource, TransportFactory};
use netplay_protocol::PeerKey;
use netplay_transport::memory::MemoryHub;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use crate::record::{self, MessageLog, Record};
use crate::served::ServedHub;
use crate::test_apps::{TestApp, TestApps};
use crate::{DuelPlugin, Keys, Script};

/// How many steps a match may take to start before [`TestAppsBuilder::start`] gives up: 30 s.
const START_STEPS: u32 = 1800;

type Configure = Box<dyn Fn(usize, &mut NetplayConfig)>;
type Extend = Box<dyn Fn(usize, &mut App)>;
type Game = Box<dyn Fn(&mut App, NetplayConfig)>;

/// Makes a [`TestApps`].
#[must_use = "a builder does nothing until it is built"]
pub struct TestAppsBuilder {
    pub(crate) seed: u64,
    /// How many processes there were.
    processes: AtomicU64,
    players: usize,
    conditions: NetworkConditions,
    served: bool,
    game: Game,
    configure: Configure,
    extend: Extend,
}

impl TestAppsBuilder {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            processes: AtomicU64::new(0),
            players: 2,
            conditions: NetworkConditions::default(),
            served: false,
            game: Box::new(move |app, config| {
                let script = Script { seed };
                app.add_plugins((NetplayPlugins::<Keys>::new(config), DuelPlugin { script }));
            }),
            configure: Box::new(|_, _| {}),
            extend: Box::new(|_, _| {}),
        }
    }

    /// How many Apps play. Default 2.
    pub fn players(mut self, players: usize) -> Self {
        self.players = players;
        self
    }

    /// What the network is like in every direction. Default perfect.
    pub fn conditions(mut self, conditions: NetworkConditions) -> Self {
        self.conditions = conditions;
        self
    }

    /// Connects the Apps through the real signaling server ([`ServedHub`]) instead of the simple rooms of the memory
    /// hub.
    pub fn served(mut self) -> Self {
        self.served = true;
        self
    }

    /// Plays another game than the duel: the function adds `NetplayPlugins` with this configuration, the game, and a
    /// system that writes the input.
    pub fn game(mut self, add: impl Fn(&mut App, NetplayConfig) + 'static) -> Self {
        self.game = Box::new(add);
        self
    }

    /// Changes the configuration of each App, given its index.
    pub fn configure(mut self, configure: impl Fn(usize, &mut NetplayConfig) + 'static) -> Self {
        self.configure = Box::new(configure);
        self
    }

    /// Adds to each App, given its index.
    pub fn extend(mut self, extend: impl Fn(usize, &mut App) + 'static) -> Self {
        self.extend = Box::new(extend);
        self
    }

    /// Builds the Apps. None of them has joined a room.
    pub fn build(self) -> TestApps {
        let hub = MemoryHub::new(self.conditions.clone(), self.seed);
        let conditions = self.conditions.clone();
        let server = self.served.then(|| ServedHub::new(hub.clone(), conditions, self.seed));
        let apps = (0..self.players).map(|index| self.app(index, &hub, server.as_ref())).collect();
        TestApps::new(self, hub, server, apps)
    }

    /// Builds the Apps, and steps until all of them play.
    pub fn start(self) -> TestApps {
        let mut apps = self.build();
        apps.join_all();
        apps.run_until("all play", START_STEPS, TestApps::all_playing);
        apps
    }

    /// Builds one App.
    pub(crate) fn app(&self, index: usize, hub: &MemoryHub, server: Option<&ServedHub>) -> TestApp {
        // Identities follow from the seed, and so does which peer has the lower key.
        let mut secret = [index as u8 + 1; 32];
        secret[..8].copy_from_slice(&self.seed.to_le_bytes());
        let identity = Some(PeerIdentity::from_secret(&secret));
        // A fixed delay: scripts play by it.
        let mut config = NetplayConfig {
            game: "duel 1".into(),
            identity,
            input_delay: 2,
            max_input_delay: 0,
            ..default()
        };
        (self.configure)(index, &mut config);
        let key = Arc::new(Mutex::new(None::<PeerKey>));
        let factory = {
            let (hub, server, key) = (hub.clone(), server.cloned(), key.clone());
            TransportFactory::new(move |request| {
                *key.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(request.identity.peer_key());
                match &server {
                    Some(server) => Box::new(server.join(request)),
                    None => Box::new(hub.join(request)),
                }
            })
        };
        let process = self.processes.fetch_add(1, Ordering::Relaxed);
        let random = Mutex::new(Pcg32::seed_from_u64(self.seed ^ process << 40));
        let entropy = EntropySource::new(move || {
            random.lock().unwrap_or_else(PoisonError::into_inner).random()
        });
        let mut app = App::new();
        app.add_plugins(MinimalPlugins.build().disable::<ScheduleRunnerPlugin>())
            .insert_resource(factory)
            .insert_resource(entropy)
            .init_resource::<Record>()
            .init_resource::<MessageLog>()
            .add_systems(Update, record::log_messages);
        (self.game)(&mut app, config);
        (self.extend)(index, &mut app);
        app.finish();
        app.cleanup();
        app.world_mut().resource_mut::<Checksums>().request_every_frame();
        // Thousands of tiny frames: on one thread they take a tenth of the time.
        for (_, schedule) in app.world_mut().resource_mut::<Schedules>().iter_mut() {
            schedule.set_executor(SingleThreadedExecutor::new());
        }
        TestApp::new(app, key)
    }
}
