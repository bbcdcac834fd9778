//! The queue of messages to write to one peer.
//!
//! A peer that does not read must neither make the server keep its messages forever nor delay other peers.
//! The queue holds three kinds of messages, each within its own bound:
//!
//! * **signaling messages** are never dropped one by one, which could leave the peer with half an offer: on
//!   overflow the connection is closed;
//! * relayed **reliable** packets are never dropped either: their sender waits until there is room;
//! * of relayed **datagrams** the oldest is dropped, because it is worth least.
//!
//! An empty queue allocates nothing: most connections are idle.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::ws::Message;
use netplay_protocol::signaling::Refusal;
use tokio::sync::Notify;

/// How many bytes of signaling messages may wait for one peer. At the start of a full mesh of eight that is
/// seven session descriptions with their candidates, about 30 KiB; the rest is for networks that pause.
const MAX_MESSAGE_BYTES: usize = 512 * 1024;
/// The cost of a message beside its contents, in bytes, so that small messages are bounded too.
const MESSAGE_OVERHEAD: usize = 64;
/// How many messages an empty queue keeps capacity for. It frees the rest.
const KEPT_CAPACITY: usize = 4;

/// How many relayed packets may wait for one peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RelayBounds {
    /// How many datagrams.
    pub(crate) datagrams: usize,
    /// How many bytes of reliable packets. One packet always fits.
    pub(crate) reliable_bytes: usize,
}

/// The end of the queue that messages are pushed to.
#[derive(Clone, Debug)]
pub(crate) struct SendQueue {
    shared: Arc<Shared>,
}

/// The end of the queue that the connection takes messages from. When it is dropped, the queue accepts nothing
/// more.
#[derive(Debug)]
pub(crate) struct SendQueueReader {
    shared: Arc<Shared>,
    batch: VecDeque<Message>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    bounds: RelayBounds,
    /// The queue has messages.
    filled: Notify,
    /// The queue has room for a reliable packet.
    drained: Notify,
    /// The connection has to close.
    closing: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    /// Signaling messages and reliable packets, in order.
    ordered: VecDeque<Message>,
    message_bytes: usize,
    reliable_bytes: usize,
    datagrams: VecDeque<Bytes>,
    /// Why the connection has to close.
    close: Option<Refusal>,
    /// Whether the reader was dropped.
    reader_dropped: bool,
}

/// Creates the two ends of a queue.
pub(crate) fn send_queue(bounds: RelayBounds) -> (SendQueue, SendQueueReader) {
    let shared = Arc::new(Shared {
        queue: Mutex::default(),
        bounds,
        filled: Notify::new(),
        drained: Notify::new(),
        closing: Notify::new(),
    });
    (SendQueue { shared: shared.clone() }, SendQueueReader { shared, batch: VecDeque::new() })
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // A panic in one connection must not end all the others.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SendQueue {
    /// Queues a message. On overflow the message is dropped and the connection closed.
    pub(crate) fn push(&self, message: Message) {
        let mut queue = self.shared.lock();
        if queue.reader_dropped {
            return;
        }
        let bytes = queue.message_bytes + cost(&message);
        if bytes > MAX_MESSAGE_BYTES {
            drop(queue);
            return self.close(Refusal::TooSlow);
        }
        queue.message_bytes = bytes;
        queue.ordered.push_back(message);
        drop(queue);
        self.shared.filled.notify_one();
    }

    /// Queues a relayed datagram. Returns how many older ones were dropped for it.
    pub(crate) fn push_datagram(&self, frame: Bytes) -> u64 {
        let mut queue = self.shared.lock();
        if queue.reader_dropped {
            return 0;
        }
        let full = queue.datagrams.len() >= self.shared.bounds.datagrams;
        if full {
            queue.datagrams.pop_front();
        }
        queue.datagrams.push_back(frame);
        drop(queue);
        self.shared.filled.notify_one();
        full.into()
    }

    /// Queues a relayed reliable packet as soon as there is room for it.
    pub(crate) async fn push_reliable(&self, frame: Bytes) {
        loop {
            let drained = self.shared.drained.notified();
            {
                let mut queue = self.shared.lock();
                if queue.reader_dropped {
                    return;
                }
                let bytes = queue.reliable_bytes + frame.len();
                if queue.reliable_bytes == 0 || bytes <= self.shared.bounds.reliable_bytes {
                    queue.reliable_bytes = bytes;
                    queue.ordered.push_back(Message::Binary(frame));
                    break;
                }
            }
            drained.await;
        }
        self.shared.filled.notify_one();
        // Other senders may wait as well, and there may be room for them too.
        self.shared.drained.notify_one();
    }

    /// Closes the connection with this reason. Of several reasons the first counts.
    pub(crate) fn close(&self, reason: Refusal) {
        self.shared.lock().close.get_or_insert(reason);
        self.shared.closing.notify_one();
    }
}

impl SendQueueReader {
    /// Waits until the queue has messages, and returns all of them.
    pub(crate) async fn next(&mut self) -> impl Iterator<Item = Message> {
        while !self.take() {
            self.shrink();
            // The notification remembers what was queued in the meantime.
            self.shared.filled.notified().await;
        }
        self.batch.drain(..)
    }

    /// All messages that are in the queue now.
    pub(crate) fn rest(&mut self) -> impl Iterator<Item = Message> {
        self.take();
        self.batch.drain(..)
    }

    /// Waits until the connection has to close, and returns the reason.
    pub(crate) fn closed(&self) -> impl Future<Output = Refusal> + use<> {
        let shared = self.shared.clone();
        async move {
            loop {
                let closing = shared.closing.notified();
                if let Some(reason) = shared.lock().close.take() {
                    return reason;
                }
                closing.await;
            }
        }
    }

    /// Moves the messages from the queue to the batch. Returns whether there are any.
    fn take(&mut self) -> bool {
        let mut queue = self.shared.lock();
        std::mem::swap(&mut queue.ordered, &mut self.batch);
        self.batch.extend(queue.datagrams.drain(..).map(Message::Binary));
        queue.message_bytes = 0;
        let had_reliable = std::mem::take(&mut queue.reliable_bytes) > 0;
        drop(queue);
        if had_reliable {
            self.shared.drained.notify_one();
        }
        !self.batch.is_empty()
    }

    /// Frees the capacity that a burst needed.
    fn shrink(&mut self) {
        let mut queue = self.shared.lock();
        queue.ordered.shrink_to(KEPT_CAPACITY);
        queue.datagrams.shrink_to(KEPT_CAPACITY);
        drop(queue);
        self.batch.shrink_to(KEPT_CAPACITY);
    }
}

impl Drop for SendQueueReader {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        *queue = Queue { reader_dropped: true, ..Queue::default() };
        drop(queue);
        // Senders that wait for room must not wait forever.
        self.shared.drained.notify_waiters();
        self.shared.drained.notify_one();
    }
}

fn cost(message: &Message) -> usize {
    let contents = match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(_) => 0,
    };
    contents + MESSAGE_OVERHEAD
}

#[cfg(test)]
#[path = "send_queue_tests.rs"]
mod tests;
