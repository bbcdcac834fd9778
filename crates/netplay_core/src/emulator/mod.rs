//! A bad network, made of a seed.
//!
//! A [`NetworkEmulator`] is one direction of one path. Packets are pushed in as they are sent and popped
//! as they arrive; in between some are delayed, lost (in bursts), doubled or overtaken, as the
//! [`NetworkConditions`] say. The same seed and the same pushes give the same arrivals, on every machine.
//!
//! The driver's obligation: `now` never goes back, [`NetworkEmulator::pop`] is called until it has
//! nothing more, and again at [`NetworkEmulator::next_due`].

mod conditions;

use std::collections::BTreeMap;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

pub use conditions::{BadConditions, NetworkConditions};

/// How long a reordered packet is held back at most: at 60 packets a second, two others overtake it.
pub const REORDER_HOLD: Duration = Duration::from_millis(40);

/// What a lost reliable packet waits on top of a round trip until it is sent again. The timers of real
/// stacks begin at 400 ms to 1 s, but gaps that acknowledgements reveal are closed sooner.
pub const RETRANSMIT_DELAY: Duration = Duration::from_millis(100);

/// How often a reliable packet is lost at most. It bounds the delay where everything is lost.
const MAX_RETRANSMISSIONS: u32 = 64;

/// One direction of a path through a bad network. See the [module](self).
#[derive(Clone, Debug)]
pub struct NetworkEmulator<T> {
    conditions: NetworkConditions,
    random: Pcg32,
    in_burst: bool,
    /// Ordered by when they arrive, and those of the same moment by when they were pushed.
    in_flight: BTreeMap<(Duration, u64), T>,
    pushed: u64,
    last_due: Duration,
    last_reliable_due: Duration,
}

impl<T: Clone> NetworkEmulator<T> {
    /// A network without a packet in it.
    pub fn new(conditions: NetworkConditions, seed: u64) -> Self {
        Self {
            conditions,
            random: Pcg32::seed_from_u64(seed),
            in_burst: false,
            in_flight: BTreeMap::new(),
            pushed: 0,
            last_due: Duration::ZERO,
            last_reliable_due: Duration::ZERO,
        }
    }

    /// The network is like this from now on. Packets in flight arrive as they would have.
    pub fn set_conditions(&mut self, conditions: NetworkConditions) {
        self.conditions = conditions;
    }

    /// Sends a packet that may get lost, doubled or overtaken.
    pub fn push(&mut self, now: Duration, packet: T) {
        if self.drops() {
            return;
        }
        if self.happens(self.conditions.duplication) {
            let due = self.datagram_due(now);
            self.insert(due, packet.clone());
        }
        let due = self.datagram_due(now);
        self.insert(due, packet);
    }

    /// Sends a packet that arrives exactly once and after every reliable packet before it. Each loss
    /// costs a round trip and [`RETRANSMIT_DELAY`].
    pub fn push_reliable(&mut self, now: Duration, packet: T) {
        let mut due = now + self.delay();
        // A retransmission comes long after the burst that took the packet: these losses are
        // independent, and leave the bursts of the datagrams alone.
        let mut losses = 0;
        while losses < MAX_RETRANSMISSIONS && self.happens(self.conditions.loss) {
            losses += 1;
        }
        due += (self.conditions.latency * 2 + RETRANSMIT_DELAY) * losses;
        due = due.max(self.last_reliable_due);
        self.last_reliable_due = due;
        self.insert(due, packet);
    }

    /// The next packet that has arrived by `now`, in the order of arrival.
    pub fn pop(&mut self, now: Duration) -> Option<T> {
        self.pop_with_due(now).map(|(_, packet)| packet)
    }

    /// Like [`Self::pop`], with the moment at which the packet arrived.
    pub fn pop_with_due(&mut self, now: Duration) -> Option<(Duration, T)> {
        let first = self.in_flight.first_entry()?;
        let due = first.key().0;
        (due <= now).then(|| (due, first.remove()))
    }

    /// When the next packet arrives; none if there is none.
    pub fn next_due(&self) -> Option<Duration> {
        self.in_flight.first_key_value().map(|((due, _), _)| *due)
    }

    /// How many packets are on their way.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Takes out everything that is on its way, in the order in which it would have arrived.
    pub fn drain(&mut self) -> impl Iterator<Item = T> + use<T> {
        std::mem::take(&mut self.in_flight).into_values()
    }

    fn insert(&mut self, due: Duration, packet: T) {
        self.in_flight.insert((due, self.pushed), packet);
        self.pushed += 1;
    }

    /// When a datagram that is sent now arrives.
    fn datagram_due(&mut self, now: Duration) -> Duration {
        let due = (now + self.delay()).max(self.last_due);
        if self.happens(self.conditions.reordering) {
            // Not remembered as the last: those behind it overtake.
            return due + REORDER_HOLD.mul_f32(self.random.random());
        }
        self.last_due = due;
        due
    }

    fn delay(&mut self) -> Duration {
        self.conditions.latency + self.conditions.jitter.mul_f32(self.random.random())
    }

    /// One step of the Gilbert-Elliott chain: everything is lost in its bad state, nothing in its good
    /// one. Leaving the bad state has the chance `1 / run`, and entering it the one that makes the
    /// fraction of lost packets come out as `loss`.
    fn drops(&mut self) -> bool {
        let loss = self.conditions.loss;
        if loss >= 1.0 {
            return true;
        }
        let leave = (1.0 - loss).min(1.0 / self.conditions.burst.max(1.0));
        let chance = if self.in_burst { 1.0 - leave } else { leave * loss / (1.0 - loss) };
        self.in_burst = self.happens(chance);
        self.in_burst
    }

    /// Draws even where the chance is 0, so that a change of one condition leaves the rest of the
    /// sequence recognisable.
    fn happens(&mut self, chance: f32) -> bool {
        self.random.random::<f32>() < chance
    }
}

#[cfg(test)]
mod tests;
