//! What goes to a peer: the streams of reliable messages, and the latest message of each other type.

use std::collections::{BTreeMap, VecDeque};

use netplay_protocol::{MessageChunk, MessageFrame, MessageLatest, MessagePacket};

use super::MAX_UNDER_WAY;
use super::encoded::EncodedMessage;
use super::ranges::Ranges;

/// How many bytes of streams may be sent beyond the first that is not acknowledged, of all streams.
const MAX_SPAN: u64 = 2 * 1024 * 1024;
/// A packet with less room than this is full.
const LEAST_ROOM: usize = MessagePacket::CHUNK_BYTES + 16;

/// A part of a packet that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SentPart {
    /// Bytes of a stream.
    Chunk { message_type: u8, start: u64, end: u64 },
    /// The message with this number of a type of which only the latest counts.
    Latest { message_type: u8, sequence: u64 },
}

/// The progress of a message that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutgoingProgress {
    /// The message.
    pub id: u64,
    /// The number of its type.
    pub message_type: u8,
    /// How many of its bytes the peer has acknowledged, as they travel.
    pub acknowledged: u64,
    /// How many it has, as it travels.
    pub total: u64,
}

/// What goes to a peer.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// By the local number of the type.
    streams: BTreeMap<u8, Stream>,
    latest: BTreeMap<u8, Latest>,
    /// The stream whose turn was last.
    turn: u8,
    /// How many bytes the messages have that began to be sent and are not acknowledged.
    under_way: u64,
}

/// The reliable messages of a type.
#[derive(Debug, Default)]
struct Stream {
    /// Those that are not acknowledged, in order.
    messages: VecDeque<Queued>,
    /// Where the next message begins.
    end: u64,
    /// Up to where bytes were sent.
    sent: u64,
    acked: Ranges,
    /// What was lost and is not sent again yet.
    lost: Ranges,
}

#[derive(Debug)]
struct Queued {
    id: u64,
    start: u64,
    message: EncodedMessage,
}

#[derive(Debug, Default)]
struct Latest {
    sequence: u64,
    message: Option<EncodedMessage>,
    /// Whether it is to be sent.
    due: bool,
}

impl Queued {
    fn end(&self) -> u64 {
        self.start + self.message.stream_bytes()
    }
}

impl Outgoing {
    pub(super) fn queue(&mut self, message_type: u8, id: u64, message: EncodedMessage) {
        let stream = self.streams.entry(message_type).or_default();
        let start = stream.end;
        stream.end += message.stream_bytes();
        stream.messages.push_back(Queued { id, start, message });
    }

    pub(super) fn replace_latest(&mut self, message_type: u8, message: EncodedMessage) {
        let latest = self.latest.entry(message_type).or_default();
        latest.sequence += 1;
        latest.message = Some(message);
        latest.due = true;
    }

    /// Forgets the messages of a type. Returns their ids.
    pub(super) fn remove_type(&mut self, message_type: u8) -> Vec<u64> {
        self.latest.remove(&message_type);
        let stream = self.streams.remove(&message_type).unwrap_or_default();
        let begun = stream.messages.iter().filter(|it| it.start < stream.sent);
        self.under_way -= begun.map(|it| it.message.stream_bytes()).sum::<u64>();
        stream.messages.iter().map(|it| it.id).collect()
    }

    /// Forgets the messages of a type that are longer than this, before any of them was sent. Returns the ids of the
    /// reliable ones and their lengths.
    pub(super) fn remove_longer(&mut self, message_type: u8, most: usize) -> Vec<(u64, usize)> {
        let is_longer = |message: &EncodedMessage| message.message_bytes() > most;
        if self
            .latest
            .get(&message_type)
            .is_some_and(|it| it.message.as_ref().is_some_and(is_longer))
        {
            self.latest.remove(&message_type);
        }
        let Some(stream) = self.streams.remove(&message_type) else { return Vec::new() };
        let mut removed = Vec::new();
        for Queued { id, message, .. } in stream.messages {
            if is_longer(&message) {
                removed.push((id, message.message_bytes()));
            } else {
                self.queue(message_type, id, message);
            }
        }
        removed
    }

    /// Forgets all messages. Returns the ids of those that were not acknowledged.
    pub(super) fn clear(&mut self) -> Vec<u64> {
        let ids = |stream: &Stream| stream.messages.iter().map(|it| it.id).collect::<Vec<_>>();
        let cleared = self.streams.values().flat_map(ids).collect();
        *self = Self::default();
        cleared
    }

    /// Whether there is anything that was not acknowledged.
    pub(super) fn is_empty(&self) -> bool {
        self.streams.values().all(|stream| stream.messages.is_empty())
            && self.latest.values().all(|latest| !latest.due)
    }

    /// Whether there is anything to send. `new`: also what was not sent before.
    pub(super) fn has_due(&self, new: bool) -> bool {
        self.latest.values().any(|latest| latest.due)
            || self.streams.values().any(|it| !it.lost.is_empty() || (new && it.sent < it.end))
    }

    /// Fills a packet of at most so many bytes. Returns it and what it has of messages. `new`: also with what was not
    /// sent before.
    pub(super) fn fill(
        &mut self,
        mut packet: Vec<u8>,
        most: usize,
        new: bool,
    ) -> (Vec<u8>, Vec<SentPart>) {
        let mut parts = Vec::new();
        for (number, latest) in self.latest.iter_mut().filter(|(_, latest)| latest.due) {
            let Some(message) = &latest.message else { continue };
            let bytes = message.bytes();
            if packet.len() + bytes.len() + MessagePacket::CHUNK_BYTES > most {
                continue;
            }
            latest.due = false;
            let (message_type, sequence) = (*number, latest.sequence);
            packet =
                MessageFrame::Latest(MessageLatest { message_type, sequence, bytes }).push(packet);
            parts.push(SentPart::Latest { message_type, sequence });
        }
        let mut bytes = Vec::new();
        let turn = self.turn;
        let after = self.streams.keys().copied().filter(|number| *number > turn);
        let up_to = self.streams.keys().copied().filter(|number| *number <= turn);
        for message_type in after.chain(up_to).collect::<Vec<_>>() {
            while let Some(room) = most.checked_sub(packet.len()).filter(|room| *room >= LEAST_ROOM)
            {
                bytes.clear();
                let room = room - MessagePacket::CHUNK_BYTES;
                let Some(offset) = self.next_chunk(message_type, room, new, &mut bytes) else {
                    break;
                };
                let end = offset + bytes.len() as u64;
                let chunk = MessageChunk { message_type, offset, bytes: &bytes };
                packet = MessageFrame::Chunk(chunk).push(packet);
                parts.push(SentPart::Chunk { message_type, start: offset, end });
                self.turn = message_type;
            }
        }
        (packet, parts)
    }

    /// The next bytes of a stream to send: what was lost, and then what was not sent before. Returns where they begin.
    fn next_chunk(
        &mut self,
        message_type: u8,
        most: usize,
        new: bool,
        bytes: &mut Vec<u8>,
    ) -> Option<u64> {
        let span: u64 = self.streams.values().map(Stream::span).sum();
        let stream = self.streams.get_mut(&message_type)?;
        if let Some((start, end)) = stream.lost.first() {
            let end = end.min(start + most as u64);
            stream.lost.remove(start, end);
            stream.copy(start, end, bytes);
            return Some(start);
        }
        let start = stream.sent;
        let end = stream.end.min(start + most as u64);
        if !new || start == end || span >= MAX_SPAN {
            return None;
        }
        while stream.sent < end {
            let Some(queued) = stream.at(stream.sent) else { break };
            if queued.start == stream.sent {
                let length = queued.message.stream_bytes();
                if self.under_way > 0 && self.under_way + length > MAX_UNDER_WAY as u64 {
                    break;
                }
                self.under_way += length;
            }
            stream.sent = end.min(queued.end());
        }
        stream.copy(start, stream.sent, bytes);
        (stream.sent > start).then_some(start)
    }

    /// A part arrived. Returns the ids of the messages that are whole at the peer by that.
    pub(super) fn handle_acked(&mut self, part: SentPart) -> Vec<u64> {
        let SentPart::Chunk { message_type, start, end } = part else { return Vec::new() };
        let Some(stream) = self.streams.get_mut(&message_type) else { return Vec::new() };
        stream.acked.insert(start, end);
        stream.lost.remove(start, end);
        let whole = stream.acked_to();
        let mut ids = Vec::new();
        while let Some(queued) = stream.messages.pop_front_if(|it| it.end() <= whole) {
            self.under_way -= queued.message.stream_bytes();
            ids.push(queued.id);
        }
        ids
    }

    /// A part was lost. Returns how many bytes are to be sent again.
    pub(super) fn handle_lost(&mut self, part: SentPart) -> u64 {
        match part {
            SentPart::Chunk { message_type, start, end } => {
                let Some(stream) = self.streams.get_mut(&message_type) else { return 0 };
                let missing = stream.acked.gaps(start, end);
                missing.iter().for_each(|(start, end)| stream.lost.insert(*start, *end));
                missing.iter().map(|(start, end)| end - start).sum()
            }
            SentPart::Latest { message_type, sequence } => {
                let latest = self.latest.get_mut(&message_type);
                let Some(latest) = latest.filter(|latest| latest.sequence == sequence) else {
                    return 0;
                };
                latest.due = true;
                latest.message.as_ref().map_or(0, |message| message.wire_bytes() as u64)
            }
        }
    }

    /// The messages that are not acknowledged, in the order of their types and in that of their sending.
    pub(super) fn progress(&self) -> impl Iterator<Item = OutgoingProgress> {
        self.streams.iter().flat_map(|(message_type, stream)| {
            stream.messages.iter().map(|it| OutgoingProgress {
                id: it.id,
                message_type: *message_type,
                acknowledged: stream.acked.count(it.start, it.end()),
                total: it.message.stream_bytes(),
            })
        })
    }

    /// How many messages are not acknowledged, and how many bytes they have.
    pub(super) fn queued(&self) -> (usize, u64) {
        self.streams.values().fold((0, 0), |(messages, bytes), stream| {
            (messages + stream.messages.len(), bytes + stream.end - stream.acked_to())
        })
    }
}

impl Stream {
    /// Up to where everything is acknowledged.
    fn acked_to(&self) -> u64 {
        self.acked.first().filter(|(start, _)| *start == 0).map_or(0, |(_, end)| end)
    }

    fn span(&self) -> u64 {
        self.sent - self.acked_to()
    }

    /// The message that has this byte.
    fn at(&self, offset: u64) -> Option<&Queued> {
        let place = self.messages.partition_point(|it| it.end() <= offset);
        self.messages.get(place).filter(|it| it.start <= offset)
    }

    /// Appends bytes of the stream.
    fn copy(&self, start: u64, end: u64, to: &mut Vec<u8>) {
        let place = self.messages.partition_point(|it| it.end() <= start);
        for queued in self.messages.iter().skip(place).take_while(|it| it.start < end) {
            let from = start.max(queued.start);
            let most = usize::try_from(end - from).unwrap_or_default();
            queued.message.append(from - queued.start, most, to);
        }
    }
}
