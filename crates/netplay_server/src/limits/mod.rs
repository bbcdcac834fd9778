//! Limits per connection, per address and per room: counters for what exists at the same time, token buckets for what
//! happens per second, and budgets for what is guessed or given away.
//!
//! Whatever a client asks for is counted before the server works for it. An address of IPv6 counts as its /64 network,
//! and in the wider networks that it is in, which have larger allowances.
//!
//! The buckets are those of `governor` (GCRA, the algorithm of ITU-T I.371). They run on tokio's clock, so that
//! tests can use virtual time.

mod address;
mod bucket;
mod budget;
mod config;
mod counter;
mod guesses;
mod handshake;
mod memory;
mod network;
mod permit;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use netplay_protocol::RoomCode;
use netplay_protocol::signaling::Refusal;
use tokio::time::Instant;

pub(crate) use address::ClientAddress;
pub use config::{LimitsConfig, Rate};
use counter::Counter;
pub(crate) use guesses::JoinAttempt;
use guesses::RoomGuesses;
pub(crate) use handshake::Handshake;
use handshake::HandshakePermit;
pub(crate) use memory::WaitingBytes;
use network::Network;
pub(crate) use network::Spent;
pub(crate) use permit::{ConnectionPermit, HashPermit, RoomPermit, TurnClient};

/// How long the server remembers an address after its last activity: longer than its buckets take to fill.
const MEMORY: Duration = Duration::from_secs(10 * 60);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
/// When a client may try again that finds the queue for hashing passwords full.
const HASH_RETRY: Duration = Duration::from_secs(1);
/// How many networks without connections are remembered at most.
const MAX_REMEMBERED: usize = 65_536;

/// The limits of a server and their current use.
pub(crate) struct Limits {
    config: LimitsConfig,
    handshakes: Counter,
    connections: Counter,
    hashes: Counter,
    rooms: RoomGuesses,
    networks: Mutex<HashMap<ClientAddress, Arc<Network>>>,
}

impl Limits {
    pub(crate) fn new(config: &LimitsConfig) -> Arc<Self> {
        Arc::new(Self {
            config: config.clone(),
            handshakes: Counter::default(),
            connections: Counter::default(),
            hashes: Counter::default(),
            rooms: RoomGuesses::new(config),
            networks: Mutex::default(),
        })
    }

    /// Admits a connection from an address, before anything of it is read. None is the address of a proxy.
    pub(crate) fn accept(&self, from: Option<ClientAddress>) -> Result<Handshake, Refusal> {
        let too_many = || Refusal::TooMany { what: "connections that are no WebSockets".into() };
        let of_address = match from.map(|from| self.network(from)) {
            None => None,
            Some(network) => {
                network.take(|it| &it.accepts, 1).map_err(|wait| limited("connections", wait))?;
                let most = self.config.handshakes_per_address;
                Some(network.count(|it| &it.handshakes, most).ok_or_else(too_many)?)
            }
        };
        let total = self.handshakes.count(self.config.handshakes).ok_or_else(too_many)?;
        Ok(Handshake::new(HandshakePermit { _total: total, _of_address: of_address }))
    }

    /// Admits a WebSocket from an address.
    pub(crate) fn connect(
        self: &Arc<Self>,
        from: ClientAddress,
    ) -> Result<ConnectionPermit, Refusal> {
        let network = self.network(from);
        network.take(|it| &it.connects, 1).map_err(|wait| limited("connections", wait))?;
        let config = &self.config;
        let too_many = |what: &str| Refusal::TooMany { what: what.to_owned() };
        let of_address = network.count(|it| &it.connections, config.connections_per_address);
        let of_address = of_address.ok_or_else(|| too_many("connections"))?;
        let total = self.connections.count(config.connections);
        let total = total.ok_or_else(|| too_many("connections to this server, or"))?;
        Ok(ConnectionPermit::new(self, network, total, of_address))
    }

    /// Counts a guess at a room by any address, before it is checked. Without
    /// [`right_guess`](Self::right_guess) it stays counted.
    pub(crate) fn guess(&self, room: &RoomCode) -> Result<(), Refusal> {
        self.rooms.take(room)
    }

    /// A guess was no wrong one.
    pub(crate) fn right_guess(&self, room: &RoomCode) {
        self.rooms.give_back(room);
    }

    /// Forgets the addresses without connections and without recent activity.
    pub(crate) fn retain_recent(&self) {
        let now = Instant::now();
        let mut networks = self.lock();
        forget(&mut networks, |network| now < network.last_active() + MEMORY);
        networks.shrink_to_fit();
    }

    /// An address, and the networks that it is in.
    fn network(&self, from: ClientAddress) -> Arc<Network> {
        let mut networks = self.lock();
        // Three networks for each connection are in use at most.
        let in_use = self.config.connections.saturating_add(self.config.handshakes);
        if networks.len() >= in_use.saturating_mul(3).saturating_add(MAX_REMEMBERED) {
            forget(&mut networks, |_| false);
        }
        let network = get_or_insert(&mut networks, from, &self.config);
        network.touch();
        network
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClientAddress, Arc<Network>>> {
        self.networks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the networks that are not in use, except those that stay.
fn forget(networks: &mut HashMap<ClientAddress, Arc<Network>>, stays: impl Fn(&Network) -> bool) {
    networks.retain(|_, network| Arc::strong_count(network) > 1 || stays(network));
}

fn get_or_insert(
    networks: &mut HashMap<ClientAddress, Arc<Network>>,
    address: ClientAddress,
    config: &LimitsConfig,
) -> Arc<Network> {
    if let Some(network) = networks.get(&address) {
        return network.clone();
    }
    let wider = address.wider().map(|wider| get_or_insert(networks, wider, config));
    let network = Arc::new(Network::new(address, wider, config));
    networks.insert(address, network.clone());
    network
}

fn limited(what: &str, wait: Duration) -> Refusal {
    // Rounded up: a client that waits for exactly as long is not refused again.
    let ms = wait.as_nanos().div_ceil(1_000_000);
    let retry_after_ms = u32::try_from(ms).unwrap_or(u32::MAX);
    Refusal::RateLimited { what: what.to_owned(), retry_after_ms }
}

#[cfg(test)]
mod tests;
