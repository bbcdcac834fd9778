//! Two Apps that play with each other over real WebRTC, and whose connections can be cut.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy_netplay::TransportFactory;
use bevy_netplay::prelude::*;
use bevy_netplay::transport::rtc::RtcTransport;
use bevy_netplay::transport::{
    Channel, PathId, SendError, Transport, TransportEvent, TransportRequest,
};
use netplay_server::Server;
use serde_json::{Value, json};

const FRAME: Duration = Duration::from_nanos(16_666_667);

/// What can be done to the network of both.
#[derive(Clone, Default)]
pub struct Switch {
    /// Nothing passes on connections, in either direction: they do not notice, as in a network.
    cut: Arc<AtomicBool>,
    /// Closes every connection of the second App.
    close: Arc<AtomicBool>,
}

/// A transport behind a switch.
struct Switched {
    below: RtcTransport,
    switch: Switch,
    closes: bool,
    paths: Vec<(PeerKey, PathId)>,
}

impl Transport for Switched {
    fn poll(&mut self, now: Duration) {
        if self.closes && self.switch.close.swap(false, Ordering::Relaxed) {
            for (peer, path) in self.paths.drain(..) {
                self.below.request(TransportRequest::Close(peer, path));
            }
        }
        self.below.poll(now);
    }

    fn next_event(&mut self) -> Option<TransportEvent> {
        loop {
            let event = self.below.next_event()?;
            match &event {
                TransportEvent::Received { path, .. }
                    if *path != PathId::RELAY && self.switch.cut.load(Ordering::Relaxed) => {}
                TransportEvent::PathUp { peer, path, .. } if *path != PathId::RELAY => {
                    self.paths.push((*peer, *path));
                    return Some(event);
                }
                _ => return Some(event),
            }
        }
    }

    fn send(
        &mut self,
        now: Duration,
        to: PeerKey,
        path: PathId,
        channel: Channel,
        packet: &[u8],
    ) -> Result<usize, SendError> {
        if path != PathId::RELAY && self.switch.cut.load(Ordering::Relaxed) {
            return Ok(0);
        }
        self.below.send(now, to, path, channel, packet)
    }

    fn request(&mut self, request: TransportRequest) {
        self.below.request(request);
    }

    fn leave(&mut self) {
        self.below.leave();
    }
}

/// What one App presses: something else in every frame.
#[derive(Resource)]
struct Seed(u32);

/// The state of the game: everything that was ever pressed.
#[derive(Resource, Clone, Default, Hash)]
struct Sum(u64);

/// Two Apps in a match.
pub struct Duo {
    apps: [App; 2],
    pub switch: Switch,
    next: Instant,
    _server: Server,
}

/// Where the first App is in its match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub frame: i32,
    pub confirmed: i32,
}

impl Duo {
    /// Begins a match on these paths.
    pub fn start(policy: PathPolicy) -> Result<Self, String> {
        let server = super::server()?;
        let switch = Switch::default();
        let app = |number: u32| {
            let config =
                NetplayConfig { game: "bench".into(), server: server.url(), policy, ..default() };
            let mut app = App::new();
            let taken = Arc::new(Mutex::new(Some(switch.clone())));
            app.add_plugins((
                MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(),
                NetplayPlugins::<[u8; 4]>::new(config),
            ))
            .insert_resource(TransportFactory::new(move |request| {
                let switch = taken.lock().unwrap_or_else(PoisonError::into_inner).clone();
                Box::new(Switched {
                    below: RtcTransport::join(request.clone()),
                    switch: switch.unwrap_or_default(),
                    closes: number == 1,
                    paths: Vec::new(),
                })
            }))
            .insert_resource(Seed(number))
            .rollback_resource::<Sum>()
            .init_resource::<Sum>()
            .add_systems(StartMatch, |mut sum: ResMut<Sum>| sum.0 = 0)
            .add_systems(
                ReadLocalInput,
                |seed: Res<Seed>,
                 frame: Res<RollbackFrameCount>,
                 mut input: ResMut<LocalInput<[u8; 4]>>| {
                    let pressed = (frame.0 as u32 / 5).wrapping_mul(0x9e37_79b9) ^ seed.0;
                    input.0 = pressed.to_le_bytes();
                },
            )
            .add_systems(
                NetplayUpdate,
                |inputs: Inputs<[u8; 4]>, mut sum: ResMut<Sum>| {
                    for player in [0, 1] {
                        let pressed = u32::from_le_bytes(inputs.get(player));
                        sum.0 = sum.0.rotate_left(7) ^ u64::from(pressed);
                    }
                },
            );
            app.finish();
            app.cleanup();
            let world = app.world_mut();
            world.commands().join_room(JoinRoom::code("BENCH"));
            world.flush();
            app
        };
        let apps = [app(0), app(1)];
        let mut duo = Self { apps, switch, next: Instant::now(), _server: server };
        let begun = Instant::now();
        while duo.place().confirmed < 120 {
            duo.step();
            if begun.elapsed() > Duration::from_secs(30) {
                return Err("the match did not start".to_owned());
            }
        }
        Ok(duo)
    }

    /// Waits for the next frame, and lets both Apps run it.
    pub fn step(&mut self) {
        let now = Instant::now();
        std::thread::sleep(self.next.saturating_duration_since(now));
        // Whoever is late does not hurry.
        self.next = self.next.max(now) + FRAME;
        self.apps.iter_mut().for_each(App::update);
    }

    pub fn cut(&self, cut: bool) {
        self.switch.cut.store(cut, Ordering::Relaxed);
    }

    pub fn close(&self) {
        self.switch.close.store(true, Ordering::Relaxed);
    }

    pub fn place(&self) -> Place {
        let world = self.apps[0].world();
        Place {
            frame: world.resource::<RollbackFrameCount>().0,
            confirmed: world.resource::<ConfirmedFrameCount>().0,
        }
    }

    /// The paths that carry, of both.
    pub fn paths(&self) -> [Option<LinkPath>; 2] {
        self.apps
            .each_ref()
            .map(|app| app.world().resource::<PeerLinks>().iter().next().and_then(|link| link.path))
    }

    fn rtt(&self) -> Option<Duration> {
        self.apps[0].world().resource::<PeerLinks>().iter().next().and_then(|link| link.rtt)
    }
}

/// Round trip times while a match is played, on the direct path and through the server.
pub fn round_trips() -> Result<Value, String> {
    let measure = |policy| -> Result<Vec<f64>, String> {
        let mut duo = Duo::start(policy)?;
        let mut milliseconds = Vec::new();
        for frame in 0..600 {
            duo.step();
            if frame % 30 == 0
                && let Some(rtt) = duo.rtt()
            {
                milliseconds.push(rtt.as_secs_f64() * 1000.0);
            }
        }
        Ok(milliseconds)
    };
    Ok(
        json!({ "direct_ms": measure(PathPolicy::Direct)?, "relay_ms": measure(PathPolicy::Relay)? }),
    )
}
