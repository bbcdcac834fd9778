//! Both ends of the messages of a link, and a network of a few lines between them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use netplay_protocol::{MessageDelivery, MessageType, MessageTypes};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use crate::messages::{
    EncodedMessage, LinkMessages, MessageError, MessageEvent, MessagePath, TypeMismatch,
};
use crate::path::PathId;

pub(super) const MS: Duration = Duration::from_millis(1);
/// The numbers of the types in [`types`].
pub(super) const CHAT: u8 = 0;
pub(super) const FILE: u8 = 1;
pub(super) const POSITION: u8 = 2;
/// The longest message of the type [`FILE`], and of [`CHAT`].
pub(super) const FILE_BYTES: u32 = 16 * 1024 * 1024;
pub(super) const CHAT_BYTES: u32 = 1000;

pub(super) fn message_type(name: &str, delivery: MessageDelivery, max_bytes: u32) -> MessageType {
    MessageType { name: name.into(), version: 1, delivery, max_bytes }
}

pub(super) fn types() -> MessageTypes {
    MessageTypes::new(vec![
        message_type("file", MessageDelivery::Reliable, FILE_BYTES),
        message_type("position", MessageDelivery::Latest, 100),
        message_type("chat", MessageDelivery::Reliable, CHAT_BYTES),
    ])
    .unwrap()
}

/// Bytes that cannot be compressed.
pub(crate) fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut random = Pcg32::seed_from_u64(seed);
    (0..bytes).map(|_| random.random()).collect()
}

/// Both ends.
pub(super) struct Ends {
    pub(super) ends: [LinkMessages; 2],
    pub(super) types: [MessageTypes; 2],
    pub(super) now: Duration,
    pub(super) path: PathId,
    pub(super) delay: Duration,
    /// How much longer a packet takes at most, so that others overtake it.
    pub(super) jitter: Duration,
    /// The fraction of packets that do not arrive.
    pub(super) loss: f64,
    /// Whether the game at the second end takes its messages.
    pub(super) takes: bool,
    /// What happened at each end.
    pub(super) events: [Vec<MessageEvent>; 2],
    on_the_way: BTreeMap<(Duration, u64), (usize, Vec<u8>)>,
    sent: u64,
    random: Pcg32,
}

impl Ends {
    pub(super) fn new(types: [MessageTypes; 2]) -> Self {
        let end = |types: &MessageTypes| LinkMessages::new(Arc::new(types.clone()), Duration::ZERO);
        Self {
            ends: [end(&types[0]), end(&types[1])],
            types,
            now: Duration::ZERO,
            path: PathId(7),
            delay: MS * 20,
            jitter: Duration::ZERO,
            loss: 0.0,
            takes: true,
            events: [Vec::new(), Vec::new()],
            on_the_way: BTreeMap::new(),
            sent: 0,
            random: Pcg32::seed_from_u64(1),
        }
    }

    /// Ends that know the same types, and have told each other.
    pub(super) fn ready() -> Self {
        let mut ends = Self::new([types(), types()]);
        let mismatches = ends.tell_types();
        assert_eq!(mismatches, [vec![], vec![]]);
        ends
    }

    /// Tells each end the types of the other. Returns what is not the same.
    pub(super) fn tell_types(&mut self) -> [Vec<TypeMismatch>; 2] {
        let types = self.types.clone();
        [0, 1].map(|end| self.ends[end].handle_types(&types[1 - end]))
    }

    /// The process of the second end restarts: what is on its way is for the one before or from it.
    pub(super) fn restart(&mut self) {
        self.on_the_way.clear();
        let types = Arc::new(self.types[1].clone());
        self.ends[1] = LinkMessages::new(types, self.now);
        self.ends[0].reset(self.now, MessageError::PeerRestarted);
    }

    /// The first end sends a message.
    pub(super) fn send(&mut self, number: u8, id: u64, bytes: Vec<u8>) -> Result<(), MessageError> {
        let message = EncodedMessage::new(self.types[0].get(number).unwrap(), bytes)?;
        self.ends[0].queue(number, id, &message)
    }

    pub(super) fn run(&mut self, ms: u32) {
        (0..ms).for_each(|_| self.step());
    }

    #[track_caller]
    pub(super) fn run_until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..300_000 {
            if is_so(self) {
                return;
            }
            self.step();
        }
        panic!(
            "not so after five minutes: {what}: {:?}",
            self.ends.each_ref().map(|it| it.counters())
        );
    }

    fn step(&mut self) {
        self.now += MS;
        let now = self.now;
        let later = self.on_the_way.split_off(&(now, u64::MAX));
        for (to, packet) in std::mem::replace(&mut self.on_the_way, later).into_values() {
            let (header, frames) = netplay_protocol::MessagePacket::split(&packet).unwrap();
            let _ = self.ends[to].handle_packet(now, header, frames);
        }
        for end in 0..2 {
            self.ends[end].handle_timeout(now);
            let path = MessagePath { id: self.path, buffered: 0, incarnations: (1, 1) };
            // However much there is to send, it ends.
            let mut packets = 0;
            while let Some(packet) = self.ends[end].poll_packet(now, path) {
                packets += 1;
                assert!(packets <= 5000, "{end}: {packet:?}: {:?}", self.ends[end].counters());
                assert!(packet.len() <= crate::messages::PACKET_BYTES, "{}", packet.len());
                if self.random.random_bool(self.loss) {
                    continue;
                }
                let jitter = self.jitter.mul_f32(self.random.random());
                self.sent += 1;
                self.on_the_way.insert((now + self.delay + jitter, self.sent), (1 - end, packet));
            }
            if end == 0 || self.takes {
                self.take(end);
            }
        }
    }

    /// Takes what happened at an end.
    pub(super) fn take(&mut self, end: usize) {
        while let Some(event) = self.ends[end].poll_event() {
            self.events[end].push(event);
        }
    }

    /// The messages that came at the second end.
    pub(super) fn received(&self) -> Vec<(u8, &[u8])> {
        let received = |event| match event {
            &MessageEvent::Received { message_type, ref message } => {
                Some((message_type, message.as_slice()))
            }
            _ => None,
        };
        self.events[1].iter().filter_map(received).collect()
    }

    /// The messages of the first end that were delivered.
    pub(super) fn delivered(&self) -> Vec<u64> {
        let delivered = |event| match event {
            &MessageEvent::Delivered { id } => Some(id),
            _ => None,
        };
        self.events[0].iter().filter_map(delivered).collect()
    }

    /// The messages of the first end that failed.
    pub(super) fn failed(&self) -> Vec<(u64, MessageError)> {
        let failed = |event| match event {
            &MessageEvent::Failed { id, reason } => Some((id, reason)),
            _ => None,
        };
        self.events[0].iter().filter_map(failed).collect()
    }
}
