//! Two links on a virtual clock, with paths that fail, flap and return.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use crate::link::{Link, LinkCommand, LinkConfig, LinkEvent};
use crate::path::{Channel, PathId, PathKind, PathPolicy};

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const MS: Duration = Duration::from_millis(1);
const DIRECT: PathId = PathId(7);

/// What a direction of a path does.
#[derive(Clone, Copy, Debug)]
struct Wire {
    delay: Duration,
    /// How many of a hundred arrive.
    percent: u32,
}

const FAST: Wire = Wire { delay: Duration::from_millis(10), percent: 100 };
const DOWN: Wire = Wire { delay: Duration::ZERO, percent: 0 };

/// When, from what, to what and why.
type Change = (Duration, Option<PathKind>, PathKind, SwitchReason);

struct Pair {
    ends: [Link; 2],
    now: Duration,
    /// By path, then direction: from the first end, from the second.
    wires: BTreeMap<PathId, [Wire; 2]>,
    random: Pcg32,
    flying: Vec<(Duration, usize, PathId, Channel, Vec<u8>)>,
    attempts: [Vec<Duration>; 2],
    changes: [Vec<Change>; 2],
    closed: Vec<PathId>,
    checks: u32,
    /// Datagrams of the match that came, and in how many milliseconds none did, at the second end.
    last_new: Duration,
    longest_gap: Duration,
    messages: Vec<Vec<u8>>,
}

impl Pair {
    fn new(policy: PathPolicy) -> Self {
        let link = |yields| Link::new(LinkConfig::default(), policy, yields, 1, Duration::ZERO);
        Self {
            ends: [link(false), link(true)],
            now: Duration::ZERO,
            wires: BTreeMap::from([(PathId::RELAY, [Wire { delay: MS * 15, percent: 100 }; 2])]),
            random: Pcg32::seed_from_u64(1),
            flying: Vec::new(),
            attempts: Default::default(),
            changes: Default::default(),
            closed: Vec::new(),
            checks: 0,
            last_new: Duration::ZERO,
            longest_gap: Duration::ZERO,
            messages: Vec::new(),
        }
    }

    /// A pair whose direct path has carried for ten seconds.
    fn connected(policy: PathPolicy) -> Self {
        let mut pair = Self::new(policy);
        pair.open(DIRECT, FAST);
        pair.run(10_000);
        pair
    }

    fn open(&mut self, id: PathId, wire: Wire) {
        self.wires.insert(id, [wire; 2]);
        let now = self.now;
        self.ends.iter_mut().for_each(|end| end.path_opened(now, id, PathKind::Direct));
    }

    fn close(&mut self, id: PathId) {
        let now = self.now;
        self.wires.remove(&id);
        self.ends.iter_mut().for_each(|end| end.path_closed(now, id));
    }

    fn set(&mut self, id: PathId, wires: [Wire; 2]) {
        self.wires.insert(id, wires);
    }

    fn run(&mut self, ms: u32) {
        for _ in 0..ms {
            self.now += MS;
            let (now, frame) = (self.now, self.now.as_millis().is_multiple_of(16));
            for (_, end, path, channel, packet) in
                self.flying.extract_if(.., |(at, ..)| *at <= now).collect::<Vec<_>>()
            {
                match channel {
                    Channel::Datagram => {
                        let opened = self.ends[end].receive(now, path, &packet);
                        if end == 1 && opened.is_ok_and(|opened| opened.payload == b"input") {
                            let gap = now - std::mem::replace(&mut self.last_new, now);
                            self.longest_gap = self.longest_gap.max(gap);
                        }
                    }
                    Channel::Reliable => {
                        let _ = self.ends[end].receive_reliable(now, path, &packet);
                    }
                }
            }
            for end in 0..2 {
                if frame {
                    self.ends[end].handle_timeout(now);
                    self.ends[end].send(now, 1, b"input", true).unwrap();
                }
                self.carry_out(end);
            }
        }
    }

    fn carry_out(&mut self, end: usize) {
        let now = self.now;
        while let Some(command) = self.ends[end].next_command() {
            match command {
                LinkCommand::Transmit { path, channel, packet } => {
                    let Some(wires) = self.wires.get(&path) else { continue };
                    let Wire { delay, percent } = wires[end];
                    if self.random.random_range(0..100) < percent {
                        self.flying.push((now + delay, 1 - end, path, channel, packet));
                    }
                }
                LinkCommand::Attempt => self.attempts[end].push(now),
                LinkCommand::OpenRelay => {
                    self.ends[end].path_opened(now, PathId::RELAY, PathKind::Relay);
                }
                LinkCommand::Close(path) if path != PathId::RELAY => {
                    self.closed.push(path);
                    self.ends[1 - end].path_closed(now, path);
                }
                LinkCommand::Close(_) => {}
                LinkCommand::CheckServer => self.checks += 1,
            }
        }
        while let Some(event) = self.ends[end].next_event() {
            if let LinkEvent::PathChanged { from, to, reason } = event {
                self.changes[end].push((now, from, to, reason));
            }
        }
        if end == 1 {
            self.messages.extend(std::iter::from_fn(|| self.ends[1].next_message()));
        }
    }

    /// The path that carries at both ends.
    fn carries(&self) -> [Option<PathKind>; 2] {
        [0, 1].map(|end| self.ends[end].stats(self.now).path)
    }

    fn relayed(&self) -> u64 {
        self.ends.iter().map(|end| end.inputs_by(PathKind::Relay)).sum()
    }

    /// Forgets what was noted so far.
    fn forget(&mut self) {
        self.changes = Default::default();
        (self.longest_gap, self.last_new) = (Duration::ZERO, self.now);
    }
}

const ON_DIRECT: [Option<PathKind>; 2] = [Some(PathKind::Direct); 2];
const ON_RELAY: [Option<PathKind>; 2] = [Some(PathKind::Relay); 2];

#[test]
fn while_the_direct_path_works_the_server_carries_nothing() {
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.run(60_000);
    assert_eq!((pair.carries(), pair.relayed()), (ON_DIRECT, 0));
    assert_eq!(pair.changes[0].len(), 1);
    assert_eq!(pair.changes[0][0].3, SwitchReason::First);
}

#[test]
fn a_cut_path_is_left_for_the_relay_within_750_ms_and_taken_again_two_seconds_after_it_works() {
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.forget();
    pair.set(DIRECT, [DOWN; 2]);
    pair.run(20_000);
    assert_eq!(pair.carries(), ON_RELAY);
    assert!(pair.longest_gap <= MS * 600, "{:?}", pair.longest_gap);
    assert_eq!(pair.changes[0].len(), 1, "{:?}", pair.changes[0]);
    assert_eq!(pair.changes[0][0].3, SwitchReason::Silent);

    pair.forget();
    pair.set(DIRECT, [FAST; 2]);
    pair.run(3000);
    assert_eq!(pair.carries(), ON_DIRECT);
    let (at, _, _, reason) = pair.changes[0][0];
    assert_eq!(reason, SwitchReason::Preferred);
    let after = at - (pair.now - MS * 3000);
    assert!((MS * 2000..MS * 2300).contains(&after), "{after:?}");
    assert!(pair.longest_gap <= MS * 40, "{:?}", pair.longest_gap);
    let relayed = pair.relayed();
    pair.run(1000);
    let before = pair.relayed();
    pair.run(10_000);
    assert!(relayed > 0 && pair.relayed() == before, "both carry only during the switch");
}

#[test]
fn a_closed_connection_is_left_at_once() {
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.forget();
    pair.close(DIRECT);
    pair.run(200);
    assert_eq!(pair.carries(), ON_RELAY);
    assert!(pair.longest_gap <= MS * 60, "{:?}", pair.longest_gap);
    assert_eq!(pair.changes[0][0].3, SwitchReason::Closed);
}

#[test]
fn a_path_that_works_one_way_only_is_left_by_both() {
    for dead in [[DOWN, FAST], [FAST, DOWN]] {
        let mut pair = Pair::connected(PathPolicy::Any);
        pair.forget();
        pair.set(DIRECT, dead);
        pair.run(2000);
        assert_eq!(pair.carries(), ON_RELAY);
        assert!(pair.longest_gap <= MS * 700, "{:?}", pair.longest_gap);
        pair.run(60_000);
        assert_eq!(pair.carries(), ON_RELAY, "it does not come back while one way is dead");
        assert!(pair.changes.iter().all(|changes| changes.len() == 1), "{:?}", pair.changes);
    }
}

#[test]
fn a_slow_or_lossy_path_is_left_when_the_relay_is_better_and_only_then() {
    let slow = Wire { delay: MS * 160, percent: 100 };
    let lossy = Wire { delay: MS * 10, percent: 50 };
    for (bad, reason) in [(slow, SwitchReason::Slow), (lossy, SwitchReason::Lossy)] {
        let mut pair = Pair::connected(PathPolicy::Any);
        pair.forget();
        pair.set(DIRECT, [bad; 2]);
        pair.run(2000);
        assert_eq!(pair.carries(), ON_DIRECT, "{bad:?} too early: {:?}", pair.changes);
        pair.run(6000);
        assert_eq!(pair.carries(), ON_RELAY, "{bad:?}");
        assert_eq!(pair.changes[0][0].3, reason);
        pair.set(DIRECT, [FAST; 2]);
        pair.run(10_000);
        assert_eq!(pair.carries(), ON_DIRECT);
    }
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.forget();
    pair.set(DIRECT, [slow; 2]);
    pair.set(PathId::RELAY, [Wire { delay: MS * 170, percent: 100 }; 2]);
    pair.run(20_000);
    assert_eq!((pair.carries(), pair.changes[0].len()), (ON_DIRECT, 0));
}

#[test]
fn a_path_that_flaps_has_to_prove_itself_for_longer_each_time() {
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.forget();
    for _ in 0..60 {
        pair.set(DIRECT, [DOWN; 2]);
        pair.run(1000);
        pair.set(DIRECT, [FAST; 2]);
        pair.run(4000);
    }
    // Five minutes; without the growing proof, 120.
    assert!(pair.changes[0].len() <= 8, "{:?}", pair.changes[0]);
    pair.run(20_000);
    assert_eq!(pair.carries(), ON_DIRECT);
}

#[test]
fn round_trips_on_both_sides_of_the_threshold_do_not_flap() {
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.forget();
    for _ in 0..100 {
        pair.set(DIRECT, [Wire { delay: MS * 140, percent: 100 }; 2]);
        pair.run(1500);
        pair.set(DIRECT, [Wire { delay: MS * 160, percent: 100 }; 2]);
        pair.run(1500);
    }
    assert!(pair.changes[0].len() <= 2, "{:?}", pair.changes[0]);
}

#[test]
fn attempts_begin_beside_the_relay_and_a_new_connection_takes_over() {
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.attempts = Default::default();
    pair.set(DIRECT, [DOWN; 2]);
    pair.run(1700);
    assert_eq!(pair.attempts[0].len(), 1, "{:?}", pair.attempts);
    assert!(pair.attempts[1].is_empty(), "this side waits for the other");
    pair.ends[1].peer_attempts();
    pair.open(PathId(8), FAST);
    pair.run(10_000);
    assert_eq!((pair.carries(), pair.closed.as_slice()), (ON_DIRECT, &[DIRECT][..]));
    assert_eq!(pair.ends.each_ref().map(|end| end.path_that_carries()), [Some(PathId(8)); 2]);
}

#[test]
fn without_a_relay_a_dead_path_is_kept_and_a_new_one_taken_at_once() {
    let mut pair = Pair::connected(PathPolicy::Direct);
    pair.set(DIRECT, [DOWN; 2]);
    pair.run(3000);
    assert_eq!((pair.carries(), pair.relayed()), (ON_DIRECT, 0));
    pair.open(PathId(8), FAST);
    pair.run(100);
    assert_eq!(pair.ends[0].path_that_carries(), Some(PathId(8)));
}

#[test]
fn a_link_whose_attempts_fail_begins_on_the_relay_and_a_relay_only_one_makes_none() {
    let mut pair = Pair::new(PathPolicy::Any);
    pair.run(2900);
    assert_eq!(pair.carries(), [None; 2]);
    pair.run(300);
    assert_eq!(pair.carries(), ON_RELAY);
    let mut pair = Pair::new(PathPolicy::Relay);
    pair.run(100);
    assert_eq!((pair.carries(), &pair.attempts), (ON_RELAY, &Default::default()));
}

#[test]
fn nothing_is_attempted_without_a_server_and_everything_anew_when_it_is_back() {
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.attempts = Default::default();
    let now = pair.now;
    pair.ends.iter_mut().for_each(|end| end.server_changed(now, false));
    pair.close(DIRECT);
    pair.run(5000);
    assert_eq!((pair.carries(), pair.attempts[0].len()), ([None; 2], 0));
    let now = pair.now;
    pair.ends.iter_mut().for_each(|end| end.server_changed(now, true));
    pair.run(100);
    assert_eq!((pair.carries(), pair.attempts[0].len()), (ON_RELAY, 1));
}

#[test]
fn while_nothing_is_heard_at_all_the_connection_to_the_server_is_checked() {
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.set(DIRECT, [DOWN; 2]);
    pair.set(PathId::RELAY, [DOWN; 2]);
    pair.run(6000);
    assert!((4..=8).contains(&pair.checks), "{}", pair.checks);
}

#[test]
fn reliable_messages_survive_every_switch_once_and_in_order() {
    let mut pair = Pair::connected(PathPolicy::Any);
    let mut expected = Vec::new();
    for round in 0..40u8 {
        let now = pair.now;
        pair.ends[0].send_reliable(now, vec![round]).unwrap();
        expected.push(vec![round]);
        match round % 4 {
            0 => pair.set(DIRECT, [DOWN; 2]),
            2 => pair.set(DIRECT, [FAST; 2]),
            _ => {}
        }
        pair.run(700);
    }
    pair.run(10_000);
    assert_eq!(pair.messages, expected);
}

/// A minute in which the direct path does whatever a seed says, while the relay works.
fn minute(seed: u64) {
    let mut random = Pcg32::seed_from_u64(seed);
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.forget();
    let mut next_path = 8;
    let mut path = DIRECT;
    let mut expected = Vec::new();
    let mut troubles = 0;
    for second in 0..60u8 {
        let now = pair.now;
        pair.ends[0].send_reliable(now, vec![second]).unwrap();
        expected.push(vec![second]);
        let wire = |random: &mut Pcg32| match random.random_range(0..6) {
            0 | 1 => DOWN,
            2 => Wire { delay: MS * random.random_range(0..400), percent: 100 },
            3 => Wire { delay: MS * 10, percent: random.random_range(0..100) },
            _ => FAST,
        };
        match random.random_range(0..8) {
            0 | 1 => {
                let (there, back) = (wire(&mut random), wire(&mut random));
                pair.set(path, [there, back]);
                troubles += 1;
            }
            2 => pair.set(path, [FAST; 2]),
            3 => {
                pair.close(path);
                path = PathId(next_path);
                next_path += 1;
                pair.run(random.random_range(0..600));
                pair.open(path, FAST);
                troubles += 1;
            }
            _ => {}
        }
        pair.run(1000);
    }
    pair.set(path, [FAST; 2]);
    pair.run(30_000);
    assert_eq!(pair.messages, expected, "seed {seed}");
    // Half a second until it is noticed, a round trip of at most 800 ms more where nothing comes back to
    // tell, and what it takes to the relay.
    let gap = pair.longest_gap;
    assert!(gap <= MS * 1500, "seed {seed}: nothing came for {gap:?}");
    for changes in &pair.changes {
        assert!(changes.len() <= 3 * troubles + 2, "seed {seed}: {troubles} troubles, {changes:?}");
    }
    assert_eq!(pair.carries(), ON_DIRECT, "seed {seed}: {:?}", pair.changes);
}

#[test]
fn whatever_a_direct_path_does_the_match_hardly_notices() {
    (0..200).for_each(minute);
}
