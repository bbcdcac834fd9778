//! Resuming after a lost socket or a restart of the server.

use std::time::Duration;

use netplay_protocol::signaling::{
    ClientMessage, Presence, Refusal, Resume, ServerMessage, Signal, SignedRoster, VERSION,
};
use netplay_protocol::{Roster, Secret};
use netplay_server::{Server, ServerConfig};

use crate::client::{Client, join, key, offer, patient, signal, start, start_with, within};

/// Joins and returns the resume token.
async fn join_room(server: &Server, size: u8, number: u16) -> (Client, Secret) {
    let mut client = Client::connect(server).await;
    client.send(&join("room", size, number)).await;
    let Some(ServerMessage::Welcome { resume, .. }) = client.next().await else {
        panic!("not welcomed")
    };
    (client, resume)
}

async fn resume(
    server: &Server,
    number: u16,
    token: &Secret,
    roster: Option<SignedRoster>,
) -> Client {
    let mut client = Client::connect(server).await;
    let (room, resume) = ("room".into(), token.clone());
    let message =
        Resume { version: VERSION, room, key: key(number), resume, roster, restarted: false };
    client.send(&ClientMessage::Resume(message)).await;
    client
}

async fn signed_roster(client: &mut Client) -> SignedRoster {
    let Some(ServerMessage::Roster { roster, signature, .. }) = client.next().await else {
        panic!("no roster")
    };
    SignedRoster { roster, signature, game: Default::default() }
}

#[tokio::test]
async fn a_peer_that_resumes_has_its_slot_and_receives_what_it_missed() {
    let server = start();
    let mut first = Client::joined(&server, "room", 2, 1, &[1]).await;
    let (mut second, token) = join_room(&server, 2, 2).await;
    first.expect_roster(2, &[1, 2]).await;
    within(second.socket.close(None)).await.unwrap();
    first.expect_presence(2, Presence::Away).await;
    for text in ["a", "b", "c"] {
        first.send(&signal(2, offer(text))).await;
    }
    // A third peer cannot take the slot in the meantime.
    let mut third = Client::connect(&server).await;
    third.send(&join("room", 2, 3)).await;
    assert_eq!(third.expect_refusal().await, Refusal::RoomFull { size: 2 });
    let mut second = resume(&server, 2, &token, None).await;
    assert!(matches!(second.next().await, Some(ServerMessage::Welcome { .. })));
    second.expect_roster(2, &[1, 2]).await;
    for text in ["a", "b", "c"] {
        second.expect_signal(1, offer(text)).await;
    }
    first.expect_presence(2, Presence::Online).await;
    second.send(&signal(1, Signal::Answer("back".into()))).await;
    first.expect_signal(2, Signal::Answer("back".into())).await;
}

#[tokio::test]
async fn a_replaced_connection_is_refused_as_superseded_and_has_no_effect() {
    let server = start();
    let (mut before, token) = join_room(&server, 2, 1).await;
    before.expect_roster(2, &[1]).await;
    let mut after = resume(&server, 1, &token, None).await;
    assert_eq!(before.expect_refusal().await, Refusal::Superseded);
    assert!(matches!(after.next().await, Some(ServerMessage::Welcome { .. })));
    after.expect_roster(2, &[1]).await;
    Client::joined(&server, "room", 2, 2, &[1, 2]).await;
    after.expect_roster(2, &[1, 2]).await;
}

#[tokio::test]
async fn a_resume_token_of_another_peer_is_refused() {
    let server = start();
    let (_first, token) = join_room(&server, 2, 1).await;
    for (number, token) in [(2, token), (1, Secret::from("")), (1, "00".repeat(32).into())] {
        let mut thief = resume(&server, number, &token, None).await;
        assert_eq!(thief.expect_refusal().await, Refusal::CannotResume);
    }
}

#[tokio::test]
async fn a_resume_after_the_grace_period_is_refused() {
    let grace = Duration::from_millis(50);
    let server = start_with(ServerConfig { grace, ..patient() });
    let mut first = Client::joined(&server, "room", 2, 1, &[1]).await;
    let (second, token) = join_room(&server, 2, 2).await;
    first.expect_roster(2, &[1, 2]).await;
    drop(second);
    first.expect_presence(2, Presence::Away).await;
    first.expect_presence(2, Presence::Left).await;
    first.expect_roster(2, &[1]).await;
    let mut late = resume(&server, 2, &token, None).await;
    assert_eq!(late.expect_refusal().await, Refusal::CannotResume);
}

#[tokio::test]
async fn a_server_with_the_same_secret_restores_the_room_from_its_signed_roster() {
    let secret = Some(Secret::from("sixteen letters."));
    let config = || ServerConfig { secret: secret.clone(), ..patient() };
    let before = start_with(config());
    let (mut first, first_token) = join_room(&before, 3, 1).await;
    let alone = signed_roster(&mut first).await;
    let (mut second, second_token) = join_room(&before, 3, 2).await;
    let both = signed_roster(&mut second).await;
    drop(before);

    let after = start_with(config());
    // Neither an invented slot nor a changed roster.
    let forged = SignedRoster {
        roster: Roster { size: 3, members: vec![key(1), key(2), key(3)] },
        ..both.clone()
    };
    for (number, token, roster) in
        [(1, &first_token, None), (1, &first_token, Some(forged)), (2, &second_token, Some(alone))]
    {
        let mut refused = resume(&after, number, token, roster).await;
        assert_eq!(refused.expect_refusal().await, Refusal::CannotResume);
    }
    let mut second = resume(&after, 2, &second_token, Some(both.clone())).await;
    assert!(matches!(second.next().await, Some(ServerMessage::Welcome { .. })));
    second.expect_roster(3, &[1, 2]).await;
    second.expect_presence(1, Presence::Away).await;
    let mut first = resume(&after, 1, &first_token, Some(both)).await;
    assert!(matches!(first.next().await, Some(ServerMessage::Welcome { .. })));
    first.expect_roster(3, &[1, 2]).await;
    second.expect_presence(1, Presence::Online).await;
    first.send(&signal(2, offer("again"))).await;
    second.expect_signal(1, offer("again")).await;
    // The password of the room is not known, so it admits no new peers.
    let mut new = Client::connect(&after).await;
    new.send(&join("room", 3, 9)).await;
    assert_eq!(new.expect_refusal().await, Refusal::Locked);
}
