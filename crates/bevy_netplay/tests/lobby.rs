//! From joining a room to a match, and what can be in the way.

use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::TransportFactory;
use bevy_netplay::prelude::*;
use bevy_netplay::protocol::signaling::Entry;
use bevy_netplay::protocol::{ControlMessage, Hello, ReliableHeader};
use bevy_netplay::transport::memory::MemoryTransport;
use bevy_netplay::transport::{
    Channel, JoinRequest, PathId, SendError, Transport, TransportEvent, TransportRequest,
};
use netplay_testkit::{Cluster, TICK};

#[test]
fn a_room_that_is_complete_starts_and_seats_are_the_order_of_joining() {
    let cluster = Cluster::builder(71).players(4).conditions(NetworkConditions::mobile()).start();
    for seat in cluster.seats() {
        let game = cluster.world(seat).resource::<Match>();
        assert_eq!((game.players, game.local_player, game.epoch), (4, seat, 1), "{cluster}");
        let links = cluster.world(seat).resource::<PeerLinks>();
        let players: Vec<_> = links.iter().filter_map(|link| link.player).collect();
        let others: Vec<_> = cluster.seats().filter(|other| *other != seat).collect();
        assert_eq!(players, others, "{cluster}");
        assert!(links.iter().all(|link| link.path == Some(PathKind::Memory)), "{cluster}");
    }
}

#[test]
fn an_incomplete_room_waits_in_the_lobby() {
    let mut cluster = Cluster::builder(72).players(3).build();
    for seat in [0, 1] {
        cluster.join(seat, Room::new("ABC").players(3));
    }
    cluster.run(600);
    for seat in [0, 1] {
        assert_eq!(*cluster.state(seat), NetplayState::Lobby, "{cluster}");
    }
    cluster.join(2, Room::new("abc").players(3));
    cluster.run_until("everybody plays", 600, Cluster::all_playing);
}

#[test]
fn somebody_who_leaves_the_lobby_makes_room_for_somebody_else() {
    let mut cluster = Cluster::builder(73).players(3).conditions(NetworkConditions::wifi()).build();
    for seat in [0, 1] {
        cluster.join(seat, Room::new("ABC").players(3));
    }
    cluster.run(60);
    cluster.command(0, |commands| commands.leave_room());
    cluster.run(60);
    assert_eq!(*cluster.state(0), NetplayState::Offline, "{cluster}");
    assert_eq!(*cluster.state(1), NetplayState::Lobby, "{cluster}");
    for seat in [2, 0] {
        cluster.join(seat, Room::new("ABC").players(3));
    }
    cluster.run_until("everybody plays", 600, Cluster::all_playing);
    let seats = cluster.seats().map(|app| cluster.world(app).resource::<Match>().local_player);
    let mut seats: Vec<_> = seats.collect();
    assert_eq!(seats[1], 0, "who stayed moved up: {cluster}");
    seats.sort();
    assert_eq!(seats, [0, 1, 2], "{cluster}");
    cluster.run_until_confirmed(60, 600);
    cluster.assert_no_desync();
}

#[test]
fn another_game_ends_with_the_reason_on_both_sides() {
    let mut cluster = Cluster::builder(74)
        .configure(|seat, config| config.game = ["chess 1", "chess 2"][seat].into())
        .build();
    ends_for_both(&mut cluster);
    for (seat, ours, theirs) in [(0, "chess 1", "chess 2"), (1, "chess 2", "chess 1")] {
        let reason = crate::ended(&cluster, seat);
        let other = 1 - seat;
        let expected =
            EndReason::GameDiffers { player: other, ours: ours.into(), theirs: theirs.into() };
        assert_eq!(*reason, expected, "{cluster}");
        let says = reason.to_string();
        assert!(says.contains(ours) && says.contains(theirs), "{says}");
    }
}

#[test]
fn another_registration_ends_with_the_reason_on_both_sides() {
    #[derive(Component, Clone, Hash)]
    struct Extra;

    let mut cluster = Cluster::builder(75)
        .extend(|seat, app| {
            if seat == 1 {
                app.rollback::<Extra>();
            }
        })
        .build();
    ends_for_both(&mut cluster);
    for seat in cluster.seats() {
        let player = 1 - seat;
        assert_eq!(*crate::ended(&cluster, seat), EndReason::BuildDiffers { player }, "{cluster}");
    }
}

#[test]
fn another_frame_rate_ends_with_the_reason_on_both_sides() {
    let mut cluster =
        Cluster::builder(76).configure(|seat, config| config.frame_rate = [60, 30][seat]).build();
    ends_for_both(&mut cluster);
    for seat in cluster.seats() {
        let player = 1 - seat;
        assert_eq!(*crate::ended(&cluster, seat), EndReason::BuildDiffers { player }, "{cluster}");
    }
}

#[test]
fn another_protocol_version_ends_with_the_reason_on_both_sides() {
    let mut cluster = Cluster::builder(77).players(1).build();
    cluster.join(0, Room::new("ABC").players(2));
    cluster.step();
    let mut old = stranger(&cluster);
    old.poll(TICK);
    let hello = Hello {
        game: "duel 1".into(),
        registered: 0,
        roster: 0,
        frame_rate: 60,
        name: String::new(),
    };
    let message = ControlMessage::Hello(hello).encode().unwrap();
    let mut packet = ReliableHeader { sequence: 1, ack: 0, from: 5, to: 0 }.packet(&message);
    packet[..2].copy_from_slice(&9u16.to_le_bytes());
    old.request(TransportRequest::Attempt(cluster.key(0)));
    old.poll(TICK);
    old.send(TICK, cluster.key(0), PathId(1), Channel::Reliable, &packet).unwrap();
    cluster.run_until("the App has ended", 60, Cluster::all_ended);

    let reason = crate::ended(&cluster, 0);
    assert!(matches!(reason, EndReason::ProtocolDiffers { player: 1, .. }), "{cluster}");
    let says = reason.to_string();
    assert!(says.contains("version 9") && says.contains("update"), "{says}");

    // The other side sees our version in whatever we said, and then that we are gone.
    old.poll(TICK * 100);
    let events: Vec<_> = std::iter::from_fn(|| old.next_event()).collect();
    let said = events.iter().find_map(|event| match event {
        TransportEvent::Received { packet, channel: Channel::Reliable, .. } => Some(packet),
        _ => None,
    });
    assert_eq!(said.map(|packet| &packet[..2]), Some(&3u16.to_le_bytes()[..]), "{events:?}");
    let gone = events.iter().any(|event| matches!(event, TransportEvent::PathDown { .. }));
    assert!(gone, "{events:?}");
}

#[test]
fn a_room_that_is_full_is_refused_with_a_sentence_and_the_match_in_it_goes_on() {
    let mut cluster = Cluster::builder(78).players(3).build();
    for seat in cluster.seats() {
        cluster.join(seat, Room::new("ABC").players(2));
        cluster.step();
    }
    cluster.run_until("two play", 600, |cluster| {
        [0, 1].iter().all(|seat| *cluster.state(*seat) == NetplayState::Playing)
    });
    let says = crate::ended(&cluster, 2).to_string();
    assert_eq!(says, "the room is full: it is for 2 players", "{cluster}");
    cluster.run(120);
    assert!([0, 1].iter().all(|seat| *cluster.state(*seat) == NetplayState::Playing), "{cluster}");
}

#[test]
fn the_same_player_twice_is_refused_with_a_sentence() {
    let mut cluster = Cluster::builder(79).players(2).build();
    cluster.join(0, Room::new("ABC").players(2));
    cluster.step();
    let hub = cluster.hub().clone();
    let identity = cluster.world(0).resource::<NetplayConfig>().identity.clone().unwrap();
    cluster.world_mut(1).insert_resource(TransportFactory(Box::new(move |request| {
        Box::new(hub.join(&JoinRequest { identity: identity.clone(), ..request.clone() }))
    })));
    cluster.join(1, Room::new("ABC").players(2));
    cluster.run(10);
    let says = crate::ended(&cluster, 1).to_string();
    assert_eq!(says, "this player is in the room already", "{cluster}");
    assert_eq!(*cluster.state(0), NetplayState::Lobby, "{cluster}");
}

#[test]
fn rooms_that_cannot_be_joined_end_with_a_sentence() {
    let mut cluster = Cluster::builder(80).players(2).build();
    cluster.join(0, Room::new("ABC").players(3));
    cluster.step();
    for (room, sentence) in [
        (Room::new("ABC").players(2), "this room is for 3 players, not 2: join with 3, or without naming a number"),
        (Room::new("NEW").players(1), "a room is for 2 to 8 players, not 1"),
        (Room::new("NEW").players(9), "a room is for 2 to 8 players, not 9"),
        (
            Room::new("no spaces"),
            "a room code has 1 to 32 letters, digits, '-' or '_': check the code you were given",
        ),
    ] {
        cluster.join(1, room);
        cluster.run(10);
        assert_eq!(crate::ended(&cluster, 1).to_string(), sentence, "{cluster}");
    }
    // Nothing of it is in the way of a room that can be joined.
    cluster.join(1, Room::new("ABC").players(3));
    cluster.run(10);
    assert_eq!(*cluster.state(1), NetplayState::Lobby, "{cluster}");
}

#[test]
fn a_room_that_the_server_named_shows_its_code_and_is_found_by_it() {
    let mut cluster = Cluster::builder(81).players(2).build();
    cluster.join(0, Room::create());
    cluster.run(10);
    let code = cluster.world(0).resource::<CurrentRoom>().code.clone().unwrap();
    cluster.join(1, Room::existing("NOSUCH"));
    cluster.run(10);
    let sentence = crate::ended(&cluster, 1).to_string();
    assert!(sentence.contains("there is no such room"), "{sentence}");
    cluster.join(1, Room::existing(code.to_string()));
    cluster.run_until("both play", 600, Cluster::all_playing);
    assert_eq!(cluster.world(1).resource::<CurrentRoom>().code, Some(code));
}

#[test]
fn those_who_are_matched_play() {
    let mut cluster = Cluster::builder(82).players(2).build();
    for seat in [0, 1] {
        cluster.join(seat, Room::matchmaking().mode("ranked").skill(1500));
    }
    cluster.run_until("both play", 600, Cluster::all_playing);
}

/// A transport whose server is lost for a while.
struct Interrupted {
    transport: MemoryTransport,
    /// When the server is lost and when it is back, on the transport's clock.
    lost: [Duration; 2],
    told: usize,
    now: Duration,
}

impl Transport for Interrupted {
    fn poll(&mut self, now: Duration) {
        self.now = now;
        self.transport.poll(now);
    }

    fn next_event(&mut self) -> Option<TransportEvent> {
        if self.lost.get(self.told).is_some_and(|at| *at <= self.now) {
            self.told += 1;
            let reason = "the cable was pulled".to_owned();
            return Some(match self.told {
                1 => TransportEvent::SignalingLost { reason },
                _ => TransportEvent::SignalingRestored,
            });
        }
        self.transport.next_event()
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

/// App 0 loses the server for so long, 5 s after it has joined.
fn without_a_server_for(seconds: u64, players: usize) -> Cluster {
    let mut cluster = Cluster::builder(83).players(players).build();
    let hub = cluster.hub().clone();
    let lost = [5, 5 + seconds].map(Duration::from_secs);
    cluster.world_mut(0).insert_resource(TransportFactory(Box::new(move |request| {
        let transport = hub.join(request);
        Box::new(Interrupted { transport, lost, told: 0, now: Duration::ZERO })
    })));
    cluster
}

#[test]
fn a_lobby_outlives_a_server_that_comes_back_and_not_one_that_stays_away() {
    let frames = |seconds: u32| seconds * 60;
    for (seconds, stays) in [(8, true), (20, false)] {
        let mut cluster = without_a_server_for(seconds, 2);
        cluster.join(0, Room::new("ABC"));
        cluster.run(frames(30));
        if stays {
            assert_eq!(*cluster.state(0), NetplayState::Lobby, "{cluster}");
            cluster.join(1, Room::new("ABC"));
            cluster.run_until("both play", 600, Cluster::all_playing);
        } else {
            let sentence = crate::ended(&cluster, 0).to_string();
            assert!(sentence.contains("the cable was pulled"), "{sentence}");
        }
    }
}

#[test]
fn a_running_match_does_not_need_the_server() {
    let mut cluster = without_a_server_for(60, 2);
    cluster.join_all();
    cluster.run_until("both play", 600, Cluster::all_playing);
    cluster.run_until_confirmed(1800, 2400);
}

#[test]
fn a_room_without_the_player_who_invited_us_is_left() {
    let mut cluster = Cluster::builder(84).players(3).build();
    cluster.join(0, Room::new("ABC"));
    cluster.run(10);
    let host = cluster.world(0).resource::<CurrentRoom>().us.unwrap();
    assert_eq!(host, cluster.key(0));
    // The same code, on a server that brings us to somebody else.
    cluster.join(2, Room::new("ELSEWHERE").host(host));
    cluster.run(10);
    assert_eq!(*crate::ended(&cluster, 2), EndReason::HostMissing, "{cluster}");
    cluster.join(1, Room::new("ABC").host(host));
    cluster.run_until("both play", 600, |cluster| {
        [0, 1].iter().all(|seat| *cluster.state(*seat) == NetplayState::Playing)
    });
}

/// A peer that is not bevy_netplay, in the room of App 0.
fn stranger(cluster: &Cluster) -> MemoryTransport {
    let entry = Entry::Room("ABC".into());
    cluster.hub().join(&JoinRequest::new(entry, 2, Identity::from_secret(&[9; 32])))
}

#[track_caller]
fn ends_for_both(cluster: &mut Cluster) {
    cluster.join_all();
    cluster.run_until("both have ended", 300, Cluster::all_ended);
}
