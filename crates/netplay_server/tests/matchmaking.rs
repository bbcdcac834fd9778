//! Matchmaking.

use std::time::Duration;

use netplay_protocol::signaling::{
    ClientMessage, Entry, GameInfo, Join, Presence, Refusal, ServerMessage,
};
use netplay_server::{MatchmakingConfig, Server, ServerConfig};
use tokio::io::AsyncReadExt;

use crate::client::{Client, join_by, metric, patient, start, start_with, within};

fn queue(number: u16, mode: &str, skill: Option<i32>) -> ClientMessage {
    let game = GameInfo { mode: mode.into(), ..Default::default() };
    ClientMessage::Join(Join { game, ..join_by(Entry::Queue { skill }, 2, number) })
}

/// Joins the queue.
async fn waiting(server: &Server, message: ClientMessage, expected: u32) -> Client {
    let mut client = Client::connect(server).await;
    client.send(&message).await;
    assert_eq!(client.next().await, Some(ServerMessage::Queued { waiting: expected }));
    client
}

/// Expects a room with these members.
async fn matched(client: &mut Client, numbers: &[u16]) -> String {
    let Some(ServerMessage::Welcome { room, .. }) = client.next().await else {
        panic!("not welcomed")
    };
    // One roster per later member of the group.
    loop {
        let Some(ServerMessage::Roster { roster, .. }) = client.next().await else {
            panic!("no roster")
        };
        if roster.is_complete() {
            let members: Vec<_> = numbers.iter().copied().map(crate::client::key).collect();
            assert_eq!(roster.members, members);
            return room.to_string();
        }
    }
}

#[tokio::test]
async fn peers_with_the_same_criteria_are_matched_in_the_order_of_arrival() {
    let server = start();
    let mut other = waiting(&server, queue(9, "ranked", None), 1).await;
    let mut first = waiting(&server, queue(1, "", None), 1).await;
    let mut second = waiting(&server, queue(2, "", None), 2).await;
    // The WebSockets answer pings only while they are read, so both are.
    let rooms = tokio::join!(matched(&mut first, &[1, 2]), matched(&mut second, &[1, 2]));
    assert_eq!(rooms.0, rooms.1);
    assert_eq!(metric(&server, "netplay_queued").await, 1);
    // Leaving the queue is immediate.
    other.send(&ClientMessage::Leave).await;
    assert_eq!(other.next().await, None);
    assert_eq!(metric(&server, "netplay_queued").await, 0);
    // The room works like any other.
    second.send(&ClientMessage::Leave).await;
    first.expect_presence(2, Presence::Left).await;
}

#[tokio::test]
async fn a_peer_without_a_size_is_matched_for_two_players() {
    let server = start();
    let mut first = waiting(&server, queue(1, "", None), 1).await;
    let entry = Entry::Queue { skill: None };
    let unsized_join = Join { size: None, ..join_by(entry, 2, 2) };
    let mut second = waiting(&server, ClientMessage::Join(unsized_join), 2).await;
    let rooms = tokio::join!(matched(&mut first, &[1, 2]), matched(&mut second, &[1, 2]));
    assert_eq!(rooms.0, rooms.1);
}

#[tokio::test]
async fn a_half_open_socket_is_never_matched() {
    // Far longer than a client that is read takes to answer.
    let probe_timeout = Duration::from_secs(3);
    let matchmaking = MatchmakingConfig { probe_timeout, ..Default::default() };
    let server = start_with(ServerConfig { matchmaking, ..patient() });
    // This socket is not read, so it answers no ping. To the server it looks like a waiting peer.
    let mut silent = waiting(&server, queue(1, "", None), 1).await;
    let mut second = waiting(&server, queue(2, "", None), 2).await;
    let third = async {
        // The first two are being probed. The one that answers is matched with this one.
        let mut third = Client::connect(&server).await;
        third.send(&queue(3, "", None)).await;
        assert!(matches!(third.next().await, Some(ServerMessage::Queued { .. })));
        matched(&mut third, &[2, 3]).await
    };
    let (room, same) = tokio::join!(matched(&mut second, &[2, 3]), third);
    assert_eq!(room, same);
    let mut heard = Vec::new();
    within(silent.socket.get_mut().read_to_end(&mut heard)).await.unwrap();
    assert!(String::from_utf8_lossy(&heard).contains("timed_out"));
}

#[tokio::test]
async fn distant_skills_are_matched_when_the_window_has_grown() {
    let matchmaking = MatchmakingConfig { window: 10, widening_per_s: 100, ..Default::default() };
    let server = start_with(ServerConfig { matchmaking, ..patient() });
    let mut first = waiting(&server, queue(1, "", Some(1000)), 1).await;
    let mut far = waiting(&server, queue(2, "", Some(1100)), 2).await;
    let rooms = tokio::join!(matched(&mut first, &[1, 2]), matched(&mut far, &[1, 2]));
    assert_eq!(rooms.0, rooms.1);
}

#[tokio::test]
async fn a_key_waits_once_and_not_while_it_is_in_a_room() {
    let server = start();
    let _first = waiting(&server, queue(1, "", None), 1).await;
    let mut again = Client::connect(&server).await;
    again.send(&queue(1, "", None)).await;
    assert_eq!(again.expect_refusal().await, Refusal::AlreadyJoined);
    let mut member = Client::joined(&server, "room", 2, 5, &[5]).await;
    member.send(&queue(5, "", None)).await;
    assert_eq!(member.expect_refusal().await, Refusal::OutOfOrder);
}
