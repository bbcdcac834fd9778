//! Players who are dropped, while the others play on with the same inputs.

use netplay_protocol::{ControlMessage, DropProposal};

use super::network::{Network, key};
use crate::match_::{MAX_INPUT_BYTES, disconnected_input};
use crate::room::{EndReason, RoomEvent};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Waits until these have dropped those, and checks that all of them did after the same frames.
#[track_caller]
pub(super) fn drop_and_play_on(network: &mut Network, survivors: &[usize], dropped: &[usize]) {
    network.run_until("they are dropped", |network| {
        survivors.iter().all(|peer| network.dropped(*peer).len() == dropped.len())
    });
    let first = network.dropped(survivors[0]);
    assert!(first.keys().eq(dropped), "{network}");
    assert!(survivors.iter().all(|peer| network.dropped(*peer) == first), "{network}");
    network.play_on(survivors);
    // Every input up to the last frame is the player's own, and every later one is synthesized.
    let disconnected =
        disconnected_input(&network.nodes[&survivors[0]].room.config().default_input);
    for (player, last) in &first {
        let history = network.simulation(survivors[0]).unwrap().history(last + 60);
        let inputs = &history[*player];
        let own = inputs.iter().take_while(|input| input.last() == Some(&0)).count() as i32;
        assert_eq!(own - 1, *last, "{network}");
        assert!(inputs[own as usize..].iter().all(|input| *input == disconnected), "{network}");
    }
}

#[test]
fn a_player_who_leaves_is_dropped_and_the_others_play_on() {
    for players in [3, 4, 8] {
        let mut network = Network::playing(30, players);
        network.leave(1);
        let survivors: Vec<usize> = (0..players).filter(|peer| *peer != 1).collect();
        drop_and_play_on(&mut network, &survivors, &[1]);
    }
}

#[test]
fn the_last_of_two_ends_with_the_reason() {
    let mut network = Network::playing(31, 2);
    network.leave(1);
    network.run(30);
    let detail = "they left the room".to_owned();
    assert_eq!(network.ended(0), Some(&EndReason::PeerLeft { player: 1, detail }), "{network}");

    let mut network = Network::playing(32, 2);
    network.crash(1);
    network.run(30);
    let detail = "the other player's game closed".to_owned();
    assert_eq!(network.ended(0), Some(&EndReason::PeerLost { player: 1, detail }), "{network}");
}

#[test]
fn a_player_who_is_silent_for_too_long_is_dropped_and_told_so() {
    let mut network = Network::playing(33, 3);
    network.cut.extend([(2, 0), (2, 1), (0, 2), (1, 2)]);
    network.run(9 * 60);
    assert!(network.dropped(0).is_empty(), "{network}");
    let interrupted = |event: &RoomEvent| matches!(event, RoomEvent::PeerInterrupted { .. });
    assert!(network.nodes[&0].said.iter().any(interrupted), "{network}");
    drop_and_play_on(&mut network, &[0, 1], &[2]);
    network.run_until("it has ended", |network| network.ended(2).is_some());
    assert!(matches!(network.ended(2), Some(EndReason::PeerLost { .. })), "{network}");
}

#[test]
fn inputs_that_reached_only_some_reach_everybody() {
    for (seed, frames) in (0..8).zip([1, 2, 4, 6, 8, 12, 20, 30]) {
        let mut network = Network::playing(40 + seed, 4);
        network.cut.insert((0, 1));
        network.run(frames);
        network.crash(0);
        drop_and_play_on(&mut network, &[1, 2, 3], &[0]);
    }
}

#[test]
fn the_largest_inputs_that_reached_only_some_reach_everybody() {
    for (seed, frames) in (0..4).zip([1, 6, 12, 30]) {
        let mut network = Network::playing_with(50 + seed, 4, |_, config| {
            config.default_input = [&[128; MAX_INPUT_BYTES - 1][..], &[0]].concat();
        });
        network.cut.insert((0, 1));
        network.run(frames);
        network.crash(0);
        drop_and_play_on(&mut network, &[1, 2, 3], &[0]);
    }
}

#[test]
fn two_players_are_dropped_at_once() {
    for seed in 0..12 {
        let mut network = Network::playing(60 + seed, 4);
        network.loss = 0.1;
        network.cut.insert((1, 0));
        network.cut.insert((3, 2));
        network.run(seed as u32);
        network.crash(1);
        match seed % 3 {
            0 => {}
            1 => network.run(1),
            _ => network.run(3),
        }
        network.crash(3);
        drop_and_play_on(&mut network, &[0, 2], &[1, 3]);
    }
}

#[test]
fn a_survivor_is_lost_in_the_middle_of_a_drop() {
    for seed in 0..12 {
        let mut network = Network::playing(80 + seed, 4);
        network.cut.insert((0, 1));
        network.run(4);
        network.leave(0);
        // Some proposals of peer 2 are on their way, and some will not arrive.
        network.run(seed as u32 / 2);
        network.cut.insert((2, 3));
        network.run(1);
        network.crash(2);
        drop_and_play_on(&mut network, &[1, 3], &[0, 2]);
    }
}

/// What peer 0 says to the others of a player, with so many inputs.
fn propose(network: &mut Network, to: &[usize], player: u8, last_frame: i32, inputs: usize) {
    let now = network.now;
    let proposal = ControlMessage::DropProposal(DropProposal {
        epoch: 1,
        player,
        last_frame,
        inputs: vec![0; 2 * inputs],
        statement: None,
        accusations: vec![],
        reason: "go".into(),
    });
    for to in to {
        network.nodes.get_mut(&0).unwrap().room.send_control(now, key(*to), &proposal);
    }
}

#[test]
fn proposals_far_ahead_are_taken_in_by_all_or_by_nobody_and_end_no_process() {
    for (first, second) in [(79, 143), (92, 143), (80, 81), (130, 200), (209, 5000), (40, 60)] {
        let mut network = Network::playing(95, 4);
        // One of the receivers is behind the other.
        network.run(3);
        let frame = network.simulation(1).unwrap().frame;
        for ahead in [first, second] {
            propose(&mut network, &[1, 2], 3, frame + ahead, 96);
            network.run(2);
        }
        // The others have lost it as well.
        network.crash(3);
        network.run(60 * 3);
        // The one who accused is not to be trusted, and has gone.
        network.crash(0);
        network.run(60 * 15);
        let playing: Vec<usize> =
            network.all().filter(|peer| network.simulation(*peer).is_some()).collect();
        assert!(playing.len() >= 2, "{first}, {second}: {network}");
        network.play_on(&playing);
        assert_eq!(network.dropped(1), network.dropped(2), "{network}");
    }
}

#[test]
fn a_proposal_to_drop_a_player_that_the_others_hear_drops_nobody() {
    let mut network = Network::playing(96, 3);
    let frame = network.simulation(1).unwrap().frame;
    propose(&mut network, &[1], 2, frame + 60, 0);
    propose(&mut network, &[1], 77, frame, 0);
    network.run(120);
    assert!(network.all().all(|peer| network.dropped(peer).is_empty()), "{network}");
    network.play_on(&[0, 1, 2]);
}
