//! Bandwidth, queues, changes while packets are on their way, and what paths share.

use std::collections::BTreeMap;
use std::time::Duration;

use netplay_protocol::PeerKey;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::*;
use crate::path::{Channel, PathId};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const MS: Duration = Duration::from_millis(1);
const BYTES: usize = 1000;

fn limited(kbit: u64, queue: Duration) -> NetworkConditions {
    NetworkConditions { bandwidth: Some(kbit * 1000), queue, ..Default::default() }
}

/// What arrives, and when.
fn all(network: &mut NetworkEmulator<u32>) -> Vec<(Duration, u32)> {
    std::iter::from_fn(|| network.pop_with_due(Duration::MAX)).collect()
}

/// The arrivals of packets of 1000 bytes, one every `every`, in ten seconds.
fn flood(conditions: NetworkConditions, every: Duration) -> Vec<(Duration, u32)> {
    let mut network = NetworkEmulator::new(conditions, 1);
    for packet in 0..(10_000 * MS).div_duration_f32(every) as u32 {
        network.push(every * packet, BYTES, packet);
    }
    all(&mut network)
}

#[test]
fn as_many_bits_get_through_as_the_bandwidth_says() {
    for kbit in [500, 1000, 4000] {
        let arrivals = flood(limited(kbit, 200 * MS), MS);
        let last = arrivals.last().unwrap().0;
        let rate = (arrivals.len() * BYTES * 8) as f64 / last.as_secs_f64() / 1000.0;
        assert!((rate / kbit as f64 - 1.0).abs() < 0.01, "{rate} of {kbit} kbit/s");
    }
    assert_eq!(flood(limited(8000, Duration::ZERO), MS).len(), 10_000, "exactly what it takes");
}

#[test]
fn a_packet_takes_the_latency_and_the_time_of_its_bits_and_waits_no_longer_than_the_queue() {
    let conditions = NetworkConditions { latency: 50 * MS, ..limited(1000, 100 * MS) };
    let lone = flood(conditions.clone(), 20 * MS);
    assert_eq!(lone.len(), 500);
    assert!(lone.iter().all(|(due, packet)| *due == 20 * MS * *packet + 58 * MS));

    let every = 4 * MS;
    let arrivals = flood(conditions, every);
    let delays: Vec<_> = arrivals.iter().map(|(due, sent)| *due - every * *sent).collect();
    assert!(delays.iter().all(|delay| *delay <= 158 * MS), "{:?}", delays.iter().max());
    // Once the queue is full, every packet waits for nearly all of it.
    assert!(delays[100..].iter().all(|delay| *delay > 158 * MS - 8 * MS));
}

#[test]
fn a_full_queue_loses_the_packet_that_comes_last() {
    let mut network = NetworkEmulator::new(limited(8, 2000 * MS), 1);
    // Each takes a second. The fourth would wait for three.
    (0..5).for_each(|packet| network.push(MS, BYTES, packet));
    network.push(1001 * MS, BYTES, 9);
    let seconds = [(1, 0), (2, 1), (3, 2), (4, 9)].map(|(s, packet)| (1000 * MS * s + MS, packet));
    assert_eq!(all(&mut network), seconds);
}

#[test]
fn reliable_packets_share_the_bandwidth_and_wait_where_datagrams_are_lost() {
    let mut network = NetworkEmulator::new(limited(8, Duration::ZERO), 1);
    for packet in 0..4 {
        network.push_reliable(MS, BYTES, packet);
        network.push(MS, BYTES, 10 + packet);
    }
    let seconds = [0, 1, 2, 3].map(|packet| (1000 * MS * (packet + 1) + MS, packet));
    assert_eq!(all(&mut network), seconds);
}

#[test]
fn what_waits_gets_the_new_bandwidth_and_none_of_it_is_lost() {
    let mut network = NetworkEmulator::new(limited(8, 10_000 * MS), 1);
    (0..6).for_each(|packet| network.push(Duration::ZERO, BYTES, packet));
    // Half of the second one is through: the other half takes a quarter of a second at twice the rate.
    network.set_conditions(1500 * MS, limited(16, Duration::ZERO));
    network.set_conditions(2250 * MS, NetworkConditions::perfect());
    let came: Vec<_> = all(&mut network).iter().map(|(due, _)| due.as_millis()).collect();
    assert_eq!(came, [1000, 1750, 2250, 2250, 2250, 2250]);
    assert_eq!((network.in_flight(), network.next_due()), (0, None));
}

#[test]
fn a_lower_latency_lets_later_datagrams_overtake_by_what_it_is_lower_and_no_reliable_packet() {
    let latency = |latency| NetworkConditions { latency, ..Default::default() };
    let mut network = NetworkEmulator::new(latency(100 * MS), 1);
    network.push(Duration::ZERO, BYTES, 1);
    network.push_reliable(Duration::ZERO, BYTES, 2);
    network.set_conditions(10 * MS, latency(20 * MS));
    network.push(10 * MS, BYTES, 3);
    network.push_reliable(10 * MS, BYTES, 4);
    network.push(90 * MS, BYTES, 5);
    let expected = [(30, 3), (100, 1), (100, 2), (100, 4), (110, 5)];
    assert_eq!(all(&mut network), expected.map(|(ms, packet)| (MS * ms, packet)));
}

#[test]
fn a_reliable_packet_that_was_lost_does_not_wait_for_a_network_that_is_no_more() {
    let hopeless = NetworkConditions { loss: 1.0, latency: 500 * MS, ..Default::default() };
    let mut network = NetworkEmulator::new(hopeless, 1);
    (0..3).for_each(|packet| network.push_reliable(Duration::ZERO, BYTES, packet));
    assert!(network.next_due() > Some(60_000 * MS));
    network.set_conditions(1000 * MS, NetworkConditions::perfect());
    network.push_reliable(1000 * MS, BYTES, 3);
    let again = 1000 * MS + RETRANSMIT_DELAY;
    assert_eq!(all(&mut network), [0, 1, 2, 3].map(|packet| (again, packet)));
}

#[test]
fn hundreds_of_changes_at_random_lose_and_hold_nothing_back() {
    for seed in 0..20 {
        let mut random = Pcg32::seed_from_u64(seed);
        let mut network = NetworkEmulator::new(NetworkConditions::perfect(), seed);
        let (mut reliable, mut datagrams, mut came) = (0, 0, Vec::new());
        for ms in 0..20_000_u32 {
            let now = MS * ms;
            if ms.is_multiple_of(50) {
                let preset = random.random_range(0..NetworkConditions::PRESETS.len());
                let (_, preset) = NetworkConditions::PRESETS[preset].clone();
                let lossless = NetworkConditions { loss: 0.0, duplication: 0.0, ..preset.clone() };
                network.set_conditions(now, if seed < 10 { lossless } else { preset });
            }
            if ms.is_multiple_of(16) {
                network.push(now, 150, 2 * datagrams);
                network.push_reliable(now, 150, 2 * reliable + 1);
                (datagrams, reliable) = (datagrams + 1, reliable + 1);
            }
            while let Some((due, packet)) = network.pop_with_due(now) {
                assert!(due <= now && now < due + MS, "{packet} was due {due:?} at {now:?}");
                came.push(packet);
            }
        }
        network.set_conditions(20_000 * MS, NetworkConditions::perfect());
        let rest = all(&mut network);
        // What the worst of them takes one way.
        assert!(rest.iter().all(|(due, _)| *due <= 20_000 * MS + 250 * MS), "{rest:?}");
        came.extend(rest.into_iter().map(|(_, packet)| packet));
        let (odd, mut even): (Vec<u32>, Vec<u32>) = came.into_iter().partition(|it| it % 2 == 1);
        assert!(odd.into_iter().eq((0..reliable).map(|it| 2 * it + 1)), "seed {seed}");
        if seed < 10 {
            even.sort_unstable();
            assert!(even.into_iter().eq((0..datagrams).map(|it| 2 * it)), "seed {seed}");
        }
    }
}

#[test]
fn when_it_is_asked_changes_nothing() {
    let arrivals = |every: u32| {
        let mut network = NetworkEmulator::new(NetworkConditions::terrible(), 5);
        let mut came = Vec::new();
        for ms in 0..5000 {
            let now = MS * ms;
            match ms {
                2000 => network.set_conditions(now, limited(100, 300 * MS)),
                3000 => network.set_conditions(now, NetworkConditions::mobile()),
                _ => {}
            }
            network.push(now, 150, 2 * ms);
            if ms % 3 == 0 {
                network.push_reliable(now, 150, 2 * ms + 1);
            }
            if ms % every == 0 {
                came.extend(std::iter::from_fn(|| network.pop_with_due(now)));
            }
        }
        came.extend(all(&mut network));
        came
    };
    let often = arrivals(1);
    assert!(often.len() > 2000);
    for every in [17, 100_000] {
        let differs = often.iter().zip(arrivals(every)).find(|(one, other)| *one != other);
        assert_eq!(differs, None, "asked every {every} ms");
    }
}

#[test]
fn values_out_of_bounds_are_taken_within_them() {
    let wild = NetworkConditions {
        latency: Duration::MAX,
        jitter: Duration::MAX,
        loss: f32::NAN,
        burst: f32::INFINITY,
        duplication: -1.0,
        reordering: f32::NEG_INFINITY,
        bandwidth: Some(0),
        queue: Duration::MAX,
    };
    let mut network = NetworkEmulator::new(wild, 1);
    network.push(Duration::ZERO, 125, 1);
    // 1000 bits at 1 kbit/s, a minute, and up to another one.
    assert!((61_000 * MS..=121_000 * MS).contains(&all(&mut network)[0].0));
}

fn key(n: u8) -> PeerKey {
    PeerKey::from_bytes([n; 16])
}

/// Sends a datagram to a peer.
fn send(direction: &mut EmulatedDirection<u32>, now: Duration, to: (u8, u64), packet: u32) {
    let path = (key(to.0), PathId(to.1));
    direction.push(now, path, Channel::Datagram, BYTES, packet);
}

fn arrivals(direction: &mut EmulatedDirection<u32>, now: Duration) -> Vec<(u128, u32)> {
    let arrival = |it: EmulatedArrival<u32>| (it.at.as_millis(), it.content);
    std::iter::from_fn(|| direction.pop(now)).map(arrival).collect()
}

#[test]
fn all_peers_and_paths_share_the_bandwidth_of_the_machine() {
    let mut direction = EmulatedDirection::new(1);
    let conditions = NetworkConditions { latency: 50 * MS, ..limited(80, 350 * MS) };
    direction.set(Duration::ZERO, conditions, BTreeMap::new());
    // Each takes 100 ms.
    for (packet, to) in [(1, 1), (2, 1), (1, 2), (3, 1), (1, 1)].into_iter().enumerate() {
        send(&mut direction, Duration::ZERO, to, packet as u32);
    }
    assert_eq!(direction.next_due(), Some(100 * MS));
    assert!(direction.holds(key(3), PathId(1)) && !direction.holds(key(3), PathId(2)));
    assert_eq!(arrivals(&mut direction, 250 * MS), [(150, 0), (250, 1)]);
    assert_eq!(arrivals(&mut direction, 9000 * MS), [(350, 2), (450, 3)], "the fifth was lost");
    assert!(!direction.is_open(key(1), PathId(1)));
    direction.set(9000 * MS, NetworkConditions::perfect(), BTreeMap::new());
    assert!(direction.is_open(key(1), PathId(1)) && direction.is_open(key(8), PathId(1)));
}

#[test]
fn a_peer_with_conditions_of_its_own_shares_the_access_link_and_has_a_narrow_place_behind_it() {
    let mut direction = EmulatedDirection::new(1);
    let own = NetworkConditions { latency: 10 * MS, ..limited(8, Duration::ZERO) };
    let all = NetworkConditions { latency: 50 * MS, ..limited(80, 1000 * MS) };
    direction.set(Duration::ZERO, all, [(key(2), own)].into());
    for (packet, peer) in [1, 2, 1, 2].into_iter().enumerate() {
        send(&mut direction, Duration::ZERO, (peer, 1), packet as u32);
    }
    // The last one came to the narrow place while the one before it got through.
    assert_eq!(arrivals(&mut direction, 9000 * MS), [(150, 0), (350, 2), (1210, 1)]);
}

#[test]
fn a_path_that_closes_gives_back_what_is_on_its_way() {
    let mut direction = EmulatedDirection::new(1);
    let all = NetworkConditions { latency: 50 * MS, ..limited(80, 1000 * MS) };
    direction.set(Duration::ZERO, all, BTreeMap::new());
    for (packet, path) in [1, 2, 1, 2].into_iter().enumerate() {
        send(&mut direction, Duration::ZERO, (1, path), packet as u32);
    }
    assert_eq!(arrivals(&mut direction, 120 * MS), []);
    assert_eq!(direction.paths(), [1, 2].map(|path| (key(1), PathId(path))));
    assert_eq!(direction.close(key(1), PathId(1)), [0, 2]);
    assert_eq!(direction.paths(), [(key(1), PathId(2))]);
    assert_eq!(
        arrivals(&mut direction, 9000 * MS).iter().map(|it| it.1).collect::<Vec<_>>(),
        [1, 3]
    );
}

#[test]
fn a_peer_that_sends_without_end_occupies_no_more_than_a_bound() {
    let mut direction = EmulatedDirection::new(1);
    let slow = NetworkConditions { latency: 60_000 * MS, ..Default::default() };
    direction.set(Duration::ZERO, slow, BTreeMap::new());
    (0..10_000).for_each(|packet| send(&mut direction, MS, (1, 1), packet));
    assert_eq!(arrivals(&mut direction, 60_001 * MS).len(), 4096);
    let mut early = Vec::new();
    for packet in 0..10_000 {
        let path = (key(1), PathId(1));
        direction.push(60_001 * MS, path, Channel::Reliable, BYTES, packet);
        early.extend(arrivals(&mut direction, 60_001 * MS));
    }
    let late = arrivals(&mut direction, 200_000 * MS);
    assert!(late.len() <= 4096 && early.len() > 5000);
    assert!(early.into_iter().chain(late).map(|it| it.1).eq(0..10_000));
}
