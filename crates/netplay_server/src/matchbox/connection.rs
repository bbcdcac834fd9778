//! One WebSocket of a client of matchbox.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures::stream::SplitStream;
use futures::{FutureExt, StreamExt};
use matchbox_protocol::{JsonPeerRequest, PeerId, PeerRequest};
use netplay_protocol::signaling::Refusal;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::rooms::RoomName;
use super::signal;
use crate::connection::{close, close_frame, write};
use crate::hub::Hub;
use crate::lifecycle::Phase;
use crate::limits::ConnectionPermit;
use crate::outbox::{Outbox, outbox};
use crate::room::SocketId;

/// Serves one WebSocket until it ends, or until the server does.
pub(super) async fn run(
    socket: WebSocket,
    hub: Arc<Hub>,
    permit: ConnectionPermit,
    name: RoomName,
) {
    let mut attendance = hub.lifecycle.attend();
    let (outbox, mut outgoing) = outbox(hub.relay_bounds());
    let me = match enter(&hub, &permit, name, &outbox) {
        Ok(me) => me,
        Err(refusal) => return refuse(socket, &hub, &refusal).await,
    };
    hub.metrics.matchbox_peers.inc();
    let (mut sink, mut stream) = socket.split();
    let ended = outgoing.ended();
    let served = async {
        tokio::select! {
            end = listen(&mut stream, &hub, &permit, me, &outbox) => end,
            () = write(&mut sink, &mut outgoing) => None,
            reason = ended => Some(reason),
            () = stopped(&mut attendance.phases) => Some(Refusal::ShuttingDown),
        }
    };
    // A panic is a fault of ours, and must not leave somebody in a room who is not there.
    let end = AssertUnwindSafe(served).catch_unwind().await.unwrap_or(None);
    leave(&hub, me);
    hub.metrics.matchbox_peers.dec();
    match &end {
        Some(refusal) => {
            hub.metrics.refused(refusal);
            tracing::debug!(connection = me.0, "a client of matchbox was closed: {refusal}");
        }
        None => tracing::debug!(connection = me.0, "a client of matchbox closed or broke"),
    }
    if end != Some(Refusal::TooSlow) {
        close(sink, stream, outgoing.rest(), end.as_ref().map(frame)).await;
    }
}

/// Closes somebody whom the server does not serve at all, with the reason.
pub(super) async fn refuse(socket: WebSocket, hub: &Hub, reason: &Refusal) {
    hub.metrics.refused(reason);
    let (sink, stream) = socket.split();
    close(sink, stream, std::iter::empty(), Some(frame(reason))).await;
}

/// The only way to tell such a client anything. What was wrong with a message is told here in full: it
/// quotes nothing.
fn frame(reason: &Refusal) -> CloseFrame {
    match reason {
        Refusal::Malformed { detail } => {
            CloseFrame { reason: detail.as_str().into(), ..close_frame(reason) }
        }
        reason => close_frame(reason),
    }
}

fn enter(
    hub: &Hub,
    permit: &ConnectionPermit,
    name: RoomName,
    outbox: &Outbox,
) -> Result<SocketId, Refusal> {
    if hub.lifecycle.is_draining() {
        return Err(Refusal::Draining);
    }
    let (me, id) = (hub.next_socket(), PeerId(Uuid::new_v4()));
    let mut shared = hub.matchbox.lock();
    let joined = shared.rooms.join(name, me, id, || permit.room())?;
    let events = joined.ok_or_else(|| Refusal::TooMany { what: "players in this room".into() })?;
    shared.outboxes.insert(me, outbox.clone());
    shared.deliver(events);
    Ok(me)
}

fn leave(hub: &Hub, me: SocketId) {
    let mut shared = hub.matchbox.lock();
    shared.outboxes.remove(&me);
    let events = shared.rooms.leave(me);
    shared.deliver(events);
}

/// Reads what the client says, pings it, and notices silence. Ends without a reason when the client does.
async fn listen(
    stream: &mut SplitStream<WebSocket>,
    hub: &Hub,
    permit: &ConnectionPermit,
    me: SocketId,
    outbox: &Outbox,
) -> Option<Refusal> {
    let config = hub.config();
    let mut heard = Instant::now();
    let mut ping = heard + config.ping_interval;
    loop {
        tokio::select! {
            biased;
            () = sleep_until(ping.min(heard + config.idle_timeout)) => {
                if heard + config.idle_timeout <= Instant::now() {
                    return Some(Refusal::TimedOut);
                }
                ping = Instant::now() + config.ping_interval;
                outbox.push(Message::Ping(Default::default()));
            }
            message = stream.next() => {
                heard = Instant::now();
                match message {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    Some(Ok(message)) => {
                        if let Err(refusal) = permit.message().and_then(|()| obey(hub, me, message))
                        {
                            return Some(refusal);
                        }
                    }
                }
            }
        }
    }
}

fn obey(hub: &Hub, me: SocketId, message: Message) -> Result<(), Refusal> {
    let malformed = |detail: &str| Refusal::Malformed { detail: detail.to_owned() };
    let text = match message {
        Message::Text(text) => text,
        Message::Binary(_) => return Err(malformed("messages are JSON, as texts")),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) => return Ok(()),
    };
    if text.len() > hub.config().limits.message_bytes {
        return Err(Refusal::TooLarge);
    }
    match text.parse::<JsonPeerRequest>() {
        Ok(PeerRequest::KeepAlive) => Ok(()),
        Ok(PeerRequest::Signal { receiver, data }) => {
            signal::check(&data).map_err(malformed)?;
            let shared = hub.matchbox.lock();
            // To somebody who has just left, nothing is wrong with signaling.
            if let Some(events) = shared.rooms.signal(me, receiver, data) {
                hub.metrics.signals.inc();
                shared.deliver(events);
            }
            Ok(())
        }
        Err(_) => Err(malformed("a message is no request of matchbox 0.15")),
    }
}

/// Completes when the server stops. There is no way to tell such a client that it drains.
async fn stopped(phases: &mut watch::Receiver<Phase>) {
    // Without a sender the server is gone.
    let _ = phases.wait_for(|phase| *phase == Phase::Stopped).await;
}
