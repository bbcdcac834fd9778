//! The emulator, by seed.

use std::time::Duration;

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const TICK: Duration = Duration::from_millis(16);
const PACKETS: u32 = 20_000;

/// Sends `PACKETS` datagrams, one a tick, and returns (packet, sent, arrived) in the order of arrival.
fn arrivals(conditions: NetworkConditions, seed: u64) -> Vec<(u32, Duration, Duration)> {
    let mut network = NetworkEmulator::new(conditions, seed);
    for packet in 0..PACKETS {
        network.push(TICK * packet, 100, packet);
    }
    std::iter::from_fn(|| network.pop_with_due(Duration::MAX))
        .map(|(due, packet)| (packet, TICK * packet, due))
        .collect()
}

/// The fraction lost, and the mean length of the runs of losses.
fn losses(arrivals: &[(u32, Duration, Duration)]) -> (f32, f32) {
    let mut arrived = vec![false; PACKETS as usize];
    for (packet, ..) in arrivals {
        arrived[*packet as usize] = true;
    }
    let runs: Vec<usize> =
        arrived.split(|arrived| *arrived).map(<[bool]>::len).filter(|run| *run > 0).collect();
    let lost = runs.iter().sum::<usize>() as f32;
    (lost / PACKETS as f32, lost / runs.len().max(1) as f32)
}

#[test]
fn a_perfect_network_delivers_everything_at_once_and_in_order() {
    let arrivals = arrivals(NetworkConditions::default(), 1);
    assert_eq!(arrivals.len(), PACKETS as usize);
    assert!(
        arrivals
            .iter()
            .zip(0..)
            .all(|((packet, sent, due), expected)| { *packet == expected && sent == due })
    );
}

#[test]
fn the_fraction_of_lost_packets_is_the_one_asked_for_with_and_without_bursts() {
    for (loss, burst, run) in
        [(0.05, 0.0, 1.05), (0.3, 0.0, 1.43), (0.05, 4.0, 4.0), (0.3, 5.0, 5.0), (0.7, 1.0, 3.33)]
    {
        let conditions = NetworkConditions { loss, burst, ..Default::default() };
        let (lost, mean_run) = losses(&arrivals(conditions, 7));
        assert!((lost - loss).abs() < 0.1 * loss + 0.01, "{loss} {burst}: lost {lost}");
        assert!((mean_run - run).abs() < 0.1 * run, "{loss} {burst}: runs of {mean_run}");
    }
}

#[test]
fn a_loss_of_one_loses_every_datagram_and_still_no_reliable_packet() {
    let conditions = NetworkConditions { loss: 1.0, burst: 3.0, ..Default::default() };
    assert!(arrivals(conditions.clone(), 3).is_empty());

    let mut network = NetworkEmulator::new(conditions, 3);
    network.push_reliable(TICK, 100, 1);
    assert_eq!(network.pop(Duration::MAX), Some(1));
}

#[test]
fn delays_stay_between_latency_and_latency_plus_jitter_and_use_the_whole_range() {
    let (latency, jitter) = (Duration::from_millis(50), Duration::from_millis(20));
    let conditions = NetworkConditions { latency, jitter, ..Default::default() };
    let delays: Vec<Duration> =
        arrivals(conditions, 5).iter().map(|(_, sent, due)| *due - *sent).collect();
    assert!(delays.iter().all(|delay| (latency..=latency + jitter).contains(delay)));
    assert!(delays.iter().any(|delay| *delay < latency + jitter / 20));
    assert!(delays.iter().any(|delay| *delay > latency + jitter * 19 / 20));
}

#[test]
fn jitter_alone_keeps_the_order_and_reordering_changes_it() {
    let jitter = Duration::from_millis(60);
    let calm = NetworkConditions { jitter, ..Default::default() };
    assert!(arrivals(calm, 9).is_sorted_by_key(|(packet, ..)| *packet));

    let wild = NetworkConditions { reordering: 0.2, ..Default::default() };
    let arrivals = arrivals(wild, 9);
    let overtaken = arrivals.windows(2).filter(|pair| pair[0].0 > pair[1].0).count();
    assert!((1000..4000).contains(&overtaken), "{overtaken} packets were overtaken");
    assert!(arrivals.iter().all(|(_, sent, due)| *due - *sent <= REORDER_HOLD));
}

#[test]
fn the_fraction_of_doubled_packets_is_the_one_asked_for() {
    let conditions = NetworkConditions { duplication: 0.25, ..Default::default() };
    let extra = arrivals(conditions, 11).len() - PACKETS as usize;
    assert!((4500..5500).contains(&extra), "{extra} packets came twice");
}

#[test]
fn reliable_packets_arrive_once_in_order_and_wait_for_each_loss() {
    let latency = Duration::from_millis(30);
    let conditions =
        NetworkConditions { latency, duplication: 1.0, ..NetworkConditions::terrible() };
    let mut network = NetworkEmulator::new(conditions, 13);
    for packet in 0..1000 {
        network.push_reliable(TICK * packet, 100, packet);
    }
    let came: Vec<(Duration, u32)> =
        std::iter::from_fn(|| network.pop_with_due(Duration::MAX)).collect();
    assert!(came.iter().map(|(_, packet)| *packet).eq(0..1000));
    let waited = came
        .iter()
        .filter(|(due, packet)| *due - TICK * *packet >= latency * 3 + RETRANSMIT_DELAY)
        .count();
    assert!(waited > 250, "{waited} packets waited for a retransmission");
}

#[test]
fn the_same_seed_gives_the_same_network_and_another_seed_another_one() {
    let terrible = NetworkConditions::terrible;
    assert_eq!(arrivals(terrible(), 17), arrivals(terrible(), 17));
    assert_ne!(arrivals(terrible(), 17), arrivals(terrible(), 18));
}

#[test]
fn a_packet_is_not_handed_out_before_it_is_due() {
    let latency = Duration::from_millis(50);
    let mut network = NetworkEmulator::new(NetworkConditions { latency, ..Default::default() }, 19);
    network.push(TICK, 100, 'a');
    assert_eq!(network.next_due(), Some(TICK + latency));
    assert_eq!(network.pop(TICK + latency - Duration::from_nanos(1)), None);
    assert_eq!(network.pop(TICK + latency), Some('a'));
    assert_eq!((network.next_due(), network.in_flight()), (None, 0));
}

#[test]
fn new_conditions_hold_for_the_packets_sent_after_them() {
    let mut network = NetworkEmulator::new(NetworkConditions::default(), 23);
    network.push(TICK, 100, 'a');
    network.set_conditions(TICK, NetworkConditions { loss: 1.0, ..Default::default() });
    network.push(TICK, 100, 'b');
    network.push_reliable(TICK, 100, 'c');
    assert_eq!(network.drain().collect::<Vec<_>>(), ['a', 'c']);
    assert_eq!(network.pop(Duration::MAX), None);
}
