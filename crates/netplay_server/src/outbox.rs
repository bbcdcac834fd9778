//! The queue of what is to be written to one peer.
//!
//! A peer that does not read must not make the server hold its messages for ever, nor slow down
//! the others. So the queue is bounded in bytes, pushing never waits, and a queue that overflows is given
//! up for good: the connection is told, and drops the peer. Dropping single messages instead would
//! leave the peer with half an offer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::ws::Message;
use tokio::sync::{Notify, mpsc};

/// How much may wait for one peer, in bytes. At the start of a full mesh of eight that is seven
/// descriptions with their candidates, about 30 KiB; the rest is for networks that pause.
const MAX_QUEUED_BYTES: usize = 512 * 1024;
/// What a message costs beside its contents, so that small messages are bounded too.
const MESSAGE_OVERHEAD: usize = 64;

/// The end of the queue that is pushed to.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    sender: mpsc::UnboundedSender<Message>,
    queued: Arc<AtomicUsize>,
    overflow: Arc<Notify>,
}

/// The end of the queue that the connection writes from.
#[derive(Debug)]
pub(crate) struct Outgoing {
    receiver: mpsc::UnboundedReceiver<Message>,
    queued: Arc<AtomicUsize>,
    overflow: Arc<Notify>,
}

/// The two ends of a queue.
pub(crate) fn outbox() -> (Outbox, Outgoing) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let (queued, overflow) = (Arc::<AtomicUsize>::default(), Arc::<Notify>::default());
    (
        Outbox { sender, queued: queued.clone(), overflow: overflow.clone() },
        Outgoing { receiver, queued, overflow },
    )
}

impl Outbox {
    /// Queues a message. On overflow it is thrown away, and the connection is told to end.
    pub(crate) fn push(&self, message: Message) {
        let cost = cost(&message);
        // The count is only a count: it orders nothing.
        let before = self.queued.fetch_add(cost, Ordering::Relaxed);
        if before + cost > MAX_QUEUED_BYTES {
            self.queued.fetch_sub(cost, Ordering::Relaxed);
            self.overflow.notify_one();
            return;
        }
        // The other end is gone when the connection is ending already: then nobody waits for this.
        let _ = self.sender.send(message);
    }
}

impl Outgoing {
    /// The next message. Waits until there is one.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        let message = self.receiver.recv().await?;
        Some(self.count_off(message))
    }

    /// The next message, if one is there.
    pub(crate) fn try_next(&mut self) -> Option<Message> {
        let message = self.receiver.try_recv().ok()?;
        Some(self.count_off(message))
    }

    /// What is notified when the queue overflowed.
    pub(crate) fn overflow(&self) -> Arc<Notify> {
        self.overflow.clone()
    }

    fn count_off(&self, message: Message) -> Message {
        self.queued.fetch_sub(cost(&message), Ordering::Relaxed);
        message
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
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn a_queue_that_nobody_reads_overflows_and_stays_bounded() {
        let (outbox, mut outgoing) = outbox();
        for _ in 0..10_000 {
            outbox.push(Message::text("x".repeat(1000)));
        }
        assert!(outgoing.overflow().notified().now_or_never().is_some());
        let mut kept = 0;
        while outgoing.try_next().is_some() {
            kept += 1;
        }
        assert_eq!(kept, MAX_QUEUED_BYTES / (1000 + MESSAGE_OVERHEAD));
    }

    #[test]
    fn a_queue_that_is_read_never_overflows() {
        let (outbox, mut outgoing) = outbox();
        for _ in 0..10_000 {
            outbox.push(Message::text("x".repeat(1000)));
            assert!(outgoing.try_next().is_some());
        }
        assert!(outgoing.overflow().notified().now_or_never().is_none());
    }
}
