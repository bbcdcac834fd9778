//! What comes from a peer: packets, the streams in them, and the messages that wait for the game.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use netplay_protocol::{
    AckRange, MAX_ACK_RANGES, MessageAck, MessageChunk, MessageDelivery, MessageLatest,
    MessagePacket, MessageType, MessageTypes,
};

use super::assembler::{Allowance, Assembler, Held, NotTaken, Violation};
use super::encoded::Arrived;
use super::ranges::Ranges;
use super::{MAX_UNDER_WAY, MessageCounters};

/// How many bytes of streams may come before those in front of them, of all streams.
const MAX_EARLY_BYTES: usize = 4 * 1024 * 1024;
/// In how many pieces. What is lost makes one.
const MAX_EARLY_PIECES: usize = 2048;
/// How many bytes of messages may wait for the game before the peer is told to send no more. Those that travelled
/// compressed count as what they become: the game takes all that waits at once.
const MAX_WAITING: usize = 16 * 1024 * 1024;
/// How many messages may wait for the game before the peer is told to send no more.
const MAX_WAITING_MESSAGES: usize = 4096;
/// How many ranges of packet numbers are remembered.
const MAX_RANGES: usize = 256;

/// A message of the peer that has arrived: the number of its type in the local table, and the message as it travelled.
pub(super) type Waiting = (u8, Arrived);

/// What comes from a peer.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    /// For each type of the peer, what it is in the local table and how long a message may be; none if the local game
    /// does not know it in that version. None before the peer has told its types.
    types: Option<Vec<Option<Known>>>,
    /// By the peer's number of the type.
    streams: BTreeMap<u8, Assembler>,
    /// What all of them hold.
    held: Held,
    latest: BTreeMap<u8, Latest>,
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    /// The numbers of the packets that were received.
    received: Ranges,
    /// The highest of them, and how long that packet was on its way.
    largest: Option<(u64, u32)>,
    ack_due: bool,
    /// Whether the peer was told last to send no more.
    told_to_wait: bool,
}

/// A type that both know.
#[derive(Clone, Copy, Debug)]
struct Known {
    local: u8,
    delivery: MessageDelivery,
    max_bytes: u32,
}

/// The latest message of a type.
#[derive(Debug, Default)]
struct Latest {
    sequence: u64,
    value: Option<Vec<u8>>,
}

/// The progress of a message that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncomingProgress {
    /// The number of its type in the local table.
    pub message_type: u8,
    /// How many of its bytes have come, as they travel.
    pub received: usize,
    /// How many it has, as it travels.
    pub total: usize,
}

impl Incoming {
    /// The peer has told its types.
    pub(super) fn set_types(&mut self, local: &MessageTypes, theirs: &MessageTypes) {
        let known = |it: &MessageType| {
            let number = local.number(&it.name)?;
            let ours = local.get(number)?;
            let is_same = (ours.version, ours.delivery) == (it.version, it.delivery);
            let (delivery, max_bytes) = (ours.delivery, ours.max_bytes);
            is_same.then_some(Known { local: number, delivery, max_bytes })
        };
        self.types = Some(theirs.iter().map(known).collect());
    }

    /// Whether the peer has told its types.
    pub(super) fn knows_types(&self) -> bool {
        self.types.is_some()
    }

    /// Whether a packet of this number came before.
    pub(super) fn has(&self, number: u64) -> bool {
        self.received.contains(number)
    }

    /// A packet came at `at` and everything in it was taken. `asks`: it is to be acknowledged.
    pub(super) fn note(&mut self, at: Duration, header: MessagePacket, asks: bool) {
        self.received.insert(header.number, header.number + 1);
        if self.received.len() > MAX_RANGES {
            self.received.remove_first();
        }
        if self.largest.is_none_or(|(largest, _)| header.number > largest) {
            let delay = micros(at).wrapping_sub(header.sent);
            self.largest = Some((header.number, delay));
        }
        self.ack_due |= asks;
    }

    /// A packet that came before came again: its acknowledgement was lost.
    pub(super) fn repeat_ack(&mut self) {
        self.ack_due = true;
    }

    /// Whether an acknowledgement is to be sent. `decodes`: more may be decoded at present.
    pub(super) fn is_ack_due(&self, decodes: bool) -> bool {
        let ready = decodes && self.is_ready();
        self.largest.is_some() && (self.ack_due || self.told_to_wait == ready)
    }

    /// The acknowledgement to send now, if anything was received. `decodes`: more may be decoded at present.
    pub(super) fn take_ack(&mut self, decodes: bool) -> Option<MessageAck> {
        let (largest, delay) = self.largest?;
        let ready = decodes && self.is_ready();
        (self.ack_due, self.told_to_wait) = (false, !ready);
        let mut next = largest;
        let range = |(first, end): (u64, u64)| {
            let range = AckRange { gap: (next + 1).saturating_sub(end), length: end - first };
            next = first.saturating_sub(1);
            range
        };
        let ranges = self.received.descending().take(MAX_ACK_RANGES).map(range).collect();
        Some(MessageAck { largest, delay, ready, ranges })
    }

    fn is_ready(&self) -> bool {
        self.waiting_bytes < MAX_WAITING && self.waiting.len() < MAX_WAITING_MESSAGES
    }

    /// Takes bytes of a stream. Returns how many bytes the messages will have that are whole by that and are to be
    /// decompressed.
    pub(super) fn handle_chunk(
        &mut self,
        chunk: MessageChunk<'_>,
        counters: &mut MessageCounters,
    ) -> Result<usize, NotTaken> {
        let known = self.known(chunk.message_type, MessageDelivery::Reliable)?;
        // A peer that goes on although it was told not to has to wait.
        if self.waiting_bytes >= MAX_WAITING * 2 || self.waiting.len() >= MAX_WAITING_MESSAGES * 2 {
            return Err(NotTaken::Full);
        }
        let stream = self.streams.entry(chunk.message_type).or_default();
        let others = self.held - stream.held();
        let allowance = Allowance {
            max_bytes: known.max_bytes,
            under_way: MAX_UNDER_WAY.saturating_sub(others.under_way),
            early_bytes: MAX_EARLY_BYTES.saturating_sub(others.early_bytes),
            early_pieces: MAX_EARLY_PIECES.saturating_sub(others.early_pieces),
        };
        let mut whole = Vec::new();
        let taken = stream.handle(chunk.offset, chunk.bytes, &allowance, &mut whole);
        self.held = others + stream.held();
        counters.bytes_received += chunk.bytes.len() as u64;
        let mut decompressed = 0;
        for message in whole {
            self.waiting_bytes += message.message_bytes();
            decompressed += message.compressed_from as usize;
            self.waiting.push_back((known.local, message));
        }
        taken.map(|()| decompressed)
    }

    /// Takes a message of which only the latest counts.
    pub(super) fn handle_latest(
        &mut self,
        message: MessageLatest<'_>,
        counters: &mut MessageCounters,
    ) -> Result<(), NotTaken> {
        let known = self.known(message.message_type, MessageDelivery::Latest)?;
        if message.bytes.len() > known.max_bytes as usize {
            return Err(NotTaken::Violation(Violation::Oversized));
        }
        counters.bytes_received += message.bytes.len() as u64;
        let latest = self.latest.entry(known.local).or_default();
        if message.sequence > latest.sequence {
            *latest = Latest { sequence: message.sequence, value: Some(message.bytes.to_vec()) };
        }
        Ok(())
    }

    /// A type of the peer, as it is in the local table.
    fn known(&self, number: u8, delivery: MessageDelivery) -> Result<Known, NotTaken> {
        let types = self.types.as_ref().ok_or(NotTaken::Full)?;
        let known = types.get(usize::from(number)).copied().flatten();
        known
            .filter(|known| known.delivery == delivery)
            .ok_or(NotTaken::Violation(Violation::Unknown))
    }

    /// The next message for the game.
    pub(super) fn take_message(&mut self) -> Option<Waiting> {
        if let Some(waiting) = self.waiting.pop_front() {
            self.waiting_bytes -= waiting.1.message_bytes();
            return Some(waiting);
        }
        let value = |(number, latest): (&u8, &mut Latest)| Some((*number, latest.value.take()?));
        let (number, bytes) = self.latest.iter_mut().find_map(value)?;
        Some((number, Arrived { compressed_from: 0, bytes }))
    }

    /// The messages that are under way.
    pub(super) fn progress(&self) -> impl Iterator<Item = IncomingProgress> {
        self.streams.iter().filter_map(|(number, stream)| {
            let known = self.types.as_ref()?.get(usize::from(*number)).copied().flatten()?;
            let (received, total) = stream.under_way()?;
            Some(IncomingProgress { message_type: known.local, received, total })
        })
    }

    /// How many bytes all of it takes, without what the memory allocator keeps besides.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        let streams = self.streams.values().map(|stream| {
            stream.held().early_bytes + stream.under_way().map_or(0, |(received, _)| received)
        });
        streams.sum::<usize>() + self.waiting_bytes
    }

    /// In how many pieces it is that came early.
    #[cfg(test)]
    pub(super) fn early_pieces(&self) -> usize {
        self.held.early_pieces
    }
}

/// The lowest bits of a time in µs.
pub(super) fn micros(time: Duration) -> u32 {
    time.as_micros() as u32
}
