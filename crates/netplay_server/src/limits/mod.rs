//! What one client, and one address, may do: counts of what is open at a time, and token buckets for
//! what happens per second.
//!
//! The buckets are those of `governor` (GCRA, the algorithm of ITU-T I.371). They run on tokio's clock, so
//! tests run them on virtual time.

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

/// How long an address is remembered after it was last heard of: longer than its buckets take to fill.
const MEMORY: Duration = Duration::from_secs(10 * 60);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// The limits of a server, and how far they are used up.
pub(crate) struct Limits {
    config: LimitsConfig,
    connections: Counter,
    addresses: Mutex<HashMap<ClientAddress, Arc<Address>>>,
}

/// What is known of an address.
struct Address {
    connections: Counter,
    rooms: Counter,
    connects: Bucket,
    failures: Bucket,
    messages: Bucket,
    packets: Bucket,
    bytes: Bucket,
    since: Mutex<Since>,
}

struct Since {
    heard: Instant,
    /// Until when no join of the address is looked at.
    barred: Option<Instant>,
}

/// A connection's right to be there. Dropping it makes room for another one.
pub(crate) struct ConnectionPermit {
    address: Arc<Address>,
    messages: Bucket,
    packets: Bucket,
    bytes: Bucket,
    most_rooms: usize,
    _total: Counted,
    _of_address: Counted,
}

/// A room's right to be there. Dropping it makes room for another one.
#[derive(Debug)]
pub(crate) struct RoomPermit {
    _room: Counted,
}

#[cfg(test)]
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

    /// Lets a connection of an address in.
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

    /// Forgets the addresses that nobody is connected from and that have been quiet for a while.
    pub(crate) fn retain_recent(&self) {
        let now = Instant::now();
        let mut addresses = self.lock();
        addresses.retain(|_, address| {
            Arc::strong_count(address) > 1 || now < address.since().heard + MEMORY
        });
        addresses.shrink_to_fit();
    }

    fn address(&self, from: ClientAddress) -> Arc<Address> {
        let mut addresses = self.lock();
        let address = addresses.entry(from).or_insert_with(|| Arc::new(Address::new(&self.config)));
        address.since().heard = Instant::now();
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
            since: Mutex::new(Since { heard: Instant::now(), barred: None }),
        }
    }

    fn since(&self) -> MutexGuard<'_, Since> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionPermit {
    /// Counts a signaling message.
    pub(crate) fn message(&self) -> Result<(), Refusal> {
        self.messages
            .take(1)
            .and_then(|()| self.address.messages.take(1))
            .map_err(|wait| limited("messages", wait))
    }

    /// Counts a relayed packet of so many bytes.
    pub(crate) fn relayed(&self, bytes: usize) -> Result<(), Refusal> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.packets
            .take(1)
            .and_then(|()| self.bytes.take(bytes))
            .and_then(|()| self.address.packets.take(1))
            .and_then(|()| self.address.bytes.take(bytes))
            .map_err(|wait| limited("relayed packets", wait))
    }

    /// Whether a join of this address is looked at at all. Who has failed too often hears the same
    /// whatever the next guess is.
    pub(crate) fn may_try_join(&self) -> Result<(), Refusal> {
        let now = Instant::now();
        match self.address.since().barred {
            Some(until) if now < until => Err(limited("failed joins", until - now)),
            _ => Ok(()),
        }
    }

    /// Counts a join that failed.
    pub(crate) fn failed_join(&self) {
        let mut since = self.address.since();
        since.heard = Instant::now();
        since.barred = self.address.failures.take(1).err().map(|wait| since.heard + wait);
    }

    /// Counts a room that the address makes.
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

/// How many there are of something.
#[derive(Debug, Default)]
struct Counter(Arc<AtomicUsize>);

/// One of them, until it is dropped.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Counter {
    /// One more, unless there are that many.
    fn count(&self, most: usize) -> Option<Counted> {
        // The count is only a count: it orders nothing.
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
