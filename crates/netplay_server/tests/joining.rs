//! Joining rooms.

use std::time::Duration;

use netplay_protocol::signaling::{
    ClientMessage, Entry, Join, Presence, Refusal, ServerMessage, VERSION,
};
use netplay_server::{Server, ServerConfig, ServerError, parse_ice_server};

use crate::client::{Client, http, join, join_by, patient, start, start_with, within};

#[tokio::test]
async fn a_peer_is_welcomed_with_the_ice_servers_and_the_roster() {
    let ice_servers = vec![
        parse_ice_server("stun:stun.example.org:3478").unwrap(),
        parse_ice_server("turn:turn.example.org,alice,s3cret").unwrap(),
    ];
    let server = start_with(ServerConfig { ice_servers: ice_servers.clone(), ..patient() });
    let mut client = Client::connect(&server).await;
    client.send(&join("room", 2, 1)).await;
    let Some(ServerMessage::Welcome { version, size, ice_servers: told, .. }) = client.next().await
    else {
        panic!("not welcomed")
    };
    assert_eq!((version, size, told), (VERSION, 2, ice_servers));
    client.expect_roster(2, &[1]).await;
}

#[tokio::test]
async fn all_members_receive_who_joins_and_who_leaves() {
    let server = start();
    let mut first = Client::joined(&server, "room", 3, 1, &[1]).await;
    let mut second = Client::joined(&server, "ROOM", 3, 2, &[1, 2]).await;
    first.expect_roster(3, &[1, 2]).await;
    second.send(&ClientMessage::Leave).await;
    first.expect_presence(2, Presence::Left).await;
    first.expect_roster(3, &[1]).await;
    let mut third = Client::joined(&server, "room", 3, 3, &[1, 3]).await;
    first.expect_roster(3, &[1, 3]).await;
    first.send(&ClientMessage::Leave).await;
    third.expect_presence(1, Presence::Left).await;
    third.expect_roster(3, &[3]).await;
}

#[tokio::test]
async fn of_a_thousand_peers_that_join_a_room_of_eight_at_once_eight_are_admitted_in_one_order() {
    let server = start();
    let mut joining = Vec::new();
    for number in 0..1000 {
        let mut client = Client::connect(&server).await;
        joining.push(tokio::spawn(async move {
            client.send(&join("room", 8, number)).await;
            loop {
                match client.next().await {
                    Some(ServerMessage::Welcome { .. }) => {}
                    Some(ServerMessage::Roster { roster, .. }) if !roster.is_complete() => {}
                    // The client stays connected: otherwise the roster of the others would change.
                    Some(ServerMessage::Roster { roster, .. }) => return (Some(roster), client),
                    Some(ServerMessage::Refused { reason }) => {
                        assert_eq!(reason, Refusal::RoomFull { size: 8 });
                        return (None, client);
                    }
                    other => panic!("{other:?}"),
                }
            }
        }));
    }
    let mut rosters = Vec::new();
    let mut stay = Vec::new();
    for one in joining {
        let (roster, client) = within(one).await.unwrap();
        rosters.extend(roster);
        stay.push(client);
    }
    assert_eq!(rosters.len(), 8);
    assert!(rosters.iter().all(|roster| *roster == rosters[0]), "{rosters:?}");
}

#[tokio::test]
async fn an_empty_room_can_be_created_again_with_another_size() {
    let server = start();
    let mut only = Client::joined(&server, "room", 2, 1, &[1]).await;
    only.send(&ClientMessage::Leave).await;
    // The server removes the member before it closes the socket.
    assert_eq!(only.next().await, None);
    Client::joined(&server, "room", 4, 2, &[2]).await;
}

/// Joins, and expects the size that the server tells.
async fn expect_size(server: &Server, join: Join, expected: u8) -> Client {
    let mut client = Client::connect(server).await;
    client.send(&ClientMessage::Join(join)).await;
    let welcome = client.next().await;
    assert!(
        matches!(welcome, Some(ServerMessage::Welcome { size, .. }) if size == expected),
        "{welcome:?}"
    );
    client
}

#[tokio::test]
async fn a_guest_without_a_size_takes_the_size_of_the_room() {
    let server = start();
    let _host = Client::joined(&server, "room", 4, 1, &[1]).await;
    let guest = Join { size: None, ..join_by(Entry::Room("room".into()), 4, 2) };
    let mut guest = expect_size(&server, guest, 4).await;
    guest.expect_roster(4, &[1, 2]).await;
    let existing = Join { size: None, ..join_by(Entry::Existing("room".into()), 4, 3) };
    expect_size(&server, existing, 4).await.expect_roster(4, &[1, 2, 3]).await;
}

#[tokio::test]
async fn a_room_tells_with_how_many_players_a_match_starts_at_least() {
    let server = start();
    let create = Join { least: Some(3), ..join_by(Entry::Room("room".into()), 4, 1) };
    let guest = Join { size: None, ..join_by(Entry::Room("room".into()), 4, 2) };
    let mut members = Vec::new();
    for join in [create, guest] {
        let mut client = Client::connect(&server).await;
        client.send(&ClientMessage::Join(join)).await;
        let welcome = client.next().await;
        assert!(
            matches!(welcome, Some(ServerMessage::Welcome { size: 4, least: Some(3), .. })),
            "{welcome:?}"
        );
        members.push(client);
    }
    for least in [1, 5] {
        let join = Join { least: Some(least), ..join_by(Entry::New, 4, 3) };
        let mut client = Client::connect(&server).await;
        client.send(&ClientMessage::Join(join)).await;
        let reason = Refusal::BadRoomSize { size: least };
        assert_eq!(client.next().await, Some(ServerMessage::Refused { reason }));
    }
}

#[tokio::test]
async fn a_room_that_is_created_without_a_size_is_for_two() {
    let server = start();
    for (number, entry) in [(1, Entry::New), (2, Entry::Room("room".into()))] {
        let join = Join { size: None, ..join_by(entry, 2, number) };
        expect_size(&server, join, 2).await.expect_roster(2, &[number]).await;
    }
}

#[tokio::test]
async fn the_health_check_answers() {
    let server = start();
    assert_eq!(http(server.addr(), "/healthz").await, (200, "ok".to_owned()));
}

#[test]
fn a_port_in_use_and_a_bad_configuration_are_errors_with_advice() {
    let server = start();
    let again = Server::start(ServerConfig { listen: server.addr(), ..Default::default() });
    let error = again.err().unwrap();
    assert!(matches!(error, ServerError::AddressInUse { addr } if addr == server.addr()));
    assert!(error.to_string().contains("another port"), "{error}");

    let never = ServerConfig { idle_timeout: Duration::ZERO, ..Default::default() };
    assert!(matches!(Server::start(never), Err(ServerError::TimeOutOfRange { .. })));
}

#[test]
fn the_url_of_a_server_that_listens_everywhere_can_be_connected_to() {
    let everywhere = ServerConfig { listen: ([0, 0, 0, 0], 0).into(), ..Default::default() };
    let server = Server::start(everywhere).unwrap();
    assert_eq!(server.url(), format!("ws://127.0.0.1:{}", server.addr().port()));
}

#[tokio::test]
async fn the_server_answers_a_ping() {
    let server = start();
    let mut client = Client::joined(&server, "room", 2, 1, &[1]).await;
    client.send(&ClientMessage::Ping).await;
    assert_eq!(client.next().await, Some(ServerMessage::Pong));
}
