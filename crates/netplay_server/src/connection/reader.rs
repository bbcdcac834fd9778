//! Reads the messages of a peer, pings it, and notices silence.

use std::ops::ControlFlow;
use std::pin::pin;

use axum::extract::ws::Message;
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
    let mut timeout = pin!(sleep_until(timers.next(false)));
    loop {
        let message = tokio::select! {
            // In this order: messages that arrived while the machine slept count before the silence does.
            biased;
            message = stream.next() => Some(message),
            () = &mut timeout => None,
        };
        if let Some(message) = message {
            let handled = match message {
                Some(Ok(message)) => handle_message(peer, message).await,
                Some(Err(_)) | None => return End::Broken,
            };
            // After handling: nothing is read while a packet waits for room at its receiver.
            timers.received = Instant::now();
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
            timeout.as_mut().reset(timers.next(peer.has_joined()));
        }
    }
}

/// The deadlines of a connection.
struct Timers<'a> {
    config: &'a ServerConfig,
    started: Instant,
    /// When the peer last sent anything, including the answer to a ping.
    received: Instant,
    ping: Instant,
    /// When the peer needs new TURN credentials.
    refresh: Option<Instant>,
}

impl<'a> Timers<'a> {
    fn start(config: &'a ServerConfig) -> Self {
        let now = Instant::now();
        let refresh = config.turn.as_ref().map(|turn| now + turn.refresh_after());
        Self { config, started: now, received: now, ping: now + config.ping_interval, refresh }
    }

    fn next(&self, joined: bool) -> Instant {
        let silent = self.received + self.config.idle_timeout;
        let late = (!joined).then(|| self.started + self.config.handshake_deadline);
        [late, self.refresh].into_iter().flatten().fold(self.ping.min(silent), Instant::min)
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
        if let (Some(turn), Some(refresh)) = (&self.config.turn, &mut self.refresh)
            && *refresh <= now
        {
            *refresh = now + turn.refresh_after();
            peer.refresh_ice_servers();
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
        Message::Close(_) => return Ok(ControlFlow::Break(End::Broken)),
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
        ClientMessage::Playing { playing } => peer.set_playing(playing).await?,
        ClientMessage::Relay { to, open } => peer.set_relay(to, open).await?,
        ClientMessage::Ping => peer.send(&ServerMessage::Pong),
        ClientMessage::Leave if peer.has_joined() => return Ok(ControlFlow::Break(End::Left)),
        ClientMessage::Leave => return Err(Refusal::OutOfOrder),
    }
    Ok(ControlFlow::Continue(()))
}
