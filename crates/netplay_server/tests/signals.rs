//! Signals between peers.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use netplay_protocol::limits::{MAX_CANDIDATE_BYTES, MAX_SDP_BYTES};
use netplay_protocol::signaling::{
    ClientMessage, ConnectionType, Presence, Refusal, ServerMessage, Signal,
};
use netplay_server::ServerConfig;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, key, metric, offer, patient, signal, start, start_with, within};

#[tokio::test]
async fn every_kind_of_signal_arrives_unchanged_and_in_order() {
    let server = start();
    let mut first = Client::joined(&server, "room", 2, 1, &[1]).await;
    let mut second = Client::joined(&server, "room", 2, 2, &[1, 2]).await;
    first.expect_roster(2, &[1, 2]).await;
    let signals = [
        offer("v=0\r\n\"\\ é"),
        Signal::Answer(String::new()),
        Signal::Candidate("x".repeat(MAX_CANDIDATE_BYTES)),
        Signal::Offer("y".repeat(MAX_SDP_BYTES)),
    ];
    for one in &signals {
        first.send(&signal(2, one.clone())).await;
        second.send(&signal(1, one.clone())).await;
    }
    for one in signals {
        second.expect_signal(1, one.clone()).await;
        first.expect_signal(2, one).await;
    }
}

#[tokio::test]
async fn attempts_are_counted_and_connections_only_after_one_and_once() {
    let server = start();
    let attempts = async || metric(&server, "netplay_attempts_total").await;
    let reached = async || metric(&server, "netplay_links_total{path=\"host\"}").await;
    let mut first = Client::joined(&server, "room", 2, 1, &[1]).await;
    let mut second = Client::joined(&server, "room", 2, 2, &[1, 2]).await;
    first.expect_roster(2, &[1, 2]).await;
    for expected in [0, 1] {
        for (from_first, to) in [(true, 2), (false, 1), (true, 9)] {
            let peer = if from_first { &mut first } else { &mut second };
            for _ in 0..2 {
                let path = ConnectionType::Host;
                peer.send(&ClientMessage::Connected { to: key(to), path }).await;
            }
            // What was sent before has been handled once this is answered.
            peer.send(&ClientMessage::Ping).await;
            assert_eq!(peer.next().await, Some(ServerMessage::Pong));
        }
        assert_eq!((attempts().await, reached().await), (expected, expected));
        for _ in 0..2 {
            first.send(&signal(2, offer("o"))).await;
            second.expect_signal(1, offer("o")).await;
        }
        // To nobody, and no offer.
        first.send(&signal(9, offer("o"))).await;
        second.send(&signal(1, Signal::Answer("a".into()))).await;
        first.expect_signal(2, Signal::Answer("a".into())).await;
    }
    let mut unknown = Client::connect(&server).await;
    unknown.send(&ClientMessage::Connected { to: key(1), path: ConnectionType::Host }).await;
    assert_eq!(unknown.expect_refusal().await, Refusal::OutOfOrder);
}

#[tokio::test]
async fn the_server_sets_the_sender_whatever_the_client_claims() {
    let server = start();
    let mut first = Client::joined(&server, "room", 3, 1, &[1]).await;
    let _second = Client::joined(&server, "room", 3, 2, &[1, 2]).await;
    let mut third = Client::joined(&server, "room", 3, 3, &[1, 2, 3]).await;
    let forged = format!(
        r#"{{"type":"signal","from":"{two}","key":"{two}","to":"{one}","connection":"1","signal":{{"offer":"o"}}}}"#,
        one = key(1),
        two = key(2),
    );
    third.send_raw(Message::text(forged)).await;
    first.expect_roster(3, &[1, 2]).await;
    first.expect_roster(3, &[1, 2, 3]).await;
    first.expect_signal(3, offer("o")).await;
}

#[tokio::test]
async fn a_signal_to_another_room_or_to_no_member_is_dropped() {
    let server = start();
    let mut stranger = Client::joined(&server, "other", 2, 9, &[9]).await;
    let mut first = Client::joined(&server, "room", 2, 1, &[1]).await;
    let mut second = Client::joined(&server, "room", 2, 2, &[1, 2]).await;
    first.expect_roster(2, &[1, 2]).await;
    for to in [9, 77, 1] {
        first.send(&signal(to, offer("lost"))).await;
    }
    first.send(&signal(2, offer("found"))).await;
    second.expect_signal(1, offer("found")).await;
    // The next message of the peer in the other room is about its own room.
    Client::joined(&server, "other", 2, 8, &[9, 8]).await;
    stranger.expect_roster(2, &[9, 8]).await;
}

#[tokio::test]
async fn a_burst_of_signals_to_a_peer_that_does_not_read_costs_its_sender_signals_and_nobody_else()
{
    let server = start();
    let mut first = Client::joined(&server, "room", 3, 1, &[1]).await;
    let mut deaf = Client::joined(&server, "room", 3, 2, &[1, 2]).await;
    let mut third = Client::joined(&server, "room", 3, 3, &[1, 2, 3]).await;
    first.expect_roster(3, &[1, 2]).await;
    first.expect_roster(3, &[1, 2, 3]).await;
    // More than fits into the buffers of the sockets in between.
    while metric(&server, "netplay_signals_dropped_total").await < 100 {
        for _ in 0..100 {
            first.send(&signal(2, offer(&"x".repeat(MAX_SDP_BYTES)))).await;
        }
    }
    // The share of another sender is free, and so is the way to everybody else.
    third.send(&signal(2, offer("from the third"))).await;
    third.send(&signal(1, offer("to the first"))).await;
    first.expect_signal(3, offer("to the first")).await;
    first.send(&signal(3, offer("to the third"))).await;
    third.expect_signal(1, offer("to the third")).await;
    // The receiver was not disconnected, and receives what was kept.
    deaf.expect_roster(3, &[1, 2, 3]).await;
    loop {
        match deaf.next().await {
            Some(ServerMessage::Signal { from, signal, .. }) if from == key(3) => {
                assert_eq!(signal, offer("from the third"));
                break;
            }
            Some(ServerMessage::Signal { from, .. }) => assert_eq!(from, key(1)),
            other => panic!("{other:?}"),
        }
    }
    deaf.send(&signal(1, offer("back"))).await;
    first.expect_signal(2, offer("back")).await;
}

#[tokio::test]
async fn a_peer_that_never_reads_is_disconnected_whatever_it_sends() {
    let server = start_with(ServerConfig {
        ping_interval: Duration::from_millis(100),
        idle_timeout: Duration::from_secs(1),
        ..patient()
    });
    let first = Client::joined(&server, "room", 2, 1, &[1]).await;
    let deaf = Client::joined(&server, "room", 2, 2, &[1, 2]).await;
    let (mut sink, mut stream) = first.socket.split();
    let flood = serde_json::to_string(&signal(2, offer(&"x".repeat(MAX_SDP_BYTES)))).unwrap();
    let flooding = async {
        loop {
            sink.send(Message::text(flood.clone())).await.unwrap();
        }
    };
    let (mut deaf_sink, _deaf_stream) = deaf.socket.split();
    let never_silent = async {
        while deaf_sink.send(Message::Pong(Default::default())).await.is_ok() {
            tokio::task::yield_now().await;
        }
        std::future::pending::<()>().await;
    };
    let alone = async {
        while let Some(Ok(message)) = stream.next().await {
            if let Message::Text(text) = message
                && let Ok(ServerMessage::Presence { peer, presence }) = serde_json::from_str(&text)
            {
                assert_eq!((peer, presence), (key(2), Presence::Away));
                return true;
            }
        }
        false
    };
    let dropped = within(async {
        tokio::select! {
            () = flooding => false,
            () = never_silent => false,
            alone = alone => alone,
        }
    });
    assert!(dropped.await);
}
