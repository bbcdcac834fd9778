//! Players who are dropped, while the others play on with the same inputs.

use super::network::{Network, key};
use crate::match_::{MAX_INPUT_BYTES, disconnected_input};
use crate::room::{EndReason, RoomEvent};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Waits until these have dropped those, and checks that all of them did after the same frames.
#[track_caller]
fn drop_and_play_on(network: &mut Network, survivors: &[usize], dropped: &[usize]) {
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

#[test]
fn two_players_who_lost_each_other_are_told_apart_by_the_third() {
    let mut network = Network::playing(95, 3);
    network.cut.extend([(0, 1), (1, 0)]);
    network.run_until("one of them has ended", |network| {
        [0, 1].iter().any(|peer| network.ended(*peer).is_some())
    });
    let (stays, out) = if network.ended(0).is_some() { (1, 0) } else { (0, 1) };
    drop_and_play_on(&mut network, &[stays, 2], &[out]);
    let left =
        |event: &RoomEvent| matches!(event, RoomEvent::PeerLeft { peer, .. } if *peer == key(out));
    assert_eq!(network.nodes[&2].said.iter().filter(|event| left(event)).count(), 1, "{network}");
}
