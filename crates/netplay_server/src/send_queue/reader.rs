//! The end of a send queue at the connection.

use std::sync::Arc;

use axum::extract::ws::Message;
use netplay_protocol::signaling::Refusal;

use super::{KEPT_CAPACITY, Queue, Shared};

/// The end of the queue that the connection takes messages from. When it is dropped, the queue accepts nothing
/// more.
#[derive(Debug)]
pub(crate) struct SendQueueReader {
    shared: Arc<Shared>,
}

impl SendQueueReader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Waits until the queue has a message, and returns it.
    pub(crate) async fn next(&mut self) -> Message {
        loop {
            if let Some(message) = self.try_next() {
                return message;
            }
            self.shrink();
            // The notification remembers what was queued in the meantime.
            self.shared.filled.notified().await;
        }
    }

    /// The next message, if there is one now.
    pub(crate) fn try_next(&mut self) -> Option<Message> {
        self.shared.change(|queue, _| queue.pop())
    }

    /// All messages that are in the queue now.
    pub(crate) fn rest(&mut self) -> impl Iterator<Item = Message> {
        std::iter::from_fn(|| self.try_next())
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

    /// The reason for which the connection has to close, if there is one that nobody was told.
    pub(crate) fn take_close(&self) -> Option<Refusal> {
        self.shared.lock().close.take()
    }

    /// Frees the capacity that a burst needed.
    fn shrink(&mut self) {
        let mut queue = self.shared.lock();
        queue.ordered.shrink_to(KEPT_CAPACITY);
        queue.shares.shrink();
    }
}

impl Drop for SendQueueReader {
    fn drop(&mut self) {
        self.shared.change(|queue, _| {
            *queue = Queue { reader_dropped: true, ..Queue::default() };
        });
    }
}
