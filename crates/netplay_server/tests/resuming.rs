use std::time::Duration;

use netplay_protocol::signaling::{
    ClientMessage, Presence, Refusal, Resume, ServerMessage, Signal, SignedRoster, VERSION,
};
use netplay_protocol::{Roster, Secret};
use netplay_server::{Server, ServerConfig};

use crate::client::{Client, generous, join, key, offer, signal, start, start_with, within};

/// Joins and keeps what proves the seat.
async fn seat(server: &Server, size: u8, number: u16) -> (Client, Secret) {
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
async fn who_comes_back_has_the_same_seat_and_hears_what_was_said_meanwhile() {
    let server = start();
    let mut first = Client::seated(&server, "room", 2, 1, &[1]).await;
    let (mut second, token) = seat(&server, 2, 2).await;
    first.expect_roster(2, &[1, 2]).await;
    within(second.socket.close(None)).await.unwrap();
    first.expect_presence(2, Presence::Away).await;
    for text in ["a", "b", "c"] {
        first.send(&signal(2, offer(text))).await;
    }
    // A third who joins meanwhile finds the room full: the seat is taken.
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
async fn a_connection_that_was_replaced_is_told_so_and_costs_nothing() {
    let server = start();
    let (mut before, token) = seat(&server, 2, 1).await;
    before.expect_roster(2, &[1]).await;
    let mut after = resume(&server, 1, &token, None).await;
    assert_eq!(before.expect_refusal().await, Refusal::Superseded);
    assert!(matches!(after.next().await, Some(ServerMessage::Welcome { .. })));
    after.expect_roster(2, &[1]).await;
    Client::seated(&server, "room", 2, 2, &[1, 2]).await;
    after.expect_roster(2, &[1, 2]).await;
}

#[tokio::test]
async fn nobody_takes_a_seat_with_the_token_of_another() {
    let server = start();
    let (_first, token) = seat(&server, 2, 1).await;
    for (number, token) in [(2, token), (1, Secret::from("")), (1, "00".repeat(32).into())] {
        let mut thief = resume(&server, number, &token, None).await;
        assert_eq!(thief.expect_refusal().await, Refusal::CannotResume);
    }
}

#[tokio::test]
async fn after_the_grace_period_the_seat_is_gone() {
    let grace = Duration::from_millis(50);
    let server = start_with(ServerConfig { grace, ..Default::default() });
    let mut first = Client::seated(&server, "room", 2, 1, &[1]).await;
    let (second, token) = seat(&server, 2, 2).await;
    first.expect_roster(2, &[1, 2]).await;
    drop(second);
    first.expect_presence(2, Presence::Away).await;
    first.expect_presence(2, Presence::Left).await;
    first.expect_roster(2, &[1]).await;
    let mut late = resume(&server, 2, &token, None).await;
    assert_eq!(late.expect_refusal().await, Refusal::CannotResume);
}

#[tokio::test]
async fn a_server_with_the_same_secret_makes_the_room_again_from_its_signed_roster() {
    let secret = Some(Secret::from("sixteen letters."));
    let config =
        || ServerConfig { secret: secret.clone(), limits: generous(), ..Default::default() };
    let before = start_with(config());
    let (mut first, first_token) = seat(&before, 3, 1).await;
    let alone = signed_roster(&mut first).await;
    let (mut second, second_token) = seat(&before, 3, 2).await;
    let both = signed_roster(&mut second).await;
    drop(before);

    let after = start_with(config());
    // Nobody who makes up a seat, and no roster that was tampered with.
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
    // Whether the room had a password is not known, so nobody new is let in.
    let mut new = Client::connect(&after).await;
    new.send(&join("room", 3, 9)).await;
    assert_eq!(new.expect_refusal().await, Refusal::Locked);
}
