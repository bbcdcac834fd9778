//! Games that stand still for seconds, in one update, before and in a match; and how many trips there are to a match.

use std::time::Duration;

use super::network::{Network, TICK, key};
use super::node::Clock;
use crate::room::{BetweenFrames, RoomEvent};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Three seconds.
const HITCH: u32 = 180;

fn set_clock(network: &mut Network, peer: usize, clock: Clock) {
    network.nodes.get_mut(&peer).unwrap().clock = clock;
}

/// A peer's game hitches, and then goes on. Panics if a room ends.
#[track_caller]
fn hitch(network: &mut Network, peer: usize, clock: Clock) {
    set_clock(network, peer, clock);
    network.run(HITCH);
    set_clock(network, peer, Clock::Runs);
    network.run(1);
    for other in network.all() {
        assert_eq!(network.ended(other), None, "{network}");
    }
}

/// What a peer was told of others who seemed to be silent or gone.
fn told(network: &Network, peer: usize) -> Vec<&RoomEvent> {
    let said = network.nodes[&peer].said.iter();
    let is_away = |event: &&RoomEvent| {
        matches!(
            event,
            RoomEvent::PeerInterrupted { .. }
                | RoomEvent::PlayerDisconnected { .. }
                | RoomEvent::PeerLeft { .. }
        )
    };
    said.filter(is_away).collect()
}

/// How many attempts a peer knows of.
fn attempts(network: &Network, peer: usize) -> u64 {
    let links = network.nodes[&peer].room.peers().map(|other| other.link().stats(network.now));
    links.map(|stats| stats.counters.attempts).sum()
}

#[test]
fn an_attempt_begins_with_the_roster_a_hello_with_the_path_and_a_match_two_trips_later() {
    let mut network = Network::new(1, 2);
    // What is sent in a step arrives in the next one.
    network.latency = Duration::ZERO;
    network.join(0);
    network.join(1);
    let mut reached = [None; 4];
    for step in 1..=10 {
        network.run(1);
        let rooms = || network.nodes.values().map(|node| &node.room);
        let is_so = [
            attempts(&network, 0).max(attempts(&network, 1)) == 1,
            rooms().all(|room| room.peers().all(|peer| peer.link().has_path())),
            rooms().all(|room| room.peers().all(|peer| peer.name().is_some())),
            rooms().all(|room| room.traffic().is_some()),
        ];
        for (reached, is_so) in reached.iter_mut().zip(is_so) {
            *reached = reached.or(is_so.then_some(step));
        }
    }
    assert_eq!(reached, [Some(1), Some(2), Some(3), Some(4)], "{network}");
}

#[test]
fn a_game_that_hitches_before_a_match_starts_it_with_the_others() {
    for players in 2..=4 {
        for joined_for in 1..12 {
            let hitching = joined_for as usize % players;
            let mut network = Network::new(2, players as u8);
            (0..players).for_each(|peer| network.join(peer));
            network.run(joined_for);
            set_clock(&mut network, hitching, Clock::Hitches);
            network.run(HITCH);
            let is_started = |peer: usize| network.nodes[&peer].room.traffic().is_some();
            assert!((0..players).all(is_started), "{joined_for}: {network}");
            set_clock(&mut network, hitching, Clock::Runs);
            network.play_on(&(0..players).collect::<Vec<_>>());
            for peer in 0..players {
                assert_eq!(told(&network, peer), [] as [&RoomEvent; 0], "{network}");
            }
        }
    }
}

#[test]
fn a_game_that_hitches_in_a_match_stands_still_and_neither_looks_dead_nor_makes_the_others_look_so()
{
    for players in 2..=4 {
        for seed in 0..4 {
            let hitching = seed as usize % players;
            let mut network = Network::playing(seed, players);
            network.latency = Duration::from_millis(10 + 30 * seed);
            network.run(60);
            let before: Vec<u64> = network.all().map(|peer| attempts(&network, peer)).collect();
            hitch(&mut network, hitching, Clock::Hitches);
            network.play_on(&(0..players).collect::<Vec<_>>());
            for (peer, before) in before.into_iter().enumerate() {
                assert_eq!(told(&network, peer), [] as [&RoomEvent; 0], "{network}");
                assert_eq!(attempts(&network, peer), before, "{network}");
                let stalls = network.nodes[&peer].said.iter().filter_map(|event| match event {
                    RoomEvent::PeerStalled { player, .. } => Some((*player, true)),
                    RoomEvent::PeerUnstalled { player, .. } => Some((*player, false)),
                    _ => None,
                });
                let expected = [(hitching, true), (hitching, false)];
                let expected = if peer == hitching { &[][..] } else { &expected };
                assert_eq!(stalls.collect::<Vec<_>>(), expected, "{network}");
            }
        }
    }
}

#[test]
fn a_game_that_hangs_is_dropped() {
    let mut network = Network::playing(3, 3);
    let since = network.now;
    set_clock(&mut network, 1, Clock::Hitches);
    network.run_until("it is dropped", |network| {
        [0, 2].iter().all(|peer| network.dropped(*peer).contains_key(&1))
    });
    let after = network.now - since;
    let limit = BetweenFrames::LONGEST_HITCH + Duration::from_secs(10);
    assert!(after >= limit - TICK * 20 && after < limit + TICK * 20, "{after:?}");
    network.play_on(&[0, 2]);
}

/// A page that is in one update for three seconds: nothing of it runs meanwhile.
#[test]
fn a_process_that_stands_still_for_three_seconds_keeps_its_place_before_a_match() {
    for players in 2..=4 {
        for joined_for in 0..12 {
            let stopped = joined_for as usize % players;
            let mut network = Network::new(4, players as u8);
            (0..players).for_each(|peer| network.join(peer));
            network.run(joined_for);
            hitch(&mut network, stopped, Clock::ProcessStopped);
            network.play_on(&(0..players).collect::<Vec<_>>());
            for peer in 0..players {
                let gone = told(&network, peer).into_iter().filter(|event| {
                    // The others may be told that it is silent; it may not be told that of them.
                    peer == stopped || !matches!(event, RoomEvent::PeerInterrupted { .. })
                });
                assert_eq!(gone.count(), 0, "{joined_for}: {network}");
            }
        }
    }
}

#[test]
fn a_process_that_stands_still_for_three_seconds_keeps_its_place_in_a_match() {
    for seed in 0..12 {
        let players = 2 + seed as usize % 3;
        let stopped = seed as usize % players;
        let mut network = Network::playing(10 + seed, players);
        // What is on its way from before counts as heard later.
        network.latency = Duration::from_millis(5 + 10 * seed);
        network.run(30);
        hitch(&mut network, stopped, Clock::ProcessStopped);
        network.play_on(&(0..players).collect::<Vec<_>>());
        assert_eq!(told(&network, stopped), [] as [&RoomEvent; 0], "{network}");
        for peer in 0..players {
            assert!(network.dropped(peer).is_empty(), "{network}");
        }
    }
}

#[test]
fn a_process_that_stands_still_while_it_rejoins_is_back_in_the_match() {
    for seed in 0..24 {
        let players = 2 + seed as usize % 3;
        let restarted = seed as usize % players;
        let mut network = Network::playing(30 + seed, players);
        network.restart(restarted);
        network.run(seed as u32 % 12);
        hitch(&mut network, restarted, Clock::ProcessStopped);
        network.play_on(&(0..players).collect::<Vec<_>>());
        for peer in 0..players {
            assert!(network.dropped(peer).is_empty(), "{network}");
        }
    }
}

#[test]
fn a_game_that_hitches_while_it_rejoins_is_back_in_the_match() {
    for seed in 0..24 {
        let players = 2 + seed as usize % 3;
        let restarted = seed as usize % players;
        let mut network = Network::playing(60 + seed, players);
        network.restart(restarted);
        network.run(seed as u32 % 12);
        hitch(&mut network, restarted, Clock::Hitches);
        network.play_on(&(0..players).collect::<Vec<_>>());
        for peer in 0..players {
            assert!(network.dropped(peer).is_empty(), "{network}");
        }
    }
}

#[test]
fn what_a_process_did_not_hear_while_it_stood_still_says_nothing_of_the_others() {
    // For longer than it takes to drop somebody; what came meanwhile is passed on after the first update only.
    let mut network = Network::playing(90, 2);
    let mut node = network.nodes.remove(&1).unwrap();
    let later = network.now + Duration::from_secs(60);
    node.room.handle_timeout(later);
    let said: Vec<RoomEvent> = std::iter::from_fn(|| node.room.poll_event()).collect();
    assert_eq!(said, [], "{said:?}");
    // Nothing comes, and that counts.
    node.room.handle_timeout(later + TICK);
    let said: Vec<RoomEvent> = std::iter::from_fn(|| node.room.poll_event()).collect();
    assert!(
        said.iter().any(
            |event| matches!(event, RoomEvent::PeerInterrupted { peer, .. } if *peer == key(0))
        ),
        "{said:?}"
    );
}
