//! The current use of the limits by one address, and by the networks that it is in.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use netplay_protocol::signaling::Refusal;
use tokio::time::Instant;

use super::bucket::Bucket;
use super::budget::Budget;
use super::counter::{Counted, Counter};
use super::memory::Waiting;
use super::{ClientAddress, LimitsConfig, MINUTE, Rate, SECOND, limited};

/// How many more connections a client may open than become WebSockets: the rest is refused before TLS.
const ACCEPTS_PER_CONNECT: u32 = 2;

/// The current use of the limits by an address, or by a network of IPv6.
pub(super) struct Network {
    address: ClientAddress,
    /// The network that it is in. What counts here counts there too.
    wider: Option<Arc<Network>>,
    pub(super) handshakes: Counter,
    pub(super) connections: Counter,
    pub(super) rooms: Counter,
    pub(super) public_rooms: Counter,
    pub(super) hashes: Counter,
    pub(super) waiting: Waiting,
    pub(super) accepts: Bucket,
    pub(super) connects: Bucket,
    pub(super) lists: Bucket,
    pub(super) passwords: Bucket,
    pub(super) messages: Bucket,
    pub(super) packets: Bucket,
    pub(super) bytes: Bucket,
    pub(super) failures: Budget,
    pub(super) creations: Budget,
    pub(super) credentials: Budget,
    last_active: Mutex<Instant>,
}

/// Something that an address has, counted in all the networks that it is in.
#[derive(Debug)]
#[must_use = "dropping it reduces the count"]
pub(super) struct CountedInNetworks {
    _counted: Vec<Counted>,
}

/// A token that was taken from a budget of an address and of all the networks that it is in.
#[must_use = "a token that is dropped stays taken"]
pub(crate) struct Spent {
    network: Arc<Network>,
    budget: fn(&Network) -> &Budget,
}

/// Written by hand because buckets have no debug text.
impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Network").field(&self.address).finish()
    }
}

impl Network {
    pub(super) fn new(
        address: ClientAddress,
        wider: Option<Arc<Network>>,
        config: &LimitsConfig,
    ) -> Self {
        let times = address.allowance();
        let bucket = |rate: Rate| Bucket::new(rate.times(times), SECOND);
        let budget = |rate: Rate| Budget::new(rate.times(times), MINUTE);
        Self {
            address,
            wider,
            handshakes: Counter::default(),
            connections: Counter::default(),
            rooms: Counter::default(),
            public_rooms: Counter::default(),
            hashes: Counter::default(),
            waiting: Waiting::default(),
            accepts: bucket(config.connects_per_address.times(ACCEPTS_PER_CONNECT)),
            connects: bucket(config.connects_per_address),
            lists: Bucket::new(config.lists_per_address.times(times), MINUTE),
            passwords: Bucket::new(config.passwords_per_address.times(times), MINUTE),
            messages: bucket(config.messages_per_address),
            packets: bucket(config.packets_per_address),
            bytes: bucket(config.bytes_per_address),
            failures: budget(config.failures_per_address),
            creations: budget(config.creations_per_address),
            credentials: budget(config.credentials_per_address),
            last_active: Mutex::new(Instant::now()),
        }
    }

    pub(super) fn address(&self) -> ClientAddress {
        self.address
    }

    /// It, and the networks that it is in.
    pub(super) fn levels(&self) -> impl Iterator<Item = &Network> {
        std::iter::successors(Some(self), |network| network.wider.as_deref())
    }

    /// Counts one more, unless the address or a network that it is in has as many as it may.
    pub(super) fn count(
        &self,
        counter: fn(&Network) -> &Counter,
        most: usize,
    ) -> Option<CountedInNetworks> {
        let count = |level: &Network| {
            counter(level).count(most.saturating_mul(level.address.allowance() as usize))
        };
        let counted = self.levels().map(count).collect::<Option<_>>()?;
        Some(CountedInNetworks { _counted: counted })
    }

    /// Takes tokens from a bucket of the address, and of the networks that it is in.
    pub(super) fn take(
        &self,
        bucket: fn(&Network) -> &Bucket,
        tokens: u32,
    ) -> Result<(), Duration> {
        self.levels().try_for_each(|level| bucket(level).take(tokens))
    }

    /// Takes a token from a budget of the address, and of the networks that it is in.
    pub(super) fn spend(
        self: &Arc<Self>,
        budget: fn(&Network) -> &Budget,
        what: &str,
    ) -> Result<Spent, Refusal> {
        for (taken, level) in self.levels().enumerate() {
            if let Err(wait) = budget(level).take() {
                // What was not used must not be missing in the narrower network.
                self.levels().take(taken).for_each(|level| budget(level).give_back());
                return Err(limited(what, wait));
            }
        }
        Ok(Spent { network: self.clone(), budget })
    }

    pub(super) fn touch(&self) {
        let now = Instant::now();
        self.levels().for_each(|level| *level.lock() = now);
    }

    pub(super) fn last_active(&self) -> Instant {
        *self.lock()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Instant> {
        self.last_active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spent {
    pub(crate) fn give_back(self) {
        self.network.levels().for_each(|level| (self.budget)(level).give_back());
    }
}
