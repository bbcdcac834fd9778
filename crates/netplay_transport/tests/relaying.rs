//! The policy `relay`: the server relays all packets.

use netplay_protocol::limits::{MAX_CONTROL_BYTES, MAX_DATAGRAM_BYTES, SEAL_BYTES};
use netplay_transport::{
    Channel, JoinRequest, PathKind, PathPolicy, Transport, TransportEvent, TransportRequest,
};

use crate::proxy::Proxy;
use crate::support::{Peer, key, request, server, until};

fn relayed(server: &str, n: u8, size: u8) -> Peer {
    Peer::join(JoinRequest { policy: PathPolicy::Relay, ..request(server, n, size) })
}

#[test]
fn both_channels_are_relayed_and_reliable_packets_arrive_in_order() {
    let server = server();
    let mut peers = [1, 2, 3].map(|n| relayed(&server.url(), n, 3));
    let [a, b, c] = &mut peers;
    until(&mut [a, b, c], |peers| {
        [(0, 2), (0, 3), (1, 1), (1, 3), (2, 1), (2, 2)].iter().all(|(at, n)| peers[*at].is_up(*n))
    });
    let direct = |event: &TransportEvent| matches!(event, TransportEvent::PathUp { kind, .. } if *kind != PathKind::Relay);
    assert_eq!(a.count(direct), 0);
    let numbers: Vec<Vec<u8>> = (0..200u8).map(|n| vec![n]).collect();
    for packet in &numbers {
        a.send(2, Channel::Reliable, packet);
    }
    a.send(2, Channel::Reliable, &vec![7; MAX_CONTROL_BYTES - SEAL_BYTES]);
    a.send(3, Channel::Datagram, &vec![8; MAX_DATAGRAM_BYTES - SEAL_BYTES]);
    until(&mut [a, b, c], |peers| {
        peers[1].received(Channel::Reliable).len() == 201
            && peers[2].received(Channel::Datagram).len() == 1
    });
    assert_eq!(b.received(Channel::Reliable)[..200], numbers);
    assert_eq!(b.received(Channel::Datagram).len() + c.received(Channel::Reliable).len(), 0);
}

#[test]
fn the_relay_can_be_opened_again_after_the_socket_was_cut() {
    let server = server();
    let proxy = Proxy::new(server.addr());
    let mut first = relayed(&server.url(), 1, 2);
    let mut second = relayed(&proxy.url(), 2, 2);
    until(&mut [&mut first, &mut second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    proxy.open(false);
    proxy.cut();
    let lost = |event: &TransportEvent| matches!(event, TransportEvent::SignalingLost { .. });
    until(&mut [&mut first, &mut second], |peers| peers[1].count(lost) == 1);
    assert!(!second.is_up(1), "what the server carried ends with its socket");
    proxy.open(true);
    let restored = |event: &TransportEvent| *event == TransportEvent::SignalingRestored;
    until(&mut [&mut first, &mut second], |peers| peers[1].count(restored) == 1);
    // The caller requests it again; the keys are still valid.
    second.transport.request(TransportRequest::OpenRelay(key(1)));
    until(&mut [&mut first, &mut second], |peers| peers[1].is_up(1));
    second.send(1, Channel::Reliable, b"back");
    first.send(2, Channel::Datagram, b"welcome back");
    until(&mut [&mut first, &mut second], |peers| {
        peers[0].received(Channel::Reliable) == [b"back"]
            && peers[1].received(Channel::Datagram) == [b"welcome back"]
    });
}

#[test]
fn a_peer_with_another_policy_is_not_relayed_to() {
    let server = server();
    let mut first = relayed(&server.url(), 1, 2);
    let mut second =
        Peer::join(JoinRequest { policy: PathPolicy::Direct, ..request(&server.url(), 2, 2) });
    until(&mut [&mut first, &mut second], |peers| {
        peers.iter().all(|peer| peer.roster().is_some_and(|roster| roster.is_complete()))
    });
    second.transport.leave();
    until(&mut [&mut first, &mut second], |peers| {
        peers[0].roster().is_some_and(|roster| roster.members.len() == 1)
    });
    assert!(!first.is_up(2) && !second.is_up(1));
}
