//! The largest room: eight players, and several who go at once.

use std::time::Duration;

use netplay_protocol::limits::MAX_PLAYERS;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::drops::drop_and_play_on;
use super::network::Network;
use super::rejoins::rejoin_and_play_on;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const PLAYERS: usize = MAX_PLAYERS as usize;

/// All but these.
fn others(gone: &[usize]) -> Vec<usize> {
    (0..PLAYERS).filter(|peer| !gone.contains(peer)).collect()
}

/// Two of the eight.
fn two(random: &mut Pcg32) -> [usize; 2] {
    let mut all = others(&[]);
    all.shuffle(random);
    [all[0], all[1]]
}

#[test]
fn eight_start_in_whatever_order_they_join_a_lossy_network() {
    for seed in 0..8 {
        let mut random = Pcg32::seed_from_u64(seed);
        let mut network = Network::new(1100 + seed, MAX_PLAYERS);
        (network.loss, network.jitter) = (0.1, Duration::from_millis(30));
        let mut order = others(&[]);
        order.shuffle(&mut random);
        for peer in order {
            network.join(peer);
            network.run(random.random_range(0..20));
        }
        network.run_until("all play", |network| network.confirmed(network.all()) >= 0);
        network.play_on(&others(&[]));
    }
}

#[test]
fn two_of_eight_are_dropped_at_once() {
    for seed in 0..8 {
        let mut random = Pcg32::seed_from_u64(seed);
        let mut network = Network::playing(1120 + seed, PLAYERS);
        network.loss = 0.1;
        let mut gone = two(&mut random);
        // What the first one sends before it goes reaches some of the others only.
        network
            .cut
            .extend([(gone[0], (gone[0] + 1) % PLAYERS), (gone[0], (gone[0] + 3) % PLAYERS)]);
        network.run(random.random_range(0..12));
        network.crash(gone[0]);
        network.run([0, 1, 3][seed as usize % 3]);
        network.crash(gone[1]);
        gone.sort_unstable();
        drop_and_play_on(&mut network, &others(&gone), &gone);
    }
}

#[test]
fn two_of_eight_restart_at_once_and_rejoin() {
    for seed in 0..8 {
        let mut random = Pcg32::seed_from_u64(seed);
        let mut network = Network::playing(1140 + seed, PLAYERS);
        network.loss = 0.1;
        let [first, second] = two(&mut random);
        network.restart(first);
        network.run([0, 1, 3, 20][seed as usize % 4]);
        network.restart(second);
        rejoin_and_play_on(&mut network, &others(&[]));
    }
}

#[test]
fn of_eight_one_is_dropped_while_another_rejoins() {
    for seed in 0..8 {
        let mut random = Pcg32::seed_from_u64(seed);
        let mut network = Network::playing(1160 + seed, PLAYERS);
        network.loss = 0.05;
        let [restarts, goes] = two(&mut random);
        network.restart(restarts);
        network.run([0, 1, 3, 20][seed as usize % 4]);
        network.crash(goes);
        let survivors = others(&[goes]);
        network.run_until("it is dropped", |network| {
            survivors.iter().all(|peer| network.dropped(*peer).contains_key(&goes))
        });
        rejoin_and_play_on(&mut network, &survivors);
        let last = network.dropped(survivors[0]);
        assert!(survivors.iter().all(|peer| network.dropped(*peer) == last), "{network}");
    }
}
