//! The queue of messages to write to one peer.
//!
//! A peer that does not read must neither make the server keep its messages forever nor delay other peers, and a peer
//! that sends much must not get others disconnected. So each sender has a share of each receiver's queue, which nobody
//! else uses, and what does not fit into it is the sender's loss:
//!
//! * **signals** beyond the share are dropped. What an attempt lacks, the next one brings;
//! * of relayed **datagrams** the sender's oldest is dropped, because it is worth least;
//! * relayed **reliable** packets beyond the share are dropped. The link between the peers sends them again;
//! * **notices** that a sender opens or closes its relay are replaced by its next one when too many wait;
//! * the server's **own** messages are never dropped one by one, which would leave the peer with a wrong picture of its
//!   room. A peer that leaves too many unread is closed.
//!
//! Messages, notices and reliable packets keep their order. Between two of them the waiting datagrams have a turn, of
//! each sender one after another.
//!
//! An empty queue allocates nothing: most connections are idle.

mod reader;
mod shares;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::ws::Message;
use netplay_protocol::PeerKey;
use netplay_protocol::signaling::Refusal;
use tokio::sync::Notify;

use crate::limits::WaitingBytes;
pub(crate) use reader::SendQueueReader;
use shares::{Notice, Shares};

/// How many bytes of the server's own messages may wait for one peer: hundreds of rosters.
const MAX_OWN_BYTES: usize = 256 * 1024;
/// How many bytes of signals of one sender may wait for one receiver: two of the largest descriptions, or some ten
/// attempts of usual ones.
const MAX_SIGNAL_BYTES: usize = 32 * 1024;
/// How many shares of signals may be in use. A room of matchbox has up to 64 members, which all send at once when one
/// joins.
const MAX_SIGNAL_SHARES: usize = 16;
/// How many shares of relayed packets may be in use: one for each other member of a room, and one for somebody who was
/// a member before.
const MAX_RELAY_SHARES: usize = netplay_protocol::limits::MAX_PLAYERS as usize;
/// How many notices of one sender may wait for one receiver.
const MAX_NOTICES: usize = 16;
/// The cost of a message beside its contents, in bytes, so that small messages are bounded too.
const MESSAGE_OVERHEAD: usize = 64;
/// How many messages an empty queue keeps capacity for. It frees the rest.
const KEPT_CAPACITY: usize = 4;

/// How much of one sender may wait for one receiver.
#[derive(Clone, Debug)]
pub(crate) struct RelayBounds {
    /// How many datagrams.
    pub(crate) datagrams: usize,
    /// How many bytes of reliable packets. One packet always fits.
    pub(crate) reliable_bytes: usize,
    /// What waits for all connections of the receiver's address. None in tests.
    pub(crate) memory: Option<WaitingBytes>,
}

/// The sender that a share belongs to. A member keeps its share when it resumes on another connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SenderId(pub(crate) u128);

impl From<PeerKey> for SenderId {
    fn from(key: PeerKey) -> Self {
        Self(u128::from_be_bytes(key.to_bytes()))
    }
}

/// The end of the queue that messages are pushed to.
#[derive(Clone, Debug)]
pub(crate) struct SendQueue {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    bounds: RelayBounds,
    /// The queue has messages.
    filled: Notify,
    /// The connection has to close.
    closing: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    /// Everything but datagrams, in order.
    ordered: VecDeque<Entry>,
    own_bytes: usize,
    shares: Shares,
    /// How many datagrams come before the next one of `ordered`.
    turn: usize,
    /// Why the connection has to close.
    close: Option<Refusal>,
    /// Whether the reader was dropped.
    reader_dropped: bool,
}

#[derive(Debug)]
struct Entry {
    message: Message,
    kind: Kind,
}

/// What a message in the queue counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Own,
    Signal(SenderId),
    Notice(SenderId),
    Reliable(SenderId),
}

/// Creates the two ends of a queue.
pub(crate) fn send_queue(bounds: RelayBounds) -> (SendQueue, SendQueueReader) {
    let shared = Arc::new(Shared {
        queue: Mutex::default(),
        bounds,
        filled: Notify::new(),
        closing: Notify::new(),
    });
    (SendQueue { shared: shared.clone() }, SendQueueReader::new(shared))
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // A panic in one connection must not end all the others.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the queue, and what the address of the receiver has waiting with it. The change is told whether that is
    /// as much as may be.
    fn change<T>(&self, change: impl FnOnce(&mut Queue, bool) -> T) -> T {
        let mut queue = self.lock();
        let Some(memory) = &self.bounds.memory else { return change(&mut queue, false) };
        let before = queue.shares.bytes();
        let outcome = change(&mut queue, memory.is_full());
        memory.change(before, queue.shares.bytes());
        outcome
    }
}

impl SendQueue {
    /// Queues a message of the server. On overflow the message is dropped and the connection closed.
    pub(crate) fn push(&self, message: Message) {
        let bytes = cost(&message);
        let queued = self.push_if(message, Kind::Own, |queue, _| {
            let fits = queue.own_bytes + bytes <= MAX_OWN_BYTES;
            queue.own_bytes += if fits { bytes } else { 0 };
            fits
        });
        if !queued {
            self.close(Refusal::TooSlow);
        }
    }

    /// Queues a signal. Returns false if it is dropped, because its sender has used up its share.
    #[must_use = "somebody has to count what is dropped"]
    pub(crate) fn push_signal(&self, from: SenderId, message: Message) -> bool {
        let bytes = cost(&message);
        self.push_if(message, Kind::Signal(from), |queue, full| {
            queue.shares.add_signal(from, bytes, full)
        })
    }

    /// Queues a notice about the relay of its sender, in place of all earlier ones that still wait if these are too
    /// many.
    pub(crate) fn push_notice(&self, from: SenderId, message: Message) {
        self.push_if(message, Kind::Notice(from), |queue, _| {
            let notice = queue.shares.add_notice(from);
            if notice == Notice::ReplacesEarlier {
                queue.ordered.retain(|entry| entry.kind != Kind::Notice(from));
            }
            notice != Notice::Dropped
        });
    }

    /// Queues a relayed reliable packet. Returns false if it is dropped, because its sender has used up its share.
    #[must_use = "somebody has to count what is dropped"]
    pub(crate) fn push_reliable(&self, from: SenderId, frame: Bytes) -> bool {
        let bytes = frame.len();
        let most = self.shared.bounds.reliable_bytes;
        self.push_if(Message::Binary(frame), Kind::Reliable(from), |queue, full| {
            queue.shares.add_reliable(from, bytes, most, full)
        })
    }

    /// Queues a relayed datagram. Returns how many datagrams were dropped: an older one of the sender, or this one.
    pub(crate) fn push_datagram(&self, from: SenderId, frame: Bytes) -> u64 {
        let dropped = self.shared.change(|queue, full| {
            let most = self.shared.bounds.datagrams;
            !queue.reader_dropped && queue.shares.add_datagram(from, frame, most, full)
        });
        self.shared.filled.notify_one();
        dropped.into()
    }

    /// Closes the connection with this reason. Of several reasons the first counts.
    pub(crate) fn close(&self, reason: Refusal) {
        self.shared.lock().close.get_or_insert(reason);
        self.shared.closing.notify_one();
    }

    /// Queues what fits. What nobody will read any more counts as queued.
    fn push_if(
        &self,
        message: Message,
        kind: Kind,
        fits: impl FnOnce(&mut Queue, bool) -> bool,
    ) -> bool {
        let fits = self.shared.change(|queue, full| {
            if queue.reader_dropped {
                return true;
            }
            let fits = fits(queue, full);
            if fits {
                queue.ordered.push_back(Entry { message, kind });
            }
            fits
        });
        if fits {
            self.shared.filled.notify_one();
        }
        fits
    }
}

impl Queue {
    fn pop(&mut self) -> Option<Message> {
        if self.turn > 0 {
            self.turn -= 1;
            if let Some(datagram) = self.shares.pop_datagram() {
                return Some(Message::Binary(datagram));
            }
        }
        let Some(Entry { message, kind }) = self.ordered.pop_front() else {
            return self.shares.pop_datagram().map(Message::Binary);
        };
        self.turn = self.shares.datagrams();
        match kind {
            Kind::Own => self.own_bytes -= cost(&message),
            Kind::Signal(from) => self.shares.remove_signal(from, cost(&message)),
            Kind::Notice(from) => self.shares.remove_notice(from),
            Kind::Reliable(from) => self.shares.remove_reliable(from, contents(&message)),
        }
        Some(message)
    }
}

fn cost(message: &Message) -> usize {
    contents(message) + MESSAGE_OVERHEAD
}

fn contents(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(_) => 0,
    }
}

#[cfg(test)]
mod tests;
