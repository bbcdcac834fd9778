//! Players that some have lost and others not: who is dropped, and how the others play on.

use netplay_protocol::{Accusation, Accusations, ControlMessage, DropProposal, InputResponse};

use super::network::{Network, TICK, key};
use crate::room::{EndReason, RoomEvent};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A peer accuses a player in front of these, as its signature allows, and proposes to drop it.
fn accuse(network: &mut Network, from: usize, player: usize, to: &[usize]) {
    let now = network.now;
    let room = &mut network.nodes.get_mut(&from).unwrap().room;
    let traffic = room.traffic().unwrap().clone();
    let signature = traffic.lock().accuse(key(player), 1);
    let recent = traffic.lock().recent(key(player));
    let accusations = vec![Accusation { accuser: from as u8, revision: 1, signature }];
    let (epoch, player, reason) = (1, player as u8, "it cheats".to_owned());
    for to in to {
        let accusations = accusations.clone();
        let proposal = ControlMessage::DropProposal(DropProposal {
            epoch,
            player,
            last_frame: recent.last_frame,
            inputs: recent.inputs.clone(),
            statement: recent.statement,
            accusations: accusations.clone(),
            reason: reason.clone(),
        });
        let reason = reason.clone();
        let message =
            ControlMessage::Accusations(Accusations { epoch, player, reason, accusations });
        room.send_control(now, key(*to), &message);
        room.send_control(now, key(*to), &proposal);
    }
}

fn nobody_is_dropped(network: &Network) -> bool {
    network.all().all(|peer| network.dropped(peer).is_empty() && network.ended(peer).is_none())
}

#[test]
fn one_accuser_drops_nobody() {
    for players in 3..=8 {
        let mut network = Network::playing(400 + players as u64, players);
        for to in 1..players {
            // To one alone, and to all.
            accuse(&mut network, 0, players - 1, &[to]);
            network.run(20);
        }
        let all: Vec<usize> = (1..players).collect();
        accuse(&mut network, 0, players - 1, &all);
        network.run(60 * 25);
        assert!(nobody_is_dropped(&network), "{network}");
        network.play_on(&(0..players).collect::<Vec<_>>());
    }
}

#[test]
fn more_than_half_of_the_others_drop_a_player() {
    let mut network = Network::playing(410, 5);
    for from in 0..2 {
        accuse(&mut network, from, 4, &[0, 1, 2, 3]);
        network.run(60);
        assert!(nobody_is_dropped(&network), "{network}");
    }
    network.cut.extend([(4, 2), (2, 4)]);
    network.run_until("it is dropped", |network| {
        (0..4).all(|peer| network.dropped(peer).keys().eq(&[4]))
    });
    network.play_on(&[0, 1, 2, 3]);
    network.run_until("it knows", |network| network.ended(4).is_some());
}

#[test]
fn two_players_who_lost_each_other_play_on_with_what_the_others_pass_on() {
    for players in [3, 4, 8] {
        for cut in [&[(0, 1), (1, 0)][..], &[(0, 1)]] {
            let mut network = Network::playing(420 + players as u64, players);
            network.loss = 0.02;
            network.cut.extend(cut);
            network.run(60 * 5);
            let (at, before) = (network.now, network.confirmed(network.all()));
            network.run(60 * 25);
            assert!(nobody_is_dropped(&network), "{network}");
            let frames = (network.now - at).as_secs_f64() / TICK.as_secs_f64();
            let played = f64::from(network.confirmed(network.all()) - before);
            assert!(played > 0.9 * frames, "{played} of {frames} frames: {network}");
            network.cut.clear();
            network.run(60 * 3);
            for peer in [0, 1] {
                let active = network.nodes[&peer].room.phase.active_match().unwrap();
                assert!(active.input_searches.is_empty(), "they hear each other again");
            }
            network.play_on(&(0..players).collect::<Vec<_>>());
        }
    }
}

#[test]
fn who_does_not_hear_a_player_and_is_told_nothing_of_it_ends_with_a_sentence() {
    let mut network = Network::playing(430, 3);
    network.tamper = Some(|_, mut message| {
        if let ControlMessage::InputResponse(InputResponse { inputs, statements }) = &mut message {
            inputs.player = 0;
            statements.clear();
        }
        message
    });
    network.cut.insert((1, 0));
    network.run_until("it has ended", |network| network.ended(0).is_some());
    let Some(EndReason::PeerLost { player: 1, detail }) = network.ended(0) else {
        panic!("{network}");
    };
    assert!(detail.contains("check your connection"), "{detail}");
    network.play_on(&[1, 2]);
}

#[test]
fn inputs_that_others_pass_on_are_believed_up_to_what_the_player_has_signed() {
    for seed in 0..6 {
        let mut network = Network::playing(440 + seed, 4);
        network.cut.extend([(1, 0), (0, 1)]);
        // Peer 2 lies about the inputs of player 1, now and then.
        network.tamper = Some(|(from, to), mut message| {
            if let ControlMessage::InputResponse(response) = &mut message
                && (from, to) == (2, 0)
                && let Some(byte) = response.inputs.inputs.last_mut()
                && *byte > 3
            {
                *byte ^= 0x40;
            }
            message
        });
        network.run(60 * 20);
        assert!(nobody_is_dropped(&network), "{network}");
        network.play_on(&[0, 1, 2, 3]);
    }
}

#[test]
fn who_signs_other_inputs_than_it_sends_to_one_player_drops_neither() {
    for seed in 0..6 {
        let mut network = Network::playing(450 + seed, 3);
        // What player 1 sends to peer 0 is not what it has signed.
        let room = &network.nodes[&0].room;
        let traffic = room.traffic().unwrap().clone();
        network.run(seed as u32 * 7);
        traffic.lock().forge_last_input(key(1));
        network.run(60 * 8);
        assert!(nobody_is_dropped(&network), "{network}");
        let again = |event: &&RoomEvent| matches!(event, RoomEvent::StartMatch(_));
        assert_eq!(network.nodes[&0].said.iter().filter(again).count(), 2, "{network}");
        network.play_on(&[0, 1, 2]);
    }
}

#[test]
fn a_survivor_who_does_not_agree_on_who_is_dropped_is_dropped() {
    let mut network = Network::playing(460, 4);
    network.tamper = Some(|(from, _), mut message| {
        if let ControlMessage::DropProposal(proposal) = &mut message
            && from == 1
        {
            proposal.epoch = 7;
        }
        message
    });
    network.crash(3);
    network.run_until("both are dropped", |network| {
        [0, 2].iter().all(|peer| network.dropped(*peer).keys().eq(&[1, 3]))
    });
    network.play_on(&[0, 2]);
}

#[test]
fn who_hears_a_player_again_withdraws_its_accusation() {
    let mut network = Network::playing(470, 3);
    network.cut.insert((2, 0));
    network.run(60 * 12);
    let has = |network: &Network, of: usize| {
        let active = network.nodes[&of].room.phase.active_match();
        active.is_some_and(|active| active.accusations.has(0, 2))
    };
    assert!(has(&network, 0) && has(&network, 1), "{network}");
    network.cut.clear();
    network.run(60 * 3);
    assert!(!has(&network, 0) && !has(&network, 1), "{network}");
    // Another one loses it for long, and the first one does not agree.
    network.cut.insert((2, 1));
    network.run(60 * 20);
    assert!(nobody_is_dropped(&network), "{network}");
    network.play_on(&[0, 1, 2]);
}
