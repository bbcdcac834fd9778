//! Writes what is queued for a peer.

use std::time::Duration;

use axum::extract::ws::Message;
use futures::{Sink, SinkExt};
use netplay_protocol::signaling::Refusal;
use tokio::time::timeout;

use super::End;
use crate::send_queue::SendQueueReader;

/// Writes what is queued, and flushes when the queue is empty. Ends when the socket breaks, or when the peer has read
/// too little for this long to take one more message: whatever else it sends in the meantime, what waits for it would
/// stay in memory.
pub(crate) async fn write_messages(
    sink: &mut (impl Sink<Message> + Unpin),
    outgoing: &mut SendQueueReader,
    patience: Duration,
) -> End {
    loop {
        let mut next = Some(outgoing.next().await);
        while let Some(message) = next {
            if let Err(end) = within(patience, sink.feed(message)).await {
                return end;
            }
            next = outgoing.try_next();
        }
        if let Err(end) = within(patience, sink.flush()).await {
            return end;
        }
    }
}

async fn within<E>(
    patience: Duration,
    writing: impl Future<Output = Result<(), E>>,
) -> Result<(), End> {
    match timeout(patience, writing).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Broken),
        Err(_) => Err(End::Refused(Refusal::TooSlow)),
    }
}
