//! Players who tell different peers different inputs, and peers who lie about the inputs of others.

use netplay_protocol::ControlMessage;

use super::network::{Network, TICK, key};
use crate::room::RoomEvent;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A match in which player 0 lies to these from a frame on.
fn lied_to(seed: u64, players: usize, to: &[usize], from: i32) -> Network {
    let mut network = Network::new(seed, players as u8);
    network.join_liar(0, to, from);
    (1..players).for_each(|peer| network.join(peer));
    network
}

fn survivors(players: usize) -> Vec<usize> {
    (1..players).collect()
}

/// Why a peer dropped player 0.
fn reason(network: &Network, peer: usize) -> Option<&str> {
    network.nodes[&peer].said.iter().find_map(|event| match event {
        RoomEvent::PlayerDisconnected { player: 0, reason, .. } => Some(reason.as_str()),
        _ => None,
    })
}

#[test]
fn who_tells_two_peers_different_inputs_is_found_within_two_seconds_and_the_others_play_on() {
    for players in 3..=8 {
        for from in [70, 150, 179, 180, 181] {
            let to: Vec<usize> = (1..players).step_by(2).collect();
            let mut network = lied_to(from as u64, players, &to, from);
            // Nobody notices anything before the lie.
            network.run_until("it lies", |network| {
                network.simulation(0).is_some_and(|simulation| simulation.frame > from)
            });
            assert!(survivors(players).iter().all(|peer| network.dropped(*peer).is_empty()));
            let lied_at = network.now;
            network.run_until("it is found", |network| {
                survivors(players).iter().all(|peer| !network.dropped(*peer).is_empty())
            });
            let after = network.now - lied_at;
            assert!(after <= TICK * 120, "{players} players, from {from}: {after:?}");
            for peer in survivors(players) {
                let reason = reason(&network, peer).unwrap();
                assert!(reason.contains("different inputs"), "{reason}: {network}");
            }
            network.play_on(&survivors(players));
            assert_eq!(network.dropped(1), network.dropped(2), "{network}");
        }
    }
}

#[test]
fn a_lie_with_losses_and_jitter_parts_nobody() {
    for seed in 0..30 {
        let players = 3 + seed as usize % 4;
        let to: Vec<usize> = (1..players).filter(|peer| seed >> peer & 1 == 1).collect();
        let mut network = lied_to(seed, players, &to, 100 + seed as i32 * 7);
        (network.loss, network.jitter) = (0.1, TICK * 2);
        let lies = !to.is_empty() && to.len() < players - 1;
        network.run_until("they play", |network| network.confirmed([1]) > 60);
        let dropped = |network: &Network| {
            survivors(players).iter().all(|peer| !network.dropped(*peer).is_empty())
        };
        if lies {
            network.run_until("it is found", dropped);
        }
        network.play_on(&survivors(players));
    }
}

#[test]
fn a_player_who_is_lost_in_the_middle_of_its_lie_ends_with_the_same_inputs_everywhere() {
    for seed in 0..40 {
        let players = 3 + seed as usize % 3;
        let from = 150 + seed as i32;
        let mut network = lied_to(seed, players, &[1], from);
        network.run_until("it lies", |network| {
            network.simulation(0).is_some_and(|simulation| simulation.frame > from)
        });
        // Nobody has anything signed of what came since.
        network.run(seed as u32 % 20);
        network.twin = None;
        network.crash(0);
        network.run_until("it is dropped", |network| {
            survivors(players).iter().all(|peer| !network.dropped(*peer).is_empty())
        });
        network.play_on(&survivors(players));
    }
}

#[test]
fn a_survivor_who_proposes_different_inputs_to_different_others_parts_nobody() {
    for seed in 0..20 {
        let mut network = Network::playing(200 + seed, 4);
        network.cut.insert((0, 2));
        network.run(seed as u32 % 12);
        network.cut.clear();
        network.tamper = Some(|(from, to), mut message| {
            if let (1, ControlMessage::DropProposal(proposal)) = (from, &mut message)
                && let Some(at) = proposal.inputs.len().checked_sub(2 + 2 * to)
            {
                proposal.inputs[at] ^= to as u8;
            }
            message
        });
        network.crash(0);
        network.run_until("it is dropped", |network| {
            [1, 2, 3].iter().all(|peer| !network.dropped(*peer).is_empty())
        });
        network.play_on(&[2, 3]);
    }
}

#[test]
fn nobody_can_forge_what_a_dropped_player_has_signed() {
    let mut network = Network::playing(230, 4);
    network.run_until("all have its statements", |network| network.confirmed(network.all()) > 250);
    network.tamper = Some(|(from, _), mut message| {
        if let (1, ControlMessage::DropProposal(proposal)) = (from, &mut message)
            && let Some(input) = proposal.inputs.first_mut()
        {
            // Some 5 seconds ago: all that came since is signed.
            *input ^= 1;
        }
        message
    });
    let history: Vec<Vec<u8>> = network.simulation(2).unwrap().history(230)[0].to_vec();
    network.crash(0);
    network.run_until("it is dropped", |network| {
        [2, 3].iter().all(|peer| !network.dropped(*peer).is_empty())
    });
    network.play_on(&[2, 3]);
    assert_eq!(network.simulation(2).unwrap().history(230)[0], history);
}

#[test]
fn a_player_who_rejoins_believes_signatures_and_most_of_the_others() {
    for forged in 0..4 {
        for liar in [1, 2, 3] {
            let mut network = Network::playing(240 + forged, 4);
            network.run_until("it is long", |network| network.confirmed(network.all()) > 250);
            network.tamper = match (forged, liar) {
                (_, 1) => Some(|(from, to), message| forge(from == 1, to, message)),
                (_, 2) => Some(|(from, to), message| forge(from == 2, to, message)),
                _ => Some(|(from, to), message| forge(from == 3, to, message)),
            };
            network.restart(0);
            network.run_until("it is back", |network| network.started(0).is_some());
            network.play_on(&[0, 1, 2, 3]);
            assert!(network.dropped(0).is_empty(), "{network}");
        }
    }
}

/// Changes the inputs of everybody that a peer tells one who rejoins.
fn forge(lies: bool, to: usize, mut message: ControlMessage) -> ControlMessage {
    if let ControlMessage::InputLogChunk(chunk) = &mut message
        && lies
        && to == 0
    {
        // Another input byte in the run-length encoded differences, of the same length.
        if let Some(byte) = chunk.inputs.iter_mut().rev().find(|byte| **byte > 3) {
            *byte ^= 0x40;
        }
    }
    message
}

#[test]
fn a_statement_that_nobody_signed_counts_for_nothing() {
    let mut network = Network::playing(250, 3);
    let now = network.now;
    let epoch = 1;
    let ours = network.nodes[&1].room.traffic().unwrap().lock().statement(key(0)).unwrap();
    let forged = netplay_protocol::InputStatement { digest: ours.digest.next(0, &[1]), ..ours };
    let proof = netplay_protocol::Equivocation { epoch, player: 0, statements: [ours, forged] };
    let room = &mut network.nodes.get_mut(&1).unwrap().room;
    room.handle_equivocation(now, key(2), &proof);
    let twice = netplay_protocol::Equivocation { epoch, player: 0, statements: [ours, ours] };
    room.handle_equivocation(now, key(2), &twice);
    network.play_on(&[0, 1, 2]);
    assert!(network.dropped(1).is_empty(), "{network}");
}
