//! The seed of a match: the same on every peer, another one each time, and nobody's choice.

use std::collections::BTreeSet;
use std::time::Duration;

use netplay_protocol::{ControlMessage, seed};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::network::{Network, key};
use crate::room::{EndReason, RoomEvent};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn vote(network: &mut Network, peer: usize) {
    let now = network.now;
    network.nodes.get_mut(&peer).unwrap().room.vote_rematch(now);
}

fn play_again(network: &mut Network) {
    let epoch = network.started(0).unwrap().epoch;
    let all: Vec<usize> = network.all().collect();
    all.iter().for_each(|peer| vote(network, *peer));
    network.run_until("the rematch", |network| {
        all.iter().all(|peer| network.started(*peer).unwrap().epoch == epoch + 1)
    });
    network.play_on(&all);
}

/// When a peer said something of which this is so for the first time.
fn time_of(network: &mut Network, what: &str, is_so: fn(&RoomEvent) -> bool) -> Duration {
    network.run_until(what, |network| {
        network.all().all(|peer| network.nodes[&peer].said.iter().any(is_so))
    });
    network.now
}

#[test]
fn every_match_has_another_seed_which_all_of_its_players_have() {
    let mut seeds = BTreeSet::new();
    let mut matches = 0;
    for seed in 0..6 {
        let mut network = Network::playing(500 + seed, 2 + seed as usize % 3);
        network.play_on(&network.all().collect::<Vec<_>>());
        for _ in 0..3 {
            seeds.insert(network.started(0).unwrap().seed);
            matches += 1;
            play_again(&mut network);
        }
        assert!(network.all().all(|peer| network.dropped(peer).is_empty()), "{network}");
    }
    assert_eq!(seeds.len(), matches);
}

#[test]
fn a_match_starts_two_one_way_trips_after_the_last_path_is_there_and_a_rematch_one_after_the_vote()
{
    for players in [2, 4, 8] {
        let mut network = Network::new(510, players as u8);
        // Three frames, and none for what is done in an update.
        network.latency = Duration::from_micros(3 * 16_667);
        (0..players).for_each(|peer| network.join(peer));
        let connected =
            time_of(&mut network, "paths", |it| matches!(it, RoomEvent::PeerJoined { .. }));
        network.run_until("all paths", |network| {
            network.all().all(|peer| {
                let joined = |it: &&RoomEvent| matches!(it, RoomEvent::PeerJoined { .. });
                network.nodes[&peer].said.iter().filter(joined).count() == players - 1
            })
        });
        let all_connected = network.now.max(connected);
        let started =
            time_of(&mut network, "a match", |it| matches!(it, RoomEvent::StartMatch { .. }));
        assert!(started - all_connected <= network.latency * 2, "{:?}", started - all_connected);

        network.play_on(&network.all().collect::<Vec<_>>());
        let all: Vec<usize> = network.all().collect();
        all.iter().for_each(|peer| vote(&mut network, *peer));
        let voted = network.now;
        network.run_until("the rematch", |network| {
            all.iter().all(|peer| network.started(*peer).unwrap().epoch == 2)
        });
        // One more frame: the vote waits for the next update.
        let took = network.now - voted;
        assert!(took <= network.latency + Duration::from_micros(16_667), "{took:?}");
    }
}

#[test]
fn a_player_who_withholds_its_commitment_sees_no_nonce() {
    let mut network = Network::new(520, 3);
    (0..3).for_each(|peer| network.join(peer));
    // Its hello arrives, and nothing after it.
    network.run_until("player 2 says hello", |network| network.messages(2, 0) > 0);
    network.lose_after(2, 0, 1);
    network.run(120);
    let of = |network: &Network, peer| network.revealed.iter().any(|(it, _)| *it == peer);
    assert!(!of(&network, 0), "{network}");
    assert!(network.all().all(|peer| network.started(peer).is_none()), "{network}");
    network.cut.clear();
    network.play_on(&[0, 1, 2]);
}

/// Player 1 reveals another nonce than it has committed to.
fn forge((from, _): (usize, usize), mut message: ControlMessage) -> ControlMessage {
    if from == 1
        && let ControlMessage::SeedReveal(reveal) = &mut message
    {
        reveal.nonce[0] ^= 1;
    }
    if from == 1
        && let ControlMessage::SeedReveals(reveals) = &mut message
    {
        reveals.nonces[1][0] ^= 1;
    }
    message
}

#[test]
fn a_player_who_reveals_something_else_than_it_committed_to_is_not_played_with() {
    let mut network = Network::new(530, 3);
    network.tamper = Some(forge);
    (0..3).for_each(|peer| network.join(peer));
    let refused = |network: &Network| {
        network.nodes[&0].said.iter().find_map(|event| match event {
            RoomEvent::PeerRefused { player: 1, reason, .. } => Some(reason.clone()),
            _ => None,
        })
    };
    network.run_until("it is refused", |network| refused(network).is_some());
    let reason = refused(&network).unwrap();
    assert!(matches!(reason, EndReason::SeedViolation { player: 1, .. }), "{reason}");
    network.run(300);
    assert!([0, 2].iter().all(|peer| network.started(*peer).is_none()), "{network}");
    // It makes room for another one.
    network.leave(1);
    network.tamper = None;
    network.join(3);
    network.play_on(&[0, 2, 3]);
    let sentence = "player 2 cannot be played with: it revealed another number for the seed than it had committed to";
    assert_eq!(reason.to_string(), sentence);
}

#[test]
fn a_player_who_forges_its_part_of_a_rematch_is_dropped_and_the_others_play_on() {
    let mut network = Network::playing(531, 3);
    network.tamper = Some(forge);
    (0..3).for_each(|peer| vote(&mut network, peer));
    network.run_until("it is dropped", |network| {
        [0, 2].iter().all(|peer| network.dropped(*peer).contains_key(&1))
    });
    network.run_until("the rematch", |network| {
        [0, 2].iter().all(|peer| network.started(*peer).is_some_and(|start| start.epoch == 2))
    });
    network.play_on(&[0, 2]);
}

#[test]
fn a_player_who_tells_others_different_things_keeps_the_match_from_starting() {
    let mut network = Network::new(532, 3);
    // Player 1 has another nonce for player 0 than for player 2.
    network.tamper = Some(|way, mut message| {
        match &mut message {
            ControlMessage::SeedCommitment(it) if way == (1, 0) => {
                it.hash = seed::commitment(it.terms, key(1), &[9; 32]);
            }
            ControlMessage::SeedReveal(it) if way == (1, 0) => it.nonce = [9; 32],
            _ => {}
        }
        message
    });
    (0..3).for_each(|peer| network.join(peer));
    network.run(10 * 60);
    for peer in network.all() {
        assert!(network.started(peer).is_none() && network.ended(peer).is_none(), "{network}");
    }
    // It makes room for another one.
    network.leave(1);
    network.tamper = None;
    network.join(3);
    network.play_on(&[0, 2, 3]);
}

#[test]
fn a_match_that_started_for_one_starts_for_all_when_a_player_is_lost_meanwhile() {
    for seed in 0..16 {
        let mut random = Pcg32::seed_from_u64(seed);
        let mut network = Network::new(540 + seed, 4);
        (0..4).for_each(|peer| network.join(peer));
        // Player 1 hears nothing of player 3 any more when that one has revealed its nonce to player 0.
        network.run_until("player 3 has voted", |network| {
            network.nodes[&3].said.contains(&RoomEvent::Synchronizing)
        });
        network.lose(3, 1);
        network.run(1);
        network.run_until("player 0 plays", |network| network.started(0).is_some());
        match seed % 2 {
            0 => network.crash(3),
            _ => network.restart(3),
        }
        network.run(random.random_range(0..30));
        network.cut.clear();
        network.run_until("all play", |network| {
            [0, 1, 2].iter().all(|peer| network.started(*peer).is_some())
        });
        let all: Vec<usize> = network.all().collect();
        network.play_on(&all);
        assert_eq!(network.dropped(0).len(), usize::from(seed % 2 == 0), "{network}");
    }
}

#[test]
fn a_rematch_that_started_for_one_starts_for_all_when_a_player_is_lost_meanwhile() {
    for seed in 0..16 {
        let mut network = Network::playing(560 + seed, 3);
        [0, 1].iter().for_each(|peer| vote(&mut network, *peer));
        network.run(20);
        // The nonce of player 2 reaches player 0 only.
        network.cut.insert((2, 1));
        vote(&mut network, 2);
        network.run_until("player 0 plays again", |it| it.started(0).unwrap().epoch == 2);
        match seed % 2 {
            0 => network.crash(2),
            _ => network.restart(2),
        }
        network.cut.clear();
        network.run_until("both play again", |it| it.started(1).unwrap().epoch == 2);
        let all: Vec<usize> = network.all().collect();
        network.play_on(&all);
    }
}

#[test]
fn processes_that_restart_at_any_step_play_with_the_same_seed() {
    // In 1123, a player restarts whose last input another one has, and that one restarts as well.
    for seed in (0..150).chain([1123]) {
        let mut random = Pcg32::seed_from_u64(seed);
        let players = random.random_range(2..=4);
        let mut network = Network::new(600 + seed, players as u8);
        network.latency = Duration::from_millis(random.random_range(5..80));
        network.loss = [0.0, 0.1][random.random_range(0..2)];
        (0..players).for_each(|peer| network.join(peer));
        for _ in 0..random.random_range(1..=5) {
            network.run(random.random_range(0..12));
            let peer = random.random_range(0..players);
            network.restart(peer);
        }
        network.run_until("all play", |network| network.confirmed(0..players) >= 0);
        network.play_on(&(0..players).collect::<Vec<_>>());
    }
}

#[test]
fn processes_that_restart_at_any_step_of_a_rematch_play_it_with_the_same_seed() {
    for seed in 0..100 {
        let mut random = Pcg32::seed_from_u64(seed);
        let players = random.random_range(2..=4);
        let mut network = Network::playing(800 + seed, players);
        let first = network.started(0).unwrap().seed;
        for _ in 0..random.random_range(1..=4) {
            let (voter, restarted) =
                (random.random_range(0..players), random.random_range(0..players));
            if network.started(voter).is_some() {
                vote(&mut network, voter);
            }
            network.run(random.random_range(0..8));
            // Somebody must have kept the match.
            if (0..players).all(|peer| network.started(peer).is_some()) {
                network.restart(restarted);
            }
            network.run(random.random_range(0..30));
        }
        network.run_until("all play", |network| {
            (0..players).all(|peer| network.started(peer).is_some())
        });
        network.run(120);
        let epoch = network.started(0).unwrap().epoch;
        (0..players).for_each(|peer| vote(&mut network, peer));
        network.run_until("the rematch", |network| {
            (0..players).all(|peer| network.started(peer).is_some_and(|it| it.epoch == epoch + 1))
        });
        network.play_on(&(0..players).collect::<Vec<_>>());
        assert_ne!(network.started(0).unwrap().seed, first);
    }
}

#[test]
fn a_player_who_rejoins_learns_the_seed_and_exchanges_the_next_one() {
    let mut network = Network::playing(900, 3);
    let seed = network.started(1).unwrap().seed;
    // Two have revealed their nonces for the rematch already.
    [0, 1].iter().for_each(|peer| vote(&mut network, *peer));
    network.run(20);
    network.restart(1);
    network.run_until("it is back", |network| network.started(1).is_some());
    assert_eq!(network.started(1).unwrap().seed, seed);
    network.run(60);
    [1, 2].iter().for_each(|peer| vote(&mut network, *peer));
    network.run_until("the rematch", |network| {
        network.all().all(|peer| network.started(peer).unwrap().epoch == 2)
    });
    network.play_on(&[0, 1, 2]);
    assert_ne!(network.started(0).unwrap().seed, seed);
}

#[test]
fn a_player_who_is_told_of_different_seeds_rejoins_with_the_one_that_it_has_signed() {
    let mut network = Network::playing(910, 3);
    network.tamper = Some(|(from, _), mut message| {
        if let ControlMessage::RejoinState(state) = &mut message {
            state.seed ^= from as u64;
        }
        message
    });
    network.restart(2);
    network.run_until("it is back", |network| network.started(2).is_some());
    network.play_on(&[0, 1, 2]);
}
