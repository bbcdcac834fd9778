//! Players who keep a match from starting: they are left out in time, and nobody else is.

use std::collections::BTreeSet;
use std::time::Duration;

use netplay_protocol::{ControlMessage, SeedReveals, SeedWait};

use super::network::{Network, key, peer};
use super::node::Clock;
use super::watch::Tamper;
use crate::room::hello::roster_hash;
use crate::room::{EndReason, RoomEvent};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The player who withholds something.
const WITHHOLDER: usize = 1;
/// Frames in a second.
const SECOND: u32 = 60;

/// What the withholder says instead of its part of the seed of a match: its commitment and its nonce, or only its
/// nonce; to player 0, or to all.
fn withhold<const EPOCH: u16, const COMMITMENT: bool, const TO_ALL: bool>(
    (from, to): (usize, usize),
    message: ControlMessage,
) -> ControlMessage {
    let is_withheld = match &message {
        ControlMessage::SeedCommitment(it) => COMMITMENT && it.terms.epoch == EPOCH,
        ControlMessage::SeedReveal(it) => it.terms.epoch == EPOCH,
        ControlMessage::SeedReveals(_) => true,
        _ => false,
    };
    match is_withheld && from == WITHHOLDER && (TO_ALL || to == 0) {
        true => nothing(),
        false => message,
    }
}

/// Nonces of no exchange: they change nothing.
fn nothing() -> ControlMessage {
    ControlMessage::SeedReveals(SeedReveals { exchange: [0; 32], nonces: Vec::new() })
}

fn honest(players: usize) -> impl Iterator<Item = usize> {
    (0..players).filter(|peer| *peer != WITHHOLDER)
}

/// Which peers one has left out of the lobby, and why.
fn refused(network: &Network, by: usize) -> Vec<(usize, EndReason)> {
    let said = network.nodes[&by].said.iter().filter_map(|event| match event {
        RoomEvent::PeerRefused { reason: EndReason::CannotConnect { .. }, .. } => None,
        RoomEvent::PeerRefused { peer: it, reason, .. } => Some((peer(*it), reason.clone())),
        _ => None,
    });
    said.collect()
}

/// Panics if somebody honest left out somebody honest.
#[track_caller]
fn check_blame(network: &Network, players: usize) {
    for by in honest(players).filter(|by| network.nodes.contains_key(by)) {
        let blamed: BTreeSet<usize> = refused(network, by).iter().map(|(it, _)| *it).collect();
        assert!(blamed.iter().all(|it| *it == WITHHOLDER), "{by} blames {blamed:?}: {network}");
        let dropped = network.dropped(by);
        assert!(dropped.keys().all(|it| *it == WITHHOLDER), "{by} dropped {dropped:?}: {network}");
    }
}

fn lobby(seed: u64, players: usize, tamper: Tamper) -> Network {
    let mut network = Network::new(seed, players as u8);
    network.tamper = Some(tamper);
    (0..players).for_each(|peer| network.join(peer));
    network
}

/// Another one takes the place of the withholder, and all others play.
fn play_without(network: &mut Network, players: usize) {
    network.leave(WITHHOLDER);
    network.tamper = None;
    network.join(players);
    network.play_on(&honest(players).chain([players]).collect::<Vec<_>>());
    check_blame(network, players);
}

fn vote_all(network: &mut Network) {
    let now = network.now;
    network.nodes.values_mut().for_each(|node| node.room.vote_rematch(now));
}

/// Why a peer does not play with the withholder.
fn reason(network: &Network, by: usize) -> String {
    let refused = refused(network, by).first().map(|(_, reason)| reason.to_string());
    let ended = || network.ended(by).map(ToString::to_string);
    let dropped = || {
        network.nodes[&by].said.iter().find_map(|event| match event {
            RoomEvent::PlayerDisconnected { reason, .. } => Some(reason.clone()),
            _ => None,
        })
    };
    refused.or_else(dropped).or_else(ended).unwrap_or_default()
}

#[test]
fn who_withholds_its_part_from_all_is_left_out_of_the_lobby_by_all() {
    let cases: [(Tamper, &str); 2] = [
        (withhold::<1, false, true>, "it has kept back its number for the seed for 10 s"),
        (withhold::<1, true, true>, "it has kept back its commitment to a number for the seed"),
    ];
    for (players, (tamper, sentence)) in (2..=8).flat_map(|players| cases.map(|it| (players, it))) {
        let mut network = lobby(1100 + players as u64, players, tamper);
        network.run(9 * SECOND);
        assert!(honest(players).all(|by| reason(&network, by).is_empty()), "{network}");
        network.run(2 * SECOND);
        for by in honest(players) {
            let reason = reason(&network, by);
            assert!(reason.starts_with("player 2 cannot be played with: "), "{by}: {reason:?}");
            assert!(reason.contains(sentence), "{by}: {reason:?}");
            assert_eq!(network.ended(by).is_some(), players == 2, "{network}");
            assert!(refused(&network, by).len() < 2, "told once: {network}");
        }
        if players > 2 {
            network.run(30 * SECOND);
            assert!(honest(players).all(|by| refused(&network, by).len() == 1), "{network}");
            play_without(&mut network, players);
        }
    }
}

#[test]
fn a_nonce_that_is_withheld_from_one_comes_from_another_one() {
    for players in 3..=8 {
        let mut network = lobby(1120, players, withhold::<1, false, false>);
        network.play_on(&(0..players).collect::<Vec<_>>());
        check_blame(&network, players);
    }
}

#[test]
fn who_withholds_its_commitment_from_one_is_left_out_by_that_one_which_nobody_blames() {
    for players in 3..=8 {
        let mut network = lobby(1130, players, withhold::<1, true, false>);
        network.run(11 * SECOND);
        assert!(reason(&network, 0).contains("kept back its commitment"), "{network}");
        // The others cannot know which of the two is at fault.
        network.run(30 * SECOND);
        check_blame(&network, players);
        assert!(network.all().all(|peer| network.started(peer).is_none()), "{network}");
        play_without(&mut network, players);
    }
}

#[test]
fn who_withholds_its_part_of_a_rematch_is_dropped_and_the_others_play_it() {
    let cases: [Tamper; 2] = [withhold::<2, false, true>, withhold::<2, true, true>];
    for (players, tamper) in (2..=8).flat_map(|players| cases.map(|it| (players, it))) {
        let mut network = lobby(1140 + players as u64, players, tamper);
        network.play_on(&(0..players).collect::<Vec<_>>());
        vote_all(&mut network);
        network.run(9 * SECOND);
        assert!(honest(players).all(|by| network.dropped(by).is_empty()), "{network}");
        network.run(3 * SECOND);
        check_blame(&network, players);
        for by in honest(players) {
            let reason = reason(&network, by);
            assert!(reason.contains("it has kept back its"), "{by}: {reason:?}: {network}");
            assert_eq!(network.ended(by).is_some(), players == 2, "{network}");
        }
        if players > 2 {
            network.run_until("the rematch", |network| {
                honest(players).all(|by| network.started(by).is_some_and(|it| it.epoch == 2))
            });
            network.play_on(&honest(players).collect::<Vec<_>>());
        }
    }
}

#[test]
fn who_withholds_its_commitment_to_a_rematch_from_one_plays_the_match_until_it_leaves() {
    for players in 3..=8 {
        let mut network = lobby(1150 + players as u64, players, withhold::<2, true, false>);
        network.play_on(&(0..players).collect::<Vec<_>>());
        vote_all(&mut network);
        // Nobody but player 0 can know that it is at fault, and one alone drops nobody.
        network.run(20 * SECOND);
        assert!(network.all().all(|by| network.dropped(by).is_empty()), "{network}");
        network.play_on(&(0..players).collect::<Vec<_>>());
        network.leave(WITHHOLDER);
        network.run_until("the rematch", |network| {
            honest(players).all(|by| network.started(by).is_some_and(|it| it.epoch == 2))
        });
        check_blame(&network, players);
        network.play_on(&honest(players).collect::<Vec<_>>());
    }
}

#[test]
fn who_does_not_vote_for_a_rematch_is_not_blamed() {
    let mut network = Network::playing(1160, 3);
    let now = network.now;
    for voter in [0, 2] {
        network.nodes.get_mut(&voter).unwrap().room.vote_rematch(now);
    }
    network.run(60 * SECOND);
    assert!(network.all().all(|by| network.dropped(by).is_empty()), "{network}");
    vote_all(&mut network);
    network.run_until("the rematch", |network| {
        network.all().all(|by| network.started(by).is_some_and(|it| it.epoch == 2))
    });
    network.play_on(&[0, 1, 2]);
}

/// A lobby in which a player is waited for at least five seconds, and forty where one may have a reason.
fn hasty_lobby(seed: u64, players: usize, tamper: Tamper) -> Network {
    let mut network = Network::configured(seed, players as u8, |_, config| {
        config.disconnect_timeout = Duration::from_secs(2);
    });
    network.tamper = Some(tamper);
    (0..players).for_each(|peer| network.join(peer));
    network
}

#[test]
fn who_withholds_is_left_out_although_datagrams_are_lost_and_processes_restart() {
    for seed in 0..12 {
        let players = 3 + seed as usize % 3;
        let tampers: [Tamper; 2] = [withhold::<1, false, true>, withhold::<1, true, true>];
        let mut network = hasty_lobby(1200 + seed, players, tampers[seed as usize % 2]);
        network.loss = 0.1;
        network.jitter = Duration::from_millis(30);
        network.run(seed as u32 * SECOND / 3);
        // Who has all nonces begins the match alone, and would have another one rejoin it.
        let restarted = if seed % 2 == 0 { WITHHOLDER } else { 2 };
        network.restart(restarted);
        network.run(6 * SECOND);
        // Who restarts may rejoin a match, and so may others for all that it knows.
        for by in honest(players).filter(|by| ![*by, WITHHOLDER].contains(&restarted)) {
            assert!(
                reason(&network, by).contains("it has kept back its"),
                "seed {seed}: {network}"
            );
        }
        network.run(40 * SECOND);
        for by in honest(players) {
            assert!(
                reason(&network, by).contains("it has kept back its"),
                "seed {seed}: {network}"
            );
        }
        check_blame(&network, players);
        play_without(&mut network, players);
    }
}

#[test]
fn restarts_do_not_save_who_withholds() {
    for players in [2, 3] {
        let mut network = hasty_lobby(1230, players, withhold::<1, true, true>);
        for _ in 0..26 {
            network.run(3 * SECOND);
            if reason(&network, 0).is_empty() {
                network.restart(WITHHOLDER);
            }
        }
        assert!(reason(&network, 0).contains("kept back its commitment"), "{network}");
        check_blame(&network, players);
    }
}

#[test]
fn nobody_is_blamed_whose_path_or_process_is_interrupted() {
    for (players, both) in [(2, true), (2, false), (3, true), (3, false), (5, true), (5, false)] {
        for at in [0, 1, 2, 3, 4, 6] {
            let mut network = Network::new(1240, players as u8);
            (0..players).for_each(|peer| network.join(peer));
            network.run(at);
            network.cut.insert((0, 1));
            if both {
                network.cut.insert((1, 0));
            }
            // Later, a match may start with the help of the others, and it drops who is silent.
            network.run(if at < 3 { 30 } else { 8 } * SECOND);
            network.cut.clear();
            network.play_on(&(0..players).collect::<Vec<_>>());
            let quiet = |by| refused(&network, by).is_empty() && network.dropped(by).is_empty();
            assert!((0..players).all(quiet), "{players} players, {at}: {network}");
        }
    }
    for at in 0..6 {
        let mut network = Network::new(1250, 3);
        (0..3).for_each(|peer| network.join(peer));
        network.run(at);
        network.nodes.get_mut(&2).unwrap().clock = Clock::ProcessStopped;
        network.run(9 * SECOND);
        network.nodes.get_mut(&2).unwrap().clock = Clock::Runs;
        network.play_on(&[0, 1, 2]);
        assert!((0..3).all(|by| refused(&network, by).is_empty()), "{at}: {network}");
    }
}

#[test]
fn an_honest_player_is_not_blamed_for_one_that_it_cannot_hear() {
    let mut network = Network::new(1260, 4);
    (0..4).for_each(|peer| network.join(peer));
    network.run(2);
    // Two hear nothing of each other, and the two others hear everybody.
    network.cut.extend([(2, 3), (3, 2)]);
    network.run(40 * SECOND);
    assert!((0..4).all(|by| refused(&network, by).is_empty()), "{network}");
    network.cut.clear();
    network.play_on(&[0, 1, 2, 3]);
}

#[test]
fn who_says_that_it_waits_for_somebody_who_owes_it_nothing_is_left_out_by_that_one() {
    let mut network = lobby(1270, 3, withhold::<1, false, true>);
    for _ in 0..12 {
        network.run(SECOND);
        let now = network.now;
        let room = &mut network.nodes.get_mut(&WITHHOLDER).unwrap().room;
        let roster = roster_hash(&room.roster);
        let wait = ControlMessage::SeedWait(SeedWait { roster, epoch: 1, players: 0b001 });
        [0, 2].iter().for_each(|to| room.send_control(now, key(*to), &wait));
    }
    assert!(reason(&network, 0).contains("it has waited for us for 10 s"), "{network}");
    check_blame(&network, 3);
    play_without(&mut network, 3);
}

#[test]
fn who_never_agrees_to_the_players_is_left_out_later() {
    let mut network = hasty_lobby(1280, 3, |(from, _), mut message| {
        if let (WITHHOLDER, ControlMessage::Hello(hello)) = (from, &mut message) {
            hello.roster ^= 1;
        }
        message
    });
    network.run(38 * SECOND);
    assert!([0, 2].iter().all(|by| refused(&network, *by).is_empty()), "{network}");
    network.run(4 * SECOND);
    for by in [0, 2] {
        assert!(reason(&network, by).contains("not said that it plays with us"), "{network}");
    }
    play_without(&mut network, 3);
}

#[test]
fn who_reveals_something_else_than_it_committed_to_is_left_out_at_once() {
    for players in 2..=8 {
        let mut network = lobby(1290, players, |(from, _), mut message| {
            if let (WITHHOLDER, ControlMessage::SeedReveal(reveal)) = (from, &mut message) {
                reveal.nonce[0] ^= 1;
            }
            message
        });
        network.run(SECOND);
        for by in honest(players) {
            let reason = reason(&network, by);
            assert!(reason.contains("it revealed another number"), "{by}: {reason}");
        }
        check_blame(&network, players);
    }
}
