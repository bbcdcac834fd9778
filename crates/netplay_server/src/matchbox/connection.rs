//! One WebSocket of a matchbox client.

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
use crate::connection::{End, close, close_frame, write_messages};
use crate::hub::Hub;
use crate::lifecycle::Phase;
use crate::limits::ConnectionPermit;
use crate::room::SocketId;
use crate::send_queue::{SendQueue, send_queue};

/// Serves one WebSocket until it ends, or until the server does.
pub(super) async fn run(
    socket: WebSocket,
    hub: Arc<Hub>,
    permit: ConnectionPermit,
    name: RoomName,
) {
    let mut attendance = hub.lifecycle.attend();
    let (queue, mut outgoing) = send_queue(hub.relay_bounds(&permit));
    let me = match join(&hub, &permit, name, &queue) {
        Ok(me) => me,
        Err(refusal) => return refuse(socket, &hub, &refusal).await,
    };
    hub.metrics.matchbox_peers.inc();
    let (mut sink, mut stream) = socket.split();
    let closed = outgoing.closed();
    let served = async {
        tokio::select! {
            end = read_messages(&mut stream, &hub, &permit, me, &queue) => end,
            end = write_messages(&mut sink, &mut outgoing, hub.config().idle_timeout) => match end {
                End::Refused(reason) => Some(reason),
                End::Left | End::Broken | End::PageClosed => None,
            },
            reason = closed => Some(reason),
            () = stopped(&mut attendance.phases) => Some(Refusal::ShuttingDown),
        }
    };
    // A panic is a bug of the server, and must not leave a member without a connection in the room.
    let end = AssertUnwindSafe(served).catch_unwind().await.unwrap_or(None);
    leave(&hub, me);
    hub.metrics.matchbox_peers.dec();
    match &end {
        Some(refusal) => {
            hub.metrics.count_refusal(refusal);
            tracing::debug!(connection = me.0, "closed a matchbox client: {refusal}");
        }
        None => tracing::debug!(connection = me.0, "a matchbox client closed or broke"),
    }
    if end != Some(Refusal::TooSlow) {
        close(sink, stream, outgoing.rest(), end.as_ref().map(frame)).await;
    }
}

/// Closes a client that the server does not serve at all, with the reason.
pub(super) async fn refuse(socket: WebSocket, hub: &Hub, reason: &Refusal) {
    hub.metrics.count_refusal(reason);
    let (sink, stream) = socket.split();
    close(sink, stream, std::iter::empty(), Some(frame(reason))).await;
}

/// The close frame, which is the only way to send such a client a reason. It has the detail of a malformed
/// message, because the details of this module quote nothing.
fn frame(reason: &Refusal) -> CloseFrame {
    match reason {
        Refusal::Malformed { detail } => {
            CloseFrame { reason: detail.as_str().into(), ..close_frame(reason) }
        }
        reason => close_frame(reason),
    }
}

fn join(
    hub: &Hub,
    permit: &ConnectionPermit,
    name: RoomName,
    queue: &SendQueue,
) -> Result<SocketId, Refusal> {
    if hub.lifecycle.is_draining() {
        return Err(Refusal::Draining);
    }
    let (me, id) = (hub.next_socket(), PeerId(Uuid::new_v4()));
    let mut shared = hub.matchbox.lock();
    let joined = shared.rooms.join(name, me, id, || permit.room())?;
    let events = joined.ok_or_else(|| Refusal::TooMany { what: "players in this room".into() })?;
    shared.queues.insert(me, queue.clone());
    shared.deliver(events);
    Ok(me)
}

fn leave(hub: &Hub, me: SocketId) {
    let mut shared = hub.matchbox.lock();
    shared.queues.remove(&me);
    let events = shared.rooms.leave(me);
    shared.deliver(events);
}

/// Reads messages, pings the client, and notices silence. Ends without a reason when the client closes.
async fn read_messages(
    stream: &mut SplitStream<WebSocket>,
    hub: &Hub,
    permit: &ConnectionPermit,
    me: SocketId,
    queue: &SendQueue,
) -> Option<Refusal> {
    let config = hub.config();
    let mut received = Instant::now();
    let mut ping = received + config.ping_interval;
    loop {
        tokio::select! {
            // In this order: messages that arrived while the machine slept count before the silence does.
            biased;
            message = stream.next() => {
                received = Instant::now();
                match message {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    Some(Ok(message)) => {
                        if let Err(refusal) = permit.count_message().and_then(|()| handle_message(hub, me, message))
                        {
                            return Some(refusal);
                        }
                    }
                }
            }
            () = sleep_until(ping.min(received + config.idle_timeout)) => {
                if received + config.idle_timeout <= Instant::now() {
                    return Some(Refusal::TimedOut);
                }
                ping = Instant::now() + config.ping_interval;
                queue.push(Message::Ping(Default::default()));
            }
        }
    }
}

fn handle_message(hub: &Hub, me: SocketId, message: Message) -> Result<(), Refusal> {
    let malformed = |detail: &str| Refusal::Malformed { detail: detail.to_owned() };
    let text = match message {
        Message::Text(text) => text,
        Message::Binary(_) => return Err(malformed("a message is JSON in a text frame")),
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
            // A missing receiver is no error: it may just have left.
            if let Some(events) = shared.rooms.signal(me, receiver, data) {
                hub.metrics.signals.inc();
                hub.metrics.signals_dropped.inc_by(shared.deliver(events));
            }
            Ok(())
        }
        Err(_) => Err(malformed("a message is not a request of matchbox 0.15")),
    }
}

/// Completes when the server stops. The protocol of matchbox has no message for draining.
async fn stopped(phases: &mut watch::Receiver<Phase>) {
    // An error means that the server has ended.
    let _ = phases.wait_for(|phase| *phase == Phase::Stopped).await;
}
