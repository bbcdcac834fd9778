//! The queue of what is to be written to one peer.
//!
//! A peer that does not read must not make the server hold its messages for ever, nor slow down the
//! others. Three kinds of things are queued, each with a bound of its own:
//!
//! * **messages** of the server are never dropped singly, which would leave the peer with half an offer:
//!   a queue of them that overflows is given up for good, and the peer with it;
//! * relayed **reliable** packets are never dropped either: who sends them waits until there is room;
//! * of relayed **datagrams** the oldest is dropped: it is the one that is worth least.
//!
//! An empty queue takes no memory besides itself: most connections are idle.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::ws::Message;
use netplay_protocol::signaling::Refusal;
use tokio::sync::Notify;

/// How many bytes of messages may wait for one peer. At the start of a full mesh of eight that is seven
/// descriptions with their candidates, about 30 KiB; the rest is for networks that pause.
const MAX_MESSAGE_BYTES: usize = 512 * 1024;
/// What a message costs beside its contents, so that small messages are bounded too, in bytes.
const MESSAGE_OVERHEAD: usize = 64;
/// How many messages an emptied queue keeps room for. More is given back.
const KEPT_CAPACITY: usize = 4;

/// How much of what is relayed may wait for one peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RelayBounds {
    /// Datagrams.
    pub(crate) datagrams: usize,
    /// Bytes of reliable packets. One packet always fits.
    pub(crate) reliable_bytes: usize,
}

/// The end of the queue that is pushed to.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    shared: Arc<Shared>,
}

/// The end of the queue that the connection writes from. When it is gone, nothing is queued any more.
#[derive(Debug)]
pub(crate) struct Outgoing {
    shared: Arc<Shared>,
    batch: VecDeque<Message>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    bounds: RelayBounds,
    /// Something can be taken.
    filled: Notify,
    /// Something was taken.
    drained: Notify,
    /// The connection is to end.
    ended: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    /// Messages and reliable packets, in the order they came.
    ordered: VecDeque<Message>,
    message_bytes: usize,
    reliable_bytes: usize,
    datagrams: VecDeque<Bytes>,
    /// Why the connection is to end.
    end: Option<Refusal>,
    closed: bool,
}

/// The two ends of a queue.
pub(crate) fn outbox(bounds: RelayBounds) -> (Outbox, Outgoing) {
    let shared = Arc::new(Shared {
        queue: Mutex::default(),
        bounds,
        filled: Notify::new(),
        drained: Notify::new(),
        ended: Notify::new(),
    });
    (Outbox { shared: shared.clone() }, Outgoing { shared, batch: VecDeque::new() })
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // A panic of one connection is no reason to end all the others.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox {
    /// Queues a message. On overflow it is thrown away, and the connection is told to end.
    pub(crate) fn push(&self, message: Message) {
        let mut queue = self.shared.lock();
        if queue.closed {
            return;
        }
        let bytes = queue.message_bytes + cost(&message);
        if bytes > MAX_MESSAGE_BYTES {
            drop(queue);
            return self.end(Refusal::TooSlow);
        }
        queue.message_bytes = bytes;
        queue.ordered.push_back(message);
        drop(queue);
        self.shared.filled.notify_one();
    }

    /// Queues a relayed datagram. Returns how many older ones were dropped for it.
    pub(crate) fn datagram(&self, frame: Bytes) -> u64 {
        let mut queue = self.shared.lock();
        if queue.closed {
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

    /// Queues a relayed reliable packet, as soon as there is room for it.
    pub(crate) async fn reliable(&self, frame: Bytes) {
        loop {
            let drained = self.shared.drained.notified();
            {
                let mut queue = self.shared.lock();
                if queue.closed {
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
        // Others may wait as well, and there may be room for them too.
        self.shared.drained.notify_one();
    }

    /// Tells the connection to end, for this reason. The first reason stays.
    pub(crate) fn end(&self, reason: Refusal) {
        self.shared.lock().end.get_or_insert(reason);
        self.shared.ended.notify_one();
    }
}

impl Outgoing {
    /// Everything that is queued. Waits until there is something.
    pub(crate) async fn next(&mut self) -> impl Iterator<Item = Message> {
        while !self.take() {
            self.shrink();
            // What was queued since is remembered by the notification.
            self.shared.filled.notified().await;
        }
        self.batch.drain(..)
    }

    /// Everything that is queued now.
    pub(crate) fn rest(&mut self) -> impl Iterator<Item = Message> {
        self.take();
        self.batch.drain(..)
    }

    /// Why the connection is to end. Waits until it is.
    pub(crate) fn ended(&self) -> impl Future<Output = Refusal> + use<> {
        let shared = self.shared.clone();
        async move {
            loop {
                let ended = shared.ended.notified();
                if let Some(reason) = shared.lock().end.take() {
                    return reason;
                }
                ended.await;
            }
        }
    }

    /// Moves what is queued to the batch, and says whether there is anything.
    fn take(&mut self) -> bool {
        let mut queue = self.shared.lock();
        std::mem::swap(&mut queue.ordered, &mut self.batch);
        self.batch.extend(queue.datagrams.drain(..).map(Message::Binary));
        queue.message_bytes = 0;
        let waited_for = std::mem::take(&mut queue.reliable_bytes) > 0;
        drop(queue);
        if waited_for {
            self.shared.drained.notify_one();
        }
        !self.batch.is_empty()
    }

    /// Gives back what a burst has grown, once there is nothing more to write.
    fn shrink(&mut self) {
        let mut queue = self.shared.lock();
        queue.ordered.shrink_to(KEPT_CAPACITY);
        queue.datagrams.shrink_to(KEPT_CAPACITY);
        drop(queue);
        self.batch.shrink_to(KEPT_CAPACITY);
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        *queue = Queue { closed: true, ..Queue::default() };
        drop(queue);
        // Whoever waits for room finds that nobody will read.
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
#[path = "outbox_tests.rs"]
mod tests;
