//! Peers whose simulation stands still although their link is alive.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::network::{Network, key};
use super::node::Clock;
use crate::room::{EndReason, RoomEvent};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A match of these many players over a network by seed.
fn playing(seed: u64, players: usize) -> Network {
    let mut random = Pcg32::seed_from_u64(seed);
    let mut network = Network::playing(seed, players);
    network.latency = Duration::from_millis(random.random_range(5..150));
    network.jitter = Duration::from_millis(random.random_range(0..60));
    network.loss = [0.0, 0.05, 0.1][random.random_range(0..3)];
    network.run(120);
    network
}

fn set_clock(network: &mut Network, peer: usize, clock: Clock) {
    network.nodes.get_mut(&peer).unwrap().clock = clock;
}

/// The players who stall, as a peer was told, and the last frame of each; it was told of no other one.
fn stalled(network: &Network, peer: usize) -> Vec<(usize, i32)> {
    let mut stalled = Vec::new();
    for event in &network.nodes[&peer].said {
        match event {
            RoomEvent::PeerStalled { peer, player, frame, .. } => {
                assert_eq!(*peer, key(*player));
                stalled.push((*player, *frame));
            }
            RoomEvent::PeerUnstalled { player, .. } => {
                let before = stalled.len();
                stalled.retain(|(stalled, _)| stalled != player);
                assert_eq!(stalled.len() + 1, before, "{network}");
            }
            _ => {}
        }
    }
    stalled
}

fn reports(network: &Network, peer: usize) -> usize {
    let is_report = |event: &&RoomEvent| matches!(event, RoomEvent::PeerStalled { .. });
    network.nodes[&peer].said.iter().filter(is_report).count()
}

/// The last frame whose input a player has given.
fn last_input(network: &Network, peer: usize) -> i32 {
    let simulation = network.simulation(peer).unwrap();
    simulation.frame - 1 + simulation.start.input_delay as i32
}

#[test]
fn a_player_whose_clock_is_paused_is_reported_to_all_within_a_second_and_goes_on_after_half_a_minute()
 {
    for seed in 0..24 {
        let players = 2 + seed as usize % 3;
        let paused = seed as usize % players;
        let mut network = playing(300 + seed, players);
        let clock = if seed % 2 == 0 { Clock::Paused } else { Clock::SessionStopped };
        set_clock(&mut network, paused, clock);
        let others: Vec<usize> = (0..players).filter(|peer| *peer != paused).collect();
        let since = network.now;
        let last = last_input(&network, paused);
        network.run_until("all are told", |network| {
            others.iter().all(|peer| stalled(network, *peer) == [(paused, last)])
        });
        let told = network.now - since;
        // What it gave last has to arrive, too.
        let limit = Duration::from_secs(1) + network.latency + network.jitter;
        assert!(told <= limit, "{told:?}: {network}");
        network.run(30 * 60);
        for peer in &others {
            assert_eq!(stalled(&network, *peer), [(paused, last)], "{network}");
            assert_eq!(reports(&network, *peer), 1, "{network}");
            let at_once = RoomEvent::PeerStalled {
                peer: key(paused),
                player: paused,
                frame: last,
                time_left: None,
            };
            assert!(network.nodes[peer].said.contains(&at_once), "{network}");
        }
        set_clock(&mut network, paused, Clock::Runs);
        network.play_on(&(0..players).collect::<Vec<_>>());
        for peer in 0..players {
            assert_eq!(stalled(&network, peer), [], "{network}");
            assert!(network.dropped(peer).is_empty(), "{network}");
            assert_eq!(reports(&network, peer), usize::from(peer != paused), "{network}");
        }
        let after = network.nodes[&others[0]].said.iter().find_map(|event| match event {
            RoomEvent::PeerUnstalled { after, .. } => Some(*after),
            _ => None,
        });
        let after = after.unwrap();
        assert!((25..33).contains(&after.as_secs()), "{after:?}");
    }
}

#[test]
fn two_players_whose_clocks_are_paused_are_both_reported() {
    for seed in 0..4 {
        let mut network = playing(330 + seed, 4);
        set_clock(&mut network, 1, Clock::Paused);
        network.run(3);
        set_clock(&mut network, 2, Clock::SessionStopped);
        network.run(120);
        for peer in [0, 3] {
            let mut players: Vec<usize> =
                stalled(&network, peer).iter().map(|(player, _)| *player).collect();
            players.sort_unstable();
            assert_eq!(players, [1, 2], "{network}");
        }
        set_clock(&mut network, 1, Clock::Runs);
        network.run(120);
        // It waits for the other one, as everybody does.
        assert!(stalled(&network, 0).iter().all(|(player, _)| *player == 2), "{network}");
        set_clock(&mut network, 2, Clock::Runs);
        network.play_on(&[0, 1, 2, 3]);
    }
}

#[test]
fn a_player_who_stalls_for_longer_than_the_game_allows_is_dropped_by_all() {
    for seed in 0..6 {
        let players = 3 + seed as usize % 2;
        let mut network = Network::playing_with(340 + seed, players, |_, config| {
            config.stall_timeout = Some(Duration::from_secs(5));
        });
        network.loss = 0.05;
        set_clock(&mut network, 1, Clock::Paused);
        let last = last_input(&network, 1);
        let others: Vec<usize> = (0..players).filter(|peer| *peer != 1).collect();
        network.run(270);
        assert!(others.iter().all(|peer| network.dropped(*peer).is_empty()), "{network}");
        network.run(60);
        for peer in &others {
            assert_eq!(network.dropped(*peer), [(1, last)].into(), "{network}");
            let said = &network.nodes[peer].said;
            let time_left = said.iter().find_map(|event| match event {
                RoomEvent::PeerStalled { time_left, .. } => *time_left,
                _ => None,
            });
            assert!((3..5).contains(&time_left.unwrap().as_secs()), "{network}");
            let reason = said.iter().find_map(|event| match event {
                RoomEvent::PlayerDisconnected { reason, .. } => Some(reason.as_str()),
                _ => None,
            });
            assert_eq!(reason, Some("the game stood still for 5 s"), "{network}");
        }
        let told = network.ended(1).unwrap().to_string();
        assert!(told.contains("it dropped us (the game stood still for 5 s)"), "{told}");
        network.play_on(&others);
    }
}

#[test]
fn the_last_of_two_ends_when_the_other_one_stalls_for_longer_than_the_game_allows() {
    let mut network = Network::playing_with(350, 2, |peer, config| {
        config.stall_timeout = (peer == 0).then_some(Duration::from_millis(2500));
    });
    set_clock(&mut network, 1, Clock::Paused);
    network.run_until("it ends", |network| network.ended(0).is_some());
    let detail = "the game stood still for 2.5 s".to_owned();
    let reason = EndReason::PeerStalled { player: 1, detail };
    assert_eq!(network.ended(0), Some(&reason), "{network}");
    assert_eq!(reason.to_string(), "player 2 was dropped: the game stood still for 2.5 s");
}

#[test]
fn a_player_at_half_speed_is_not_reported() {
    for seed in 0..6 {
        let mut network = playing(360 + seed, 2 + seed as usize % 3);
        set_clock(&mut network, 0, Clock::HalfSpeed);
        network.run(20 * 60);
        assert!(network.all().all(|peer| reports(&network, peer) == 0), "{network}");
    }
}

#[test]
fn a_process_that_stood_still_itself_reports_nobody_and_is_reported_by_nobody() {
    for seed in 0..12 {
        let players = 2 + seed as usize % 3;
        let mut network = playing(370 + seed, players);
        set_clock(&mut network, 0, Clock::ProcessStopped);
        if seed % 2 == 0 {
            set_clock(&mut network, 1, Clock::ProcessStopped);
        }
        network.run(60 * (1 + seed as u32 % 8));
        set_clock(&mut network, 0, Clock::Runs);
        network.run(seed as u32 % 5);
        set_clock(&mut network, 1, Clock::Runs);
        network.play_on(&(0..players).collect::<Vec<_>>());
        assert!(network.all().all(|peer| reports(&network, peer) == 0), "{network}");
    }
}

#[test]
fn players_who_wait_because_two_others_do_not_hear_each_other_are_not_reported() {
    for seed in 0..6 {
        let mut network = playing(390 + seed, 3 + seed as usize % 2);
        network.cut.extend([(0, 1), (1, 0)]);
        network.run(6 * 60);
        network.cut.clear();
        network.play_on(&network.all().collect::<Vec<_>>());
        assert!(network.all().all(|peer| reports(&network, peer) == 0), "{network}");
    }
}

#[test]
fn a_player_who_stalls_and_restarts_goes_on_when_it_is_back() {
    for seed in 0..4 {
        let mut network = playing(400 + seed, 3);
        set_clock(&mut network, 2, Clock::Paused);
        network.run(120);
        assert_eq!(stalled(&network, 0).len(), 1, "{network}");
        network.restart(2);
        network.run_until("it is back", |network| {
            [0, 1].iter().all(|peer| stalled(network, *peer).is_empty())
        });
        network.play_on(&[0, 1, 2]);
        assert_eq!(reports(&network, 0), 1, "{network}");
    }
}

#[test]
fn who_plays_on_with_what_others_pass_on_is_not_reported_and_reports_nobody() {
    for seed in 0..60 {
        let players = 3 + seed as usize % 4;
        let mut network = playing(700 + seed, players);
        let cuts = [&[(0, 1), (1, 0)][..], &[(0, 1)], &[(1, 0)]];
        network.cut.extend(cuts[seed as usize % 3]);
        network.run(60 + 10 * seed as u32);
        network.cut.clear();
        network.run(180);
        for peer in network.all() {
            assert_eq!(reports(&network, peer), 0, "{peer}: {network}");
        }
    }
}
