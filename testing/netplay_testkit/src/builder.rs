use std::sync::{Arc, Mutex, PoisonError};

use bevy::app::ScheduleRunnerPlugin;
use bevy::ecs::schedule::SingleThreadedExecutor;
use bevy::prelude::*;
use bevy_netplay::TransportFactory;
use bevy_netplay::prelude::*;
use netplay_protocol::PeerKey;
use netplay_transport::memory::MemoryHub;

use crate::cluster::{Cluster, Seat};
use crate::record::{self, Heard, Record};
use crate::served::ServedHub;
use crate::{DuelPlugin, Keys, Script};

/// How many steps a match may take to start before [`ClusterBuilder::start`] gives up: 30 s.
const START_STEPS: u32 = 1800;

type Configure = Box<dyn Fn(usize, &mut NetplayConfig)>;
type Extend = Box<dyn Fn(usize, &mut App)>;
type Game = Box<dyn Fn(&mut App, NetplayConfig)>;

/// Makes a [`Cluster`].
#[must_use = "a builder does nothing until it is built"]
pub struct ClusterBuilder {
    pub(crate) seed: u64,
    players: usize,
    conditions: NetworkConditions,
    served: bool,
    game: Game,
    configure: Configure,
    extend: Extend,
}

impl ClusterBuilder {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
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

    /// Has the real signaling server stand between the Apps ([`ServedHub`]), and not the simple rooms of
    /// the memory hub.
    pub fn served(mut self) -> Self {
        self.served = true;
        self
    }

    /// Has the Apps play another game than the duel: adds `NetplayPlugins` with this configuration, the
    /// game, and somebody who plays it.
    pub fn game(mut self, add: impl Fn(&mut App, NetplayConfig) + 'static) -> Self {
        self.game = Box::new(add);
        self
    }

    /// Changes the configuration of each App, given its number.
    pub fn configure(mut self, configure: impl Fn(usize, &mut NetplayConfig) + 'static) -> Self {
        self.configure = Box::new(configure);
        self
    }

    /// Adds to each App, given its number.
    pub fn extend(mut self, extend: impl Fn(usize, &mut App) + 'static) -> Self {
        self.extend = Box::new(extend);
        self
    }

    /// The Apps, none of which has joined a room.
    pub fn build(self) -> Cluster {
        let hub = MemoryHub::new(self.conditions.clone(), self.seed);
        let conditions = self.conditions.clone();
        let server = self.served.then(|| ServedHub::new(hub.clone(), conditions, self.seed));
        let seats = (0..self.players).map(|seat| self.seat(seat, &hub, server.as_ref())).collect();
        Cluster::new(self, hub, server, seats)
    }

    /// The Apps, playing.
    pub fn start(self) -> Cluster {
        let mut cluster = self.build();
        cluster.join_all();
        cluster.run_until("everybody plays", START_STEPS, Cluster::all_playing);
        cluster
    }

    /// An App.
    pub(crate) fn seat(&self, seat: usize, hub: &MemoryHub, server: Option<&ServedHub>) -> Seat {
        // Identities follow from the seed as well, and so does who has the lower key.
        let mut secret = [seat as u8 + 1; 32];
        secret[..8].copy_from_slice(&self.seed.to_le_bytes());
        let identity = Some(Identity::from_secret(&secret));
        let mut config = NetplayConfig { game: "duel 1".into(), identity, ..default() };
        (self.configure)(seat, &mut config);
        let key = Arc::new(Mutex::new(None::<PeerKey>));
        let factory = {
            let (hub, server, key) = (hub.clone(), server.cloned(), key.clone());
            TransportFactory(Box::new(move |request| {
                *key.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(request.identity.peer_key());
                match &server {
                    Some(server) => Box::new(server.join(request)),
                    None => Box::new(hub.join(request)),
                }
            }))
        };
        let mut app = App::new();
        app.add_plugins(MinimalPlugins.build().disable::<ScheduleRunnerPlugin>())
            .insert_resource(factory)
            .init_resource::<Record>()
            .init_resource::<Heard>()
            .add_systems(Update, record::listen);
        (self.game)(&mut app, config);
        (self.extend)(seat, &mut app);
        app.finish();
        app.cleanup();
        // Thousands of tiny frames: on one thread they take a tenth of the time.
        for (_, schedule) in app.world_mut().resource_mut::<Schedules>().iter_mut() {
            schedule.set_executor(SingleThreadedExecutor::new());
        }
        Seat::new(app, key)
    }
}
