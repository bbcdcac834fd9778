//! A lost socket, a restarted server, several servers: the place in the room is kept.

use std::time::Duration;

use netplay_protocol::signaling::{Presence, Refusal};
use netplay_server::ServerConfig;
use netplay_transport::{Channel, JoinRequest, LeaveReason, Transport, TransportEvent};

use crate::proxy::Proxy;
use crate::support::{Peer, key, nowhere, patient, request, server, server_with, until};

fn lost(peer: &Peer) -> usize {
    peer.count(|event| matches!(event, TransportEvent::SignalingLost { .. }))
}

fn restored(peer: &Peer) -> usize {
    peer.count(|event| matches!(event, TransportEvent::SignalingRestored))
}

fn seen(peer: &Peer, of: u8, presence: Presence) -> usize {
    let expected = TransportEvent::Presence { peer: key(of), presence };
    peer.count(|event| *event == expected)
}

#[test]
fn a_cut_socket_costs_neither_the_place_in_the_room_nor_the_connections() {
    let server = server();
    let proxy = Proxy::new(server.addr());
    let mut first = Peer::join(request(&server.url(), 1, 3));
    let mut second = Peer::join(request(&proxy.url(), 2, 3));
    until(&mut [&mut first, &mut second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    proxy.cut();
    until(&mut [&mut first, &mut second], |peers| restored(peers[1]) == 1);
    until(&mut [&mut first, &mut second], |peers| seen(peers[0], 2, Presence::Online) == 1);
    assert_eq!((lost(&second), seen(&first, 2, Presence::Away)), (1, 1));
    // Signaling works again: a third player connects to both.
    let mut third = Peer::join(request(&server.url(), 3, 3));
    until(&mut [&mut first, &mut second, &mut third], |peers| {
        peers[2].is_up(1) && peers[2].is_up(2) && peers[1].is_up(3)
    });
    let went_down = |event: &TransportEvent| matches!(event, TransportEvent::PathDown { .. });
    assert_eq!(first.count(went_down) + second.count(went_down), 0);
    assert_eq!(first.roster(), third.roster());
}

#[test]
fn a_player_who_comes_while_another_is_away_is_connected_once_it_is_back() {
    let server = server();
    let proxy = Proxy::new(server.addr());
    let mut first = Peer::join(request(&proxy.url(), 1, 2));
    until(&mut [&mut first], |peers| peers[0].roster().is_some());
    proxy.open(false);
    proxy.cut();
    // The second peer answers: the offer of the first is sent only when the first is back.
    let mut second = Peer::join(request(&server.url(), 2, 2));
    until(&mut [&mut first, &mut second], |peers| seen(peers[1], 1, Presence::Away) == 1);
    proxy.open(true);
    until(&mut [&mut first, &mut second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
}

#[test]
fn signals_to_somebody_who_is_away_are_kept() {
    let server = server();
    let proxy = Proxy::new(server.addr());
    let mut second = Peer::join(request(&proxy.url(), 2, 2));
    until(&mut [&mut second], |peers| peers[0].roster().is_some());
    proxy.open(false);
    proxy.cut();
    until(&mut [&mut second], |peers| lost(peers[0]) == 1);
    // The first peer offers at once, to a peer that is away.
    let mut first = Peer::join(request(&server.url(), 1, 2));
    until(&mut [&mut first, &mut second], |peers| seen(peers[0], 2, Presence::Away) == 1);
    proxy.open(true);
    until(&mut [&mut first, &mut second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
}

#[test]
fn a_server_that_restarts_with_the_same_secret_admits_everybody_again() {
    let config = ServerConfig { secret: Some("sixteen letters.".into()), ..patient() };
    let before = server_with(config.clone());
    let proxy = Proxy::new(before.addr());
    let mut pair = [1, 2].map(|n| Peer::join(request(&proxy.url(), n, 2)));
    let [first, second] = &mut pair;
    until(&mut [first, second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    let roster = first.roster().cloned();
    proxy.open(false);
    drop(before);
    until(&mut [first, second], |peers| peers.iter().all(|peer| lost(peer) == 1));
    first.send(2, Channel::Reliable, b"the match goes on");
    until(&mut [first, second], |peers| !peers[1].received(Channel::Reliable).is_empty());
    let after = server_with(config);
    proxy.lead_to(after.addr());
    proxy.open(true);
    until(&mut [first, second], |peers| peers.iter().all(|peer| restored(peer) == 1));
    until(&mut [first, second], |peers| {
        seen(peers[0], 2, Presence::Online) + seen(peers[1], 1, Presence::Online) > 0
    });
    assert_eq!(first.roster().cloned(), roster);
    assert_eq!((first.left(), second.left()), (None, None));
}

#[test]
fn a_server_that_knows_nothing_of_the_room_ends_signaling_and_not_the_connection() {
    let before = server();
    let proxy = Proxy::new(before.addr());
    let mut pair = [1, 2].map(|n| Peer::join(request(&proxy.url(), n, 2)));
    let [first, second] = &mut pair;
    until(&mut [first, second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    // With another secret, it did not sign what the players show.
    let after = server();
    proxy.lead_to(after.addr());
    drop(before);
    until(&mut [first, second], |peers| peers.iter().all(|peer| lost(peer) == 1));
    first.send(2, Channel::Reliable, b"still here");
    until(&mut [first, second], |peers| !peers[1].received(Channel::Reliable).is_empty());
    assert_eq!((first.left(), second.left()), (None, None));
}

#[test]
fn nobody_waits_for_a_lost_server_longer_than_the_grace_period() {
    let grace = Duration::from_millis(300);
    let server = server_with(ServerConfig { grace, ..patient() });
    let mut peer = Peer::join(request(&server.url(), 1, 2));
    until(&mut [&mut peer], |peers| peers[0].roster().is_some());
    drop(server);
    until(&mut [&mut peer], |peers| peers[0].left().is_some());
    assert!(matches!(peer.left(), Some(LeaveReason::ServerGone(_))), "{:?}", peer.left());
}

#[test]
fn the_first_server_that_admits_the_peer_is_used() {
    let server = server();
    let servers = vec![nowhere(), server.url()];
    let mut first = Peer::join(JoinRequest { servers, ..request("", 1, 2) });
    let mut second = Peer::join(request(&server.url(), 2, 2));
    until(&mut [&mut first, &mut second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
}

#[test]
fn a_server_that_drains_sends_its_players_to_another_one() {
    let secret = Some("sixteen letters.".into());
    let other = server_with(ServerConfig { secret: secret.clone(), ..patient() });
    let alternate_server = Some(other.url());
    let server = server_with(ServerConfig { secret, alternate_server, ..patient() });
    let mut pair = [1, 2].map(|n| Peer::join(request(&server.url(), n, 2)));
    let [first, second] = &mut pair;
    until(&mut [first, second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    server.drain();
    until(&mut [first, second], |peers| peers.iter().all(|peer| restored(peer) == 1));
    assert_eq!((first.left(), second.left()), (None, None));
    let mut late = Peer::join(request(&server.url(), 3, 2));
    until(&mut [&mut late], |peers| peers[0].left().is_some());
    let ended = late.left().unwrap();
    let expected = matches!(
        ended,
        LeaveReason::Refused(Refusal::Draining | Refusal::ShuttingDown)
            | LeaveReason::Unreachable { .. }
            | LeaveReason::ServerGone(_)
    );
    assert!(expected, "{ended:?}");
}

#[test]
fn resuming_is_tried_again_and_again() {
    let grace = Duration::from_secs(60);
    let server = server_with(ServerConfig { grace, ..patient() });
    let proxy = Proxy::new(server.addr());
    let mut pair = [1, 2].map(|n| Peer::join(request(&proxy.url(), n, 2)));
    let [first, second] = &mut pair;
    until(&mut [first, second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    proxy.open(false);
    proxy.cut();
    let before = proxy.accepted();
    until(&mut [first, second], |_| proxy.accepted() >= before + 5);
    proxy.open(true);
    until(&mut [first, second], |peers| peers.iter().all(|peer| restored(peer) == 1));
    first.transport.leave();
    until(&mut [first, second], |peers| seen(peers[1], 1, Presence::Left) == 1);
}
