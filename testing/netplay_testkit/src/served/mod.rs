//! The real signaling server between simulated peers.
//!
//! A [`ServedHub`] combines two simulations on one virtual clock. The direct connections are those of a [`MemoryHub`].
//! Everything else goes through a [`SimulatedServer`]: joining, rosters, signals, the relay, resuming. Each peer
//! reaches the server over a [`pipe`] of its own, which has latency and can be cut.
//!
//! On its side of that pipe each peer drives the code that ships
//! ([`Negotiator`](netplay_core::negotiation::Negotiator)): joining, resuming, backoff, offers that cross, signatures
//! and the keys of the relay are the product's. Only WebRTC is replaced.

mod client;
mod pipe;
mod transport;
mod webrtc;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bevy_netplay::prelude::NetworkConditions;
use netplay_protocol::{PeerKey, Secret};
use netplay_server::ServerConfig;
use netplay_server::simulation::SimulatedServer;
use netplay_transport::JoinRequest;
use netplay_transport::memory::MemoryHub;

use client::Client;
use transport::ServedTransport;

/// The largest step of the server's clock.
const STEP: Duration = Duration::from_millis(5);

/// The real server behind a network simulated from a seed. Clones are the same hub.
#[derive(Clone)]
pub struct ServedHub {
    network: MemoryHub,
    state: Arc<Mutex<State>>,
}

struct State {
    now: Duration,
    seed: u64,
    conditions: NetworkConditions,
    config: ServerConfig,
    /// None while the server is down.
    server: Option<SimulatedServer>,
    /// How often a server was started.
    starts: u64,
    clients: BTreeMap<u64, Client>,
    joined: u64,
    /// Of what the clients have sent that are over.
    sent: DefaultHasher,
}

impl ServedHub {
    /// A server without rooms. Peers reach it under these conditions, and each other over `network`.
    pub(crate) fn new(network: MemoryHub, conditions: NetworkConditions, seed: u64) -> Self {
        // A server that restarts must recognize what it signed before.
        let secret = Some(Secret::from("a secret for simulations, of enough letters"));
        let public_names = client::SERVER_NAME.parse().into_iter().collect();
        let config = ServerConfig { secret, public_names, ..ServerConfig::default() };
        let state = State {
            now: Duration::ZERO,
            seed,
            conditions,
            server: Some(start(&config, 0)),
            starts: 1,
            config,
            clients: BTreeMap::new(),
            joined: 0,
            sent: DefaultHasher::new(),
        };
        Self { network, state: Arc::new(Mutex::new(state)) }
    }

    pub(crate) fn join(&self, request: &JoinRequest) -> ServedTransport {
        ServedTransport::join(self, request)
    }

    /// Kills the server. It forgets everything.
    pub fn kill(&self) {
        let mut state = self.state();
        state.server = None;
        let now = state.now;
        state.clients.values_mut().for_each(|client| client.lost(now, "the server was killed"));
    }

    /// Starts the server again, unless it is running.
    pub fn restart(&self) {
        let mut state = self.state();
        if state.server.is_none() {
            state.server = Some(start(&state.config, state.starts));
            state.starts += 1;
        }
    }

    /// Blocks everything between a peer and the server. Neither side is told.
    pub fn cut_off(&self, peer: PeerKey) {
        self.with(peer, |client, _| client.pipe.cut = true);
    }

    /// Undoes [`Self::cut_off`]. What waited gets through.
    pub fn reconnect(&self, peer: PeerKey) {
        self.with(peer, |client, _| client.pipe.cut = false);
    }

    /// Ends the process of a peer without a goodbye.
    pub fn crash(&self, peer: PeerKey) {
        self.with(peer, Client::crash);
    }

    /// Whether every peer that has joined is connected to the server and a member of its room.
    pub fn everybody_is_online(&self) -> bool {
        self.state().clients.values().all(Client::is_online)
    }

    /// A hash of everything that any peer has sent to the server so far, and when: a seed that is played again gives the
    /// same one.
    pub fn traffic_hash(&self) -> u64 {
        let state = self.state();
        let mut sent = state.sent.clone();
        state.clients.values().for_each(|client| client.pipe.traffic_hash().hash(&mut sent));
        sent.finish()
    }

    fn with(&self, peer: PeerKey, change: impl Fn(&mut Client, Duration)) {
        let mut state = self.state();
        let now = state.now;
        let concerned = state.clients.values_mut().filter(|client| client.key() == peer);
        concerned.for_each(|client| change(client, now));
    }

    /// Lets time pass, whether or not any peer polls: sockets and servers do not wait for it.
    pub(crate) fn pass(&self, time: Duration) {
        let mut state = self.state();
        let until = state.now + time;
        state.pass_until(until);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Lets time pass until `now`, step by step.
    fn pass_until(&mut self, now: Duration) {
        while self.now < now {
            let step = STEP.min(now - self.now);
            self.now += step;
            if let Some(server) = &mut self.server {
                server.pass(step);
            }
            self.exchange();
        }
    }

    /// Delivers what has arrived on every pipe, and sends what is to be sent.
    fn exchange(&mut self) {
        for client in self.clients.values_mut() {
            client.upward(self.now, self.server.as_mut());
        }
        for client in self.clients.values_mut() {
            client.downward(self.now, self.server.as_mut());
        }
        for (_, client) in self.clients.extract_if(.., |_, client| client.is_over()) {
            client.pipe.traffic_hash().hash(&mut self.sent);
        }
    }
}

#[expect(clippy::expect_used, reason = "a configuration of ours, in tests")]
fn start(config: &ServerConfig, number: u64) -> SimulatedServer {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    SimulatedServer::new(config.clone(), seed).expect("a server with the default configuration")
}
