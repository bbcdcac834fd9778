//! Joining, leaving, losing the server and coming back.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::transport::LeaveReason;

fn left(world: &World, peer: usize) -> Option<&LeaveReason> {
    world.peers[peer].events.iter().find_map(|event| match event {
        TransportEvent::Left(reason) => Some(reason),
        _ => None,
    })
}

#[test]
fn the_server_is_told_by_the_impolite_peer_how_packets_travel_once_for_each_type() {
    use ConnectionType::{Host, Relay};
    let mut world = World::new(3, PathPolicy::Any);
    let report = |world: &mut World, from: usize, to: usize, kind| {
        let to = world.key(to);
        world.request(from, TransportRequest::Connected(to, kind));
    };
    for kind in [Relay, Host, Relay, Host] {
        report(&mut world, 0, 1, kind);
        report(&mut world, 1, 0, kind);
    }
    let other = world.key(1);
    assert_eq!(world.connected, [(0, other, Relay), (0, other, Host)]);
    // Nobody else is one of the room.
    let stranger = PeerKey::from_bytes([255; 16]);
    world.request(0, TransportRequest::Connected(stranger, Host));
    assert_eq!(world.connected.len(), 2);
    world.restart(1);
    world.run(200 * MS);
    report(&mut world, 0, 1, Host);
    assert_eq!(world.connected.len(), 3, "a connection of another process");
    world.kill_server();
    report(&mut world, 0, 2, Host);
    assert_eq!(world.connected.len(), 3, "nobody to tell");
}

#[test]
fn joining_tells_the_room_and_its_members() {
    let world = World::new(3, PathPolicy::Any);
    let members: Vec<_> = (0..3).map(|peer| world.key(peer)).collect();
    for peer in &world.peers {
        assert!(matches!(
            &peer.events[0],
            TransportEvent::Joined { size: 3, resume_token: Some(_), .. }
        ));
        let roster = TransportEvent::Roster(Roster::new(3, members.clone()));
        assert!(peer.events.contains(&roster));
    }
}

#[test]
fn what_is_asked_for_while_joining_happens_when_the_server_answers() {
    let mut world = World::new(1, PathPolicy::Any);
    world.server = true;
    world.restart(0);
    world.request(0, TransportRequest::Playing(true));
    world.peers[0].negotiator.handle_leave(world.now);
    assert_eq!(left(&world, 0), None);
    world.run(50 * MS);
    assert_eq!(left(&world, 0), None, "reliable messages have time to get out");
    world.run(500 * MS);
    assert_eq!(left(&world, 0), Some(&LeaveReason::Requested));
    assert!(world.peers[0].negotiator.has_left());
    assert_eq!(world.peers[0].negotiator.poll_timeout(), None);
}

#[test]
fn a_peer_that_left_hears_and_says_nothing_more() {
    let mut world = World::new(2, PathPolicy::Any);
    world.peers[0].negotiator.handle_leave(world.now);
    world.peers[0].negotiator.handle_leave(world.now);
    world.attempt(0, 1);
    world.attempt(1, 0);
    world.run(500 * MS);
    let events = world.peers[0].events.clone();
    assert_eq!(events.last(), Some(&TransportEvent::Left(LeaveReason::Requested)));
    assert_eq!(world.peers[0].stacks.len(), 0);
    let request = TransportRequest::Attempt(world.key(1));
    world.request(0, request);
    world.run(500 * MS);
    assert_eq!(world.peers[0].events, events);
}

#[test]
fn without_a_connection_nobody_waits_for_the_server_longer_than_the_grace_period() {
    let mut world = World::new(2, PathPolicy::Any);
    world.kill_server();
    world.run(GRACE - MS);
    assert_eq!(left(&world, 0), None);
    world.run(2 * MS);
    assert!(matches!(left(&world, 0), Some(LeaveReason::ServerGone(_))));
}

#[test]
fn with_a_connection_the_game_goes_on_without_the_server() {
    let mut world = World::new(2, PathPolicy::Any);
    world.attempt(0, 1);
    world.run(500 * MS);
    let connection = world.connections(0, 1)[0];
    world.kill_server();
    world.run(3 * GRACE);
    assert_eq!((left(&world, 0), left(&world, 1)), (None, None));
    let lost = |event: &TransportEvent| matches!(event, TransportEvent::SignalingLost { .. });
    assert_eq!((world.count(0, lost), world.count(1, lost)), (1, 1));
    // The last connection closes: there is nothing left to wait for.
    let other = world.key(1);
    let reason = "it failed".to_owned();
    world.peers[0].negotiator.handle_attempt_ended(other, connection, reason);
    world.run(MS);
    assert!(matches!(left(&world, 0), Some(LeaveReason::ServerGone(_))));
}

#[test]
fn a_server_that_is_there_again_hears_whether_a_match_runs() {
    let mut world = World::new(2, PathPolicy::Any);
    world.request(0, TransportRequest::Playing(true));
    world.kill_server();
    world.server = true;
    world.run(400 * MS);
    let restored = |event: &TransportEvent| *event == TransportEvent::SignalingRestored;
    assert_eq!(world.count(0, restored), 1);
    assert!(world.peers[0].negotiator.is_online());
}

#[test]
fn another_network_has_the_server_checked() {
    let mut world = World::new(2, PathPolicy::Any);
    world.peers[0].negotiator.handle_network_change(world.now);
    world.run(5_000 * MS);
    assert!(world.peers[0].events.contains(&TransportEvent::NetworkChanged));
    assert!(world.peers[0].negotiator.is_online(), "it answers");
    world.forwards = Box::new(|_| false);
    world.peers[0].negotiator.handle_network_change(world.now);
    // The ping is sent, and nothing comes back.
    while world.peers[0].negotiator.poll_transmit().is_some() {}
    world.run(1_999 * MS);
    assert!(world.peers[0].negotiator.is_online());
    world.run(2 * MS);
    assert!(!world.peers[0].negotiator.is_online());
}

#[test]
fn who_is_removed_from_the_room_is_out_at_once_whatever_connections_it_has() {
    for (refusal, is_out) in
        [(Refusal::Kicked { banned: true }, true), (Refusal::Superseded, false)]
    {
        let mut world = World::new(2, PathPolicy::Any);
        world.attempt(0, 1);
        world.run(5_000 * MS);
        assert_eq!(world.connections(0, 1).len(), 1);
        world.tell(0, &ServerMessage::Refused { reason: refusal.clone() });
        world.run(50 * MS);
        let reason = LeaveReason::Refused(refusal);
        assert_eq!(left(&world, 0), is_out.then_some(&reason));
        assert_eq!(world.peers[0].negotiator.has_left(), is_out);
    }
}

#[test]
fn what_the_server_says_of_the_room_is_passed_on_and_only_changes_are() {
    let mut world = World::new(2, PathPolicy::Any);
    let events =
        |world: &World| world.count(0, |event| matches!(event, TransportEvent::RoomState(_)));
    assert_eq!(events(&world), 0, "the default is known");
    let closed = RoomState { open: false, ..RoomState::default() };
    for _ in 0..2 {
        world.tell(0, &ServerMessage::RoomState(closed));
        world.run(50 * MS);
    }
    assert_eq!(events(&world), 1);
    let peer = world.key(1);
    world.tell(0, &ServerMessage::KickVotes { peer, votes: 1, needed: 2 });
    world.tell(0, &ServerMessage::Kicked { peer, banned: false });
    world.run(50 * MS);
    let events = &world.peers[0].events;
    assert!(events.contains(&TransportEvent::KickVotes { peer, votes: 1, needed: 2 }));
    assert!(events.contains(&TransportEvent::Kicked { peer, banned: false }));
}
