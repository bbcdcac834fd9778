//! One WebSocket, from the upgrade to the end.
//!
//! Reading and writing go on side by side in one task, so that a peer that does not read cannot keep the
//! server from noticing that it is gone. Whatever ends first ends the connection:
//!
//! * the peer says or sends something that is refused, or joins too late, or is silent for too long;
//! * the peer leaves, closes, or its socket breaks;
//! * its queue overflows;
//! * the server stops.
//!
//! The seat in the room is given up first; then the peer is told why, as far as it still listens.

use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, Stream, StreamExt};
use netplay_protocol::signaling::{ClientMessage, Refusal, ServerMessage};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

use crate::ServerConfig;
use crate::hub::{Hub, Peer, text};
use crate::message;
use crate::outbox::{Outgoing, outbox};

/// How long the end of a connection may take: telling the reason and waiting for the peer's close.
/// Enough for a round trip around the world, and bearable when the server stops.
const FAREWELL: Duration = Duration::from_secs(1);

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The server refuses the peer, which is to be told.
    Refused(Refusal),
    /// The peer said that it leaves, or closed its socket.
    Left,
    /// The socket broke.
    Broken,
    /// The peer does not read what it is sent.
    Overflow,
}

/// Serves one WebSocket until it ends, or until `stop` says that the server does.
pub(crate) async fn run(socket: WebSocket, hub: Arc<Hub>, mut stop: watch::Receiver<bool>) {
    let (outbox, mut outgoing) = outbox();
    let peer = hub.connect(outbox);
    let number = peer.number();
    let (mut sink, mut stream) = socket.split();
    let overflow = outgoing.overflow();
    let end = tokio::select! {
        end = listen(&mut stream, &peer, hub.config()) => end,
        () = write(&mut sink, &mut outgoing) => End::Broken,
        () = overflow.notified() => End::Overflow,
        _ = stop.wait_for(|stop| *stop) => End::Refused(Refusal::ShuttingDown),
    };
    drop(peer);
    log(number, &end);
    if !matches!(end, End::Overflow) {
        // Who has not gone after this time is cut off by dropping the socket.
        let _ = timeout(FAREWELL, farewell(sink, stream, outgoing, end)).await;
    }
}

/// Writes what is queued, and flushes when nothing more is. Ends when the socket breaks.
async fn write(sink: &mut SplitSink<WebSocket, Message>, outgoing: &mut Outgoing) {
    while let Some(message) = outgoing.next().await {
        let mut written = sink.feed(message).await;
        while written.is_ok()
            && let Some(message) = outgoing.try_next()
        {
            written = sink.feed(message).await;
        }
        if written.is_err() || sink.flush().await.is_err() {
            return;
        }
    }
}

/// Reads what the peer says, and minds the clock.
async fn listen(
    stream: &mut (impl Stream<Item = Result<Message, axum::Error>> + Unpin),
    peer: &Peer,
    config: &ServerConfig,
) -> End {
    let start = Instant::now();
    let mut pings = interval_at(start + config.ping_interval, config.ping_interval);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut too_late = pin!(sleep(config.join_deadline));
    let mut too_silent = pin!(sleep(config.idle_timeout));
    let mut joined = false;
    loop {
        tokio::select! {
            // In this order: who keeps talking cannot put off joining, and what was heard already counts
            // before silence does, should the machine have slept.
            biased;
            () = &mut too_late, if !joined => return End::Refused(Refusal::TimedOut),
            message = stream.next() => {
                too_silent.as_mut().reset(Instant::now() + config.idle_timeout);
                let text = match message {
                    Some(Ok(Message::Text(text))) => text,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Binary(_))) => {
                        let detail = "binary, where JSON in a text message was expected".into();
                        return End::Refused(Refusal::Malformed { detail });
                    }
                    Some(Ok(Message::Close(_))) | None => return End::Left,
                    Some(Err(_)) => return End::Broken,
                };
                match obey(peer, &mut joined, text.as_str()) {
                    Ok(ControlFlow::Continue(())) => {}
                    Ok(ControlFlow::Break(())) => return End::Left,
                    Err(refusal) => return End::Refused(refusal),
                }
            }
            _ = pings.tick() => peer.ping(),
            () = &mut too_silent => return End::Refused(Refusal::TimedOut),
        }
    }
}

/// Does what a message asks for. Breaks when the peer leaves.
fn obey(peer: &Peer, joined: &mut bool, text: &str) -> Result<ControlFlow<()>, Refusal> {
    match message::read(text)? {
        ClientMessage::Join { room, size, key, .. } => {
            peer.join(&room, size, key)?;
            *joined = true;
            tracing::debug!("connection {} joined a room as {}", peer.number(), key.short());
        }
        ClientMessage::Signal { to, connection, signal } => peer.signal(to, connection, signal)?,
        ClientMessage::Leave if *joined => return Ok(ControlFlow::Break(())),
        ClientMessage::Leave => return Err(Refusal::OutOfOrder),
    }
    Ok(ControlFlow::Continue(()))
}

/// Tells the peer what it was still to hear, closes, and reads on until the peer has closed as well: a
/// socket that is dropped with something unread in it is reset, and the reset overtakes the reason.
async fn farewell(
    mut sink: SplitSink<WebSocket, Message>,
    mut stream: SplitStream<WebSocket>,
    mut outgoing: Outgoing,
    end: End,
) -> Result<(), axum::Error> {
    if let End::Refused(reason) = end {
        while let Some(message) = outgoing.try_next() {
            sink.feed(message).await?;
        }
        sink.send(text(&ServerMessage::Refused { reason })).await?;
    }
    sink.close().await?;
    while let Some(Ok(_)) = stream.next().await {}
    Ok(())
}

/// What the peer sent is never part of the log: a malformed message may hold a description or a
/// credential.
fn log(number: u64, end: &End) {
    match end {
        End::Refused(Refusal::Malformed { .. }) => {
            tracing::debug!("connection {number} is refused: a message was not understood");
        }
        End::Refused(reason) => tracing::debug!("connection {number} is refused: {reason}"),
        End::Left => tracing::debug!("connection {number} left"),
        End::Broken => tracing::debug!("connection {number} broke"),
        End::Overflow => tracing::debug!("connection {number} does not read: it is dropped"),
    }
}

/// These run on tokio's paused clock: minutes pass at once, and exactly.
#[cfg(test)]
mod tests {
    use futures::channel::mpsc;
    use netplay_protocol::PeerKey;
    use netplay_protocol::signaling::VERSION;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_answers_pings_stays_and_who_falls_silent_is_refused() {
        let start = Instant::now();
        let (mut say, mut stream) = mpsc::unbounded();
        let (peer, mut outgoing, config) = connected();
        say.send(Ok(join())).await.unwrap();
        let answering = async {
            let mut answered = 0;
            while answered < 100 {
                if let Some(Message::Ping(ping)) = outgoing.next().await {
                    say.send(Ok(Message::Pong(ping))).await.unwrap();
                    answered += 1;
                }
            }
            // Kept: a stream that ended would say that the peer left.
            std::future::pending::<()>().await;
        };
        let end = tokio::select! {
            end = listen(&mut stream, &peer, &config) => end,
            () = answering => unreachable!(),
        };
        assert_eq!(end, End::Refused(Refusal::TimedOut));
        let last_answer = 100 * config.ping_interval;
        assert_eq!(start.elapsed().as_secs(), (last_answer + config.idle_timeout).as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn talking_does_not_put_off_joining() {
        let start = Instant::now();
        let (peer, _outgoing, config) = connected();
        let mut chatter = Box::pin(futures::stream::unfold((), async |()| {
            sleep(Duration::from_millis(10)).await;
            Some((Ok(Message::Pong(Default::default())), ()))
        }));
        let end = listen(&mut chatter, &peer, &config).await;
        assert_eq!(end, End::Refused(Refusal::TimedOut));
        assert_eq!(start.elapsed().as_secs(), config.join_deadline.as_secs());
    }

    fn connected() -> (Peer, Outgoing, ServerConfig) {
        let config = ServerConfig::default();
        let (outbox, outgoing) = outbox();
        (Arc::new(Hub::new(config.clone())).connect(outbox), outgoing, config)
    }

    fn join() -> Message {
        let key = PeerKey::from_bytes([1; 16]);
        let join = ClientMessage::Join { version: VERSION, room: "room".into(), size: 2, key };
        Message::text(serde_json::to_string(&join).unwrap())
    }
}
