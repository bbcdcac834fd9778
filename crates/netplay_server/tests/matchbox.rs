//! The signaling of matchbox, written by hand. The tests of `baseline` use real clients of matchbox.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use netplay_protocol::limits::{MAX_SDP_BYTES, MAX_SIGNALING_BYTES};
use netplay_server::{AuthConfig, AuthMode, LimitsConfig, Server, ServerConfig};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::client::{Client, generous, metric, patient, start, start_with, within};

struct Plain {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    id: String,
}

impl Plain {
    async fn connect(server: &Server, room: &str) -> Self {
        let url = format!("{}/{room}", server.url());
        let (socket, _) = within(connect_async(url)).await.unwrap();
        let mut plain = Self { socket, id: String::new() };
        let assigned = plain.next().await.expect("closed");
        plain.id = assigned["IdAssigned"].as_str().expect("no id").to_owned();
        plain
    }

    async fn next(&mut self) -> Option<Value> {
        loop {
            match within(self.socket.next()).await {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Ping(_))) => {}
                _ => return None,
            }
        }
    }

    /// The code and reason of the close frame. Skips all earlier messages.
    async fn closed(&mut self) -> (u16, String) {
        loop {
            match within(self.socket.next()).await {
                Some(Ok(Message::Close(Some(frame)))) => {
                    return (frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(Message::Text(_) | Message::Ping(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn send(&mut self, text: impl Into<String>) {
        within(self.socket.send(Message::text(text.into()))).await.unwrap();
    }

    async fn signal(&mut self, to: &str, data: Value) {
        self.send(json!({ "Signal": { "receiver": to, "data": data } }).to_string()).await;
    }
}

/// The shortest offer that the server accepts.
fn offer() -> Value {
    let lines = [
        "v=0",
        "o=- 1 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        "a=fingerprint:sha-256 AA:BB",
        "a=setup:actpass",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:abcdefghijklmnopqrstuv",
    ];
    json!({ "Offer": lines.iter().flat_map(|line| [*line, "\r\n"]).collect::<String>() })
}

#[tokio::test]
async fn signals_are_forwarded_with_the_id_of_their_sender() {
    let server = start();
    let mut first = Plain::connect(&server, "room").await;
    let mut second = Plain::connect(&server, "room").await;
    let mut other = Plain::connect(&server, "other").await;
    assert_eq!(first.next().await, Some(json!({ "NewPeer": second.id })));
    first.send("\"KeepAlive\"").await;
    let (id, other_id) = (second.id.clone(), other.id.clone());
    first.signal(&other_id, offer()).await;
    first.signal(&id, offer()).await;
    let expected = json!({ "Signal": { "sender": first.id, "data": offer() } });
    assert_eq!(second.next().await, Some(expected));
    assert_eq!(metric(&server, "netplay_matchbox_peers").await, 3);
    drop(first);
    assert!(second.next().await.is_some_and(|event| event.get("PeerLeft").is_some()));
    // The first message of the other client is about its own room.
    let late = Plain::connect(&server, "other").await;
    assert_eq!(other.next().await, Some(json!({ "NewPeer": late.id })));
}

#[tokio::test]
async fn a_signal_that_would_break_a_client_is_not_forwarded_and_its_sender_is_closed() {
    let server = start();
    let mut watcher = Plain::connect(&server, "room").await;
    let id = watcher.id.clone();
    let to_watcher =
        |data: Value| json!({ "Signal": { "receiver": id, "data": data } }).to_string();
    for (text, word) in [
        ("nonsense".to_owned(), "not a request"),
        ("{\"Signal\":{}}".to_owned(), "not a request"),
        (to_watcher(json!({ "Offer": "v=0" })), "session description"),
        (to_watcher(json!({ "Answer": "x".repeat(MAX_SDP_BYTES + 1) })), "too large"),
        (to_watcher(json!({ "IceCandidate": "{}" })), "candidate"),
        (to_watcher(json!(7)), "a signal is"),
        (" ".repeat(MAX_SIGNALING_BYTES + 1), "larger"),
    ] {
        let mut hostile = Plain::connect(&server, "room").await;
        assert_eq!(watcher.next().await, Some(json!({ "NewPeer": hostile.id })));
        hostile.send(text).await;
        let (code, reason) = hostile.closed().await;
        assert!([1008, 1009].contains(&code) && reason.contains(word), "{code} {reason}");
        assert_eq!(watcher.next().await, Some(json!({ "PeerLeft": hostile.id })));
    }
    let mut hostile = Plain::connect(&server, "room").await;
    within(hostile.socket.send(Message::binary(vec![1, 2, 3]))).await.unwrap();
    assert_eq!(hostile.closed().await.0, 1008);
}

#[tokio::test]
async fn pairs_that_join_at_the_same_instant_are_all_introduced_in_one_direction() {
    let server = start();
    let mut joining = Vec::new();
    for pair in 0..50 {
        for _ in 0..2 {
            let url = format!("{}/{pair}?next=2", server.url());
            joining.push((pair, tokio::spawn(connect_async(url))));
        }
    }
    let mut events = futures::stream::SelectAll::new();
    for (pair, one) in joining {
        let (socket, _) = within(one).await.unwrap().unwrap();
        events.push(socket.map(move |message| (pair, message)));
    }
    let mut told = vec![0; 50];
    while told.iter().sum::<usize>() < 50 {
        let Some((pair, Ok(message))) = within(events.next()).await else { panic!("closed") };
        let Message::Text(text) = message else { continue };
        told[pair] += usize::from(text.contains("NewPeer"));
    }
    assert_eq!(told, vec![1; 50]);
}

#[tokio::test]
async fn limits_and_timeouts_apply_to_matchbox_clients() {
    let limits = LimitsConfig { rooms_per_address: 1, ..generous() };
    let server = start_with(ServerConfig {
        limits,
        ping_interval: Duration::from_millis(50),
        // Far longer than a client that is read takes to answer.
        idle_timeout: Duration::from_secs(3),
        ..patient()
    });
    let mut first = Plain::connect(&server, "room?next=2").await;
    let (mut refused, _) = within(connect_async(format!("{}/other", server.url()))).await.unwrap();
    let Some(Ok(Message::Close(Some(frame)))) = within(refused.next()).await else {
        panic!("let in")
    };
    assert!(frame.reason.contains("too many rooms"), "{}", frame.reason);
    // A client that does not answer pings is disconnected, and its group receives that.
    let mut silent = Plain::connect(&server, "room?next=2").await;
    assert_eq!(first.next().await, Some(json!({ "NewPeer": silent.id })));
    let mut heard = Vec::new();
    let cut = within(silent.socket.get_mut().read_to_end(&mut heard));
    let (cut, left) = tokio::join!(cut, first.next());
    cut.unwrap();
    assert_eq!(left, Some(json!({ "PeerLeft": silent.id })));
}

#[tokio::test]
async fn an_invalid_url_is_answered_with_a_sentence() {
    let server = start();
    for url in ["room?next=0", "room?next=many", &"x".repeat(200)] {
        let refused = within(connect_async(format!("{}/{url}", server.url()))).await;
        let Err(Error::Http(refused)) = refused else { panic!("let in: {url}") };
        assert_eq!(refused.status(), 400);
    }
    let off = start_with(ServerConfig { matchbox: false, ..patient() });
    assert!(within(connect_async(format!("{}/room", off.url()))).await.is_err());
    Client::joined(&off, "room", 2, 1, &[1]).await;
}

#[tokio::test]
async fn a_server_that_asks_for_a_password_or_token_refuses_clients_that_can_have_none() {
    let token_secret = Some("a secret of the backend".into());
    let password = AuthConfig { mode: AuthMode::Password, ..Default::default() };
    let token = AuthConfig { mode: AuthMode::Token, token_secret, ..Default::default() };
    for auth in [password, token] {
        let server = start_with(ServerConfig { auth, ..patient() });
        for room in ["", "room", "room?next=2"] {
            let refused = within(connect_async(format!("{}/{room}", server.url()))).await;
            let Err(Error::Http(refused)) = refused else { panic!("let in: {room}") };
            assert_eq!(refused.status(), 403);
            let sentence = String::from_utf8(refused.into_body().unwrap()).unwrap();
            assert!(sentence.contains("auth.mode"), "{sentence}");
        }
        assert_eq!(metric(&server, "netplay_matchbox_peers").await, 0);
    }
}

#[tokio::test]
async fn a_draining_server_admits_no_new_client_and_a_stopping_one_closes_with_the_reason() {
    let server = start();
    let mut there = Plain::connect(&server, "room").await;
    server.drain();
    let (mut late, _) = within(connect_async(format!("{}/room", server.url()))).await.unwrap();
    let Some(Ok(Message::Close(Some(frame)))) = within(late.next()).await else { panic!("let in") };
    assert_eq!(u16::from(frame.code), 1001);
    let stopping = tokio::task::spawn_blocking(move || drop(server));
    let (code, reason) = there.closed().await;
    assert!(code == 1001 && reason.contains("shutting down"), "{code} {reason}");
    within(stopping).await.unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_read_costs_its_senders_signals_and_nobody_else() {
    let server = start();
    let mut first = Plain::connect(&server, "room").await;
    let mut deaf = Plain::connect(&server, "room").await;
    let mut third = Plain::connect(&server, "room").await;
    for peer in [&deaf.id, &third.id] {
        assert_eq!(first.next().await, Some(json!({ "NewPeer": peer })));
    }
    let padded = offer()["Offer"].as_str().unwrap().to_owned() + &"a=x:y\r\n".repeat(1000);
    // More than fits into the buffers of the sockets in between.
    while metric(&server, "netplay_signals_dropped_total").await < 100 {
        for _ in 0..100 {
            first.signal(&deaf.id, json!({ "Offer": padded })).await;
        }
    }
    third.signal(&deaf.id, offer()).await;
    third.signal(&first.id, offer()).await;
    let of_third = json!({ "Signal": { "sender": third.id, "data": offer() } });
    assert_eq!(first.next().await, Some(of_third.clone()));
    assert_eq!(deaf.next().await, Some(json!({ "NewPeer": third.id })));
    while deaf.next().await.expect("disconnected") != of_third {}
}
