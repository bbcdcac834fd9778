//! The messages of a game between two peers: whole, once and in order, whatever their length, and without delaying
//! inputs.
//!
//! ```text
//! queue ──► outgoing ──► in_flight ─ congestion ──► packets ──► incoming ──► assembler ──► poll_event
//!           streams      what is on its way                     what came    messages
//! ```
//!
//! The reliable messages of a type are a stream of bytes. Its parts travel in packets of their own on the unreliable
//! channel: on the reliable one they would stand before the control messages, and its send buffer cannot be seen
//! everywhere. Each packet has a number, acknowledgements name ranges of numbers, and what is lost travels again in
//! another packet; so it does not matter what path a packet takes. What may be under way is bounded by a window that
//! keeps queues short.
//!
//! Both peers tell their types first. What only one knows, or in another version, is not sent.
//!
//! Whatever a peer sends, the memory for it is bounded: by the longest messages of the types that the local game knows,
//! by 64 MiB of messages that are under way, 4 MiB of bytes that came early and 32 MiB of messages that wait for the
//! game, and one message more; and so is the work: by a rate of packets and by 64 MiB per second that are decompressed.
//! A peer that sends what nobody sends who keeps to the rules is [muted](MessageCounters::muted): no message is
//! taken from it until its process restarts. Its inputs are.

mod assembler;
mod congestion;
mod encoded;
mod event;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod in_flight;
mod incoming;
mod outgoing;
mod ranges;
mod sendable;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use netplay_protocol::limits::{MAX_DATAGRAM_BYTES, MAX_MESSAGE_BYTES};
use netplay_protocol::{MessageChunk, MessageDelivery, MessageFrame, MessagePacket, MessageTypes};

use crate::path::{Channel, PathId};
use crate::rate::TokenBucket;
use assembler::NotTaken;
use in_flight::{Fates, InFlight};
use incoming::{Incoming, micros};
use outgoing::Outgoing;
use sendable::Sendable;

pub use assembler::Violation;
pub use encoded::EncodedMessage;
pub use event::{MessageCounters, MessageError, MessageEvent, TypeMismatch};
pub use incoming::IncomingProgress;
pub use outgoing::OutgoingProgress;

/// The most bytes that messages may have that have begun to be sent and are not acknowledged, as they travel.
const MAX_UNDER_WAY: usize = 64 * 1024 * 1024;
/// How many messages may wait for their acknowledgement, and how many bytes.
const MAX_QUEUED_MESSAGES: usize = 4096;
const MAX_QUEUED_BYTES: u64 = 64 * 1024 * 1024;
/// How many bytes per second the server relays for messages, and how many at once.
const RELAYED_BYTES: u32 = 64 * 1024;
const RELAYED_BURST: u32 = 16 * 1024;
/// While more bytes than this wait in the transport, no message is added to them: inputs would wait behind it.
const MAX_BUFFERED: usize = 48 * 1024;
/// How many packets per second are taken, and how many at once: three times what is sent at the best.
const MAX_PACKETS_PER_SECOND: u32 = 60_000;
/// How many bytes per second messages that travel compressed may become, and how many at once: they take little to send,
/// and much to decompress.
const DECOMPRESSED_BYTES: u32 = 2 * MAX_MESSAGE_BYTES;
/// So many frames of a packet cost as much as another packet.
const FRAMES_PER_TOKEN: usize = 4;
/// For how long after the last packet messages count as under way.
const ACTIVE: Duration = Duration::from_millis(250);
/// How often a peer that takes no messages at present is asked whether it does again.
const ASK_EVERY: Duration = Duration::from_millis(250);

const PACKET_BYTES: usize = Channel::Datagram.max_packet_bytes();
const _: () = assert!(PACKET_BYTES < MAX_DATAGRAM_BYTES);

/// What a packet of messages is to be sent on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessagePath {
    pub(crate) id: PathId,
    /// Bytes that wait to be sent on it.
    pub(crate) buffered: usize,
    /// The lower halves of the incarnations of the local process and of the peer's.
    pub(crate) incarnations: (u16, u16),
}

/// The messages of a link, in both directions.
#[derive(Debug)]
pub struct LinkMessages {
    types: Arc<MessageTypes>,
    sendable: Sendable,
    outgoing: Outgoing,
    in_flight: InFlight,
    incoming: Incoming,
    /// What is sent through the relay.
    relayed: TokenBucket,
    received: TokenBucket,
    /// What is decompressed.
    decompressed: TokenBucket,
    /// Whether the peer takes more.
    peer_ready: bool,
    /// When a peer that does not is asked again.
    ask_at: Duration,
    /// The path that the last packet was sent on.
    path: Option<PathId>,
    last_active: Option<Duration>,
    muted: bool,
    counters: MessageCounters,
    events: VecDeque<MessageEvent>,
}

impl LinkMessages {
    /// Messages of these types with a peer, of which nothing is known yet.
    pub(crate) fn new(types: Arc<MessageTypes>, now: Duration) -> Self {
        let bucket = |rate: u32, burst| TokenBucket::new(rate, burst, now);
        Self {
            types,
            sendable: Sendable::default(),
            outgoing: Outgoing::default(),
            in_flight: InFlight::new(now),
            incoming: Incoming::default(),
            relayed: bucket(RELAYED_BYTES, RELAYED_BURST),
            received: bucket(MAX_PACKETS_PER_SECOND, MAX_PACKETS_PER_SECOND),
            decompressed: bucket(DECOMPRESSED_BYTES, DECOMPRESSED_BYTES),
            peer_ready: true,
            ask_at: now,
            path: None,
            last_active: None,
            muted: false,
            counters: MessageCounters::default(),
            events: VecDeque::new(),
        }
    }

    /// Takes a message to be sent. `id` names it in what follows; of a type of which only the latest counts nothing
    /// follows.
    ///
    /// # Errors
    ///
    /// [`MessageError`] if it cannot be sent.
    pub fn queue(
        &mut self,
        message_type: u8,
        id: u64,
        message: &EncodedMessage,
    ) -> Result<(), MessageError> {
        let Some(it) = self.types.get(message_type) else { return Err(MessageError::NoSuchType) };
        if self.muted {
            return Err(MessageError::PeerMuted);
        }
        let most = self.sendable.max_bytes(&self.types, message_type)?;
        if message.message_bytes() > most as usize {
            return Err(MessageError::TooLong { bytes: message.message_bytes(), most });
        }
        if it.delivery == MessageDelivery::Latest {
            self.outgoing.replace_latest(message_type, message.clone());
            self.counters.sent += 1;
            return Ok(());
        }
        let (messages, bytes) = self.outgoing.queued();
        if messages >= MAX_QUEUED_MESSAGES || bytes + message.stream_bytes() > MAX_QUEUED_BYTES {
            return Err(MessageError::QueueFull);
        }
        self.outgoing.queue(message_type, id, message.clone());
        self.counters.sent += 1;
        Ok(())
    }

    /// The peer has told its types. Returns what is not the same. Messages that wait and cannot be sent have failed.
    pub(crate) fn handle_types(&mut self, theirs: &MessageTypes) -> Vec<TypeMismatch> {
        if self.incoming.knows_types() {
            return Vec::new();
        }
        self.incoming.set_types(&self.types, theirs);
        let mismatches = self.sendable.set(&self.types, theirs);
        for mismatch in &mismatches {
            let Some(number) = self.types.number(&mismatch.name) else { continue };
            for id in self.outgoing.remove_type(number) {
                self.events.push_back(MessageEvent::Failed { id, reason: MessageError::NotKnown });
            }
        }
        // The peer may allow less than the local game.
        for number in (0..=u8::MAX).take(self.types.iter().len()) {
            let Ok(most) = self.sendable.max_bytes(&self.types, number) else { continue };
            for (id, bytes) in self.outgoing.remove_longer(number, most as usize) {
                let reason = MessageError::TooLong { bytes, most };
                self.events.push_back(MessageEvent::Failed { id, reason });
            }
        }
        mismatches
    }

    /// The peer's process restarted, or it is gone: what it has not acknowledged has failed.
    pub(crate) fn reset(&mut self, now: Duration, reason: MessageError) {
        for id in self.outgoing.clear() {
            self.events.push_back(MessageEvent::Failed { id, reason });
        }
        let counters = self.counters;
        let events = std::mem::take(&mut self.events);
        *self = Self { counters, events, ..Self::new(self.types.clone(), now) };
    }

    /// Takes a packet of the peer's present process that came at `at`.
    ///
    /// # Errors
    ///
    /// [`Violation`] if the peer should not have sent it. Nothing more is taken from it then.
    pub(crate) fn handle_packet(
        &mut self,
        at: Duration,
        header: MessagePacket,
        frames: &[u8],
    ) -> Result<(), Violation> {
        if self.muted || !self.received.take(at) {
            self.counters.muted += 1;
            return Ok(());
        }
        self.last_active = Some(at);
        let handled = self.handle_frames(at, header, frames);
        if let Err(violation) = handled {
            self.violated(violation);
        }
        handled
    }

    fn handle_frames(
        &mut self,
        at: Duration,
        header: MessagePacket,
        mut frames: &[u8],
    ) -> Result<(), Violation> {
        if header.number == u64::MAX {
            return Err(Violation::Malformed);
        }
        let is_known = self.incoming.has(header.number);
        if is_known {
            self.incoming.repeat_ack();
        }
        let (mut asks, mut taken, mut count) = (false, true, 0);
        while let Some(frame) = MessageFrame::take(&mut frames).map_err(|_| Violation::Malformed)? {
            count += 1;
            let handled = match frame {
                MessageFrame::Ack(ack) => {
                    let fates = self.in_flight.handle_ack(at, &ack)?;
                    self.peer_ready = ack.ready;
                    self.handle_fates(fates);
                    continue;
                }
                _ if is_known => continue,
                MessageFrame::Chunk(chunk) => self.handle_chunk(at, chunk),
                MessageFrame::Latest(it) => self.incoming.handle_latest(it, &mut self.counters),
            };
            asks = true;
            match handled {
                Ok(()) => {}
                Err(NotTaken::Full) => taken = false,
                Err(NotTaken::Violation(violation)) => return Err(violation),
            }
        }
        self.received.take_several(at, count / FRAMES_PER_TOKEN);
        // What was not taken is not acknowledged, so it comes again.
        if taken && !is_known {
            self.incoming.note(at, header, asks);
        }
        Ok(())
    }

    fn handle_chunk(&mut self, at: Duration, chunk: MessageChunk<'_>) -> Result<(), NotTaken> {
        if self.decompressed.available(at) == 0 {
            return Err(NotTaken::Full);
        }
        let decompressed = self.incoming.handle_chunk(chunk, &mut self.counters)?;
        self.decompressed.take_several(at, decompressed);
        Ok(())
    }

    fn violated(&mut self, violation: Violation) {
        match violation {
            Violation::Malformed => self.counters.malformed += 1,
            Violation::Unknown => self.counters.unknown += 1,
            Violation::Oversized => self.counters.oversized += 1,
        }
        self.muted = true;
        // Nothing that it has begun is of use any more, and its acknowledgements are not read.
        self.incoming = Incoming::default();
        for id in self.outgoing.clear() {
            self.events.push_back(MessageEvent::Failed { id, reason: MessageError::PeerMuted });
        }
    }

    fn handle_fates(&mut self, Fates { arrived, lost }: Fates) {
        for part in arrived {
            for id in self.outgoing.handle_acked(part) {
                self.counters.delivered += 1;
                self.events.push_back(MessageEvent::Delivered { id });
            }
        }
        for part in lost {
            self.counters.bytes_resent += self.outgoing.handle_lost(part);
        }
    }

    /// The next packet to send now.
    pub(crate) fn poll_packet(&mut self, now: Duration, path: MessagePath) -> Option<Vec<u8>> {
        let is_relayed = path.id == PathId::RELAY;
        if self.path != Some(path.id) {
            self.path = Some(path.id);
            let lost = self.in_flight.handle_path_change(now);
            self.handle_fates(Fates { arrived: Vec::new(), lost });
        }
        let asks = !self.peer_ready && self.in_flight.is_empty() && now >= self.ask_at;
        let new = self.peer_ready || asks;
        let sends = self.sendable.is_known()
            && path.buffered < MAX_BUFFERED
            && self.outgoing.has_due(new)
            && self.in_flight.allows(now, PACKET_BYTES)
            && (!is_relayed || self.relayed.available(now) >= PACKET_BYTES);
        let decodes = self.decompressed.available(now) > 0;
        let is_ack_due = self.incoming.is_ack_due(decodes);
        if !sends && !is_ack_due {
            return None;
        }
        let (from, to) = path.incarnations;
        let number = self.in_flight.next_number();
        let mut packet = MessagePacket { from, to, number, sent: micros(now) }.header();
        if let Some(ack) = self.incoming.take_ack(decodes) {
            packet = MessageFrame::Ack(ack).push(packet);
        }
        let mut parts = Vec::new();
        if sends {
            (packet, parts) = self.outgoing.fill(packet, PACKET_BYTES, new);
            self.ask_at = now + ASK_EVERY;
        }
        if parts.is_empty() && !is_ack_due {
            // As much is under way as may be.
            return None;
        }
        if is_relayed {
            self.relayed.take_several(now, packet.len());
        }
        self.counters.bytes_sent += packet.len() as u64;
        self.last_active = Some(now);
        self.in_flight.handle_sent(now, packet.len(), parts);
        Some(packet)
    }

    /// Lets time pass.
    pub(crate) fn handle_timeout(&mut self, now: Duration) {
        let lost = self.in_flight.handle_timeout(now);
        self.handle_fates(Fates { arrived: Vec::new(), lost });
    }

    /// What happened, and the next message of the peer.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_event(&mut self) -> Option<MessageEvent> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        while let Some((message_type, arrived)) = self.incoming.take_message() {
            if let Some(message) = arrived.decode() {
                self.counters.received += 1;
                return Some(MessageEvent::Received { message_type, message });
            }
            self.violated(Violation::Malformed);
        }
        None
    }

    /// Whether something waits for a way to the peer.
    pub(crate) fn waits(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Whether messages are under way in one direction or the other.
    pub fn is_active(&self, now: Duration) -> bool {
        self.waits() || self.last_active.is_some_and(|at| now.saturating_sub(at) < ACTIVE)
    }

    /// The messages that the peer has not acknowledged, those of one type in order.
    pub fn outgoing(&self) -> impl Iterator<Item = OutgoingProgress> {
        self.outgoing.progress()
    }

    /// The messages of which a part has come.
    pub fn incoming(&self) -> impl Iterator<Item = IncomingProgress> {
        self.incoming.progress()
    }

    /// What was counted since the link was created.
    pub fn counters(&self) -> MessageCounters {
        self.counters
    }

    /// Whether nothing is taken from the peer any more, because it broke the rules.
    pub fn is_muted(&self) -> bool {
        self.muted
    }
}
