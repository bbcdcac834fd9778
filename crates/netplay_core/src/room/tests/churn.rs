//! Peers that leave the lobby, come back and start at every moment: nobody is dropped who did not leave, and no room
//! waits for ever.

use netplay_protocol::{ControlMessage, DropProposal};

use super::network::{Network, key};
use crate::room::RoomEvent;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// How many frames after the first peer has joined something happens, at most: by then a match runs.
const STEPS: u32 = 40;

/// A peer leaves so many frames after all have joined, and it or another one joins so many frames later. Returns a hash
/// over everything that was sent.
fn leave_and_join(
    seed: u64,
    (players, leaving, joining): (usize, usize, usize),
    at: u32,
    later: u32,
) -> u64 {
    let mut network = Network::new(seed, players as u8);
    (0..players).for_each(|peer| network.join(peer));
    network.run(at);
    // A player who has revealed its part of the seed may be in a match that begins without it.
    let may_start = network.revealed.iter().any(|(peer, _)| *peer == leaving);
    // Its path outlives it, and so does what it has sent.
    network.leave_process(leaving);
    network.run(if may_start { 120 } else { later });
    let has_started =
        network.all().any(|peer| network.started(peer).is_some() || network.ended(peer).is_some());
    assert!(may_start || !has_started, "{at} + {later}: {network}");
    if !has_started {
        network.join(joining);
    }
    let all: Vec<usize> = network.all().filter(|peer| network.ended(*peer).is_none()).collect();
    assert!(all.len() > 1 || players == 2 && has_started, "{at} + {later}: {network}");
    if all.len() > 1 {
        network.play_on(&all);
    }
    for peer in &all {
        let dropped = network.dropped(*peer);
        assert!(dropped.keys().all(|player| has_started && *player == leaving), "{network}");
        assert_eq!(dropped.len(), usize::from(has_started), "{at} + {later}: {network}");
    }
    network.sent_hash
}

#[test]
fn who_leaves_the_lobby_and_comes_back_at_any_moment_plays() {
    for players in 2..=4 {
        for at in 0..STEPS {
            for later in [0, 1, 2, 5] {
                leave_and_join(u64::from(at), (players, players - 1, players - 1), at, later);
                leave_and_join(u64::from(at), (players, 0, players), at, later);
            }
        }
    }
}

/// A room in which somebody leaves and comes back. Returns a hash over everything that was sent.
pub(super) fn play(seed: u64) -> u64 {
    let (players, at) = (2 + seed as usize % 3, seed as u32 % STEPS);
    leave_and_join(seed, (players, 1, 1), at, seed as u32 % 4)
}

#[test]
fn who_left_the_lobby_does_not_speak_in_the_match_although_its_path_is_up() {
    let mut network = Network::new(1000, 3);
    (0..2).for_each(|peer| network.join(peer));
    network.run_until("there is a path", |network| {
        network.nodes[&0].said.contains(&RoomEvent::PeerJoined { peer: key(1) })
    });
    network.leave_silently(1);
    (2..4).for_each(|peer| network.join(peer));
    // It speaks of the match before, in and after its beginning.
    for _ in 0..200 {
        let now = network.now;
        for player in 0..3 {
            let proposal = ControlMessage::DropProposal(DropProposal {
                epoch: 1,
                player,
                last_frame: -1,
                inputs: Vec::new(),
                statement: None,
                accusations: vec![],
                reason: String::new(),
            });
            let room = &mut network.nodes.get_mut(&1).unwrap().room;
            room.send_control(now, key(0), &proposal);
            room.send_control(now, key(0), &ControlMessage::Bye { reason: "bye".into() });
        }
        network.run(1);
    }
    network.play_on(&[0, 2, 3]);
    for peer in [0, 2, 3] {
        assert!(network.dropped(peer).is_empty(), "{network}");
    }
    // Nor does its silence count.
    network.run(15 * 60);
    network.play_on(&[0, 2, 3]);
    assert!(network.dropped(0).is_empty(), "{network}");
    assert!(!network.nodes[&0].room.peers().any(|peer| peer.key() == key(1)), "{network}");
}
