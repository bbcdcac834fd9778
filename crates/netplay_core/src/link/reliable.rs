//! Reliable messages: each arrives once and in order, whatever happens to the paths they travel on.
//!
//! A path that lives delivers reliably by itself. So a message is sent once on a path, again on the next primary
//! path, and again on the same one only if it has not been acknowledged for long: the relay loses what the
//! server had accepted when a socket breaks. The receiver drops what came before.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use netplay_protocol::ReliableHeader;

use super::incarnation::Incarnations;

/// How many messages may wait for their acknowledgement.
const MAX_UNACKED: usize = 1024;
/// How many messages that overtook another are kept.
const MAX_EARLY: usize = 256;
/// The shortest wait before a message is sent again on the same path.
const MIN_RETRANSMIT: Duration = Duration::from_millis(500);
/// The longest one.
const MAX_RETRANSMIT: Duration = Duration::from_secs(8);

/// Too many messages wait for their acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other player has not acknowledged the last {MAX_UNACKED} messages")]
pub struct Backlog;

/// Both directions of the reliable messages of a link.
#[derive(Debug, Default)]
pub(super) struct ReliableMessages {
    sent: u32,
    unacked: VecDeque<(u32, Vec<u8>)>,
    /// How many of them, from the front, were sent on the present primary path.
    in_flight: usize,
    retransmit: Option<Retransmit>,
    /// Up to which message everything was received.
    received: u32,
    /// Messages that overtook another.
    early: BTreeMap<u32, Vec<u8>>,
    /// Messages that were received in order.
    ready: VecDeque<Vec<u8>>,
    ack_due: bool,
}

/// When everything that is in flight is sent again, and how long that wait was.
#[derive(Clone, Copy, Debug)]
struct Retransmit {
    at: Duration,
    wait: Duration,
}

impl ReliableMessages {
    /// Takes a message to be sent.
    pub(super) fn push(&mut self, message: Vec<u8>) -> Result<(), Backlog> {
        if self.unacked.len() >= MAX_UNACKED {
            return Err(Backlog);
        }
        self.sent += 1;
        self.unacked.push_back((self.sent, message));
        Ok(())
    }

    /// How many messages wait for their acknowledgement.
    pub(super) fn unacknowledged(&self) -> usize {
        self.unacked.len()
    }

    /// How many messages were acknowledged.
    pub(super) fn acknowledged(&self) -> u64 {
        u64::from(self.sent).saturating_sub(self.unacked.len() as u64)
    }

    /// Another path became primary: what is not acknowledged is sent on it.
    pub(super) fn handle_path_change(&mut self) {
        self.in_flight = 0;
        self.retransmit = None;
    }

    /// The next packet to send now on a primary path with this round trip time.
    pub(super) fn poll_transmit(
        &mut self,
        now: Duration,
        rtt: Option<Duration>,
        incarnations: &Incarnations,
    ) -> Option<Vec<u8>> {
        if let Some(due) = self.retransmit.take_if(|retransmit| retransmit.at <= now) {
            self.in_flight = 0;
            let wait = due.wait * 2;
            self.retransmit = Some(Retransmit { at: now + wait, wait: wait.min(MAX_RETRANSMIT) });
        }
        let packet = if let Some((sequence, message)) = self.unacked.get(self.in_flight) {
            self.in_flight += 1;
            Some(incarnations.header(*sequence, self.received).packet(message))
        } else if self.ack_due {
            Some(incarnations.header(0, self.received).packet(&[]))
        } else {
            None
        };
        // Every packet carries the acknowledgement.
        self.ack_due = false;
        if self.in_flight > 0 && self.retransmit.is_none() {
            let wait = (rtt.unwrap_or_default() * 4).clamp(MIN_RETRANSMIT, MAX_RETRANSMIT);
            self.retransmit = Some(Retransmit { at: now + wait, wait });
        }
        packet
    }

    /// Packets of the last messages that are not acknowledged, at most so many, oldest first.
    pub(super) fn latest(&self, most: usize, incarnations: &Incarnations) -> Vec<Vec<u8>> {
        let first = self.unacked.len().saturating_sub(most);
        let latest = self.unacked.range(first..);
        let packet = |(sequence, message): &(u32, Vec<u8>)| {
            incarnations.header(*sequence, self.received).packet(message)
        };
        latest.map(packet).collect()
    }

    /// Takes a packet of the peer.
    pub(super) fn handle_packet(&mut self, header: ReliableHeader, message: &[u8]) {
        self.handle_ack(header.ack);
        let ReliableHeader { sequence, .. } = header;
        if sequence == 0 {
            return;
        }
        self.ack_due = true;
        if sequence == self.received.wrapping_add(1) {
            self.received = sequence;
            self.ready.push_back(message.to_vec());
            while let Some(next) = self.early.remove(&self.received.wrapping_add(1)) {
                self.received += 1;
                self.ready.push_back(next);
            }
        } else if sequence > self.received && self.early.len() < MAX_EARLY {
            self.early.insert(sequence, message.to_vec());
        }
    }

    fn handle_ack(&mut self, ack: u32) {
        // The peer cannot have received what was not sent.
        if ack > self.sent {
            return;
        }
        let acked = self.unacked.iter().take_while(|(sequence, _)| *sequence <= ack).count();
        if acked > 0 {
            self.unacked.drain(..acked);
            self.in_flight = self.in_flight.saturating_sub(acked);
            self.retransmit = None;
        }
    }

    /// The next message of the peer, in order.
    pub(super) fn poll_message(&mut self) -> Option<Vec<u8>> {
        self.ready.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MS: Duration = Duration::from_millis(1);

    /// Delivers packets, all but those at the places in `lost`.
    fn deliver(to: &mut ReliableMessages, packets: &[Vec<u8>], lost: &[usize]) {
        for (place, packet) in packets.iter().enumerate().filter(|(n, _)| !lost.contains(n)) {
            let (header, message) = ReliableHeader::split(packet).unwrap();
            assert!(message.is_empty() == (header.sequence == 0), "{place}");
            to.handle_packet(header, message);
        }
    }

    fn due(reliable: &mut ReliableMessages, now: Duration, rtt: Option<Duration>) -> Vec<Vec<u8>> {
        let incarnations = Incarnations::new(1);
        std::iter::from_fn(|| reliable.poll_transmit(now, rtt, &incarnations)).collect()
    }

    fn ready(reliable: &mut ReliableMessages) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| reliable.poll_message()).collect()
    }

    fn pushed(messages: u8) -> ReliableMessages {
        let mut reliable = ReliableMessages::default();
        (1..=messages).for_each(|message| reliable.push(vec![message]).unwrap());
        reliable
    }

    #[test]
    fn a_message_is_sent_once_on_a_path_and_again_on_the_next() {
        let (mut a, mut b) = (pushed(3), ReliableMessages::default());
        let packets = due(&mut a, MS, None);
        assert_eq!(packets.len(), 3);
        assert!(due(&mut a, MS * 2, None).is_empty());
        deliver(&mut b, &packets, &[1]);
        assert_eq!(ready(&mut b), [[1]]);
        a.handle_path_change();
        let again = due(&mut a, MS * 3, None);
        deliver(&mut b, &again, &[]);
        assert_eq!(ready(&mut b), [[2], [3]]);
        deliver(&mut a, &due(&mut b, MS * 4, None), &[]);
        a.handle_path_change();
        assert!(due(&mut a, MS * 5, None).is_empty(), "everything is acknowledged");
    }

    #[test]
    fn an_unacknowledged_message_is_sent_again_with_a_growing_wait() {
        let mut a = pushed(1);
        let mut sent = Vec::new();
        for ms in 0..20_000 {
            if !due(&mut a, MS * ms, Some(MS * 200)).is_empty() {
                sent.push(ms);
            }
        }
        assert_eq!(sent, [0, 800, 2400, 5600, 12_000]);
    }

    #[test]
    fn a_message_that_comes_twice_is_taken_once_and_acknowledged_again() {
        let (mut a, mut b) = (pushed(1), ReliableMessages::default());
        let packets = due(&mut a, MS, None);
        deliver(&mut b, &packets, &[]);
        assert_eq!((ready(&mut b).len(), due(&mut b, MS, None).len()), (1, 1));
        assert!(due(&mut b, MS, None).is_empty());
        deliver(&mut b, &packets, &[]);
        assert_eq!((ready(&mut b).len(), due(&mut b, MS, None).len()), (0, 1));
    }

    #[test]
    fn false_acknowledgements_change_nothing_and_bounds_hold() {
        let mut a = pushed(2);
        due(&mut a, MS, None);
        a.handle_packet(ReliableHeader { sequence: 0, ack: 9, from: 1, to: 0 }, &[]);
        a.handle_path_change();
        assert_eq!(due(&mut a, MS, None).len(), 2);
        for sequence in (2..5000).rev() {
            a.handle_packet(ReliableHeader { sequence, ack: 0, from: 1, to: 0 }, b"x");
        }
        assert_eq!((a.early.len(), ready(&mut a).len()), (MAX_EARLY, 0));
        let mut full = ReliableMessages::default();
        (0..MAX_UNACKED).for_each(|_| full.push(vec![]).unwrap());
        assert_eq!(full.push(vec![]), Err(Backlog));
    }
}
