//! Resuming after a lost socket or a restart of the server.

use std::time::Duration;

use netplay_protocol::signaling::{
    ClientMessage, Presence, Refusal, Resume, ServerMessage, Signal, SignedRoster, VERSION,
};
use netplay_protocol::{RoomNonce, Roster, Secret};
use netplay_server::{Server, ServerConfig};

use crate::client::{
    Client, join, key, offer, patient, signal, start, start_with, unproven, within,
};

/// Joins and returns the resume token.
async fn join_room(server: &Server, size: u8, number: u16) -> (Client, Secret) {
    let (client, token, _) = welcomed(server, size, number).await;
    (client, token)
}

/// Joins and returns the resume token and the incarnation of the room.
async fn welcomed(server: &Server, size: u8, number: u16) -> (Client, Secret, RoomNonce) {
    let mut client = Client::connect(server).await;
    client.send(&join("room", size, number)).await;
    let Some(ServerMessage::Welcome { resume, nonce, .. }) = client.next().await else {
        panic!("not welcomed")
    };
    (client, resume, nonce)
}

async fn resume(
    server: &Server,
    number: u16,
    token: &Secret,
    roster: Option<SignedRoster>,
) -> Client {
    let mut client = Client::connect(server).await;
    let (room, resume) = ("room".into(), token.clone());
    let (version, proof, restarted) = (VERSION, unproven(number), false);
    let message = Resume { version, room, proof, resume, roster, restarted };
    client.send(&ClientMessage::Resume(message)).await;
    client
}

async fn signed_roster(client: &mut Client, nonce: RoomNonce) -> SignedRoster {
    let Some(ServerMessage::Roster { revision, roster, issued, signature }) = client.next().await
    else {
        panic!("no roster")
    };
    SignedRoster { roster, nonce, revision, issued, signature, game: Default::default() }
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
    let (mut first, first_token, nonce) = welcomed(&before, 3, 1).await;
    let alone = signed_roster(&mut first, nonce).await;
    let (mut second, second_token) = join_room(&before, 3, 2).await;
    let both = signed_roster(&mut second, nonce).await;
    drop(before);

    let after = start_with(config());
    // Neither an invented slot nor a changed roster.
    let forged =
        SignedRoster { roster: Roster::new(3, vec![key(1), key(2), key(3)]), ..both.clone() };
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

#[tokio::test]
async fn a_restored_room_follows_the_newest_roster_that_it_is_shown() {
    let secret = Some(Secret::from("sixteen letters."));
    let config = || ServerConfig { secret: secret.clone(), ..patient() };
    let before = start_with(config());
    let (_first, first_token, nonce) = welcomed(&before, 3, 1).await;
    let (mut second, second_token) = join_room(&before, 3, 2).await;
    let (mut third, third_token) = join_room(&before, 3, 3).await;
    let older = signed_roster(&mut second, nonce).await;
    let all = signed_roster(&mut third, nonce).await;
    third.send(&ClientMessage::Leave).await;
    assert_eq!(third.next().await, None);
    let _all_again = signed_roster(&mut second, nonce).await;
    second.expect_presence(3, Presence::Left).await;
    let newest = signed_roster(&mut second, nonce).await;
    assert!(older.revision < all.revision && all.revision < newest.revision);
    drop(before);

    let after = start_with(config());
    // The one who had left is the first, with the roster of before.
    let mut third = resume(&after, 3, &third_token, Some(all)).await;
    assert!(matches!(third.next().await, Some(ServerMessage::Welcome { .. })));
    third.expect_roster(3, &[1, 2, 3]).await;
    let mut second = resume(&after, 2, &second_token, Some(newest)).await;
    assert!(matches!(second.next().await, Some(ServerMessage::Welcome { .. })));
    second.expect_roster(3, &[1, 2]).await;
    second.expect_presence(1, Presence::Away).await;
    for absent in [1, 2] {
        third.expect_presence(absent, Presence::Away).await;
    }
    assert_eq!(third.expect_refusal().await, Refusal::CannotResume);
    // An older roster changes nothing any more.
    let mut first = resume(&after, 1, &first_token, Some(older)).await;
    assert!(matches!(first.next().await, Some(ServerMessage::Welcome { .. })));
    first.expect_roster(3, &[1, 2]).await;
}

#[tokio::test]
async fn a_token_of_another_incarnation_of_the_room_is_refused() {
    let secret = Some(Secret::from("sixteen letters."));
    let server = start_with(ServerConfig { secret, ..patient() });
    let (mut first, token, nonce) = welcomed(&server, 2, 1).await;
    first.send(&ClientMessage::Leave).await;
    while first.next().await.is_some() {}
    let (_second, _, another) = welcomed(&server, 2, 1).await;
    assert_ne!(nonce, another);
    let mut late = resume(&server, 1, &token, None).await;
    assert_eq!(late.expect_refusal().await, Refusal::CannotResume);
}
