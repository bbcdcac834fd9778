//! From joining a room to a match, and what can prevent it.

use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::TransportFactory;
use bevy_netplay::prelude::*;
use bevy_netplay::protocol::signaling::Entry;
use bevy_netplay::protocol::{ControlMessage, Hello, Identity, ReliableHeader};
use bevy_netplay::transport::memory::MemoryTransport;
use bevy_netplay::transport::{
    Channel, JoinRequest, PathId, SendError, Transport, TransportEvent, TransportRequest,
};
use netplay_testkit::{TICK, TestApps};

#[test]
fn a_complete_room_starts_with_players_in_the_order_of_joining() {
    let apps = TestApps::builder(71).players(4).conditions(NetworkConditions::mobile()).start();
    for index in apps.indices() {
        let game = apps.world(index).resource::<CurrentMatch>();
        assert_eq!((game.players, game.local_player, game.epoch), (4, index.into(), 1), "{apps}");
        let links = apps.world(index).resource::<PeerLinks>();
        let players: Vec<_> = links.iter().filter_map(|link| Some(link.player?.index())).collect();
        let others: Vec<_> = apps.indices().filter(|other| *other != index).collect();
        assert_eq!(players, others, "{apps}");
        assert!(links.iter().all(|link| link.path == Some(LinkPath::Memory)), "{apps}");
    }
}

#[test]
fn an_incomplete_room_waits_in_the_lobby() {
    let mut apps = TestApps::builder(72).players(3).build();
    for index in [0, 1] {
        apps.join(index, JoinRoom::code("ABC").players(3));
    }
    apps.run(600);
    for index in [0, 1] {
        assert_eq!(apps.state(index), NetplayState::Lobby, "{apps}");
    }
    apps.join(2, JoinRoom::code("abc").players(3));
    apps.run_until("all play", 600, TestApps::all_playing);
}

#[test]
fn a_player_who_leaves_the_lobby_frees_a_place() {
    let mut apps = TestApps::builder(73).players(3).conditions(NetworkConditions::wifi()).build();
    for index in [0, 1] {
        apps.join(index, JoinRoom::code("ABC").players(3));
    }
    apps.run(60);
    apps.command(0, |commands| commands.leave_room());
    apps.run(60);
    assert_eq!(apps.state(0), NetplayState::Offline, "{apps}");
    assert_eq!(apps.state(1), NetplayState::Lobby, "{apps}");
    for index in [2, 0] {
        apps.join(index, JoinRoom::code("ABC").players(3));
    }
    apps.run_until("all play", 600, TestApps::all_playing);
    let players =
        apps.indices().map(|app| apps.world(app).resource::<CurrentMatch>().local_player.index());
    let mut players: Vec<_> = players.collect();
    assert_eq!(players[1], 0, "the one who stayed did not move up: {apps}");
    players.sort();
    assert_eq!(players, [0, 1, 2], "{apps}");
    apps.run_until_confirmed(60, 600);
    apps.assert_no_desync();
}

#[test]
fn another_game_ends_with_the_reason_on_both_sides() {
    let mut apps = TestApps::builder(74)
        .configure(|index, config| config.game = ["chess 1", "chess 2"][index].into())
        .build();
    assert_ends_for_both(&mut apps);
    for (index, ours, theirs) in [(0, "chess 1", "chess 2"), (1, "chess 2", "chess 1")] {
        let reason = crate::ended(&apps, index);
        let other = PlayerHandle::from(1 - index);
        let expected =
            EndReason::GameDiffers { player: other, ours: ours.into(), theirs: theirs.into() };
        assert_eq!(*reason, expected, "{apps}");
        let says = reason.to_string();
        assert!(says.contains(ours) && says.contains(theirs), "{says}");
    }
}

#[test]
fn another_registration_ends_with_the_reason_on_both_sides() {
    #[derive(Component, Clone, Hash)]
    struct Extra;

    let mut apps = TestApps::builder(75)
        .extend(|index, app| {
            if index == 1 {
                app.rollback_component_by_hash::<Extra>();
            }
        })
        .build();
    assert_ends_for_both(&mut apps);
    for index in apps.indices() {
        let player = PlayerHandle::from(1 - index);
        assert_eq!(*crate::ended(&apps, index), EndReason::BuildDiffers { player }, "{apps}");
    }
}

#[test]
fn another_frame_rate_ends_with_the_reason_on_both_sides() {
    let mut apps = TestApps::builder(76)
        .configure(|index, config| config.frame_rate = [60, 30][index])
        .build();
    assert_ends_for_both(&mut apps);
    for index in apps.indices() {
        let player = PlayerHandle::from(1 - index);
        assert_eq!(*crate::ended(&apps, index), EndReason::BuildDiffers { player }, "{apps}");
    }
}

#[test]
fn another_protocol_version_ends_with_the_reason_on_both_sides() {
    let mut apps = TestApps::builder(77).players(1).build();
    apps.join(0, JoinRoom::code("ABC").players(2));
    apps.step();
    let mut old = stranger(&apps);
    old.poll(TICK);
    let hello = Hello {
        game: "duel 1".into(),
        registered: 0,
        roster: 0,
        frame_rate: 60,
        names: Vec::new(),
        key: [0; 32],
    };
    let message = ControlMessage::Hello(hello).encode().unwrap();
    let mut packet = ReliableHeader { sequence: 1, ack: 0, from: 5, to: 0 }.packet(&message);
    packet[..2].copy_from_slice(&9u16.to_le_bytes());
    old.request(TransportRequest::Attempt(apps.key(0)));
    old.poll(TICK);
    old.send(TICK, apps.key(0), PathId(1), Channel::Reliable, &packet).unwrap();
    apps.run_until("the App has ended", 60, TestApps::all_ended);

    let reason = crate::ended(&apps, 0);
    assert!(matches!(reason, EndReason::ProtocolDiffers { player: PlayerHandle(1), .. }), "{apps}");
    let says = reason.to_string();
    assert!(says.contains("version 9") && says.contains("update"), "{says}");

    // The other side sees the version of App 0 in its hello, and then that it left.
    old.poll(TICK * 100);
    let events: Vec<_> = std::iter::from_fn(|| old.poll_event()).collect();
    let said = events.iter().find_map(|event| match event {
        TransportEvent::Received { packet, channel: Channel::Reliable, .. } => Some(packet),
        _ => None,
    });
    assert_eq!(
        said.map(|packet| &packet[..2]),
        Some(&ReliableHeader::VERSION.to_le_bytes()[..]),
        "{events:?}"
    );
    let gone = events.iter().any(|event| matches!(event, TransportEvent::PathDown { .. }));
    assert!(gone, "{events:?}");
}

#[test]
fn a_room_that_is_full_is_refused_with_a_sentence_and_the_match_in_it_goes_on() {
    let mut apps = TestApps::builder(78).players(3).build();
    for index in apps.indices() {
        apps.join(index, JoinRoom::code("ABC").players(2));
        apps.step();
    }
    apps.run_until("two play", 600, |apps| {
        [0, 1].iter().all(|index| apps.state(*index) == NetplayState::Playing)
    });
    let says = crate::ended(&apps, 2).to_string();
    assert_eq!(says, "the room is full: it is for 2 players", "{apps}");
    apps.run(120);
    assert!([0, 1].iter().all(|index| apps.state(*index) == NetplayState::Playing), "{apps}");
}

#[test]
fn the_same_player_twice_is_refused_with_a_sentence() {
    let mut apps = TestApps::builder(79).players(2).build();
    apps.join(0, JoinRoom::code("ABC").players(2));
    apps.step();
    let hub = apps.hub().clone();
    let identity = apps.world(0).resource::<NetplayConfig>().identity.clone().unwrap();
    apps.world_mut(1).insert_resource(TransportFactory::new(move |request| {
        Box::new(hub.join(&JoinRequest { identity: identity.clone().into(), ..request.clone() }))
    }));
    apps.join(1, JoinRoom::code("ABC").players(2));
    apps.run(10);
    let says = crate::ended(&apps, 1).to_string();
    assert_eq!(says, "this player is in the room already", "{apps}");
    assert_eq!(apps.state(0), NetplayState::Lobby, "{apps}");
}

#[test]
fn rooms_that_cannot_be_joined_end_with_a_sentence() {
    let mut apps = TestApps::builder(80).players(2).build();
    apps.join(0, JoinRoom::code("ABC").players(3));
    apps.step();
    for (room, sentence) in [
        (
            JoinRoom::code("ABC").players(2),
            "this room is for 3 players, not 2: join with 3, or without naming a number",
        ),
        (JoinRoom::code("NEW").players(1), "a room is for 2 to 8 players, not 1"),
        (JoinRoom::code("NEW").players(9), "a room is for 2 to 8 players, not 9"),
        (
            JoinRoom::code("no spaces"),
            "a room code has 1 to 32 letters, digits, '-' or '_': check the code you were given",
        ),
    ] {
        apps.join(1, room);
        apps.run(10);
        assert_eq!(crate::ended(&apps, 1).to_string(), sentence, "{apps}");
    }
    // A room that can be joined is joined all the same.
    apps.join(1, JoinRoom::code("ABC").players(3));
    apps.run(10);
    assert_eq!(apps.state(1), NetplayState::Lobby, "{apps}");
}

#[test]
fn a_created_room_shows_its_code_and_can_be_joined_by_it() {
    let mut apps = TestApps::builder(81).players(2).build();
    apps.join(0, JoinRoom::create());
    apps.run(10);
    let code = apps.world(0).resource::<CurrentRoom>().code.clone().unwrap();
    apps.join(1, JoinRoom::code("NOSUCH").existing());
    apps.run(10);
    let sentence = crate::ended(&apps, 1).to_string();
    assert!(sentence.contains("there is no such room"), "{sentence}");
    apps.join(1, JoinRoom::code(code.to_string()).existing());
    apps.run_until("both play", 600, TestApps::all_playing);
    assert_eq!(apps.world(1).resource::<CurrentRoom>().code, Some(code));
}

#[test]
fn a_guest_who_names_no_size_takes_that_of_the_room() {
    for served in [false, true] {
        let builder = TestApps::builder(85).players(3);
        let mut apps = if served { builder.served().build() } else { builder.build() };
        apps.join(0, JoinRoom::create().players(3));
        apps.run(60);
        let code = apps.world(0).resource::<CurrentRoom>().code.clone().unwrap();
        for index in [1, 2] {
            apps.join(index, JoinRoom::code(code.to_string()).existing());
        }
        apps.run_until("all play", 900, TestApps::all_playing);
        for index in apps.indices() {
            let world = apps.world(index);
            assert_eq!(world.resource::<CurrentRoom>().players, Some(3), "{apps}");
            assert_eq!(world.resource::<CurrentMatch>().players, 3, "{apps}");
        }
    }
}

#[test]
fn a_guest_who_names_another_size_is_refused_with_both_numbers() {
    for served in [false, true] {
        let builder = TestApps::builder(86).players(2);
        let mut apps = if served { builder.served().build() } else { builder.build() };
        apps.join(0, JoinRoom::code("ABC").players(4));
        apps.run(60);
        apps.join(1, JoinRoom::code("ABC").players(2));
        apps.run_until("the guest is refused", 300, |apps| apps.state(1) == NetplayState::Ended);
        let reason = crate::ended(&apps, 1);
        assert_eq!(*reason, EndReason::RoomSizeDiffers { size: 4, asked: 2 }, "{apps}");
        assert_eq!(
            reason.to_string(),
            "this room is for 4 players, not 2: join with 4, or without naming a number"
        );
        assert_eq!(apps.state(0), NetplayState::Lobby, "{apps}");
    }
}

#[test]
fn a_room_without_a_size_is_for_two() {
    let mut apps = TestApps::builder(87).players(2).build();
    for index in [0, 1] {
        apps.join(index, JoinRoom::code("ABC"));
    }
    apps.run_until("both play", 600, TestApps::all_playing);
    assert_eq!(apps.world(0).resource::<CurrentRoom>().players, Some(2), "{apps}");
}

#[test]
fn players_matched_by_the_queue_play() {
    let mut apps = TestApps::builder(82).players(2).build();
    for index in [0, 1] {
        apps.join(index, JoinRoom::matchmaking().mode("ranked").skill(1500));
    }
    apps.run_until("both play", 600, TestApps::all_playing);
}

/// A transport that loses its server for a while.
struct Interrupted {
    transport: MemoryTransport,
    /// When the server is lost and restored, on the transport's clock.
    lost: [Duration; 2],
    told: usize,
    now: Duration,
}

impl Transport for Interrupted {
    fn poll(&mut self, now: Duration) {
        self.now = now;
        self.transport.poll(now);
    }

    fn poll_event(&mut self) -> Option<TransportEvent> {
        if self.lost.get(self.told).is_some_and(|at| *at <= self.now) {
            self.told += 1;
            let reason = "the cable was pulled".to_owned();
            return Some(match self.told {
                1 => TransportEvent::SignalingLost { reason },
                _ => TransportEvent::SignalingRestored,
            });
        }
        self.transport.poll_event()
    }

    fn send(
        &mut self,
        now: Duration,
        to: PeerKey,
        path: PathId,
        channel: Channel,
        packet: &[u8],
    ) -> Result<usize, SendError> {
        self.transport.send(now, to, path, channel, packet)
    }

    fn request(&mut self, request: TransportRequest) {
        self.transport.request(request);
    }

    fn leave(&mut self) {
        self.transport.leave();
    }
}

/// App 0 loses the server for so many seconds, 5 s after it has joined.
fn without_a_server_for(seconds: u64, players: usize) -> TestApps {
    let mut apps = TestApps::builder(83).players(players).build();
    let hub = apps.hub().clone();
    let lost = [5, 5 + seconds].map(Duration::from_secs);
    apps.world_mut(0).insert_resource(TransportFactory::new(move |request| {
        let transport = hub.join(request);
        Box::new(Interrupted { transport, lost, told: 0, now: Duration::ZERO })
    }));
    apps
}

#[test]
fn a_lobby_survives_a_short_loss_of_the_server_and_no_long_one() {
    let frames = |seconds: u32| seconds * 60;
    for (seconds, stays) in [(8, true), (20, false)] {
        let mut apps = without_a_server_for(seconds, 2);
        apps.join(0, JoinRoom::code("ABC"));
        apps.run(frames(30));
        if stays {
            assert_eq!(apps.state(0), NetplayState::Lobby, "{apps}");
            apps.join(1, JoinRoom::code("ABC"));
            apps.run_until("both play", 600, TestApps::all_playing);
        } else {
            let sentence = crate::ended(&apps, 0).to_string();
            assert!(sentence.contains("the cable was pulled"), "{sentence}");
        }
    }
}

#[test]
fn a_running_match_does_not_need_the_server() {
    let mut apps = without_a_server_for(60, 2);
    apps.join_all();
    apps.run_until("both play", 600, TestApps::all_playing);
    apps.run_until_confirmed(1800, 2400);
}

#[test]
fn a_room_without_the_expected_host_is_left() {
    let mut apps = TestApps::builder(84).players(3).build();
    apps.join(0, JoinRoom::code("ABC"));
    apps.run(10);
    let host = apps.world(0).resource::<CurrentRoom>().local_peer.unwrap();
    assert_eq!(host, apps.key(0));
    // An invitation to a room in which the host is not.
    apps.join(2, JoinRoom::code("ELSEWHERE").host(host));
    apps.run(10);
    assert_eq!(*crate::ended(&apps, 2), EndReason::HostMissing, "{apps}");
    apps.join(1, JoinRoom::code("ABC").host(host));
    apps.run_until("both play", 600, |apps| {
        [0, 1].iter().all(|index| apps.state(*index) == NetplayState::Playing)
    });
}

/// A peer without bevy_netplay, in the room of App 0.
fn stranger(apps: &TestApps) -> MemoryTransport {
    let entry = Entry::Room("ABC".into());
    apps.hub().join(&JoinRequest::new(entry, 2, Identity::from_secret(&[9; 32])))
}

#[track_caller]
fn assert_ends_for_both(apps: &mut TestApps) {
    apps.join_all();
    apps.run_until("both have ended", 300, TestApps::all_ended);
}
