//! Rooms, paths and packets of a hub on virtual time.

use std::time::Duration;

use netplay_core::path::PathId;
use netplay_protocol::limits::{MAX_CONTROL_BYTES, MAX_DATAGRAM_BYTES};
use netplay_protocol::signaling::{Entry, Refusal};
use netplay_protocol::{Identity, Roster, Secret};

use super::*;
use crate::{LeaveReason, SendError, Transport, TransportEvent, TransportRequest};

/// The first path that is made.
const PATH: PathId = PathId(1);

#[test]
fn the_order_of_joining_is_the_order_of_the_roster() {
    let hub = MemoryHub::new(NetworkConditions::terrible(), 1);
    let mut peers = [3, 1, 2].map(|name| hub.join(&request(name, "ABC", 3)));
    let full = Roster::new(3, [3, 1, 2].map(key).to_vec());
    for peer in &mut peers {
        let events = at(peer, Duration::ZERO);
        let resume_token = Some(Secret::from("memory"));
        let joined = TransportEvent::Joined {
            room: "ABC".parse().unwrap(),
            size: 3,
            least: None,
            resume_token,
        };
        assert_eq!(events.first(), Some(&joined));
        assert_eq!(events.last(), Some(&TransportEvent::Roster(full.clone())));
    }
}

#[test]
fn an_attempt_takes_its_time_and_makes_a_path_for_both() {
    let hub = MemoryHub::new(NetworkConditions::default(), 1);
    hub.set_attempts_take(ms(400));
    let mut peers = [1, 2].map(|name| hub.join(&request(name, "ABC", 2)));
    peers.iter_mut().for_each(|peer| drop(at(peer, ms(0))));
    peers[0].request(TransportRequest::Attempt(key(2)));
    assert_eq!(at(&mut peers[0], ms(399)), []);
    assert_eq!(at(&mut peers[1], ms(399)), [TransportEvent::PeerAttempts { peer: key(1) }]);
    for (peer, other) in peers.iter_mut().zip([2, 1]) {
        let up = TransportEvent::PathUp { peer: key(other), path: PATH, kind: PathKind::Memory };
        assert_eq!(at(peer, ms(400)), [up]);
    }
}

#[test]
fn attempts_fail_while_nothing_gets_through_and_when_nobody_is_there() {
    let hub = MemoryHub::new(NetworkConditions::default(), 1);
    let mut peers = [1, 2].map(|name| hub.join(&request(name, "ABC", 2)));
    at(&mut peers[0], ms(0));
    let failed = |peer: &mut MemoryTransport, with| {
        peer.request(TransportRequest::Attempt(key(with)));
        matches!(&at(peer, ms(1))[..], [.., TransportEvent::AttemptFailed { .. }])
    };
    hub.cut_path(key(2), key(1), PathKind::Memory);
    assert!(failed(&mut peers[0], 2), "one way is not enough");
    hub.heal_path(key(2), key(1), PathKind::Memory);
    assert!(failed(&mut peers[0], 9));
    hub.set_server(false);
    assert!(failed(&mut peers[0], 2));
    hub.set_server(true);
    assert!(!failed(&mut peers[0], 2));
}

#[test]
fn the_relay_goes_its_own_way_and_ends_with_the_server() {
    let hub = MemoryHub::new(NetworkConditions::terrible(), 1);
    let (mut first, mut second) = pair_of_peers(&hub);
    first.request(TransportRequest::OpenRelay(key(2)));
    let (path, kind) = (PathId::RELAY, PathKind::Relay);
    assert_eq!(at(&mut first, ms(1)), [TransportEvent::PathUp { peer: key(2), path, kind }]);
    hub.reset(key(1), key(2));
    for peer in [&mut first, &mut second] {
        let events = at(peer, ms(2));
        assert!(matches!(&events[..], [TransportEvent::PathDown { path: PATH, .. }]), "{events:?}");
    }
    for n in 0..50u8 {
        first.send(ms(2), key(2), PathId::RELAY, Channel::Datagram, &[n]).unwrap();
    }
    let events = at(&mut second, ms(5000));
    assert_eq!(packets(&events), (0..50u8).map(|n| vec![n]).collect::<Vec<_>>());
    let refused = second.send(ms(5000), key(1), PathId::RELAY, Channel::Datagram, b"x");
    assert_eq!(refused, Err(SendError::NoPath), "it has not asked for its direction");
    hub.set_server(false);
    let events = at(&mut first, ms(5001));
    let lost = TransportEvent::SignalingLost { reason: "it was switched off".into() };
    assert!(events.contains(&lost), "{events:?}");
    assert!(
        matches!(&events[..], [.., TransportEvent::PathDown { path: PathId::RELAY, .. }]),
        "{events:?}"
    );
}

#[test]
fn a_path_that_one_side_closes_goes_down_on_the_other() {
    let hub = MemoryHub::new(NetworkConditions { latency: ms(30), ..Default::default() }, 1);
    let (mut first, mut second) = pair_of_peers(&hub);
    first.send(ms(1), key(2), PATH, Channel::Reliable, b"last").unwrap();
    first.request(TransportRequest::Close(key(2), PATH));
    let refused = first.send(ms(1), key(2), PATH, Channel::Datagram, b"x");
    assert_eq!(refused, Err(SendError::NoPath));
    let events = at(&mut second, ms(100));
    assert!(
        matches!(&events[..], [TransportEvent::Received { .. }, TransportEvent::PathDown { .. }]),
        "{events:?}"
    );
}

#[test]
fn the_hub_refuses_the_requests_that_a_server_refuses() {
    let hub = MemoryHub::new(NetworkConditions::default(), 1);
    let _stays = [1, 2].map(|name| hub.join(&request(name, "ABC", 2)));
    let _waits = hub.join(&request(1, "XYZ", 3));
    for (request, refusal) in [
        (request(3, "abc", 2), Refusal::RoomFull { size: 2 }),
        (request(1, "ABC", 2), Refusal::AlreadyJoined),
        (request(3, "ABC", 4), Refusal::RoomSizeDiffers { size: 2, asked: 4 }),
        (request(3, "NEW", 1), Refusal::BadRoomSize { size: 1 }),
        (request(3, "NEW", 9), Refusal::BadRoomSize { size: 9 }),
    ] {
        let mut peer = hub.join(&request);
        let left = TransportEvent::Left(LeaveReason::Refused(refusal));
        assert_eq!(at(&mut peer, Duration::ZERO), [left]);
        assert_eq!(peer.send(ms(1), key(1), PATH, Channel::Reliable, b"x"), Err(SendError::NoPath));
    }
}

#[test]
fn a_peer_without_a_size_takes_the_size_of_the_room_and_creates_rooms_for_two() {
    let hub = MemoryHub::new(NetworkConditions::default(), 1);
    let _host = hub.join(&request(1, "ABC", 3));
    let _waits = hub.join(&JoinRequest::new(Entry::Queue { skill: None }, 2, identity(4)));
    for (name, entry, expected) in [
        (2, Entry::Existing("ABC".into()), 3),
        (3, Entry::Room("NEW".into()), 2),
        (5, Entry::Queue { skill: None }, 2),
    ] {
        let mut peer = hub.join(&JoinRequest::new(entry, None, identity(name)));
        let events = at(&mut peer, Duration::ZERO);
        assert!(
            matches!(&events[0], TransportEvent::Joined { size, .. } if *size == expected),
            "{events:?}"
        );
    }
}

#[test]
fn a_place_that_was_left_can_be_taken_again_even_by_the_same_peer() {
    let hub = MemoryHub::new(NetworkConditions::wifi(), 1);
    let (_first, second) = pair_of_peers(&hub);
    drop(second);
    let mut second = hub.join(&request(2, "ABC", 2));
    let members = vec![key(1), key(2)];
    assert!(at(&mut second, ms(1)).contains(&TransportEvent::Roster(Roster::new(2, members))));
}

#[test]
fn packets_arrive_after_the_latency_and_say_when() {
    let latency = ms(50);
    let hub = MemoryHub::new(NetworkConditions { latency, ..Default::default() }, 1);
    let (mut first, mut second) = pair_of_peers(&hub);
    first.send(ms(10), key(2), PATH, Channel::Datagram, b"hello").unwrap();
    assert_eq!(hub.in_flight(), 1);
    assert_eq!(
        hub.last_packet(key(1), key(2), Channel::Datagram).as_deref(),
        Some(b"hello".as_slice())
    );
    assert_eq!(hub.last_packet(key(2), key(1), Channel::Datagram), None);
    assert_eq!(at(&mut second, ms(59)), []);
    let packet = b"hello".to_vec();
    let channel = Channel::Datagram;
    let hello = TransportEvent::Received { peer: key(1), path: PATH, at: ms(60), channel, packet };
    assert_eq!(at(&mut second, ms(75)), [hello]);
    assert_eq!(hub.in_flight(), 0);
}

#[test]
fn peers_whose_clocks_began_at_different_moments_understand_each_other() {
    let latency = ms(50);
    let hub = MemoryHub::new(NetworkConditions { latency, ..Default::default() }, 1);
    let (mut first, mut second) =
        (hub.join(&request(1, "ABC", 2)), hub.join(&request(2, "ABC", 2)));
    first.request(TransportRequest::Attempt(key(2)));
    at(&mut first, ms(9_000));
    at(&mut second, ms(0));
    first.send(ms(9_000), key(2), PATH, Channel::Reliable, b"a").unwrap();
    assert_eq!(packets(&at(&mut second, ms(49))), Vec::<&[u8]>::new());
    assert_eq!(packets(&at(&mut second, ms(50))), [b"a"]);
    second.send(ms(60), key(1), PATH, Channel::Reliable, b"b").unwrap();
    assert_eq!(packets(&at(&mut first, ms(9_109))), Vec::<&[u8]>::new());
    assert_eq!(packets(&at(&mut first, ms(9_110))), [b"b"]);
}

#[test]
fn a_peer_that_was_paused_gets_what_came_meanwhile_no_earlier_than_its_last_poll() {
    let hub = MemoryHub::new(NetworkConditions::default(), 1);
    let (mut first, mut second) = pair_of_peers(&hub);
    at(&mut second, ms(10));
    for moment in (20..5_000).step_by(20) {
        at(&mut first, ms(moment));
        first.send(ms(moment), key(2), PATH, Channel::Datagram, b"x").unwrap();
    }
    let events = at(&mut second, ms(26));
    assert_eq!(events.len(), 249);
    for event in events {
        let TransportEvent::Received { at, .. } = event else { panic!("{event:?}") };
        assert!((ms(10)..=ms(26)).contains(&at), "{at:?}");
    }
}

#[test]
fn what_a_leaver_sent_reliably_arrives_before_its_path_goes_down() {
    let hub = MemoryHub::new(NetworkConditions::terrible(), 5);
    let (mut first, mut second) = pair_of_peers(&hub);
    for packet in 0..50 {
        second.send(ms(1), key(1), PATH, Channel::Reliable, &[packet]).unwrap();
        second.send(ms(1), key(1), PATH, Channel::Datagram, &[packet]).unwrap();
    }
    second.leave();
    second.leave();
    assert_eq!(at(&mut second, ms(2)), [TransportEvent::Left(LeaveReason::Requested)]);
    assert_eq!(second.send(ms(2), key(1), PATH, Channel::Reliable, b"x"), Err(SendError::NoPath));
    // The sender does not know yet: what it sends goes nowhere.
    assert_eq!(first.send(ms(2), key(2), PATH, Channel::Reliable, b"x"), Ok(0));

    let events = at(&mut first, ms(60_000));
    let reliable = events.iter().filter_map(|event| match event {
        TransportEvent::Received { channel: Channel::Reliable, packet, .. } => Some(packet[0]),
        _ => None,
    });
    assert!(reliable.eq(0..50));
    assert!(matches!(events.last(), Some(TransportEvent::PathDown { .. })), "{events:?}");
    assert_eq!(
        first.send(ms(60_000), key(2), PATH, Channel::Datagram, b"x"),
        Err(SendError::NoPath)
    );
    assert_eq!(hub.in_flight(), 0);
}

#[test]
fn a_peer_that_is_dropped_takes_its_path_down_and_leaves_the_roster() {
    let hub = MemoryHub::new(NetworkConditions::default(), 1);
    let (mut first, second) = pair_of_peers(&hub);
    drop(second);
    let roster = TransportEvent::Roster(Roster::new(2, vec![key(1)]));
    let reason = "the other player's game closed".to_owned();
    let down = TransportEvent::PathDown { peer: key(2), path: PATH, reason };
    assert_eq!(at(&mut first, ms(1)), [roster, down]);
}

#[test]
fn packets_over_the_limit_of_their_channel_are_refused() {
    let hub = MemoryHub::new(NetworkConditions::default(), 1);
    let (mut first, _second) = pair_of_peers(&hub);
    for (channel, limit) in
        [(Channel::Datagram, MAX_DATAGRAM_BYTES), (Channel::Reliable, MAX_CONTROL_BYTES)]
    {
        assert_eq!(first.send(ms(1), key(2), PATH, channel, &vec![0; limit]), Ok(0));
        let refused = first.send(ms(1), key(2), PATH, channel, &vec![0; limit + 1]);
        assert_eq!(refused, Err(SendError::TooLarge(limit + 1)));
    }
    assert_eq!(first.send(ms(1), key(9), PATH, Channel::Datagram, b"x"), Err(SendError::NoPath));
}

#[test]
fn a_cut_loses_datagrams_in_flight_and_holds_reliable_packets_in_order_until_it_heals() {
    let hub = MemoryHub::new(NetworkConditions { latency: ms(50), ..Default::default() }, 1);
    let (mut first, mut second) = pair_of_peers(&hub);
    let mut send = |now, packet: &[u8; 1]| {
        first.send(now, key(2), PATH, Channel::Datagram, b"datagram").unwrap();
        first.send(now, key(2), PATH, Channel::Reliable, packet).unwrap();
    };
    send(ms(1), b"a");
    hub.cut(key(2), key(1));
    send(ms(2), b"b");
    assert_eq!(at(&mut second, ms(1_000)), []);
    assert_eq!(hub.in_flight(), 2);
    hub.heal(key(1), key(2));
    send(ms(1_010), b"c");
    let events = at(&mut second, ms(2_000));
    let packets = packets(&events);
    let (datagrams, reliable): (Vec<&[u8]>, _) =
        packets.iter().partition(|packet| **packet == b"datagram");
    assert_eq!((datagrams.len(), reliable), (1, vec![b"a".as_slice(), b"b", b"c"]));
}

#[test]
fn a_muted_peer_hears_and_is_not_heard() {
    let hub = MemoryHub::new(NetworkConditions { latency: ms(50), ..Default::default() }, 1);
    let (mut first, mut second) = pair_of_peers(&hub);
    first.send(ms(1), key(2), PATH, Channel::Datagram, b"before").unwrap();
    hub.mute(key(1));
    first.send(ms(2), key(2), PATH, Channel::Datagram, b"lost").unwrap();
    first.send(ms(2), key(2), PATH, Channel::Reliable, b"held").unwrap();
    second.send(ms(2), key(1), PATH, Channel::Datagram, b"heard").unwrap();
    assert_eq!(packets(&at(&mut first, ms(100))), [b"heard"]);
    assert_eq!(packets(&at(&mut second, ms(100))), [b"before"]);
    hub.unmute(key(1));
    assert_eq!(packets(&at(&mut second, ms(200))), [b"held"]);
}

#[test]
fn conditions_can_differ_by_direction_and_change() {
    let hub = MemoryHub::new(NetworkConditions::default(), 1);
    let lost = NetworkConditions { loss: 1.0, ..Default::default() };
    hub.set_conditions(key(1), key(2), lost.clone());
    let (mut first, mut second) = pair_of_peers(&hub);
    let mut exchange = |now| {
        first.send(now, key(2), PATH, Channel::Datagram, b"x").unwrap();
        second.send(now, key(1), PATH, Channel::Datagram, b"x").unwrap();
        (at(&mut first, now).len(), at(&mut second, now).len())
    };
    assert_eq!(exchange(ms(1)), (1, 0));
    hub.set_all_conditions(NetworkConditions::default());
    assert_eq!(exchange(ms(2)), (1, 1));
    hub.set_conditions(key(2), key(1), lost);
    assert_eq!(exchange(ms(3)), (0, 1));
}

#[test]
fn what_is_injected_arrives_as_it_is() {
    let hub = MemoryHub::new(NetworkConditions { loss: 1.0, ..Default::default() }, 1);
    let (_first, mut second) = pair_of_peers(&hub);
    hub.inject(key(1), key(2), Channel::Datagram, vec![0xff; 100_000]);
    hub.inject(key(1), key(2), Channel::Reliable, vec![]);
    let events = at(&mut second, ms(1));
    assert_eq!(packets(&events), [[0xff; 100_000].as_slice(), b""]);
}

#[test]
fn the_same_seed_gives_the_same_events() {
    let run = |seed| {
        let hub = MemoryHub::new(NetworkConditions::terrible(), seed);
        let (mut first, mut second) = pair_of_peers(&hub);
        (1..200u8)
            .flat_map(|tick| {
                let now = ms(16) * u32::from(tick);
                first.send(now, key(2), PATH, Channel::Datagram, &[tick]).unwrap();
                first.send(now, key(2), PATH, Channel::Reliable, &[tick]).unwrap();
                at(&mut second, now)
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn identity(name: u8) -> Identity {
    Identity::from_secret(&[name; 32])
}

fn key(name: u8) -> PeerKey {
    identity(name).peer_key()
}

fn request(name: u8, room: &str, size: u8) -> JoinRequest {
    JoinRequest::new(Entry::Room(room.into()), size, identity(name))
}

/// Peers 1 and 2 with a path between them, of which everything has been read.
fn pair_of_peers(hub: &MemoryHub) -> (MemoryTransport, MemoryTransport) {
    let mut peers = (hub.join(&request(1, "ABC", 2)), hub.join(&request(2, "ABC", 2)));
    peers.0.request(TransportRequest::Attempt(key(2)));
    at(&mut peers.0, Duration::ZERO);
    at(&mut peers.1, Duration::ZERO);
    peers
}

/// Everything that has happened by `now`.
fn at(peer: &mut MemoryTransport, now: Duration) -> Vec<TransportEvent> {
    peer.poll(now);
    std::iter::from_fn(|| peer.poll_event()).collect()
}

/// The packets of events that are nothing else.
fn packets(events: &[TransportEvent]) -> Vec<&[u8]> {
    fn packet(event: &TransportEvent) -> &[u8] {
        match event {
            TransportEvent::Received { packet, .. } => packet,
            other => panic!("{other:?}"),
        }
    }
    events.iter().map(packet).collect()
}

#[test]
fn the_first_player_removes_and_bans_others_and_closes_the_room() {
    let hub = MemoryHub::new(NetworkConditions::wifi(), 1);
    let mut peers = [1, 2, 3].map(|name| hub.join(&request(name, "ABC", 4)));
    let kick = |name, ban| TransportRequest::Kick { peer: key(name), ban };
    peers[1].request(kick(3, true));
    peers[1].request(TransportRequest::Open(false));
    assert_eq!(at(&mut hub.join(&request(4, "ABC", 4)), Duration::ZERO).len(), 2, "it is let in");
    for (name, ban) in [(2, false), (3, true)] {
        peers[0].request(kick(name, ban));
        let reason = LeaveReason::Refused(Refusal::Kicked { banned: ban });
        let events = at(&mut peers[usize::from(name) - 1], Duration::ZERO);
        assert_eq!(events.last(), Some(&TransportEvent::Left(reason)));
        let told = TransportEvent::Kicked { peer: key(name), banned: ban };
        assert!(at(&mut peers[0], Duration::ZERO).contains(&told));
    }
    let refused = |name, refusal| {
        let left = TransportEvent::Left(LeaveReason::Refused(refusal));
        assert_eq!(at(&mut hub.join(&request(name, "ABC", 4)), Duration::ZERO), [left]);
    };
    refused(3, Refusal::Banned);
    peers[0].request(TransportRequest::Open(false));
    refused(2, Refusal::RoomClosed);
    peers[0].request(TransportRequest::Open(true));
    assert_eq!(at(&mut hub.join(&request(2, "ABC", 4)), Duration::ZERO).len(), 2);
}
