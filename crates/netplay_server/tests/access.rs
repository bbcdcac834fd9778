//! Who is in: kicks, bans, closed rooms and the list of public rooms, over real sockets.

use netplay_protocol::signaling::{
    ClientMessage, Entry, GameInfo, Join, KickRule, ListRooms, Listing, Presence, Refusal, Resume,
    RoomOptions, RoomPage, RoomState, ServerMessage, VERSION,
};
use netplay_protocol::{PeerKey, Secret};
use netplay_server::{LimitsConfig, Rate, Server, ServerConfig};

use crate::client::{
    Client, generous, join, join_by, key, metric, patient, start, start_with, unproven,
};

fn kick(peer: u16, ban: bool) -> ClientMessage {
    ClientMessage::Kick { peer: key(peer), ban }
}

fn list(before: Option<u64>) -> ClientMessage {
    let (game, game_version, mode) = ("arena".to_owned(), String::new(), None);
    ClientMessage::ListRooms(ListRooms { version: VERSION, game, game_version, mode, before })
}

/// A join that creates a public room of this name.
fn public(room: &str, number: u16) -> ClientMessage {
    let listing = Listing { name: room.to_lowercase(), info: "map 3".into() };
    let game = GameInfo { game: "arena".into(), ..GameInfo::default() };
    let options = RoomOptions { public: Some(listing), ..RoomOptions::default() };
    ClientMessage::Join(Join { game, options, ..join_by(Entry::Room(room.into()), 3, number) })
}

impl Client {
    /// Joins, and returns the resume token and the state of the room.
    async fn enter(server: &Server, message: &ClientMessage) -> (Self, Secret, RoomState) {
        let mut client = Self::connect(server).await;
        client.send(message).await;
        let Some(ServerMessage::Welcome { resume, state, .. }) = client.next().await else {
            panic!("not welcome")
        };
        assert!(matches!(client.next().await, Some(ServerMessage::Roster { .. })));
        (client, resume, state)
    }

    async fn expect_kicked(&mut self, number: u16, banned: bool, size: u8, rest: &[u16]) {
        self.expect_presence(number, Presence::Left).await;
        self.expect_roster(size, rest).await;
        let expected = ServerMessage::Kicked { peer: key(number), banned };
        assert_eq!(self.next().await, Some(expected));
    }

    async fn page(&mut self, before: Option<u64>) -> RoomPage {
        self.send(&list(before)).await;
        match self.next().await {
            Some(ServerMessage::Rooms(page)) => page,
            other => panic!("{other:?}"),
        }
    }
}

async fn refused(server: &Server, from: [u8; 4], message: &ClientMessage) -> Refusal {
    let mut client = Client::connect_from(server, from).await;
    client.send(message).await;
    client.expect_refusal().await
}

#[tokio::test]
async fn a_kicked_member_is_told_so_and_neither_its_token_nor_its_relay_is_of_use() {
    let server = start();
    let mut first = Client::joined(&server, "room", 3, 1, &[1]).await;
    let (mut second, token, state) = Client::enter(&server, &join("room", 3, 2)).await;
    first.expect_roster(3, &[1, 2]).await;
    assert_eq!(state, RoomState::default());
    second.send(&ClientMessage::Relay { to: key(1), open: true }).await;
    first.expect_relay(2, true).await;
    first.send(&kick(2, false)).await;
    first.expect_kicked(2, false, 3, &[1]).await;
    let kicked = Refusal::Kicked { banned: false };
    assert_eq!(second.expect_refusal().await, kicked);
    let frame = second.closed.clone().flatten().unwrap();
    assert_eq!(
        (u16::from(frame.code), frame.reason.as_str()),
        (1008, "you were removed from the room")
    );
    let resume = ClientMessage::Resume(Resume {
        version: VERSION,
        room: "room".into(),
        proof: unproven(2),
        resume: token,
        roster: None,
        restarted: false,
    });
    assert_eq!(refused(&server, [127, 0, 0, 1], &resume).await, Refusal::CannotResume);
    // The place is free at once, for anybody.
    let _third = Client::joined(&server, "room", 3, 3, &[1, 3]).await;
    let _again = Client::joined(&server, "room", 3, 2, &[1, 3, 2]).await;
    assert_eq!(metric(&server, "netplay_kicks_total{outcome=\"kicked\"}").await, 1);
    first.expect_roster(3, &[1, 3]).await;
}

#[tokio::test]
async fn a_banned_member_does_not_come_back_with_its_key_nor_from_its_address() {
    let server = start();
    let mut first = Client::joined(&server, "room", 4, 1, &[1]).await;
    let mut second = Client::connect_from(&server, [127, 0, 0, 2]).await;
    second.send(&join("room", 4, 2)).await;
    first.expect_roster(4, &[1, 2]).await;
    first.send(&kick(2, true)).await;
    first.expect_kicked(2, true, 4, &[1]).await;
    let kicked = loop {
        match second.next().await {
            Some(ServerMessage::Refused { reason }) => break reason,
            Some(_) => {}
            None => panic!("closed without a reason"),
        }
    };
    assert_eq!(kicked, Refusal::Kicked { banned: true });
    for (from, number) in [([127, 0, 0, 3], 2), ([127, 0, 0, 2], 3)] {
        assert_eq!(refused(&server, from, &join("room", 4, number)).await, Refusal::Banned);
    }
    // Of this room, and of no other one.
    let _elsewhere = Client::joined(&server, "other", 4, 2, &[2]).await;
    let _neighbour = Client::joined(&server, "room", 4, 3, &[1, 3]).await;
    assert_eq!(metric(&server, "netplay_kicks_total{outcome=\"banned\"}").await, 1);
}

#[tokio::test]
async fn the_creator_chooses_that_members_vote() {
    let server = start();
    let options = RoomOptions { kick: KickRule::Vote, public: None };
    let create = Join { options, ..join_by(Entry::Room("room".into()), 3, 1) };
    let (mut first, _, state) = Client::enter(&server, &ClientMessage::Join(create)).await;
    assert_eq!(state.kick, KickRule::Vote);
    let mut second = Client::joined(&server, "room", 3, 2, &[1, 2]).await;
    // Who joins a room does not change what its creator chose.
    let (mut third, _, state) = Client::enter(&server, &join("room", 3, 3)).await;
    assert_eq!(state.kick, KickRule::Vote);
    first.expect_roster(3, &[1, 2]).await;
    for client in [&mut first, &mut second] {
        client.expect_roster(3, &[1, 2, 3]).await;
    }
    first.send(&kick(3, false)).await;
    let votes = ServerMessage::KickVotes { peer: key(3), votes: 1, needed: 2 };
    for client in [&mut first, &mut second] {
        assert_eq!(client.next().await, Some(votes.clone()));
    }
    second.send(&kick(3, false)).await;
    assert_eq!(third.expect_refusal().await, Refusal::Kicked { banned: false });
    first.expect_kicked(3, false, 3, &[1, 2]).await;
}

#[tokio::test]
async fn a_closed_room_admits_nobody_new_until_the_first_player_opens_it() {
    let server = start();
    let mut first = Client::joined(&server, "room", 3, 1, &[1]).await;
    let mut second = Client::joined(&server, "room", 3, 2, &[1, 2]).await;
    first.expect_roster(3, &[1, 2]).await;
    first.send(&ClientMessage::Open { open: false }).await;
    let state = |open| Some(ServerMessage::RoomState(RoomState { open, ..RoomState::default() }));
    assert_eq!((first.next().await, second.next().await), (state(false), state(false)));
    assert_eq!(refused(&server, [127, 0, 0, 1], &join("room", 3, 3)).await, Refusal::RoomClosed);
    first.send(&ClientMessage::Open { open: true }).await;
    assert_eq!((first.next().await, second.next().await), (state(true), state(true)));
    let _third = Client::joined(&server, "room", 3, 3, &[1, 2, 3]).await;
}

#[tokio::test]
async fn the_list_has_only_rooms_that_asked_for_it_and_admit_somebody() {
    let server = start();
    let game = GameInfo { game: "arena".into(), ..GameInfo::default() };
    let secret = Join { game: game.clone(), ..join_by(Entry::Room("secret".into()), 3, 1) };
    let _secret = Client::enter(&server, &ClientMessage::Join(secret)).await;
    let (mut host, _, state) = Client::enter(&server, &public("FRIDAY", 2)).await;
    assert!(state.public);
    let _other = Client::enter(&server, &public("SUNDAY", 3)).await;
    let mut reader = Client::connect(&server).await;
    let page = reader.page(None).await;
    let names: Vec<_> = page.rooms.iter().map(|room| (room.room.as_str(), room.players)).collect();
    assert_eq!((names, page.next), (vec![("SUNDAY", 1), ("FRIDAY", 1)], None));
    assert_eq!((page.rooms[1].listing.name.as_str(), page.rooms[1].size), ("friday", 3));
    host.send(&ClientMessage::Open { open: false }).await;
    assert!(matches!(host.next().await, Some(ServerMessage::RoomState(_))));
    assert_eq!(reader.page(None).await.rooms.len(), 1);
    // Who has read the list joins on the same connection.
    let guest = Join { game, size: None, ..join_by(Entry::Existing("SUNDAY".into()), 3, 4) };
    reader.send(&ClientMessage::Join(guest)).await;
    assert!(matches!(reader.next().await, Some(ServerMessage::Welcome { .. })));
    assert_eq!(metric(&server, "netplay_public_rooms").await, 1);
    assert_eq!(metric(&server, "netplay_lists_total").await, 2);
}

#[tokio::test]
async fn the_list_has_pages() {
    let limits = LimitsConfig { public_rooms_per_address: 100, ..generous() };
    let server = start_with(ServerConfig { limits, ..patient() });
    let mut hosts = Vec::new();
    for number in 0..45 {
        hosts.push(Client::enter(&server, &public(&format!("ROOM{number}"), number)).await);
    }
    let (mut reader, mut rooms, mut before) = (Client::connect(&server).await, Vec::new(), None);
    loop {
        let page = reader.page(before).await;
        assert!(page.answers(before));
        rooms.extend(page.rooms.iter().map(|room| room.room.to_string()));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    let expected: Vec<_> = (0..45).rev().map(|number| format!("ROOM{number}")).collect();
    assert_eq!(rooms, expected);
}

#[tokio::test]
async fn public_rooms_and_reading_the_list_are_limited_per_address() {
    let few = Rate { rate: 1.try_into().unwrap(), burst: 3.try_into().unwrap() };
    let limits = LimitsConfig { public_rooms_per_address: 1, lists_per_address: few, ..generous() };
    let server = start_with(ServerConfig { limits, ..patient() });
    let here = [127, 0, 0, 1];
    let _first = Client::enter(&server, &public("FRIDAY", 1)).await;
    let what = "public rooms".to_owned();
    assert_eq!(refused(&server, here, &public("SUNDAY", 2)).await, Refusal::TooMany { what });
    // Rooms that are not public have a limit of their own.
    let _second = Client::joined(&server, "SUNDAY", 3, 2, &[2]).await;
    let mut reader = Client::connect(&server).await;
    let limited = loop {
        reader.send(&list(None)).await;
        match reader.next().await {
            Some(ServerMessage::Rooms(_)) => {}
            Some(ServerMessage::Refused { reason }) => break reason,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(limited, Refusal::RateLimited { .. }), "{limited:?}");
    let mut elsewhere = Client::connect_from(&server, [127, 0, 0, 2]).await;
    assert_eq!(elsewhere.page(None).await.rooms.len(), 1);
}

#[tokio::test]
async fn a_server_that_drains_sends_readers_of_the_list_to_another_one() {
    let server = start();
    let _host = Client::enter(&server, &public("FRIDAY", 1)).await;
    let mut reader = Client::connect(&server).await;
    assert!(reader.challenge().await.is_some());
    server.drain();
    assert!(matches!(reader.next().await, Some(ServerMessage::Draining { .. })));
    reader.send(&list(None)).await;
    assert_eq!(reader.expect_refusal().await, Refusal::Draining);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_the_reason() {
    let server = start();
    let here = [127, 0, 0, 1];
    for message in [kick(1, true), ClientMessage::Open { open: true }] {
        assert_eq!(refused(&server, here, &message).await, Refusal::OutOfOrder);
    }
    let listing = Listing { name: "a".repeat(65), info: String::new() };
    let options = RoomOptions { public: Some(listing), ..RoomOptions::default() };
    let long = ClientMessage::Join(Join { options, ..join_by(Entry::New, 2, 1) });
    assert_eq!(refused(&server, here, &long).await, Refusal::BadListing);
    let game = "a".repeat(65);
    let ClientMessage::ListRooms(asked) = list(None) else { panic!() };
    let long = ClientMessage::ListRooms(ListRooms { game, ..asked.clone() });
    assert_eq!(refused(&server, here, &long).await, Refusal::BadGame);
    let old = ClientMessage::ListRooms(ListRooms { version: 6, ..asked });
    let version = Refusal::Version { server: VERSION, client: 6 };
    assert_eq!(refused(&server, here, &old).await, version);
    // In a room there is no list: a game asks on a connection of its own.
    let mut member = Client::joined(&server, "room", 2, 1, &[1]).await;
    member.send(&list(None)).await;
    assert_eq!(member.expect_refusal().await, Refusal::OutOfOrder);
    let nobody = PeerKey::from_bytes([1; 16]);
    let mut member = Client::joined(&server, "room", 2, 2, &[2]).await;
    member.send(&ClientMessage::Kick { peer: nobody, ban: true }).await;
    member.send(&ClientMessage::Ping).await;
    assert_eq!(member.next().await, Some(ServerMessage::Pong));
}
