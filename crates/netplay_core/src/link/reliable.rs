use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use netplay_protocol::ReliableHeader;

use super::instance::Instances;

/// How many messages may wait for their acknowledgement.
const MAX_UNACKED: usize = 1024;
/// How many messages that overtook another are kept.
const MAX_EARLY: usize = 256;
/// The shortest and the longest wait before a message is sent again on the same path.
const RETRANSMIT: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(8)];

/// Messages that arrive once and in order, whatever becomes of the paths they travel on.
///
/// A path that lives does that by itself; so a message is sent once on a path, again on the next one, and
/// again on the same only when nobody has acknowledged it for long: the relay loses what the server had taken
/// when a socket breaks.
#[derive(Debug, Default)]
pub(super) struct Reliable {
    sent: u32,
    unacked: VecDeque<(u32, Vec<u8>)>,
    /// How many of them, from the front, are on their way on the present path.
    under_way: usize,
    /// When the first of them is sent again, and how long that took to come.
    retransmit: Option<(Duration, Duration)>,
    /// Up to which message everything has come.
    received: u32,
    early: BTreeMap<u32, Vec<u8>>,
    ready: VecDeque<Vec<u8>>,
    ack_due: bool,
}

/// Too many messages wait for the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other player has not taken the last {MAX_UNACKED} messages")]
pub struct Backlog;

impl Reliable {
    /// Takes a message to be sent.
    pub(super) fn push(&mut self, message: Vec<u8>) -> Result<(), Backlog> {
        if self.unacked.len() >= MAX_UNACKED {
            return Err(Backlog);
        }
        self.sent += 1;
        self.unacked.push_back((self.sent, message));
        Ok(())
    }

    /// Another path carries: what is not acknowledged is sent on it.
    pub(super) fn path_changed(&mut self) {
        self.under_way = 0;
        self.retransmit = None;
    }

    /// The packets to send now, given that there is a path and how long a round trip on it takes.
    pub(super) fn due(
        &mut self,
        now: Duration,
        rtt: Option<Duration>,
        instances: &Instances,
    ) -> Vec<Vec<u8>> {
        let [shortest, longest] = RETRANSMIT;
        if let Some((_, wait)) = self.retransmit.take_if(|(at, _)| *at <= now) {
            self.under_way = 0;
            self.retransmit = Some((now + wait * 2, (wait * 2).min(longest)));
        }
        let header = |sequence| instances.header(sequence, self.received);
        let fresh = self.unacked.iter().skip(self.under_way);
        let mut packets: Vec<Vec<u8>> =
            fresh.map(|(sequence, message)| header(*sequence).packet(message)).collect();
        if packets.is_empty() && self.ack_due {
            packets.push(header(0).packet(&[]));
        }
        self.under_way = self.unacked.len();
        self.ack_due = false;
        if self.under_way > 0 && self.retransmit.is_none() {
            let wait = (rtt.unwrap_or_default() * 4).clamp(shortest, longest);
            self.retransmit = Some((now + wait, wait));
        }
        packets
    }

    /// Takes in a packet of the peer.
    pub(super) fn receive(&mut self, header: ReliableHeader, message: &[u8]) {
        self.acknowledged(header.ack);
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

    fn acknowledged(&mut self, ack: u32) {
        // Nobody can have received what was not sent.
        if ack > self.sent {
            return;
        }
        let acked = self.unacked.iter().take_while(|(sequence, _)| *sequence <= ack).count();
        if acked > 0 {
            self.unacked.drain(..acked);
            self.under_way = self.under_way.saturating_sub(acked);
            self.retransmit = None;
        }
    }

    /// The next message of the peer, in order.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        self.ready.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MS: Duration = Duration::from_millis(1);

    /// Hands packets over, all but those whose place is named.
    fn deliver(to: &mut Reliable, packets: &[Vec<u8>], lost: &[usize]) {
        for (place, packet) in packets.iter().enumerate().filter(|(n, _)| !lost.contains(n)) {
            let (header, message) = ReliableHeader::split(packet).unwrap();
            assert!(message.is_empty() == (header.sequence == 0), "{place}");
            to.receive(header, message);
        }
    }

    fn due(reliable: &mut Reliable, now: Duration, rtt: Option<Duration>) -> Vec<Vec<u8>> {
        reliable.due(now, rtt, &Instances::new(1))
    }

    fn ready(reliable: &mut Reliable) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| reliable.next()).collect()
    }

    fn pushed(messages: u8) -> Reliable {
        let mut reliable = Reliable::default();
        (1..=messages).for_each(|message| reliable.push(vec![message]).unwrap());
        reliable
    }

    #[test]
    fn messages_are_sent_once_on_a_path_and_again_on_the_next() {
        let (mut a, mut b) = (pushed(3), Reliable::default());
        let packets = due(&mut a, MS, None);
        assert_eq!(packets.len(), 3);
        assert!(due(&mut a, MS * 2, None).is_empty());
        deliver(&mut b, &packets, &[1]);
        assert_eq!(ready(&mut b), [[1]]);
        a.path_changed();
        let again = due(&mut a, MS * 3, None);
        deliver(&mut b, &again, &[]);
        assert_eq!(ready(&mut b), [[2], [3]]);
        deliver(&mut a, &due(&mut b, MS * 4, None), &[]);
        a.path_changed();
        assert!(due(&mut a, MS * 5, None).is_empty(), "everything is acknowledged");
    }

    #[test]
    fn what_nobody_acknowledges_is_sent_again_later_and_later() {
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
        let (mut a, mut b) = (pushed(1), Reliable::default());
        let packets = due(&mut a, MS, None);
        deliver(&mut b, &packets, &[]);
        assert_eq!((ready(&mut b).len(), due(&mut b, MS, None).len()), (1, 1));
        assert!(due(&mut b, MS, None).is_empty());
        deliver(&mut b, &packets, &[]);
        assert_eq!((ready(&mut b).len(), due(&mut b, MS, None).len()), (0, 1));
    }

    #[test]
    fn lies_about_numbers_change_nothing_and_bounds_hold() {
        let mut a = pushed(2);
        due(&mut a, MS, None);
        a.receive(ReliableHeader { sequence: 0, ack: 9, from: 1, to: 0 }, &[]);
        a.path_changed();
        assert_eq!(due(&mut a, MS, None).len(), 2);
        for sequence in (2..5000).rev() {
            a.receive(ReliableHeader { sequence, ack: 0, from: 1, to: 0 }, b"x");
        }
        assert_eq!((a.early.len(), ready(&mut a).len()), (MAX_EARLY, 0));
        let mut full = Reliable::default();
        (0..MAX_UNACKED).for_each(|_| full.push(vec![]).unwrap());
        assert_eq!(full.push(vec![]), Err(Backlog));
    }
}
