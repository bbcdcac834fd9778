//! [`NetworkEmulator`]: one direction of one path.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::NetworkConditions;
use super::bottleneck::Bottleneck;

/// How long a reordered packet is held back at most: at 60 packets a second, two others overtake it.
pub const REORDER_HOLD: Duration = Duration::from_millis(40);

/// What a lost reliable packet waits on top of a round trip until it is sent again. The timers of real
/// stacks begin at 400 ms to 1 s, but gaps that acknowledgements reveal are closed sooner.
pub const RETRANSMIT_DELAY: Duration = Duration::from_millis(100);

/// How often a reliable packet is lost at most. It bounds the delay where everything is lost.
const MAX_RETRANSMISSIONS: u32 = 64;

/// One direction of a path through a bad network. See the [module](super).
///
/// ```text
/// push ──► queue, bandwidth ──► loss ──► jitter (keeps the order) ──► latency, reordering ──► pop
/// ```
#[derive(Clone, Debug)]
pub struct NetworkEmulator<T> {
    conditions: NetworkConditions,
    random: Pcg32,
    in_burst: bool,
    bottleneck: Bottleneck<(Delivery, T)>,
    /// Ordered by when they arrive, and those of the same moment by when they got through the bottleneck.
    in_flight: BTreeMap<(Duration, u64), (Delivery, T)>,
    counted: u64,
    /// When the last datagram was through the jitter.
    last_jittered: Duration,
    last_reliable_due: Duration,
}

/// How a packet is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    Datagram,
    Reliable,
}

impl<T: Clone> NetworkEmulator<T> {
    /// A network without a packet in it.
    pub fn new(conditions: NetworkConditions, seed: u64) -> Self {
        let mut emulator = Self {
            conditions: NetworkConditions::perfect(),
            random: Pcg32::seed_from_u64(seed),
            in_burst: false,
            bottleneck: Bottleneck::new(),
            in_flight: BTreeMap::new(),
            counted: 0,
            last_jittered: Duration::ZERO,
            last_reliable_due: Duration::ZERO,
        };
        emulator.set_conditions(Duration::ZERO, conditions);
        emulator
    }

    /// The network is like this from now on. Each value is taken within its bounds.
    ///
    /// Datagrams in flight arrive as they would have; those that are sent from now on overtake them by as much as they
    /// take less time. What waits for bandwidth gets the new one. A reliable packet that waits to be sent again does so
    /// under the new conditions, so that nothing waits for a network that is no more.
    pub fn set_conditions(&mut self, now: Duration, conditions: NetworkConditions) {
        let conditions = conditions.bounded();
        if conditions == self.conditions {
            return;
        }
        self.advance(now);
        self.bottleneck.set(now, conditions.bandwidth, conditions.queue);
        self.conditions = conditions;
        self.last_jittered = self.last_jittered.min(now + self.conditions.jitter);
        self.send_reliable_again(now);
        self.advance(now);
    }

    /// Sends a packet of so many bytes that may get lost, doubled or overtaken.
    pub fn push(&mut self, now: Duration, bytes: usize, packet: T) {
        self.advance(now);
        self.bottleneck.push(now, bytes, false, (Delivery::Datagram, packet));
        self.advance(now);
    }

    /// Sends a packet of so many bytes that arrives exactly once and after every reliable packet before it. Each loss
    /// costs a round trip and [`RETRANSMIT_DELAY`].
    pub fn push_reliable(&mut self, now: Duration, bytes: usize, packet: T) {
        self.advance(now);
        self.bottleneck.push(now, bytes, true, (Delivery::Reliable, packet));
        self.advance(now);
    }

    /// The next packet that has arrived by `now`, in the order of arrival.
    pub fn pop(&mut self, now: Duration) -> Option<T> {
        self.pop_with_due(now).map(|(_, packet)| packet)
    }

    /// Like [`Self::pop`], with the moment at which the packet arrived.
    pub fn pop_with_due(&mut self, now: Duration) -> Option<(Duration, T)> {
        self.advance(now);
        let first = self.in_flight.first_entry()?;
        let due = first.key().0;
        (due <= now).then(|| (due, first.remove().1))
    }

    /// When the next packet arrives at the earliest; none if there is none.
    pub fn next_due(&self) -> Option<Duration> {
        let through = self.bottleneck.next_due().map(|at| at + self.conditions.latency);
        let in_flight = self.in_flight.first_key_value().map(|((due, _), _)| *due);
        through.into_iter().chain(in_flight).min()
    }

    /// How many packets are on their way.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len() + self.bottleneck.len()
    }

    /// Whether packets arrive at once and none is on its way.
    pub(super) fn is_open(&self) -> bool {
        self.in_flight() == 0 && self.conditions.is_perfect()
    }

    /// Takes out everything that is on its way, in the order in which it would have arrived.
    pub fn drain(&mut self) -> impl Iterator<Item = T> + use<T> {
        let in_flight = std::mem::take(&mut self.in_flight).into_values();
        in_flight.chain(self.bottleneck.extract(|_| true)).map(|(_, packet)| packet)
    }

    /// Takes out the reliable packets that are on their way, in their order. Datagrams are lost.
    pub fn drain_reliable(&mut self) -> impl Iterator<Item = T> + use<T> {
        let is_reliable = |(delivery, _): &(Delivery, T)| *delivery == Delivery::Reliable;
        let in_flight = std::mem::take(&mut self.in_flight).into_values();
        let all = in_flight.chain(self.bottleneck.extract(|_| true));
        all.filter(is_reliable).map(|(_, packet)| packet)
    }

    /// Has everything that is on its way arrive now, and these packets after it.
    pub(super) fn arrive_at_once(&mut self, now: Duration, more: impl Iterator<Item = T>) {
        for packet in self.drain().chain(more) {
            self.insert(now, Delivery::Reliable, packet);
        }
        self.last_reliable_due = now;
    }

    /// Has what got through the bottleneck by `now` travel on.
    pub(super) fn advance(&mut self, now: Duration) {
        while let Some((at, (delivery, packet))) = self.bottleneck.pop(now) {
            match delivery {
                Delivery::Datagram => self.send_datagram(at, packet),
                Delivery::Reliable => {
                    let due = self.reliable_due(at).max(self.last_reliable_due);
                    self.last_reliable_due = due;
                    self.insert(due, Delivery::Reliable, packet);
                }
            }
        }
    }

    fn send_datagram(&mut self, now: Duration, packet: T) {
        if self.drops() {
            return;
        }
        if self.happens(self.conditions.duplication) {
            let due = self.datagram_due(now);
            self.insert(due, Delivery::Datagram, packet.clone());
        }
        let due = self.datagram_due(now);
        self.insert(due, Delivery::Datagram, packet);
    }

    /// Reliable packets in flight arrive no later than if they were lost, and sent again from now on.
    fn send_reliable_again(&mut self, now: Duration) {
        let is_reliable = |_: &_, (delivery, _): &mut _| *delivery == Delivery::Reliable;
        let not_arrived = (now, u64::MAX)..;
        let reliable: Vec<_> = self.in_flight.extract_if(not_arrived, is_reliable).collect();
        let mut last = Duration::ZERO;
        for ((due, _), (delivery, packet)) in reliable {
            let again = now + self.retransmission() + self.reliable_due(Duration::ZERO);
            last = due.min(again).max(last);
            self.insert(last, delivery, packet);
        }
        if !last.is_zero() {
            self.last_reliable_due = last;
        }
    }

    fn insert(&mut self, due: Duration, delivery: Delivery, packet: T) {
        self.in_flight.insert((due, self.counted), (delivery, packet));
        self.counted += 1;
    }

    /// When a reliable packet that is sent now arrives, but for those before it.
    fn reliable_due(&mut self, now: Duration) -> Duration {
        let due = now + self.conditions.latency + self.jitter();
        // A retransmission comes long after the burst that took the packet: these losses are
        // independent, and leave the bursts of the datagrams alone.
        let mut losses = 0;
        while losses < MAX_RETRANSMISSIONS && self.happens(self.conditions.loss) {
            losses += 1;
        }
        due + self.retransmission() * losses
    }

    /// After how long a lost reliable packet is sent again.
    fn retransmission(&self) -> Duration {
        self.conditions.latency * 2 + RETRANSMIT_DELAY
    }

    /// When a datagram that is sent now arrives.
    fn datagram_due(&mut self, now: Duration) -> Duration {
        let jittered = (now + self.jitter()).max(self.last_jittered);
        let due = jittered + self.conditions.latency;
        if self.happens(self.conditions.reordering) {
            // Not remembered as the last: those behind it overtake.
            return due + REORDER_HOLD.mul_f32(self.random.random());
        }
        self.last_jittered = jittered;
        due
    }

    fn jitter(&mut self) -> Duration {
        self.conditions.jitter.mul_f32(self.random.random())
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
