//! Limits per connection and per address: counters for what exists at the same time, and token buckets for what
//! happens per second.
//!
//! The buckets are those of `governor` (GCRA, the algorithm of ITU-T I.371). They run on tokio's clock, so that
//! tests can use virtual time.

mod address;
mod bucket;
mod config;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use netplay_protocol::signaling::Refusal;
use tokio::time::Instant;

pub(crate) use address::ClientAddress;
use bucket::Bucket;
pub use config::{LimitsConfig, Rate};

/// How long the server remembers an address after its last activity: longer than its buckets take to fill.
const MEMORY: Duration = Duration::from_secs(10 * 60);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// The limits of a server and their current use.
pub(crate) struct Limits {
    config: LimitsConfig,
    connections: Counter,
    addresses: Mutex<HashMap<ClientAddress, Arc<Address>>>,
}

/// The current use of the limits of one address.
struct Address {
    connections: Counter,
    rooms: Counter,
    connects: Bucket,
    failures: Bucket,
    messages: Bucket,
    packets: Bucket,
    bytes: Bucket,
    activity: Mutex<Activity>,
}

struct Activity {
    last: Instant,
    /// Until when the server refuses all joins of the address.
    barred_until: Option<Instant>,
}

/// The permit of a connection. Dropping it makes room for another connection.
#[must_use = "a dropped permit counts nothing"]
pub(crate) struct ConnectionPermit {
    address: Arc<Address>,
    messages: Bucket,
    packets: Bucket,
    bytes: Bucket,
    most_rooms: usize,
    _total: Counted,
    _of_address: Counted,
}

/// The permit of a room. Dropping it makes room for another room.
#[derive(Debug)]
#[must_use = "a dropped permit counts nothing"]
pub(crate) struct RoomPermit {
    _room: Counted,
}

#[cfg(all(test, feature = "matchbox"))]
impl RoomPermit {
    pub(crate) fn for_tests() -> Self {
        Self { _room: Counted(Arc::default()) }
    }
}

impl Limits {
    pub(crate) fn new(config: &LimitsConfig) -> Arc<Self> {
        let (connections, addresses) = (Counter::default(), Mutex::default());
        Arc::new(Self { config: config.clone(), connections, addresses })
    }

    /// Admits a connection from an address.
    pub(crate) fn connect(&self, from: ClientAddress) -> Result<ConnectionPermit, Refusal> {
        let address = self.address(from);
        address.connects.take(1).map_err(|wait| limited("connections", wait))?;
        let config = &self.config;
        let too_many = |what: &str| Refusal::TooMany { what: what.to_owned() };
        let of_address = address.connections.count(config.connections_per_address);
        let of_address = of_address.ok_or_else(|| too_many("connections"))?;
        let total = self.connections.count(config.connections);
        let total = total.ok_or_else(|| too_many("connections to this server, or"))?;
        Ok(ConnectionPermit {
            address,
            messages: Bucket::new(config.messages, SECOND),
            packets: Bucket::new(config.packets, SECOND),
            bytes: Bucket::new(config.bytes, SECOND),
            most_rooms: config.rooms_per_address,
            _total: total,
            _of_address: of_address,
        })
    }

    /// Forgets the addresses without connections and without recent activity.
    pub(crate) fn retain_recent(&self) {
        let now = Instant::now();
        let mut addresses = self.lock();
        addresses.retain(|_, address| {
            Arc::strong_count(address) > 1 || now < address.activity().last + MEMORY
        });
        addresses.shrink_to_fit();
    }

    fn address(&self, from: ClientAddress) -> Arc<Address> {
        let mut addresses = self.lock();
        let address = addresses.entry(from).or_insert_with(|| Arc::new(Address::new(&self.config)));
        address.activity().last = Instant::now();
        address.clone()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClientAddress, Arc<Address>>> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Address {
    fn new(config: &LimitsConfig) -> Self {
        Self {
            connections: Counter::default(),
            rooms: Counter::default(),
            connects: Bucket::new(config.connects_per_address, SECOND),
            failures: Bucket::new(config.failures_per_address, MINUTE),
            messages: Bucket::new(config.messages_per_address, SECOND),
            packets: Bucket::new(config.packets_per_address, SECOND),
            bytes: Bucket::new(config.bytes_per_address, SECOND),
            activity: Mutex::new(Activity { last: Instant::now(), barred_until: None }),
        }
    }

    fn activity(&self) -> MutexGuard<'_, Activity> {
        self.activity.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionPermit {
    /// Counts a signaling message.
    pub(crate) fn count_message(&self) -> Result<(), Refusal> {
        self.messages
            .take(1)
            .and_then(|()| self.address.messages.take(1))
            .map_err(|wait| limited("messages", wait))
    }

    /// Counts a relayed packet of this size.
    pub(crate) fn count_relayed(&self, bytes: usize) -> Result<(), Refusal> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.packets
            .take(1)
            .and_then(|()| self.bytes.take(bytes))
            .and_then(|()| self.address.packets.take(1))
            .and_then(|()| self.address.bytes.take(bytes))
            .map_err(|wait| limited("relayed packets", wait))
    }

    /// Whether the address may try to join. After too many failures the answer is the same for every guess.
    pub(crate) fn may_try_join(&self) -> Result<(), Refusal> {
        let now = Instant::now();
        match self.address.activity().barred_until {
            Some(until) if now < until => Err(limited("failed joins", until - now)),
            _ => Ok(()),
        }
    }

    /// Counts a refused join.
    pub(crate) fn failed_join(&self) {
        let mut activity = self.address.activity();
        activity.last = Instant::now();
        let barred = self.address.failures.take(1).err();
        activity.barred_until = barred.map(|wait| activity.last + wait);
    }

    /// Counts a room that the address creates.
    pub(crate) fn room(&self) -> Result<RoomPermit, Refusal> {
        let room = self.address.rooms.count(self.most_rooms);
        let room = room.ok_or_else(|| Refusal::TooMany { what: "rooms".into() })?;
        Ok(RoomPermit { _room: room })
    }
}

fn limited(what: &str, wait: Duration) -> Refusal {
    let retry_after_ms = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
    Refusal::RateLimited { what: what.to_owned(), retry_after_ms }
}

/// Counts what exists at the same time.
#[derive(Debug, Default)]
struct Counter(Arc<AtomicUsize>);

/// One counted thing. Dropping it reduces the count.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Counter {
    /// Counts one more, unless there are `most` already.
    fn count(&self, most: usize) -> Option<Counted> {
        // Relaxed: no other memory depends on the count.
        let more = |count| (count < most).then_some(count + 1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Counted(self.0.clone()))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
