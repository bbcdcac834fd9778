//! Refusals.

use futures::SinkExt;
use netplay_protocol::limits::{
    MAX_CANDIDATE_BYTES, MAX_SDP_BYTES, MAX_SIGNALING_BYTES, SIGNATURE_LINE_BYTES,
};
use netplay_protocol::signaling::{
    ClientMessage, Entry, Join, Presence, Refusal, ServerMessage, Signal, VERSION,
};
use netplay_server::Server;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, join, join_by, offer, signal, start, within};

#[tokio::test]
async fn a_client_of_another_version_is_told_to_update() {
    let server = start();
    let mut client = Client::connect(&server).await;
    let join = Join { version: VERSION + 1, ..join_by(Entry::New, 2, 1) };
    client.send(&ClientMessage::Join(join)).await;
    let refusal = client.expect_refusal().await;
    assert_eq!(
        refusal.to_string(),
        format!(
            "the server speaks signaling version {VERSION}, this game version {}: update the older one",
            VERSION + 1
        )
    );
}

#[tokio::test]
async fn an_impossible_join_is_refused_with_the_reason() {
    let server = start();
    let _first = Client::joined(&server, "room", 2, 1, &[1]).await;
    for (message, reason) in [
        (join("no such code", 2, 3), Refusal::BadRoomCode),
        (join("room", 1, 3), Refusal::BadRoomSize { size: 1 }),
        (join("room", 9, 3), Refusal::BadRoomSize { size: 9 }),
        (join("room", 3, 3), Refusal::RoomSizeDiffers { size: 2, asked: 3 }),
        (join("room", 2, 1), Refusal::AlreadyJoined),
    ] {
        assert_eq!(refused(&server, &message).await, reason);
    }
    let _second = Client::joined(&server, "room", 2, 2, &[1, 2]).await;
    assert_eq!(refused(&server, &join("room", 2, 3)).await, Refusal::RoomFull { size: 2 });
    assert_eq!(refused(&server, &join("room", 2, 1)).await, Refusal::AlreadyJoined);
}

#[tokio::test]
async fn the_refusal_of_another_size_names_both_numbers() {
    let server = start();
    let _host = Client::joined(&server, "room", 4, 1, &[1]).await;
    let refusal = refused(&server, &join("room", 2, 2)).await;
    assert!(refusal.to_string().starts_with("this room is for 4 players, not 2"), "{refusal}");
}

#[tokio::test]
async fn a_message_before_the_join_is_out_of_order() {
    let server = start();
    for message in [signal(1, offer("o")), ClientMessage::Leave] {
        assert_eq!(refused(&server, &message).await, Refusal::OutOfOrder);
    }
}

#[tokio::test]
async fn joining_twice_is_out_of_order_and_costs_the_slot() {
    let server = start();
    let mut first = Client::joined(&server, "room", 2, 1, &[1]).await;
    let mut second = Client::joined(&server, "room", 2, 2, &[1, 2]).await;
    second.send(&join("other", 2, 2)).await;
    assert_eq!(second.expect_refusal().await, Refusal::OutOfOrder);
    first.expect_roster(2, &[1, 2]).await;
    first.expect_presence(2, Presence::Left).await;
    first.expect_roster(2, &[1]).await;
}

#[tokio::test]
async fn a_refusal_arrives_after_all_earlier_messages() {
    let server = start();
    let mut client = Client::connect(&server).await;
    client.send(&join("room", 2, 1)).await;
    client.send_raw(Message::text("nonsense")).await;
    assert!(matches!(client.next().await, Some(ServerMessage::Welcome { .. })));
    client.expect_roster(2, &[1]).await;
    assert!(matches!(client.expect_refusal().await, Refusal::Malformed { .. }));
}

#[tokio::test]
async fn an_unknown_message_is_malformed() {
    let server = start();
    for raw in [
        Message::text("not json"),
        Message::text("{\"type\":\"teleport\"}"),
        Message::text(format!("{{\"type\":\"join\",\"version\":{VERSION}}}")),
        Message::text("[".repeat(MAX_SIGNALING_BYTES)),
        Message::binary(serde_json::to_vec(&join("room", 2, 1)).unwrap()),
        Message::binary(Vec::new()),
    ] {
        let mut client = Client::connect(&server).await;
        client.send_raw(raw).await;
        let reason = client.expect_refusal().await;
        assert!(matches!(reason, Refusal::Malformed { .. }), "{reason}");
    }
}

#[tokio::test]
async fn a_message_over_the_limit_is_too_large() {
    let server = start();
    for length in [MAX_SIGNALING_BYTES + 1, 2 * MAX_SIGNALING_BYTES] {
        let mut client = Client::connect(&server).await;
        client.send_raw(Message::text(" ".repeat(length))).await;
        assert_eq!(client.expect_refusal().await, Refusal::TooLarge);
    }
    for large in [
        offer(&"x".repeat(MAX_SDP_BYTES + 1)),
        Signal::Answer("x".repeat(MAX_SDP_BYTES + 1)),
        Signal::Candidate("x".repeat(MAX_CANDIDATE_BYTES + SIGNATURE_LINE_BYTES + 1)),
    ] {
        let mut client = Client::joined(&server, "room", 2, 1, &[1]).await;
        client.send(&signal(2, large)).await;
        assert_eq!(client.expect_refusal().await, Refusal::TooLarge);
    }
}

#[tokio::test]
async fn a_huge_message_is_not_read_and_ends_the_connection() {
    let server = start();
    let mut first = Client::joined(&server, "room", 2, 1, &[1]).await;
    let mut second = Client::joined(&server, "room", 2, 2, &[1, 2]).await;
    // The server may close while this is still being sent.
    let huge = Message::text(" ".repeat(8 * 1024 * 1024));
    let _ = within(second.socket.send(huge)).await;
    first.expect_roster(2, &[1, 2]).await;
    first.expect_presence(2, Presence::Away).await;
}

async fn refused(server: &Server, message: &ClientMessage) -> Refusal {
    let mut client = Client::connect(server).await;
    client.send(message).await;
    client.expect_refusal().await
}
