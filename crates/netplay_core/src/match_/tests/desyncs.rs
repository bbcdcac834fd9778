//! States that differ from a frame on, by seed: datagrams are lost, reordered and duplicated, and each peer confirms
//! frames at moments of its own. Each side of a difference names it once, at the first frame that both have compared.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::super::{DelayBounds, Desync, MatchConfig, MatchTraffic};
use super::{Datagram, FRAME, key, signatures};

/// The time in which datagrams are lost, and the time in which all of them arrive.
const TICKS: u32 = 600;
const LAST_TICKS: u32 = 120;

/// How a peer learns of checksums.
#[derive(Clone, Copy, Debug)]
enum Pattern {
    /// Each compared frame is confirmed in the update after it was simulated.
    Lockstep,
    /// Compared frames are confirmed many at a time, and some are not compared at all.
    Sparse,
}

struct Peer {
    traffic: MatchTraffic,
    /// The frame from which on its state differs from that of everybody else.
    differs_from: Option<i32>,
    /// The frames whose checksums it has given, and the next that it may give.
    given: BTreeSet<i32>,
    next: i32,
    found: Vec<Desync>,
}

impl Peer {
    fn new(local: usize, players: usize, differs_from: Option<i32>) -> Self {
        let config = MatchConfig {
            players,
            default_input: vec![0; 3],
            input_delay: 2,
            delay_bounds: DelayBounds::fixed(2),
            frame: FRAME,
            max_prediction: 8,
            input_redundancy: 3,
        };
        let traffic = MatchTraffic::new(config, signatures(players, local));
        Self { traffic, differs_from, given: BTreeSet::new(), next: 0, found: Vec::new() }
    }

    fn checksum(&self, frame: i32) -> u64 {
        let salt =
            self.differs_from.filter(|from| frame >= *from).map_or(1, |from| 2 + from as u64);
        seahash::hash(&[frame as u64, salt].map(u64::to_le_bytes).concat())
    }

    fn give(&mut self, frame: i32) {
        self.given.insert(frame);
        let checksum = self.checksum(frame);
        self.traffic.handle_checksum(frame, checksum);
    }

    /// The frame before `until` is the last one that is confirmed.
    fn confirm(&mut self, random: &mut Pcg32, pattern: Pattern, interval: i32, until: i32) {
        let waits = matches!(pattern, Pattern::Sparse) && until < TICKS as i32;
        if waits && !random.random_bool(0.05) {
            return;
        }
        for frame in self.next..until {
            let is_skipped = matches!(pattern, Pattern::Sparse) && random.random_bool(0.3);
            if frame % interval == 0 && !is_skipped {
                self.give(frame);
            }
        }
        self.next = until;
    }
}

fn play(seed: u64, pattern: Pattern, interval: i32, differs: &[Option<i32>]) -> Vec<Peer> {
    let mut random = Pcg32::seed_from_u64(seed);
    let players = differs.len();
    let mut peers: Vec<Peer> =
        (0..players).map(|local| Peer::new(local, players, differs[local])).collect();
    let loss = [0.0, 0.1, 0.3][random.random_range(0..3)];
    let mut datagrams: Vec<Datagram> = Vec::new();
    for tick in 0..TICKS + LAST_TICKS {
        let loss = if tick < TICKS { loss } else { 0.0 };
        for (local, peer) in peers.iter_mut().enumerate() {
            let due = |datagram: &mut Datagram| datagram.to == local && datagram.due <= tick;
            for Datagram { from, payload, .. } in datagrams.extract_if(.., due) {
                peer.traffic.handle_payload(key(from), &payload).unwrap();
            }
            // At the end nothing new comes, so that everything is compared.
            let frame = tick.min(TICKS) as i32;
            peer.confirm(&mut random, pattern, interval, frame);
            peer.traffic.handle_frame(frame);
            peer.found.extend(std::iter::from_fn(|| peer.traffic.poll_desync()));
            for to in (0..players).filter(|to| *to != local) {
                peer.traffic.handle_rtt(key(to), Some(Duration::from_millis(150)));
                let sent = peer.traffic.poll_transmit(FRAME * tick, key(to), FRAME);
                let Some(sent) = sent.filter(|_| !random.random_bool(loss)) else { continue };
                for _ in 0..random.random_range(1..=2) {
                    let due = tick + random.random_range(1..10);
                    let payload = sent.payload.clone();
                    datagrams.push(Datagram { due, to, from: local, payload });
                }
            }
        }
    }
    peers
}

/// Checks what each peer has found of each other one.
#[track_caller]
fn check(peers: &[Peer], what: &str) {
    for (local, peer) in peers.iter().enumerate() {
        let mut found: BTreeMap<_, _> = peer.found.iter().map(|it| (it.peer, *it)).collect();
        assert_eq!(found.len(), peer.found.len(), "{what}: one for each peer");
        for (other, remote) in peers.iter().enumerate().filter(|(other, _)| *other != local) {
            let both = || peer.given.intersection(&remote.given).copied();
            let is_equal = |frame: &i32| peer.checksum(*frame) == remote.checksum(*frame);
            let first = both().find(|frame| !is_equal(frame));
            let expected = first.map(|frame| Desync {
                peer: key(other),
                frame,
                local: peer.checksum(frame),
                remote: remote.checksum(frame),
                last_equal_frame: both().filter(is_equal).max(),
            });
            assert_eq!(found.remove(&key(other)), expected, "{what}: {local} of {other}");
            let comparison = peer.traffic.comparison(key(other));
            let different = both().filter(|frame| !is_equal(frame)).count() as u64;
            assert_eq!(comparison.last_equal_frame, both().filter(is_equal).max(), "{what}");
            assert_eq!(comparison.different_frames, different, "{what}: all were compared");
        }
    }
}

fn play_and_check(differs: impl Fn(&mut Pcg32) -> Vec<Option<i32>>) -> usize {
    let mut found = 0;
    for (pattern, interval) in [
        (Pattern::Lockstep, 15),
        (Pattern::Lockstep, 1),
        (Pattern::Sparse, 15),
        (Pattern::Sparse, 4),
    ] {
        for seed in 0..20 {
            let differs = differs(&mut Pcg32::seed_from_u64(seed));
            let peers = play(seed, pattern, interval, &differs);
            check(&peers, &format!("seed {seed}, {pattern:?}, {interval}, {differs:?}"));
            found += peers.iter().map(|peer| peer.found.len()).sum::<usize>();
        }
    }
    found
}

#[test]
fn nobody_finds_a_difference_where_there_is_none() {
    assert_eq!(play_and_check(|_| vec![None; 2]), 0);
    assert_eq!(play_and_check(|_| vec![None; 4]), 0);
}

#[test]
fn a_state_that_differs_from_a_frame_on_is_found_once_by_both_at_that_frame() {
    let found = play_and_check(|random| vec![None, Some(random.random_range(0..500))]);
    assert!(found >= 150, "{found}");
}

#[test]
fn of_three_the_two_that_are_equal_name_the_third_and_the_third_names_both() {
    let found = play_and_check(|random| vec![None, Some(random.random_range(0..500)), None]);
    assert!(found >= 300, "{found}");
}

#[test]
fn peers_that_differ_from_each_other_are_all_named() {
    let found = play_and_check(|random| {
        let mut differs = || Some(random.random_range(0..500));
        vec![None, differs(), differs(), None]
    });
    assert!(found >= 700, "{found}");
}
