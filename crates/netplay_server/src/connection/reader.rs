//! Reads the messages of a peer, pings it, and notices silence.

use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Duration;

use axum::extract::ws::{Message, close_code};
use futures::{Stream, StreamExt};
use netplay_protocol::signaling::{ClientMessage, Refusal, ServerMessage};
use tokio::time::{Instant, sleep_until};

use super::End;
use crate::ServerConfig;
use crate::hub::Peer;
use crate::message;

/// Reads messages until the connection ends.
pub(crate) async fn read_messages(
    stream: &mut (impl Stream<Item = Result<Message, axum::Error>> + Unpin),
    peer: &Peer,
    config: &ServerConfig,
) -> End {
    let mut timers = Timers::start(config);
    let mut timeout = pin!(sleep_until(timers.next(peer)));
    // A message that arrived while the one before was being handled.
    let mut early = None;
    loop {
        let message = match early.take() {
            Some(message) => Some(message),
            None => tokio::select! {
                // In this order: messages that arrived while the machine slept count before the silence does.
                biased;
                message = stream.next() => match received(message, &mut timers) {
                    Ok(message) => Some(message),
                    Err(end) => return end,
                },
                () = &mut timeout => None,
            },
        };
        if let Some(message) = message {
            let mut handling = pin!(handle_message(peer, message));
            // Handling may take its time, as a password does that waits to be hashed. Meanwhile the deadlines hold, and
            // a peer that goes is gone.
            let handled = loop {
                tokio::select! {
                    biased;
                    handled = &mut handling => break handled,
                    message = stream.next(), if early.is_none() => {
                        match received(message, &mut timers) {
                            Ok(message) => early = Some(message),
                            Err(end) => return end,
                        }
                    }
                    () = &mut timeout => {
                        if let Err(refusal) = timers.handle_timeout(peer) {
                            return End::Refused(refusal);
                        }
                        timeout.as_mut().reset(timers.next(peer));
                    }
                }
            };
            match handled {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(end)) => return end,
                Err(refusal) => return End::Refused(refusal),
            }
        }
        // Also after a message: a peer that keeps sending cannot postpone its join.
        if timeout.deadline() <= Instant::now() {
            if let Err(refusal) = timers.handle_timeout(peer) {
                return End::Refused(refusal);
            }
            timeout.as_mut().reset(timers.next(peer));
        }
    }
}

/// What the peer has sent, or that its socket has closed or broken.
fn received(
    message: Option<Result<Message, axum::Error>>,
    timers: &mut Timers<'_>,
) -> Result<Message, End> {
    timers.received = Instant::now();
    match message {
        Some(Ok(Message::Close(Some(frame)))) if frame.code == close_code::AWAY => {
            Err(End::PageClosed)
        }
        Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Broken),
        Some(Ok(message)) => Ok(message),
    }
}

/// The deadlines of a connection.
struct Timers<'a> {
    config: &'a ServerConfig,
    started: Instant,
    /// When the peer last sent anything, including the answer to a ping.
    received: Instant,
    ping: Instant,
    turn: Option<TurnTimers>,
}

/// When to look after the TURN credentials of a peer.
struct TurnTimers {
    /// When those that it has need to be replaced.
    renew: Instant,
    /// When to look whether it has some by now, and to renew them.
    look: Instant,
}

/// How often a member is given TURN credentials for which there were none when it joined, if there are some now.
const TURN_RETRY: Duration = Duration::from_secs(30);

impl<'a> Timers<'a> {
    fn start(config: &'a ServerConfig) -> Self {
        let now = Instant::now();
        let turn = config.turn.as_ref().map(|turn| {
            // Those of a peer that joins later expire later.
            let renew = now + turn.refresh_after();
            TurnTimers { renew, look: renew.min(now + TURN_RETRY) }
        });
        Self { config, started: now, received: now, ping: now + config.ping_interval, turn }
    }

    fn next(&self, peer: &Peer) -> Instant {
        let silent = self.received + self.config.idle_timeout;
        let late = (!peer.has_joined()).then(|| self.started + self.config.handshake_deadline);
        let look = self.turn.as_ref().map(|turn| turn.look);
        [late, look].into_iter().flatten().fold(self.ping.min(silent), Instant::min)
    }

    /// Does what is due.
    fn handle_timeout(&mut self, peer: &Peer) -> Result<(), Refusal> {
        let now = Instant::now();
        let late = !peer.has_joined() && self.started + self.config.handshake_deadline <= now;
        if late || self.received + self.config.idle_timeout <= now {
            return Err(Refusal::TimedOut);
        }
        if self.ping <= now {
            self.ping = now + self.config.ping_interval;
            peer.ping();
        }
        if let (Some(turn), Some(timers)) = (&self.config.turn, &mut self.turn)
            && timers.look <= now
        {
            if timers.renew <= now || !peer.has_turn() {
                timers.renew = now + turn.refresh_after();
                peer.refresh_ice_servers();
            }
            timers.look = timers.renew.min(now + TURN_RETRY);
        }
        Ok(())
    }
}

/// Handles one WebSocket message. Breaks when the peer leaves.
///
/// Rare futures are boxed: their state would take memory in every idle connection.
async fn handle_message(peer: &Peer, message: Message) -> Result<ControlFlow<End>, Refusal> {
    match message {
        Message::Binary(frame) => peer.relay(&frame).await?,
        // The connection has ended before this.
        Message::Close(_) => {}
        Message::Ping(_) => peer.count_message()?,
        Message::Pong(payload) => {
            peer.count_message()?;
            Box::pin(peer.handle_pong(&payload)).await;
        }
        Message::Text(text) => {
            peer.count_message()?;
            return Box::pin(handle_signaling(peer, text.as_str())).await;
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Handles one signaling message.
async fn handle_signaling(peer: &Peer, text: &str) -> Result<ControlFlow<End>, Refusal> {
    match message::parse(text, peer.limits().message_bytes)? {
        ClientMessage::Join(join) => {
            let key = join.peer();
            peer.join(join).await?;
            tracing::debug!(connection = peer.number(), peer = key.short(), "joined");
        }
        ClientMessage::Resume(resume) => {
            let key = resume.peer();
            peer.resume(resume).await?;
            tracing::debug!(connection = peer.number(), peer = key.short(), "resumed");
        }
        ClientMessage::Connected { to, path } => peer.count_connected(to, path).await?,
        ClientMessage::Signal { to, connection, signal } => {
            peer.signal(to, connection, signal).await?;
        }
        ClientMessage::Playing { playing } => peer.set_playing(playing).await?,
        ClientMessage::Kick { peer: target, ban } => peer.kick(target, ban).await?,
        ClientMessage::Open { open } => peer.set_open(open).await?,
        ClientMessage::ListRooms(request) => peer.list_rooms(&request).await?,
        ClientMessage::Relay { to, open } => peer.set_relay(to, open).await?,
        ClientMessage::Ping => peer.send(&ServerMessage::Pong),
        ClientMessage::Leave if peer.has_joined() => return Ok(ControlFlow::Break(End::Left)),
        ClientMessage::Leave => return Err(Refusal::OutOfOrder),
    }
    Ok(ControlFlow::Continue(()))
}
