//! The real signaling server between simulated peers.
//!
//! A [`ServedHub`] joins two worlds on one virtual clock: the direct connections are those of a
//! [`MemoryHub`], and everything that a server has a part in goes through a
//! [`SimulatedServer`]: joining, rosters, the signals of attempts, the relay, lost and resumed seats. Each
//! peer reaches it over a pipe of its own, which takes time and can be cut.
//!
//! On its side of that pipe each peer drives the client that ships
//! ([`SignalingClient`](netplay_core::signaling::SignalingClient)): joining, resuming with the last roster, pings,
//! backoff and giving up a socket that does not answer are the product's.

mod client;
mod pipe;
mod transport;

use std::collections::BTreeMap;
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

/// How fine the server's clock goes at least: what is due in between happens in its order.
const STEP: Duration = Duration::from_millis(5);

/// A real server behind a network made of a seed. Clones are the same hub.
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
    /// None while it is down.
    server: Option<SimulatedServer>,
    clients: BTreeMap<u64, Client>,
    joined: u64,
}

impl ServedHub {
    /// A server without rooms. Peers reach it over a network like this, and each other over `network`.
    pub(crate) fn new(network: MemoryHub, conditions: NetworkConditions, seed: u64) -> Self {
        // A server that is started anew must believe what it signed before.
        let secret = Some(Secret::from("a secret for simulations, of enough letters"));
        let config = ServerConfig { secret, ..ServerConfig::default() };
        let state = State {
            now: Duration::ZERO,
            seed,
            conditions,
            server: Some(start(&config)),
            config,
            clients: BTreeMap::new(),
            joined: 0,
        };
        Self { network, state: Arc::new(Mutex::new(state)) }
    }

    pub(crate) fn join(&self, request: &JoinRequest) -> ServedTransport {
        ServedTransport::join(self, request)
    }

    /// The server is killed: it knows nothing of what was before, should it come back.
    pub fn kill(&self) {
        let mut state = self.state();
        state.server = None;
        let now = state.now;
        state.clients.values_mut().for_each(|client| client.lost(now, "the server was killed"));
    }

    /// The server is started anew, unless it is there.
    pub fn restart(&self) {
        let mut state = self.state();
        let config = state.config.clone();
        state.server.get_or_insert_with(|| start(&config));
    }

    /// Nothing gets through between a peer and the server any more, and neither side is told.
    pub fn cut_off(&self, peer: PeerKey) {
        self.with(peer, |client, _| client.pipe.cut = true);
    }

    /// What waited gets through.
    pub fn reconnect(&self, peer: PeerKey) {
        self.with(peer, |client, _| client.pipe.cut = false);
    }

    /// A peer's process ends without a word.
    pub fn crash(&self, peer: PeerKey) {
        self.with(peer, Client::crash);
    }

    /// Whether every peer that has joined has a connection and its seat.
    pub fn everybody_is_online(&self) -> bool {
        self.state().clients.values().all(Client::is_online)
    }

    fn with(&self, peer: PeerKey, change: impl Fn(&mut Client, Duration)) {
        let mut state = self.state();
        let now = state.now;
        let concerned = state.clients.values_mut().filter(|client| client.key() == peer);
        concerned.for_each(|client| change(client, now));
    }

    /// Lets time pass, whether or not anybody polls: sockets and servers do not wait for that.
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
    /// Lets time pass until `now`, in order.
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

    /// Takes what has arrived out of every pipe, and puts into it what is sent.
    fn exchange(&mut self) {
        for client in self.clients.values_mut() {
            client.upward(self.now, self.server.as_mut());
        }
        for client in self.clients.values_mut() {
            client.downward(self.now, self.server.as_mut());
        }
        self.clients.retain(|_, client| !client.is_over());
    }
}

#[expect(clippy::expect_used, reason = "a configuration of ours, in tests")]
fn start(config: &ServerConfig) -> SimulatedServer {
    SimulatedServer::new(config.clone()).expect("a server with the default configuration")
}
