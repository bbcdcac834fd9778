//! Connections between peers.

use netplay_protocol::limits::{MAX_CONTROL_BYTES, MAX_DATAGRAM_BYTES, SEAL_BYTES};
use netplay_transport::{
    CandidateKind, Channel, PathId, PathKind, SendError, Transport, TransportEvent,
};

use crate::support::{Peer, key, request, server, until};

#[test]
fn two_peers_connect_directly_and_exchange_packets_on_both_channels() {
    let server = server();
    let mut pair = [1, 2].map(|n| Peer::join(request(&server.url(), n, 2)));
    let [first, second] = &mut pair;
    until(&mut [first, second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    first.send(2, Channel::Datagram, b"input");
    for n in 0..100u8 {
        second.send(1, Channel::Reliable, &[n]);
    }
    until(&mut [first, second], |peers| {
        peers[1].received(Channel::Datagram) == [b"input"]
            && peers[0].received(Channel::Reliable).len() == 100
    });
    let order: Vec<u8> = first.received(Channel::Reliable).iter().map(|packet| packet[0]).collect();
    assert!(order.is_sorted(), "{order:?}");

    let known = |event: &TransportEvent| {
        matches!(event, TransportEvent::PathKnown { kind: PathKind::Direct, candidates, .. }
            if candidates.local == CandidateKind::Host)
    };
    until(&mut [first, second], |peers| peers.iter().all(|peer| peer.events.iter().any(known)));
}

#[test]
fn four_peers_make_a_full_mesh() {
    let server = server();
    let mut peers = [1, 2, 3, 4].map(|n| Peer::join(request(&server.url(), n, 4)));
    let [a, b, c, d] = &mut peers;
    until(&mut [a, b, c, d], |peers| {
        let others = |me: usize| (1..=4).filter(move |n| usize::from(*n) != me + 1);
        peers.iter().enumerate().all(|(me, peer)| others(me).all(|n| peer.is_up(n)))
    });
    let rosters: Vec<_> = peers.iter().map(|peer| peer.roster().cloned()).collect();
    assert!(rosters.iter().all(|roster| *roster == rosters[0]), "{rosters:?}");
}

#[test]
fn packets_that_are_too_large_or_for_nobody_are_refused() {
    let server = server();
    let mut pair = [1, 2].map(|n| Peer::join(request(&server.url(), n, 2)));
    let [first, second] = &mut pair;
    let now = std::time::Duration::ZERO;
    let nobody = first.transport.send(now, key(9), PathId(1), Channel::Datagram, b"x");
    assert_eq!(nobody, Err(SendError::NoPath));
    until(&mut [first, second], |peers| peers[0].is_up(2));
    let path = first.path(2).unwrap();
    for (channel, most) in
        [(Channel::Datagram, MAX_DATAGRAM_BYTES), (Channel::Reliable, MAX_CONTROL_BYTES)]
    {
        // The limit is the same on every path, the encrypted one included.
        let most = most - SEAL_BYTES;
        let refused = first.transport.send(now, key(2), path, channel, &vec![0; most + 1]);
        assert_eq!(refused, Err(SendError::TooLarge(most + 1)));
        assert!(first.transport.send(now, key(2), path, channel, &vec![7; most]).is_ok());
        until(&mut [first, second], |peers| {
            peers[1].received(channel).iter().any(|packet| packet.len() == most)
        });
    }
}

#[test]
fn a_connection_outlives_the_signaling_server() {
    let server = server();
    let mut pair = [1, 2].map(|n| Peer::join(request(&server.url(), n, 2)));
    let [first, second] = &mut pair;
    until(&mut [first, second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    drop(server);
    let lost = |event: &TransportEvent| matches!(event, TransportEvent::SignalingLost { .. });
    until(&mut [first, second], |peers| peers.iter().all(|peer| peer.events.iter().any(lost)));
    first.send(2, Channel::Reliable, b"still here");
    until(&mut [first, second], |peers| !peers[1].received(Channel::Reliable).is_empty());
    assert_eq!((first.left(), second.left()), (None, None));
}

#[test]
fn a_peer_that_is_gone_takes_its_path_down_and_nothing_else() {
    let server = server();
    let mut peers = [1, 2, 3].map(|n| Peer::join(request(&server.url(), n, 3)));
    let [a, b, c] = &mut peers;
    until(&mut [a, b, c], |peers| {
        peers[0].is_up(2) && peers[0].is_up(3) && peers[1].is_up(3) && peers[2].is_up(1)
    });
    c.transport.leave();
    let down = |event: &TransportEvent| matches!(event, TransportEvent::PathDown { peer, .. } if *peer == key(3));
    until(&mut [a, b, c], |peers| peers[..2].iter().all(|peer| peer.events.iter().any(down)));
    a.send(2, Channel::Reliable, b"you and me");
    until(&mut [a, b], |peers| !peers[1].received(Channel::Reliable).is_empty());
}
