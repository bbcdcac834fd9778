//! Attempts of both sides at the same moment.

use std::collections::BTreeSet;

use netplay_transport::{Channel, PathId, Transport, TransportEvent, TransportRequest};

use crate::support::{Peer, key, request, server, until};

/// How many times both sides attempt at once.
const ROUNDS: usize = 12;

/// The paths to a peer that are up.
fn paths(peer: &Peer, to: u8) -> BTreeSet<PathId> {
    let mut up = BTreeSet::new();
    for event in &peer.events {
        match event {
            TransportEvent::PathUp { peer, path, .. } if *peer == key(to) => {
                up.insert(*path);
            }
            TransportEvent::PathDown { peer, path, .. } if *peer == key(to) => {
                up.remove(path);
            }
            _ => {}
        }
    }
    up
}

#[test]
fn offers_that_cross_end_in_one_path_that_both_sides_have() {
    let server = server();
    let mut pair = [1, 2].map(|n| Peer::join_quietly(request(&server.url(), n, 2)));
    let [first, second] = &mut pair;
    until(&mut [first, second], |peers| {
        peers.iter().all(|peer| peer.roster().is_some_and(|roster| roster.is_complete()))
    });
    for round in 0..ROUNDS {
        first.events.clear();
        second.events.clear();
        // Which offer is first varies with the order.
        let mut requests = [(0, 2), (1, 1)];
        requests.rotate_left(round % 2);
        for (n, to) in requests {
            let peer = if n == 0 { &mut *first } else { &mut *second };
            peer.transport.request(TransportRequest::Attempt(key(to)));
        }
        until(&mut [first, second], |peers| {
            let [one, other] = [paths(peers[0], 2), paths(peers[1], 1)];
            !one.is_empty() && one == other
        });
        // What is left of the attempt that was given up would open or fail before this has gone back and forth.
        for n in 0..10u8 {
            first.send(2, Channel::Reliable, &[n]);
            until(&mut [first, second], |peers| {
                peers[1].received(Channel::Reliable).last() == Some(&&[n][..])
            });
            second.send(1, Channel::Reliable, &[n]);
            until(&mut [first, second], |peers| {
                peers[0].received(Channel::Reliable).last() == Some(&&[n][..])
            });
        }
        for (peer, to) in [(&*first, 2), (&*second, 1)] {
            assert_eq!(paths(peer, to).len(), 1, "round {round}: {:?}", peer.events);
            let failed =
                |event: &TransportEvent| matches!(event, TransportEvent::AttemptFailed { .. });
            assert_eq!(peer.count(failed), 0, "round {round}: {:?}", peer.events);
        }
        let path = paths(first, 2).into_iter().next().unwrap();
        first.transport.request(TransportRequest::Close(key(2), path));
        until(&mut [first, second], |peers| paths(peers[1], 1).is_empty());
    }
}
