//! Which losses cost something, from the simulation of one peer through its link to that of another.

use super::network::Network;
use crate::path::PathKind;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// In how many updates somebody's simulation waited, in twenty seconds in which half of the datagrams are lost, up to so
/// many in a row.
fn waits(seed: u64, players: usize, most_in_a_row: u8) -> i32 {
    const UPDATES: i32 = 1200;
    let mut network = Network::playing(seed, players);
    let frames = |network: &Network| -> Vec<i32> {
        network.nodes.values().map(|node| node.simulation.as_ref().unwrap().frame).collect()
    };
    network.most_lost_in_a_row = most_in_a_row;
    let before = frames(&network);
    network.run(UPDATES as u32);
    let after = frames(&network);
    before.iter().zip(after).map(|(before, after)| UPDATES - (after - before)).max().unwrap()
}

#[test]
fn two_datagrams_lost_in_a_row_make_nobody_wait() {
    for (seed, players) in (0..10).flat_map(|seed| [2, 4].map(|players| (seed, players))) {
        assert_eq!(waits(seed, players, 2), 0, "seed {seed}, {players} players");
    }
}

#[test]
fn many_lost_in_a_row_do() {
    assert!(waits(1, 2, 12) > 0);
}

#[test]
fn every_input_of_a_peer_is_counted_once_for_the_path_on_which_it_came_first() {
    let mut network = Network::playing(3, 3);
    network.loss = 0.2;
    network.run(600);
    for (local, node) in &network.nodes {
        let traffic = node.room.traffic().unwrap().lock();
        for peer in node.room.peers() {
            let counted = peer.link().inputs_received(PathKind::Memory);
            let known = traffic.last_frame(peer.key()) + 1;
            assert!(known > 600, "{known}");
            assert_eq!(counted, known as u64, "{local} of {:?}", peer.key());
            assert_eq!(peer.link().inputs_received(PathKind::Relay), 0);
        }
    }
}
