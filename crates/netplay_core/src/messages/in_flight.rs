//! The packets that are on their way to a peer, and what becomes of them (the ideas are those of RFC 9002).
//!
//! A packet is lost when some that were sent long enough after it have arrived (as in RFC 8985), or when nothing has been
//! acknowledged for a while.
//! What was in it is sent again, in a packet with another number: every acknowledgement says which one arrived.

use std::collections::BTreeMap;
use std::time::Duration;

use netplay_protocol::MessageAck;

use super::assembler::Violation;
use super::congestion::{Acked, Congestion, MAX_PACKETS};
use super::outgoing::SentPart;

/// A packet is lost when one arrives that was sent so many later, and a quarter of a round trip later. Packets that were
/// sent at about the same time overtake each other.
const REORDERING: u64 = 3;
/// A packet is lost when one arrives that was sent so many later.
const MUCH_REORDERING: u64 = 48;
/// The shortest and the longest time without an acknowledgement after which everything counts as lost.
const MIN_TIMEOUT: Duration = Duration::from_millis(60);
const MAX_TIMEOUT: Duration = Duration::from_secs(2);
/// What is assumed of a round trip before one was measured.
const UNKNOWN_RTT: Duration = Duration::from_millis(200);

/// The packets on their way.
#[derive(Debug)]
pub(super) struct InFlight {
    packets: BTreeMap<u64, Packet>,
    bytes: usize,
    next: u64,
    rtt: Option<(Duration, Duration)>,
    /// When the latest packet that has arrived was sent.
    latest_arrived: Duration,
    congestion: Congestion,
    /// When everything counts as lost.
    timeout: Option<Duration>,
    /// How often in a row it has.
    timeouts: u32,
}

#[derive(Debug)]
struct Packet {
    at: Duration,
    bytes: usize,
    parts: Vec<SentPart>,
}

/// The parts of packets that arrived, and those of packets that are lost.
#[derive(Debug, Default)]
pub(super) struct Fates {
    pub(super) arrived: Vec<SentPart>,
    pub(super) lost: Vec<SentPart>,
}

impl InFlight {
    pub(super) fn new(now: Duration) -> Self {
        Self {
            packets: BTreeMap::new(),
            bytes: 0,
            next: 0,
            rtt: None,
            latest_arrived: Duration::ZERO,
            congestion: Congestion::new(now),
            timeout: None,
            timeouts: 0,
        }
    }

    /// Whether a packet of so many bytes may be sent.
    pub(super) fn allows(&mut self, now: Duration, bytes: usize) -> bool {
        self.packets.len() < MAX_PACKETS && self.congestion.allows(now, self.bytes, bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// The number of the packet that is sent next.
    pub(super) fn next_number(&self) -> u64 {
        self.next
    }

    /// The next packet is sent. One without parts is not acknowledged.
    pub(super) fn handle_sent(&mut self, now: Duration, bytes: usize, parts: Vec<SentPart>) {
        let number = self.next;
        self.next += 1;
        if parts.is_empty() {
            return;
        }
        self.congestion.handle_sent(now, self.bytes, bytes);
        self.bytes += bytes;
        self.packets.insert(number, Packet { at: now, bytes, parts });
        if self.timeout.is_none() {
            self.timeout = Some(now + self.patience());
        }
    }

    /// Takes an acknowledgement that came at `at`.
    pub(super) fn handle_ack(
        &mut self,
        at: Duration,
        ack: &MessageAck,
    ) -> Result<Fates, Violation> {
        if ack.largest >= self.next {
            return Err(Violation::Malformed);
        }
        let (mut fates, mut bytes, in_flight) = (Fates::default(), 0, self.bytes);
        for (first, last) in ack.ranges() {
            let numbers: Vec<u64> = self.packets.range(first..=last).map(|(it, _)| *it).collect();
            for number in numbers {
                let Some(packet) = self.packets.remove(&number) else { continue };
                self.latest_arrived = self.latest_arrived.max(packet.at);
                if number == ack.largest {
                    self.sample_rtt(at.saturating_sub(packet.at));
                }
                bytes += packet.bytes;
                self.bytes -= packet.bytes;
                fates.arrived.extend(packet.parts);
            }
        }
        if bytes == 0 {
            return Ok(fates);
        }
        let lost_below = self.first_not_overtaken(ack.largest);
        self.lose(lost_below, &mut fates);
        let rtt = self.rtt.map_or(UNKNOWN_RTT, |(rtt, _)| rtt);
        let (largest, next) = (ack.largest, self.next);
        let acked = Acked { bytes, largest, next, delay: ack.delay, in_flight, rtt };
        self.congestion.handle_acked(at, acked);
        self.timeouts = 0;
        self.timeout = (!self.packets.is_empty()).then(|| at + self.patience());
        Ok(fates)
    }

    /// Lets time pass. Returns what is lost by that.
    pub(super) fn handle_timeout(&mut self, now: Duration) -> Vec<SentPart> {
        if self.timeout.take_if(|timeout| *timeout <= now).is_none() {
            return Vec::new();
        }
        let mut fates = Fates::default();
        self.lose(u64::MAX, &mut fates);
        self.timeouts = self.timeouts.saturating_add(1);
        // The last packets before a pause are lost like others, and nothing that follows them says so.
        if self.timeouts > 1 {
            self.congestion.handle_timeout();
        }
        fates.lost
    }

    /// Packets take another path from now on. Returns what is on its way on the one before: it may arrive, or not.
    pub(super) fn handle_path_change(&mut self, now: Duration) -> Vec<SentPart> {
        let mut fates = Fates::default();
        self.lose(u64::MAX, &mut fates);
        (self.congestion, self.rtt) = (Congestion::new(now), None);
        (self.timeout, self.timeouts) = (None, 0);
        fates.lost
    }

    /// The lowest number of a packet that is not lost though one with a higher number has arrived.
    fn first_not_overtaken(&self, largest: u64) -> u64 {
        let patience = self.rtt.map_or(UNKNOWN_RTT, |(rtt, _)| rtt) / 4;
        let is_overtaken = |(number, packet): &(&u64, &Packet)| {
            let behind = largest.saturating_sub(**number);
            let earlier = self.latest_arrived.saturating_sub(packet.at);
            behind >= MUCH_REORDERING || (behind >= REORDERING && earlier >= patience)
        };
        self.packets.iter().find(|packet| !is_overtaken(packet)).map_or(u64::MAX, |(it, _)| *it)
    }

    /// The packets with lower numbers are lost.
    fn lose(&mut self, below: u64, fates: &mut Fates) {
        let kept = self.packets.split_off(&below);
        for packet in std::mem::replace(&mut self.packets, kept).into_values() {
            self.bytes -= packet.bytes;
            self.congestion.handle_lost(packet.bytes);
            fates.lost.extend(packet.parts);
        }
    }

    /// How long to wait for an acknowledgement.
    fn patience(&self) -> Duration {
        let wait = match self.rtt {
            Some((rtt, deviation)) => rtt + (deviation * 4).max(rtt / 2) + MIN_TIMEOUT / 2,
            None => UNKNOWN_RTT * 2,
        };
        wait.max(MIN_TIMEOUT).saturating_mul(1 << self.timeouts.min(5)).min(MAX_TIMEOUT)
    }

    fn sample_rtt(&mut self, sample: Duration) {
        self.rtt = Some(match self.rtt {
            None => (sample, sample / 2),
            Some((rtt, deviation)) => {
                ((rtt * 7 + sample) / 8, (deviation * 3 + rtt.abs_diff(sample)) / 4)
            }
        });
    }
}
