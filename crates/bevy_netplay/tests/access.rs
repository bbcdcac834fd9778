//! Who is in: players that others remove, rooms that are closed, and the list of public rooms.

use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::messages::{KickVotes, PeerKicked, RoomListFailed, RoomsListed};
use bevy_netplay::prelude::*;
use bevy_netplay::protocol::Identity;
use bevy_netplay::protocol::signaling::{Entry, Listing, RoomOptions};
use bevy_netplay::transport::rtc::RtcTransport;
use bevy_netplay::transport::{JoinRequest, Transport, TransportEvent};
use netplay_testkit::{Server, ServerConfig, TestApps, TestAppsBuilder};

/// What an App was told.
#[derive(Resource, Default)]
struct Told {
    kicked: Vec<PeerKicked>,
    votes: Vec<KickVotes>,
    pages: Vec<RoomsListed>,
    failures: Vec<RoomListFailed>,
}

fn builder(seed: u64) -> TestAppsBuilder {
    TestApps::builder(seed).conditions(NetworkConditions::wifi()).extend(|_, app| {
        app.init_resource::<Told>().add_systems(Update, listen);
    })
}

fn listen(
    mut told: ResMut<Told>,
    mut kicked: MessageReader<PeerKicked>,
    mut votes: MessageReader<KickVotes>,
    mut pages: MessageReader<RoomsListed>,
    mut failures: MessageReader<RoomListFailed>,
) {
    told.kicked.extend(kicked.read().cloned());
    told.votes.extend(votes.read().cloned());
    told.pages.extend(pages.read().cloned());
    told.failures.extend(failures.read().cloned());
}

fn told(apps: &TestApps, index: usize) -> &Told {
    apps.world(index).resource()
}

/// Joins one after the other, so that they are in this order in the roster.
fn enter(apps: &mut TestApps, indices: &[usize], room: &JoinRoom) {
    for index in indices {
        apps.join(*index, room.clone());
        apps.run_until("it is in", 300, |apps| {
            apps.world(*index).resource::<CurrentRoom>().code.is_some()
        });
    }
}

fn kicked(banned: bool) -> EndReason {
    EndReason::Kicked { banned }
}

#[test]
fn a_player_who_is_removed_from_the_lobby_reads_why_and_others_have_its_place() {
    for served in [false, true] {
        let builder = builder(301).players(4);
        let mut apps = if served { builder.served() } else { builder }.build();
        let room = JoinRoom::code("ABC").players(3);
        enter(&mut apps, &[0, 1], &room);
        apps.run(60);
        let key = apps.key(1);
        apps.command(0, |commands| commands.kick(key));
        apps.run_until("it is out", 300, |apps| apps.state(1) == NetplayState::Ended);
        assert_eq!(crate::ended(&apps, 1), &kicked(false), "{apps}");
        apps.run_until("the other one knows", 300, |apps| told(apps, 0).kicked.len() == 1);
        assert_eq!(told(&apps, 0).kicked[0].peer, key);
        apps.run(60);
        assert_eq!(apps.state(0), NetplayState::Lobby, "{apps}");
        assert_eq!(apps.world(0).resource::<PeerLinks>().iter().count(), 0, "{apps}");
        // It may come back, and be one of those who fill the room.
        enter(&mut apps, &[2, 1], &room);
        apps.run_until("all play", 600, |apps| {
            [0, 1, 2].iter().all(|index| apps.state(*index) == NetplayState::Playing)
        });
    }
}

#[test]
fn a_player_who_is_removed_from_a_match_is_dropped_and_the_others_play_on() {
    for served in [false, true] {
        let builder = builder(302).players(3);
        let mut apps = if served { builder.served() } else { builder }.start();
        apps.run_until_confirmed(60, 600);
        // In the order in which they joined.
        let player = |index| apps.world(index).resource::<CurrentMatch>().local_player.index();
        let mut order: Vec<usize> = apps.indices().collect();
        order.sort_by_key(|index| player(*index));
        let [first, second, out] = order[..] else { panic!("{apps}") };
        let key = apps.key(out);
        apps.command(first, |commands| commands.ban(key));
        apps.run_until("it is out", 300, |apps| apps.state(out) == NetplayState::Ended);
        assert_eq!(crate::ended(&apps, out), &kicked(true), "{apps}");
        apps.run_until("the others have dropped it", 300, |apps| {
            [first, second].iter().all(|index| apps.messages(*index).disconnected.len() == 1)
        });
        apps.exclude(&[out]);
        let frame = apps.confirmed();
        apps.run_until_confirmed(frame + 120, 900);
        apps.assert_in_sync();
        apps.join(out, JoinRoom::code(TestApps::ROOM).players(3));
        apps.run_until("it is refused", 300, |apps| {
            apps.state(out) == NetplayState::Ended && apps.end_reason(out) != Some(&kicked(true))
        });
        assert_eq!(crate::ended(&apps, out), &EndReason::Banned, "{apps}");
    }
}

#[test]
fn players_vote_where_the_creator_chose_so() {
    let mut apps = builder(303).players(3).served().build();
    let room = JoinRoom::code("ABC").players(4);
    enter(&mut apps, &[0], &room.clone().kick_rule(KickRule::Vote));
    enter(&mut apps, &[1, 2], &room);
    apps.run(60);
    assert_eq!(apps.world(2).resource::<CurrentRoom>().kick_rule, KickRule::Vote);
    let key = apps.key(0);
    apps.command(1, |commands| commands.kick(key));
    apps.run_until("it counts", 300, |apps| !told(apps, 2).votes.is_empty());
    let vote = &told(&apps, 2).votes[0];
    assert_eq!((vote.peer, vote.votes, vote.needed), (key, 1, 2));
    assert!(told(&apps, 0).votes.is_empty(), "{apps}");
    apps.command(2, |commands| commands.kick(key));
    apps.run_until("it is out", 300, |apps| apps.state(0) == NetplayState::Ended);
    assert_eq!(crate::ended(&apps, 0), &kicked(false), "{apps}");
}

#[test]
fn the_first_player_closes_the_room_and_opens_it_again() {
    for served in [false, true] {
        let builder = builder(304).players(3);
        let mut apps = if served { builder.served() } else { builder }.build();
        let room = JoinRoom::code("ABC").players(3);
        enter(&mut apps, &[0, 1], &room);
        apps.run(30);
        let closed = |apps: &TestApps, closed| {
            [0, 1].iter().all(|index| apps.world(*index).resource::<CurrentRoom>().closed == closed)
        };
        assert!(closed(&apps, false), "{apps}");
        apps.command(0, |commands| commands.set_room_open(false));
        apps.run_until("both know", 300, |apps| closed(apps, true));
        apps.join(2, room.clone());
        apps.run_until("it is refused", 300, |apps| apps.state(2) == NetplayState::Ended);
        assert_eq!(crate::ended(&apps, 2), &EndReason::RoomClosed, "{apps}");
        apps.command(0, |commands| commands.set_room_open(true));
        apps.run_until("both know", 300, |apps| closed(apps, false));
        apps.join(2, room);
        apps.run_until("all play", 600, TestApps::all_playing);
    }
}

#[test]
fn a_name_that_is_too_long_for_the_list_is_refused_without_a_server() {
    let mut apps = builder(305).players(1).build();
    apps.join(0, JoinRoom::create().public("a".repeat(65)));
    apps.run(2);
    assert!(matches!(crate::ended(&apps, 0), EndReason::BadRequest { .. }), "{apps}");
}

/// Updates an App until it was told something. The list is read over real sockets, in real time.
fn update_until(apps: &mut TestApps, is_told: impl Fn(&Told) -> bool) {
    while !is_told(told(apps, 0)) {
        apps.step();
        std::thread::yield_now();
    }
}

#[test]
fn the_list_of_public_rooms_is_read_page_by_page_beside_any_room() {
    let listen = ([127, 0, 0, 1], 0).into();
    let server = Server::start(ServerConfig { listen, ..ServerConfig::default() }).unwrap();
    let mut hosts = Vec::new();
    for number in 0..2_u8 {
        let listing = Listing { name: format!("Friday {number}"), info: "map=3".into() };
        let identity = Identity::from_secret(&[number + 1; 32]);
        let mut request = JoinRequest::new(Entry::New, 4, identity);
        request.servers = vec![server.url()];
        request.game.game = "duel 1".into();
        request.game.mode = "ranked".into();
        request.room_options = RoomOptions { public: Some(listing), ..RoomOptions::default() };
        let mut host = RtcTransport::join(request);
        let mut is_in = false;
        while !is_in {
            host.poll(Duration::ZERO);
            while let Some(event) = host.poll_event() {
                is_in |= matches!(event, TransportEvent::Joined { .. });
            }
            std::thread::yield_now();
        }
        hosts.push(host);
    }
    let mut apps = builder(306).players(1).build();
    let list = RoomList::new().server(server.url());
    apps.command(0, |commands| commands.list_rooms(list.clone().mode("ranked")));
    update_until(&mut apps, |told| told.pages.len() == 1);
    let page = &told(&apps, 0).pages[0];
    let names: Vec<_> = page.rooms.iter().map(|room| room.name.as_str()).collect();
    assert_eq!((names, page.next), (vec!["Friday 1", "Friday 0"], None));
    let room = &page.rooms[0];
    assert_eq!((room.players, room.size, room.has_password), (1, 4, false));
    assert_eq!((room.info.as_str(), room.mode.as_str()), ("map=3", "ranked"));
    let listed = JoinRoom::listed(room);
    assert_eq!(listed, JoinRoom::code(room.code.as_str()).existing().mode("ranked"));
    apps.command(0, |commands| commands.list_rooms(list.mode("duel")));
    update_until(&mut apps, |told| told.pages.len() == 2);
    assert_eq!(told(&apps, 0).pages[1].rooms, []);
    apps.command(0, |commands| commands.list_rooms(RoomList::new().server("localhost")));
    update_until(&mut apps, |told| told.failures.len() == 1);
    let reason = &told(&apps, 0).failures[0].reason;
    assert!(matches!(reason, EndReason::BadServerAddress { .. }), "{reason}");
    assert_eq!(apps.state(0), NetplayState::Offline, "a list is no room");
}
