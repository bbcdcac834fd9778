//! Several matches on the same links.

use super::network::{Network, key};
use crate::room::RoomEvent;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn vote(network: &mut Network, peer: usize) {
    let now = network.now;
    network.nodes.get_mut(&peer).unwrap().room.vote_rematch(now);
}

fn epochs(network: &Network) -> Vec<u16> {
    network.all().filter_map(|peer| Some(network.started(peer)?.epoch)).collect()
}

#[test]
fn a_rematch_waits_for_every_vote_and_counts_each_once() {
    let mut network = Network::playing(20, 3);
    let seed = network.started(0).unwrap().seed;
    for peer in [2, 0, 0, 2] {
        vote(&mut network, peer);
        network.run(30);
        assert_eq!(epochs(&network), [1, 1, 1], "{network}");
    }
    let wanted: Vec<_> = network.nodes[&1].said.iter().collect();
    for (peer, player) in [(key(2), 2), (key(0), 0)] {
        let event = RoomEvent::RematchWanted { peer, player };
        assert_eq!(wanted.iter().filter(|it| ***it == event).count(), 1, "{network}");
    }
    vote(&mut network, 1);
    network.run_until("the rematch", |network| epochs(network) == [2, 2, 2]);
    network.play_on(&[0, 1, 2]);
    assert_ne!(network.started(0).unwrap().seed, seed);
}

#[test]
fn a_rematch_is_played_without_those_who_were_dropped() {
    let mut network = Network::playing(21, 3);
    network.leave(0);
    network.run_until("it is dropped", |network| {
        [1, 2].iter().all(|peer| network.dropped(*peer).len() == 1)
    });
    vote(&mut network, 1);
    vote(&mut network, 2);
    network.run_until("the rematch", |network| epochs(network) == [2, 2]);
    network.play_on(&[1, 2]);
    assert_eq!(network.started(2).unwrap().local_player, 2);
    // From the first frame on, the dropped player is disconnected.
    let history = network.simulation(1).unwrap().history(60);
    assert!(history[0].iter().all(|input| *input == [0, 1]), "{:?}", history[0]);
}

#[test]
fn a_vote_for_the_next_match_counts_for_the_one_that_starts() {
    let mut network = Network::new(22, 3);
    (0..3).for_each(|peer| network.join(peer));
    // Peer 0 starts the match and votes for the next before peer 1 has all votes for it.
    let has_voted = |network: &Network| network.nodes[&1].said.contains(&RoomEvent::Synchronizing);
    network.run_until("peer 1 has voted", has_voted);
    network.lose(2, 1);
    network.lose(0, 1);
    network.run_until("peer 0 plays", |network| network.started(0).is_some());
    assert!(network.started(1).is_none(), "{network}");
    vote(&mut network, 0);
    network.run(30);
    network.cut.clear();
    network.play_on(&[0, 1, 2]);
    vote(&mut network, 1);
    vote(&mut network, 2);
    network.run_until("the rematch", |network| epochs(network) == [2, 2, 2]);
    network.play_on(&[0, 1, 2]);
}
