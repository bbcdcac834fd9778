//! One WebSocket, from the upgrade to the end.
//!
//! Reading and writing go on side by side in one task, so that a peer that does not read cannot keep the
//! server from noticing that it is gone. Whatever ends first ends the connection:
//!
//! * the peer says or sends something that is refused, or joins too late, or is silent for too long;
//! * the peer leaves, closes, or its socket breaks;
//! * it does not read what it is sent, or came back on another connection;
//! * the server stops.
//!
//! The seat in the room is given up first, for good or for the grace period; then the peer is told why,
//! as far as it still listens.

use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures::stream::{SplitSink, SplitStream};
use futures::{FutureExt, SinkExt, Stream, StreamExt};
use netplay_protocol::signaling::{ClientMessage, Refusal, ServerMessage};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::ServerConfig;
use crate::hub::{Departure, Hub, Peer};
use crate::lifecycle::Phase;
use crate::limits::ConnectionPermit;
use crate::message::{self, text};
use crate::outbox::{Outgoing, outbox};

/// How long the end of a connection may take: telling the reason and waiting for the peer's close.
/// Enough for a round trip around the world, and bearable when the server stops.
const FAREWELL: Duration = Duration::from_secs(1);

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The server refuses the peer, which is to be told.
    Refused(Refusal),
    /// The peer said that it leaves.
    Left,
    /// The peer closed its socket, or it broke.
    Broken,
}

impl End {
    /// Whether the peer may come back. Who broke the rules may not.
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
            Self::Left | Self::Refused(_) => Departure::Left,
        }
    }
}

/// Serves one WebSocket until it ends, or until the server does.
pub(crate) async fn run(socket: WebSocket, hub: Arc<Hub>, permit: ConnectionPermit) {
    let mut attendance = hub.lifecycle.attend();
    let (outbox, mut outgoing) = outbox(hub.relay_bounds());
    let peer = hub.connect(outbox, permit);
    let (mut sink, mut stream) = socket.split();
    let ended = outgoing.ended();
    let served = async {
        tokio::select! {
            end = listen(&mut stream, &peer, hub.config()) => end,
            () = write(&mut sink, &mut outgoing) => End::Broken,
            reason = ended => End::Refused(reason),
            () = stopped(&peer, &hub, &mut attendance.phases) => End::Refused(Refusal::ShuttingDown),
        }
    };
    // A panic is a fault of ours, and must not leave a seat that nobody sits in.
    let end = AssertUnwindSafe(served).catch_unwind().await.unwrap_or(End::Broken);
    Box::pin(peer.depart(end.departure())).await;
    note(peer.number(), &hub, &end);
    drop(peer);
    if end != End::Refused(Refusal::TooSlow) {
        Box::pin(farewell(sink, stream, outgoing.rest(), end)).await;
    }
}

/// Tells somebody whom the server does not serve at all why.
pub(crate) async fn refuse(socket: WebSocket, hub: &Hub, reason: Refusal) {
    hub.metrics.refused(&reason);
    let (sink, stream) = socket.split();
    farewell(sink, stream, std::iter::empty(), End::Refused(reason)).await;
}

/// Tells the peer when the server begins to drain, and completes when it stops.
async fn stopped(peer: &Peer, hub: &Hub, phases: &mut watch::Receiver<Phase>) {
    loop {
        let phase = *phases.borrow_and_update();
        match phase {
            Phase::Running => {}
            Phase::Draining { until } => {
                let within = until.saturating_duration_since(Instant::now());
                peer.tell(&ServerMessage::Draining {
                    within_ms: u32::try_from(within.as_millis()).unwrap_or(u32::MAX),
                    alternate_server: hub.config().elsewhere.clone(),
                });
            }
            Phase::Stopped => return,
        }
        if phases.changed().await.is_err() {
            return;
        }
    }
}

/// Writes what is queued, and flushes when nothing more is. Ends when the socket breaks.
pub(crate) async fn write(sink: &mut SplitSink<WebSocket, Message>, outgoing: &mut Outgoing) {
    loop {
        for message in outgoing.next().await {
            if sink.feed(message).await.is_err() {
                return;
            }
        }
        if sink.flush().await.is_err() {
            return;
        }
    }
}

/// Reads what the peer says, and minds the clock.
pub(crate) async fn listen(
    stream: &mut (impl Stream<Item = Result<Message, axum::Error>> + Unpin),
    peer: &Peer,
    config: &ServerConfig,
) -> End {
    let mut clock = Clock::start(config);
    let mut alarm = pin!(sleep_until(clock.next_alarm(false)));
    loop {
        tokio::select! {
            // In this order: who keeps talking cannot put off joining, and what was heard already counts
            // before silence does, should the machine have slept.
            biased;
            () = &mut alarm => {
                if let Err(refusal) = clock.alarm(peer) {
                    return End::Refused(refusal);
                }
                alarm.as_mut().reset(clock.next_alarm(peer.has_entered()));
            }
            message = stream.next() => {
                let obeyed = match message {
                    Some(Ok(message)) => obey(peer, message).await,
                    Some(Err(_)) | None => return End::Broken,
                };
                // Only now: while a packet waited for room at its receiver, nothing could be heard.
                clock.heard = Instant::now();
                match obeyed {
                    Ok(ControlFlow::Continue(())) => {}
                    Ok(ControlFlow::Break(end)) => return end,
                    Err(refusal) => return End::Refused(refusal),
                }
            }
        }
    }
}

/// What is due when on a connection.
struct Clock<'a> {
    config: &'a ServerConfig,
    started: Instant,
    /// When something was last heard from the peer, be it the answer to a ping.
    heard: Instant,
    ping: Instant,
    /// When the peer needs new credentials for the TURN servers.
    refresh: Option<Instant>,
}

impl<'a> Clock<'a> {
    fn start(config: &'a ServerConfig) -> Self {
        let now = Instant::now();
        let refresh = config.turn.as_ref().map(|turn| now + turn.refresh_after());
        Self { config, started: now, heard: now, ping: now + config.ping_interval, refresh }
    }

    fn next_alarm(&self, entered: bool) -> Instant {
        let silent = self.heard + self.config.idle_timeout;
        let late = (!entered).then(|| self.started + self.config.handshake_deadline);
        [late, self.refresh].into_iter().flatten().fold(self.ping.min(silent), Instant::min)
    }

    /// Does what is due.
    fn alarm(&mut self, peer: &Peer) -> Result<(), Refusal> {
        let now = Instant::now();
        let late = !peer.has_entered() && self.started + self.config.handshake_deadline <= now;
        if late || self.heard + self.config.idle_timeout <= now {
            return Err(Refusal::TimedOut);
        }
        if self.ping <= now {
            self.ping = now + self.config.ping_interval;
            peer.ping();
        }
        if let (Some(turn), Some(refresh)) = (&self.config.turn, &mut self.refresh)
            && *refresh <= now
        {
            *refresh = now + turn.refresh_after();
            peer.refresh_ice();
        }
        Ok(())
    }
}

/// Does what a message asks for. Breaks when the peer goes.
///
/// Whatever is not done all the time is boxed: its state would take room in every idle connection.
async fn obey(peer: &Peer, message: Message) -> Result<ControlFlow<End>, Refusal> {
    match message {
        Message::Binary(frame) => peer.carry(&frame).await?,
        Message::Close(_) => return Ok(ControlFlow::Break(End::Broken)),
        Message::Ping(_) => peer.count_message()?,
        Message::Pong(payload) => {
            peer.count_message()?;
            Box::pin(peer.answered(&payload)).await;
        }
        Message::Text(text) => {
            peer.count_message()?;
            return Box::pin(understand(peer, text.as_str())).await;
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Does what a signaling message asks for.
async fn understand(peer: &Peer, text: &str) -> Result<ControlFlow<End>, Refusal> {
    match message::read(text, peer.limits().message_bytes)? {
        ClientMessage::Join(join) => {
            let key = join.key;
            peer.join(join).await?;
            tracing::debug!(connection = peer.number(), peer = key.short(), "joined");
        }
        ClientMessage::Resume(resume) => {
            let key = resume.key;
            peer.resume(resume).await?;
            tracing::debug!(connection = peer.number(), peer = key.short(), "resumed");
        }
        ClientMessage::Signal { to, connection, signal } => {
            peer.signal(to, connection, signal).await?;
        }
        ClientMessage::Playing { playing } => peer.playing(playing).await?,
        ClientMessage::Relay { to, open } => peer.open_relay(to, open).await?,
        ClientMessage::Ping => peer.tell(&ServerMessage::Pong),
        ClientMessage::Leave if peer.has_entered() => return Ok(ControlFlow::Break(End::Left)),
        ClientMessage::Leave => return Err(Refusal::OutOfOrder),
    }
    Ok(ControlFlow::Continue(()))
}

/// Tells the peer what it was still to hear, and why it ends.
async fn farewell(
    sink: SplitSink<WebSocket, Message>,
    stream: SplitStream<WebSocket>,
    rest: impl Iterator<Item = Message>,
    end: End,
) {
    match end {
        End::Refused(reason) => {
            let frame = close_frame(&reason);
            let refused = text(&ServerMessage::Refused { reason });
            close(sink, stream, rest.chain([refused]), Some(frame)).await;
        }
        End::Left | End::Broken => close(sink, stream, std::iter::empty(), None).await,
    }
}

/// Writes what is left, closes, and reads on until the peer has closed as well: a socket that is dropped
/// with something unread in it is reset, and the reset overtakes the reason. Who has not gone after a
/// while is cut off by dropping the socket.
pub(crate) async fn close(
    mut sink: SplitSink<WebSocket, Message>,
    mut stream: SplitStream<WebSocket>,
    rest: impl Iterator<Item = Message>,
    frame: Option<CloseFrame>,
) {
    let closing = async {
        for message in rest.chain([Message::Close(frame)]) {
            sink.feed(message).await?;
        }
        sink.close().await?;
        while let Some(Ok(_)) = stream.next().await {}
        Ok::<_, axum::Error>(())
    };
    let _ = timeout(FAREWELL, closing).await;
}

/// The reason once more, for whoever looks at the WebSocket and not at our messages (RFC 6455
/// section 7.4.1). A reason has at most 123 bytes.
pub(crate) fn close_frame(reason: &Refusal) -> CloseFrame {
    let code = match reason {
        Refusal::Draining | Refusal::ShuttingDown => close_code::AWAY,
        Refusal::TooLarge => close_code::SIZE,
        Refusal::RateLimited { .. } | Refusal::TooMany { .. } => close_code::AGAIN,
        _ => close_code::POLICY,
    };
    let sentence = match reason {
        // What was wrong may quote what was sent.
        Refusal::Malformed { .. } => "the server did not understand a message".to_owned(),
        reason => reason.to_string(),
    };
    let mut end = sentence.len().min(123);
    while !sentence.is_char_boundary(end) {
        end -= 1;
    }
    CloseFrame { code, reason: sentence[..end].into() }
}

/// What the peer sent is never part of the log: a malformed message may hold a description or a
/// credential.
fn note(connection: u64, hub: &Hub, end: &End) {
    match end {
        End::Refused(reason) => {
            hub.metrics.refused(reason);
            match reason {
                Refusal::Malformed { .. } => {
                    tracing::debug!(connection, "refused: a message was not understood");
                }
                reason => tracing::debug!(connection, "refused: {reason}"),
            }
        }
        End::Left => tracing::debug!(connection, "left"),
        End::Broken => tracing::debug!(connection, "closed or broke"),
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
