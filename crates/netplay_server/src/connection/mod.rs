//! One WebSocket, from the upgrade to the end.
//!
//! One task reads and writes at the same time, so that the server notices the end of a peer that does not
//! read. A connection ends when
//!
//! * the server refuses what the peer sent, or the peer joins too late or is silent for too long;
//! * the peer leaves, closes the socket, or the socket breaks;
//! * the peer does not read what the server sends, or resumed on another connection;
//! * the server stops.
//!
//! The peer first leaves its room, or is away there for the grace period. Then the server sends it the reason,
//! if the socket still works.

mod close;
mod reader;
mod writer;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::ws::WebSocket;
use futures::{FutureExt, StreamExt};
use netplay_protocol::signaling::{Refusal, ServerMessage};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::hub::{Departure, Hub, Peer};
use crate::lifecycle::Phase;
use crate::limits::ConnectionPermit;
use crate::send_queue::send_queue;
use close::say_goodbye;
#[cfg(feature = "matchbox")]
pub(crate) use close::{close, close_frame};
pub(crate) use reader::read_messages;
pub(crate) use writer::write_messages;

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The server refuses the peer and sends it the reason.
    Refused(Refusal),
    /// The peer left.
    Left,
    /// The peer closed its socket, or the socket broke.
    Broken,
    /// The peer closed its socket as browsers do whose page is closed, loaded again or left.
    PageClosed,
}

impl End {
    /// The end of a connection for which the server has another reason already. That one counts: a member that was just
    /// removed, and sent something since, is told of the removal.
    pub(crate) fn or_closed(self, reason: Option<Refusal>) -> Self {
        match (self, reason) {
            (Self::Refused(_), Some(reason)) => Self::Refused(reason),
            (end, _) => end,
        }
    }

    /// Whether the peer keeps its slot. One that broke the rules does not.
    pub(crate) fn departure(&self) -> Departure {
        match self {
            Self::Broken
            | Self::Refused(
                Refusal::TimedOut
                | Refusal::TooSlow
                | Refusal::RateLimited { .. }
                | Refusal::Superseded
                | Refusal::ShuttingDown,
            ) => Departure::Lost,
            Self::PageClosed => Departure::PageClosed,
            Self::Left | Self::Refused(_) => Departure::Left,
        }
    }
}

/// Serves one WebSocket until it ends or the server stops.
pub(crate) async fn run(
    socket: WebSocket,
    hub: Arc<Hub>,
    permit: ConnectionPermit,
    host: Option<String>,
) {
    let mut attendance = hub.lifecycle.attend();
    let (queue, mut outgoing) = send_queue(hub.relay_bounds(&permit));
    let peer = hub.connect(queue, permit, host.as_deref());
    drop(host);
    let (mut sink, mut stream) = socket.split();
    let closed = outgoing.closed();
    let served = async {
        tokio::select! {
            end = read_messages(&mut stream, &peer, hub.config()) => end,
            end = write_messages(&mut sink, &mut outgoing, hub.config().idle_timeout) => end,
            reason = closed => End::Refused(reason),
            () = stopped(&peer, &hub, &mut attendance.phases) => End::Refused(Refusal::ShuttingDown),
        }
    };
    // A panic is a bug of the server, and must not leave a member without a connection in the room.
    let end = AssertUnwindSafe(served).catch_unwind().await.unwrap_or(End::Broken);
    let end = end.or_closed(outgoing.take_close());
    Box::pin(peer.depart(end.departure())).await;
    log_end(peer.number(), &hub, &end);
    drop(peer);
    if end != End::Refused(Refusal::TooSlow) {
        Box::pin(say_goodbye(sink, stream, outgoing.rest(), end)).await;
    }
}

/// Sends a peer that the server does not serve at all the reason.
pub(crate) async fn refuse(socket: WebSocket, hub: &Hub, reason: Refusal) {
    hub.metrics.count_refusal(&reason);
    let (sink, stream) = socket.split();
    say_goodbye(sink, stream, std::iter::empty(), End::Refused(reason)).await;
}

/// Tells the peer when the server begins to drain. Completes when the server stops.
async fn stopped(peer: &Peer, hub: &Hub, phases: &mut watch::Receiver<Phase>) {
    loop {
        let phase = *phases.borrow_and_update();
        match phase {
            Phase::Running => {}
            Phase::Draining { until } => {
                let within = until.saturating_duration_since(Instant::now());
                peer.send(&ServerMessage::Draining {
                    within_ms: u32::try_from(within.as_millis()).unwrap_or(u32::MAX),
                    alternate_server: hub.config().alternate_server.clone(),
                });
            }
            Phase::Stopped => return,
        }
        if phases.changed().await.is_err() {
            return;
        }
    }
}

/// Counts and logs the end of a connection. The log never contains what the peer sent: a malformed message may
/// hold a session description or a credential.
fn log_end(connection: u64, hub: &Hub, end: &End) {
    match end {
        End::Refused(reason) => {
            hub.metrics.count_refusal(reason);
            match reason {
                Refusal::Malformed { .. } => {
                    tracing::debug!(connection, "refused: malformed message");
                }
                reason => tracing::debug!(connection, "refused: {reason}"),
            }
        }
        End::Left => tracing::debug!(connection, "left"),
        End::Broken => tracing::debug!(connection, "closed or broken"),
        End::PageClosed => tracing::debug!(connection, "its page was closed"),
    }
}

#[cfg(test)]
mod tests;
