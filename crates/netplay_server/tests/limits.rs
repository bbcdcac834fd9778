//! Limits, origins, and input of any kind.

use std::num::NonZeroU32;

use futures::{SinkExt, StreamExt};
use netplay_protocol::signaling::{ClientMessage, Entry, Join, PATH, Refusal, ServerMessage};
use netplay_server::{AuthConfig, AuthMode, LimitsConfig, Rate, ServerConfig};
use proptest::prelude::{Strategy, any};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{connect_async, tungstenite};

use crate::client::{
    Client, generous, http, join, join_by, metric, offer, patient, signal, start, start_with,
    tcp_from, within,
};

fn rate(rate: u32, burst: u32) -> Rate {
    let at_least_one = |number| NonZeroU32::new(number).unwrap();
    Rate { rate: at_least_one(rate), burst: at_least_one(burst) }
}

#[tokio::test]
async fn a_peer_that_exceeds_a_rate_is_refused_and_closed_with_the_reason() {
    let limits = LimitsConfig { messages: rate(1, 20), ..generous() };
    let server = start_with(ServerConfig { limits, ..patient() });
    let mut client = Client::joined(&server, "room", 2, 1, &[1]).await;
    let message = serde_json::to_string(&signal(2, offer("o"))).unwrap();
    let answer = {
        let (mut sink, mut stream) = (&mut client.socket).split();
        // Not a number of messages: on a slow machine the bucket fills between two of them.
        let flooding = async {
            while sink.send(Message::text(message.clone())).await.is_ok() {
                tokio::task::yield_now().await;
            }
            std::future::pending().await
        };
        within(async {
            tokio::select! {
                answer = stream.next() => answer,
                () = flooding => None,
            }
        })
        .await
    };
    let Some(Ok(Message::Text(answer))) = answer else { panic!("not refused") };
    let ServerMessage::Refused { reason } = serde_json::from_str(&answer).unwrap() else {
        panic!("{answer}")
    };
    let Refusal::RateLimited { what, retry_after_ms } = reason else { panic!("{reason}") };
    assert!(what == "messages" && retry_after_ms > 0, "{what} {retry_after_ms}");
    assert_eq!(client.next().await, None);
    let frame = client.closed.expect("no close frame").expect("no reason");
    assert_eq!(u16::from(frame.code), 1013);
    assert!(frame.reason.contains("too many messages"), "{}", frame.reason);
}

#[tokio::test]
async fn connections_and_rooms_are_limited_per_address() {
    let limits = LimitsConfig { connections_per_address: 3, rooms_per_address: 1, ..generous() };
    let server = start_with(ServerConfig { limits, ..patient() });
    let mut first = Client::joined(&server, "room", 2, 1, &[1]).await;
    let mut second = Client::connect(&server).await;
    second.send(&join("other", 2, 2)).await;
    let rooms = Refusal::TooMany { what: "rooms".into() };
    assert_eq!(second.expect_refusal().await, rooms);
    // Joining an existing room creates none.
    let third = Client::joined(&server, "room", 2, 3, &[1, 3]).await;
    let fourth = Client::connect(&server).await;
    let mut fifth = Client::connect(&server).await;
    let connections = Refusal::TooMany { what: "connections".into() };
    assert_eq!(fifth.expect_refusal().await, connections);
    // Closing one makes room for another.
    drop((third, fourth));
    first.expect_roster(2, &[1, 3]).await;
    loop {
        let mut next = Client::connect(&server).await;
        next.send(&join("room", 2, 9)).await;
        match next.next().await {
            Some(ServerMessage::Refused { reason }) if reason == connections => {}
            Some(ServerMessage::Refused { reason: Refusal::RoomFull { .. } }) => break,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn only_listed_pages_and_programs_may_connect() {
    let origins = vec!["https://play.example.org".to_owned()];
    let auth = AuthConfig { origins, mode: AuthMode::Open, ..Default::default() };
    let server = start_with(ServerConfig { auth, ..patient() });
    let from = async |origin: &'static str| {
        let mut request = format!("{}{PATH}", server.url()).into_client_request().unwrap();
        request.headers_mut().insert("origin", HeaderValue::from_static(origin));
        within(connect_async(request)).await
    };
    assert!(from("https://play.example.org").await.is_ok());
    let Err(Error::Http(refused)) = from("https://evil.example").await else { panic!("let in") };
    assert_eq!(refused.status(), tungstenite::http::StatusCode::FORBIDDEN);
    Client::joined(&server, "room", 2, 1, &[1]).await;
}

#[tokio::test]
async fn a_request_that_never_ends_is_cut_off() {
    let server = start_with(ServerConfig {
        handshake_deadline: std::time::Duration::from_millis(200),
        ..patient()
    });
    let mut stream = within(TcpStream::connect(server.addr())).await.unwrap();
    within(stream.write_all(b"GET /netplay HTTP/1.1\r\nHost: ")).await.unwrap();
    let mut answer = Vec::new();
    // Closed, with or without an answer.
    let _ = within(stream.read_to_end(&mut answer)).await;
}

#[tokio::test]
async fn requests_do_not_postpone_the_deadline_for_the_upgrade() {
    let server = start_with(ServerConfig {
        handshake_deadline: std::time::Duration::from_millis(200),
        ..patient()
    });
    let mut stream = within(TcpStream::connect(server.addr())).await.unwrap();
    let asking = async {
        let mut answers = [0; 1024];
        loop {
            let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
            if stream.write_all(request).await.is_err()
                || !matches!(stream.read(&mut answers).await, Ok(1..))
            {
                break;
            }
        }
    };
    within(asking).await;
}

#[tokio::test]
async fn a_client_that_begins_tls_slowly_is_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let (certificate, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    std::fs::write(&certificate, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let server = start_with(ServerConfig {
        handshake_deadline: std::time::Duration::from_millis(200),
        tls: Some(netplay_server::TlsConfig { certificate, key }),
        ..patient()
    });
    // One that sends nothing, and one that sends a byte of a handshake now and then.
    let mut silent = within(TcpStream::connect(server.addr())).await.unwrap();
    let _ = within(silent.read(&mut [0; 16])).await;
    let mut slow = within(TcpStream::connect(server.addr())).await.unwrap();
    let sending = async {
        for byte in [0x16, 3, 1, 0x3f, 0xff].into_iter().chain(std::iter::repeat(0)) {
            tokio::select! {
                _ = slow.readable() => break,
                () = tokio::time::sleep(std::time::Duration::from_millis(5)) => {}
            }
            if slow.write_all(&[byte]).await.is_err() {
                break;
            }
        }
    };
    within(sending).await;
}

#[tokio::test]
async fn sockets_that_become_no_websocket_keep_out_nobody_else() {
    let limits = LimitsConfig { handshakes: 8, handshakes_per_address: 3, ..generous() };
    let server = start_with(ServerConfig { limits, ..patient() });
    let mut idle = Vec::new();
    for _ in 0..3 {
        idle.push(tcp_from(server.addr(), [127, 0, 0, 1]).await);
    }
    // The server accepts in order: this one is cut off, unread.
    let mut refused = tcp_from(server.addr(), [127, 0, 0, 1]).await;
    assert!(!matches!(within(refused.read(&mut [0; 16])).await, Ok(1..)));
    let mut sockets = Vec::new();
    // Another address is let in. What has become a WebSocket no longer counts.
    for number in 2..9 {
        let mut client = Client::connect_from(&server, [127, 0, 0, 2]).await;
        client.send(&join(&format!("room{number}"), 2, number)).await;
        assert!(matches!(client.next().await, Some(ServerMessage::Welcome { .. })));
        sockets.push(client);
    }
    // All addresses together are limited as well.
    for last in 3..8 {
        idle.push(tcp_from(server.addr(), [127, 0, 0, last]).await);
    }
    let mut refused = tcp_from(server.addr(), [127, 0, 0, 9]).await;
    assert!(!matches!(within(refused.read(&mut [0; 16])).await, Ok(1..)));
    // Closing some makes room.
    drop((idle, sockets));
    within(async { while !answers(tcp_from(server.addr(), [127, 0, 0, 9]).await).await {} }).await;
}

/// Whether a server answers a request on this socket.
async fn answers(mut stream: TcpStream) -> bool {
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.is_ok() && matches!(stream.read(&mut [0; 16]).await, Ok(1..))
}

#[tokio::test]
async fn guesses_on_many_sockets_at_the_same_time_are_limited_together() {
    let limits = LimitsConfig { failures_per_address: rate(1, 5), ..generous() };
    let server = start_with(ServerConfig { limits, ..patient() });
    let mut clients = Vec::new();
    for _ in 0..40 {
        clients.push(Client::connect(&server).await);
    }
    let guess =
        Join { password: Some("hunter2".into()), ..join_by(Entry::Existing("room".into()), 2, 1) };
    let guess = &ClientMessage::Join(guess);
    let guessing = clients.iter_mut().map(async |client| {
        client.send(guess).await;
        client.expect_refusal().await
    });
    let refusals = futures::future::join_all(guessing).await;
    let checked = refusals.iter().filter(|refusal| **refusal == Refusal::NoSuchRoom).count();
    let limited = |refusal: &&Refusal| matches!(refusal, Refusal::RateLimited { .. });
    // One more returns in a minute, in which this test has long ended or failed.
    assert!((5..=6).contains(&checked), "{checked}");
    assert_eq!(checked + refusals.iter().filter(limited).count(), 40);
}

#[tokio::test]
async fn random_bytes_do_no_harm() {
    let server = start();
    let mut watcher = Client::joined(&server, "room", 3, 1, &[1]).await;
    let mut runner = TestRunner::deterministic();
    let bytes = proptest::collection::vec(any::<u8>(), 0..300);
    let text = proptest::string::string_regex("[\\{\\}\\[\\]\":,a-z0-9\\\\]{0,80}").unwrap();
    for _ in 0..150 {
        // Below HTTP, below WebSocket, and below JSON.
        let noise = bytes.new_tree(&mut runner).unwrap().current();
        let mut raw = within(TcpStream::connect(server.addr())).await.unwrap();
        let _ = within(raw.write_all(&noise)).await;
        let mut client = Client::connect(&server).await;
        client.send_raw(Message::binary(noise.clone())).await;
        client.expect_refusal().await;
        let mut client = Client::connect(&server).await;
        let text = text.new_tree(&mut runner).unwrap().current();
        client.send_raw(Message::text(text)).await;
        client.expect_refusal().await;
        let mut broken = Client::connect(&server).await;
        let _ = within(broken.socket.get_mut().write_all(&noise)).await;
    }
    Client::joined(&server, "room", 3, 2, &[1, 2]).await;
    watcher.expect_roster(3, &[1, 2]).await;
    assert_eq!(http(server.addr(), "/healthz").await.0, 200);
    assert!(metric(&server, "netplay_refusals_total{reason=\"malformed\"}").await >= 300);
}
