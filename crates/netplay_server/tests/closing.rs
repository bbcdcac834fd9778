//! How connections and servers end.

use std::time::Duration;

use netplay_protocol::signaling::{ClientMessage, Presence, Refusal};
use netplay_server::ServerConfig;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::client::{Client, join, patient, start, start_with, until_metric, within};

#[tokio::test]
async fn a_peer_that_leaves_is_closed_and_the_others_receive_it() {
    let server = start();
    let mut first = Client::joined(&server, "room", 2, 1, &[1]).await;
    let mut second = Client::joined(&server, "room", 2, 2, &[1, 2]).await;
    first.expect_roster(2, &[1, 2]).await;
    first.send(&ClientMessage::Leave).await;
    second.expect_presence(1, Presence::Left).await;
    second.expect_roster(2, &[2]).await;
    assert_eq!(first.next().await, None);
}

#[tokio::test]
async fn a_peer_whose_socket_closes_or_breaks_is_away_and_loses_its_slot_after_the_grace_period() {
    let grace = Duration::from_millis(200);
    let server = start_with(ServerConfig { grace, ..patient() });
    let mut first = Client::joined(&server, "room", 2, 1, &[1]).await;
    let mut second = Client::joined(&server, "room", 2, 2, &[1, 2]).await;
    first.expect_roster(2, &[1, 2]).await;
    within(second.socket.close(None)).await.unwrap();
    first.expect_presence(2, Presence::Away).await;
    first.expect_presence(2, Presence::Left).await;
    first.expect_roster(2, &[1]).await;
    drop(Client::joined(&server, "room", 2, 3, &[1, 3]).await);
    first.expect_roster(2, &[1, 3]).await;
    first.expect_presence(3, Presence::Away).await;
    first.expect_presence(3, Presence::Left).await;
    first.expect_roster(2, &[1]).await;
}

#[tokio::test]
async fn the_others_receive_that_a_socket_was_closed_as_browsers_do_whose_page_goes_away() {
    let server = start();
    let mut first = Client::joined(&server, "room", 2, 1, &[1]).await;
    let mut second = Client::joined(&server, "room", 2, 2, &[1, 2]).await;
    first.expect_roster(2, &[1, 2]).await;
    let frame = CloseFrame { code: CloseCode::Away, reason: Utf8Bytes::default() };
    within(second.socket.close(Some(frame))).await.unwrap();
    first.expect_presence(2, Presence::PageClosed).await;
}

#[tokio::test]
async fn a_peer_that_does_not_join_in_time_is_refused() {
    let server =
        start_with(ServerConfig { handshake_deadline: Duration::from_millis(200), ..patient() });
    let mut client = Client::connect(&server).await;
    assert_eq!(client.expect_refusal().await, Refusal::TimedOut);
}

#[tokio::test]
async fn a_peer_that_does_not_answer_pings_is_refused_and_loses_its_slot() {
    let server = start_with(ServerConfig {
        ping_interval: Duration::from_millis(50),
        idle_timeout: Duration::from_secs(1),
        grace: Duration::from_millis(50),
        ..patient()
    });
    // Again where the machine was too slow to join before the timeout.
    let received = loop {
        let mut silent = Client::connect(&server).await;
        silent.send(&join("room", 2, 2)).await;
        let mut received = Vec::new();
        // Read below the WebSocket, no ping is answered.
        within(silent.socket.get_mut().read_to_end(&mut received)).await.unwrap();
        let received = String::from_utf8_lossy(&received).into_owned();
        if received.contains("welcome") {
            break received;
        }
    };
    assert!(received.contains("timed_out"), "{received}");
    // The room ends with the slot of its only member.
    until_metric(&server, "netplay_rooms", |rooms| rooms == 0).await;
}

#[tokio::test]
async fn a_server_that_stops_tells_its_clients_and_frees_its_port() {
    let server = start();
    let addr = server.addr();
    let mut member = Client::joined(&server, "room", 2, 1, &[1]).await;
    let mut waiting = Client::connect(&server).await;
    // A connection that never becomes a WebSocket must not hold it up.
    let _half_open = within(TcpStream::connect(addr)).await.unwrap();
    let stopping = tokio::task::spawn_blocking(move || drop(server));
    assert_eq!(member.expect_refusal().await, Refusal::ShuttingDown);
    assert_eq!(waiting.expect_refusal().await, Refusal::ShuttingDown);
    within(stopping).await.unwrap();
    within(TcpListener::bind(addr)).await.unwrap();
}

#[tokio::test]
async fn serving_on_the_callers_runtime_ends_on_request() {
    let (stop, stopped) = oneshot::channel::<()>();
    let config = ServerConfig { listen: ([127, 0, 0, 1], 0).into(), ..Default::default() };
    let serving = tokio::spawn(netplay_server::serve(config, std::future::pending(), async {
        let _ = stopped.await;
    }));
    drop(stop);
    within(serving).await.unwrap().unwrap();
}
