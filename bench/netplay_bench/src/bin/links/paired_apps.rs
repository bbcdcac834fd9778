//! Two Apps that play with each other over real WebRTC, and whose connections can be cut or closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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

/// Faults of the network between both Apps.
#[derive(Clone, Default)]
pub struct Faults {
    /// Drops all packets on connections, in both directions, without closing them.
    cut: Arc<AtomicBool>,
    /// Closes every connection of the second App.
    close: Arc<AtomicBool>,
}

/// A transport with faults.
struct Faulty {
    inner: RtcTransport,
    faults: Faults,
    closes: bool,
    paths: Vec<(PeerKey, PathId)>,
}

impl Transport for Faulty {
    fn poll(&mut self, now: Duration) {
        if self.closes && self.faults.close.swap(false, Ordering::Relaxed) {
            for (peer, path) in self.paths.drain(..) {
                self.inner.request(TransportRequest::Close(peer, path));
            }
        }
        self.inner.poll(now);
    }

    fn poll_event(&mut self) -> Option<TransportEvent> {
        loop {
            let event = self.inner.poll_event()?;
            match &event {
                TransportEvent::Received { path, .. }
                    if *path != PathId::RELAY && self.faults.cut.load(Ordering::Relaxed) => {}
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
        if path != PathId::RELAY && self.faults.cut.load(Ordering::Relaxed) {
            return Ok(0);
        }
        self.inner.send(now, to, path, channel, packet)
    }

    fn buffered(&self, to: PeerKey, path: PathId) -> Option<usize> {
        self.inner.buffered(to, path)
    }

    fn request(&mut self, request: TransportRequest) {
        self.inner.request(request);
    }

    fn leave(&mut self) {
        self.inner.leave();
    }
}

/// Makes the inputs of an App differ from those of the other.
#[derive(Resource)]
struct Seed(u32);

/// The state of the game: a hash of all inputs so far.
#[derive(Resource, Clone, Default, Hash)]
struct Sum(u64);

/// An App that joins a match of so many players. It has no runner.
pub fn player(
    number: u32,
    players: u8,
    server: String,
    policy: PathPolicy,
    extend: impl FnOnce(&mut App),
) -> App {
    let config = NetplayConfig { game: "bench".into(), server, policy, ..default() };
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(),
        NetplayPlugins::<[u8; 4]>::new(config),
    ))
    .insert_resource(Seed(number))
    .rollback_resource_by_hash::<Sum>()
    .init_resource::<Sum>()
    .add_systems(StartMatch, |mut sum: ResMut<Sum>| sum.0 = 0)
    .add_systems(
        ReadLocalInput,
        |seed: Res<Seed>,
         frame: Res<RollbackFrameCount>,
         mut input: ResMut<LocalInput<[u8; 4]>>| {
            let value = (frame.0 as u32 / 5).wrapping_mul(0x9e37_79b9) ^ seed.0;
            input.0 = value.to_le_bytes();
        },
    )
    .add_systems(NetplayUpdate, move |inputs: Inputs<[u8; 4]>, mut sum: ResMut<Sum>| {
        for player in 0..players {
            let value = u32::from_le_bytes(inputs.get(usize::from(player)));
            sum.0 = sum.0.rotate_left(7) ^ u64::from(value);
        }
    });
    extend(&mut app);
    app.finish();
    app.cleanup();
    let world = app.world_mut();
    world.commands().join_room(JoinRoom::code("BENCH").players(players));
    world.flush();
    app
}

/// Two Apps in a match.
pub struct PairedApps {
    apps: [App; 2],
    faults: Faults,
    next: Instant,
    _server: Server,
}

/// How far the first App is in its match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub frame: i32,
    pub confirmed: i32,
}

impl PairedApps {
    /// Starts a match on these paths, and returns once it has been running for two seconds.
    pub fn start(policy: PathPolicy) -> Result<Self, String> {
        Self::start_with(policy, true, |_| {})
    }

    /// The same with more in each App. Without `faults`, connections cannot be cut and closed, and what comes between
    /// two updates is handled at once.
    pub fn start_with(
        policy: PathPolicy,
        with_faults: bool,
        extend: impl Fn(&mut App),
    ) -> Result<Self, String> {
        let server = netplay_bench::signaling_server(None)?;
        let faults = Faults::default();
        let app = |number: u32| {
            let shared = faults.clone();
            let transport = TransportFactory::new(move |request| {
                if !with_faults {
                    return Box::new(RtcTransport::join(request.clone()));
                }
                Box::new(Faulty {
                    inner: RtcTransport::join(request.clone()),
                    faults: shared.clone(),
                    closes: number == 1,
                    paths: Vec::new(),
                })
            });
            player(number, 2, server.url(), policy, |app| {
                app.insert_resource(transport);
                extend(app);
            })
        };
        let apps = [app(0), app(1)];
        let mut pair = Self { apps, faults, next: Instant::now(), _server: server };
        let begun = Instant::now();
        while pair.progress().confirmed < 120 {
            pair.step();
            if begun.elapsed() > Duration::from_secs(30) {
                return Err("the match did not start".to_owned());
            }
        }
        Ok(pair)
    }

    /// Waits for the next frame, and lets both Apps run it.
    pub fn step(&mut self) {
        let now = Instant::now();
        std::thread::sleep(self.next.saturating_duration_since(now));
        // A late frame does not make the next ones shorter.
        self.next = self.next.max(now) + FRAME;
        self.apps.iter_mut().for_each(App::update);
    }

    /// Waits for half a frame, and lets one App run: so updates of the two are half a frame apart.
    pub fn step_one(&mut self, index: usize) {
        let now = Instant::now();
        std::thread::sleep(self.next.saturating_duration_since(now));
        self.next = self.next.max(now) + FRAME / 2;
        self.apps[index].update();
    }

    /// The world of an App.
    pub fn world(&mut self, index: usize) -> &mut World {
        self.apps[index].world_mut()
    }

    /// Cuts or restores the connections.
    pub fn cut(&self, cut: bool) {
        self.faults.cut.store(cut, Ordering::Relaxed);
    }

    /// Closes the connections of the second App.
    pub fn close(&self) {
        self.faults.close.store(true, Ordering::Relaxed);
    }

    /// How far the first App is.
    pub fn progress(&self) -> Progress {
        let world = self.apps[0].world();
        Progress {
            frame: world.resource::<RollbackFrameCount>().0,
            confirmed: world.resource::<ConfirmedFrameCount>().0,
        }
    }

    /// The primary path of each App.
    pub fn paths(&self) -> [Option<LinkPath>; 2] {
        self.apps
            .each_ref()
            .map(|app| app.world().resource::<PeerLinks>().iter().next().and_then(|link| link.path))
    }

    /// The round trip time that the first App measures.
    pub fn rtt(&self) -> Option<Duration> {
        self.apps[0].world().resource::<PeerLinks>().iter().next().and_then(|link| link.rtt)
    }
}

/// Round trip times while a match is played, on the direct path and through the server.
pub fn round_trips() -> Result<Value, String> {
    let measure = |policy| -> Result<Vec<f64>, String> {
        let mut pair = PairedApps::start(policy)?;
        let mut milliseconds = Vec::new();
        for frame in 0..600 {
            pair.step();
            if frame % 30 == 0
                && let Some(rtt) = pair.rtt()
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
