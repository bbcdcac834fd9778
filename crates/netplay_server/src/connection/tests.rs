//! Deadlines of a connection, on tokio's paused clock.

use std::time::Duration;

use axum::extract::ws::{Message, close_code};
use futures::SinkExt;
use futures::channel::mpsc;
use netplay_protocol::Challenge;
use netplay_protocol::signaling::{ClientMessage, Entry, GameInfo, Join, VERSION};
use tokio::time::sleep;

use super::close::close_frame;
use super::*;
use crate::ServerConfig;
use crate::lifecycle::Lifecycle;
use crate::send_queue::SendQueueReader;
use crate::test_proof::{HOST, proof};

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_pings_stays_and_a_silent_one_is_refused() {
    let start = Instant::now();
    let (mut sender, mut stream) = mpsc::unbounded();
    let (peer, mut outgoing, config) = connected();
    sender.send(Ok(join(challenge(&mut outgoing).await))).await.unwrap();
    let answering = async {
        let mut answered = 0;
        while answered < 100 {
            if let Message::Ping(ping) = outgoing.next().await {
                sender.send(Ok(Message::Pong(ping))).await.unwrap();
                answered += 1;
            }
        }
        // Does not end: the end of the stream would mean that the socket broke.
        std::future::pending::<()>().await;
    };
    let end = tokio::select! {
        end = read_messages(&mut stream, &peer, &config) => end,
        () = answering => unreachable!(),
    };
    assert_eq!(end, End::Refused(Refusal::TimedOut));
    let last_answer = 100 * config.ping_interval;
    assert_eq!(start.elapsed().as_secs(), (last_answer + config.idle_timeout).as_secs());
}

#[tokio::test(start_paused = true)]
async fn sending_does_not_postpone_the_deadline_for_joining() {
    let start = Instant::now();
    let (peer, _outgoing, config) = connected();
    let mut messages = Box::pin(futures::stream::unfold((), async |()| {
        sleep(Duration::from_millis(100)).await;
        Some((Ok(Message::Pong(Default::default())), ()))
    }));
    let end = read_messages(&mut messages, &peer, &config).await;
    assert_eq!(end, End::Refused(Refusal::TimedOut));
    assert_eq!(start.elapsed().as_secs(), config.handshake_deadline.as_secs());
}

#[tokio::test(start_paused = true)]
async fn messages_that_arrived_while_the_machine_slept_count_before_the_silence_does() {
    let (mut sender, mut stream) = mpsc::unbounded();
    let (peer, mut outgoing, config) = connected();
    sender.send(Ok(join(challenge(&mut outgoing).await))).await.unwrap();
    let mut reading = Box::pin(read_messages(&mut stream, &peer, &config));
    assert_eq!((&mut reading).now_or_never(), None);
    sender.send(Ok(Message::Pong(Default::default()))).await.unwrap();
    tokio::time::advance(2 * config.idle_timeout).await;
    assert_eq!((&mut reading).now_or_never(), None);
    tokio::time::advance(config.idle_timeout).await;
    assert_eq!((&mut reading).now_or_never(), Some(End::Refused(Refusal::TimedOut)));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_nothing_is_closed_whatever_it_sends() {
    let (peer, mut outgoing, config) = connected();
    // A socket whose buffers are full from the third message on.
    let mut taken = 0;
    let mut sink = Box::pin(futures::sink::unfold(&mut taken, async |taken, _: Message| {
        *taken += 1;
        if *taken > 2 {
            std::future::pending::<()>().await;
        }
        Ok::<_, axum::Error>(taken)
    }));
    let start = Instant::now();
    let sending = async {
        loop {
            peer.send(&ServerMessage::Pong);
            sleep(Duration::from_secs(1)).await;
        }
    };
    let end = tokio::select! {
        end = write_messages(&mut sink, &mut outgoing, config.idle_timeout) => end,
        () = sending => unreachable!(),
    };
    assert_eq!(end, End::Refused(Refusal::TooSlow));
    assert!(start.elapsed() >= config.idle_timeout);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_slowly_stays() {
    let (peer, mut outgoing, config) = connected();
    (0..20).for_each(|_| peer.send(&ServerMessage::Pong));
    // Each message takes nearly as long as it may.
    let slow = config.idle_timeout - Duration::from_secs(1);
    let mut taken = 0;
    let mut sink = Box::pin(futures::sink::unfold(&mut taken, async |taken, _: Message| {
        sleep(slow).await;
        *taken += 1;
        Ok::<_, axum::Error>(taken)
    }));
    let start = Instant::now();
    tokio::select! {
        end = write_messages(&mut sink, &mut outgoing, config.idle_timeout) => panic!("{end:?}"),
        () = sleep(25 * config.idle_timeout) => {}
    }
    drop(sink);
    assert_eq!((taken, start.elapsed()), (21, 25 * config.idle_timeout));
}

#[test]
fn a_close_frame_has_the_reason_and_never_what_the_peer_sent() {
    let frame = close_frame(&Refusal::RoomFull { size: 2 });
    assert_eq!(frame.code, close_code::POLICY);
    assert_eq!(frame.reason.as_str(), "the room is full: it is for 2 players");
    let frame = close_frame(&Refusal::Malformed { detail: "hunter2".into() });
    assert!(!frame.reason.as_str().contains("hunter2"));
    let frame = close_frame(&Refusal::Unauthorized { detail: "ä".repeat(100) });
    assert!(frame.reason.as_str().len() <= 123);
}

#[test]
fn why_the_server_closes_counts_more_than_what_the_peer_sent_since() {
    let kicked = Refusal::Kicked { banned: false };
    let refused = || End::Refused(Refusal::OutOfOrder);
    assert_eq!(refused().or_closed(Some(kicked.clone())), End::Refused(kicked.clone()));
    assert_eq!(refused().or_closed(None), refused());
    for end in [End::Left, End::Broken] {
        assert_ne!(end.or_closed(Some(kicked.clone())), End::Refused(kicked.clone()));
    }
}

fn connected() -> (Peer, SendQueueReader, ServerConfig) {
    let config = ServerConfig::default();
    let hub = Arc::new(Hub::new(config.clone(), Lifecycle::default()).unwrap());
    let address = std::net::IpAddr::from([127, 0, 0, 1]).into();
    let permit = hub.limits.connect(address).unwrap();
    let (queue, outgoing) = send_queue(hub.relay_bounds(&permit));
    (hub.connect(queue, permit, Some(HOST)), outgoing, config)
}

/// Takes the first message that the server sends.
async fn challenge(outgoing: &mut SendQueueReader) -> Challenge {
    let first = Some(outgoing.next().await);
    let Some(Message::Text(text)) = first else { panic!("{first:?}") };
    match serde_json::from_str(&text).unwrap() {
        ServerMessage::Challenge { challenge, .. } => challenge,
        other => panic!("{other:?}"),
    }
}

fn join(challenge: Challenge) -> Message {
    let entry = Entry::Room("room".into());
    let join = ClientMessage::Join(Join {
        version: VERSION,
        proof: proof(1, entry.action(), challenge),
        entry,
        size: Some(2),
        least: None,
        players: 1,
        game: GameInfo::default(),
        password: None,
        token: None,
        options: Default::default(),
    });
    Message::text(serde_json::to_string(&join).unwrap())
}
