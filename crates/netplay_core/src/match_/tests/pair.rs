//! Two players with inputs of every size, and which datagrams between them may be lost.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::super::{InputLog, MAX_INPUT_BYTES, MAX_INPUT_DELAY, MAX_PREDICTION, MatchTraffic};
use super::session::Session;
use super::settings::Settings;
use super::{FRAME, key, signatures};
use crate::link::Link;

/// More frames than any match here has.
const ENDLESS: i32 = 100_000;

struct Side {
    traffic: MatchTraffic,
    session: Session,
    random: Pcg32,
    /// The input that it gives now.
    input: Vec<u8>,
    /// How many datagrams with inputs it has sent.
    sent: usize,
}

struct Pair {
    settings: Settings,
    sides: [Side; 2],
    tick: u32,
    /// How many frames a datagram takes.
    latency: u32,
    /// How many frames an input lasts at most.
    held: u32,
    /// When it arrives, at which player, and the payload.
    datagrams: Vec<(u32, usize, Vec<u8>)>,
    random: Pcg32,
}

impl Pair {
    fn new(settings: Settings, latency: u32, seed: u64) -> Self {
        let side = |side: usize| Side {
            traffic: MatchTraffic::new(settings.config(2, settings.delay), signatures(2, side)),
            session: Session::new(settings.delay, &settings, [key(1 - side)].into_iter()),
            random: Pcg32::seed_from_u64(seed + 1 + side as u64),
            input: settings.default_input.clone(),
            sent: 0,
        };
        Self {
            sides: [side(0), side(1)],
            settings,
            tick: 0,
            latency,
            held: 1,
            datagrams: Vec::new(),
            random: Pcg32::seed_from_u64(seed),
        }
    }

    /// One update of both, in which the datagrams for which `is_lost` says so are lost.
    fn step(&mut self, mut is_lost: impl FnMut(usize, usize) -> bool) {
        self.tick += 1;
        let now = FRAME * self.tick;
        for at in 0..2 {
            let side = &mut self.sides[at];
            let due =
                |datagram: &mut (u32, usize, Vec<u8>)| datagram.0 <= self.tick && datagram.1 == at;
            for (_, _, payload) in self.datagrams.extract_if(.., due) {
                side.traffic.handle_payload(key(1 - at), &payload).unwrap();
            }
            side.traffic.handle_rtt(key(1 - at), Some(FRAME * (2 * self.latency + 1)));
            if side.random.random_range(0..self.held) == 0 {
                side.input = self.settings.random_input(&mut side.random);
            }
            side.session.run_frame(&mut side.traffic, ENDLESS, &side.input);
            side.traffic.handle_frame(side.session.frame);
            let mut payloads = 0;
            while let Some(due) = side.traffic.poll_transmit(now, key(1 - at), FRAME) {
                assert!(due.payload.len() <= Link::MAX_PAYLOAD, "{} bytes", due.payload.len());
                // What travels without inputs is not what is lost here.
                if !due.has_inputs || !is_lost(at, side.sent) {
                    self.datagrams.push((self.tick + self.latency, 1 - at, due.payload));
                }
                side.sent += usize::from(due.has_inputs);
                payloads += 1;
            }
            assert!(payloads <= 12, "{payloads} datagrams at once");
        }
    }

    /// Lets so many updates pass, in which this share of the datagrams is lost.
    fn run(&mut self, ticks: u32, loss: f64) {
        for _ in 0..ticks {
            let mut random = self.random.clone();
            self.step(|_, _| random.random_bool(loss));
            self.random = random;
        }
    }

    /// The frame that both have reached.
    fn frame(&self) -> i32 {
        self.sides.iter().map(|side| side.session.frame).min().unwrap()
    }

    /// Whether both have the same inputs, as far as they have them.
    fn agrees(&self) -> bool {
        (0..2).all(|of| {
            let [given, received] = [of, 1 - of].map(|at| {
                let log = self.sides[at].traffic.log((at != of).then(|| key(of))).unwrap();
                (0..=self.sides[1 - of].traffic.last_frame(key(of)))
                    .map(|frame| log.get(frame))
                    .collect::<Vec<_>>()
            });
            given == received
        })
    }
}

#[test]
fn random_inputs_of_72_bytes_play_at_130_ms_each_way() {
    let mut pair = Pair::new(Settings::with_bytes(72), 8, 1);
    pair.run(600, 0.0);
    // Both wait for the first input of the other one, and for nothing after it.
    assert!(pair.frame() >= 590, "frame {}", pair.frame());
    assert!(
        pair.sides.iter().all(|side| side.sent <= 2 * 600),
        "twice as many datagrams as frames"
    );
    assert!(pair.agrees());
}

#[test]
fn inputs_of_every_size_play_with_losses() {
    for (seed, bytes) in (0..).zip([0, 1, 55, 76, 130, 290, 380, 600, MAX_INPUT_BYTES - 1]) {
        for (latency, loss) in [(1, 0.2), (8, 0.0), (8, 0.05), (8, 0.2)] {
            let mut pair = Pair::new(Settings::with_bytes(bytes), latency, seed);
            pair.run(600, loss);
            let frame = pair.frame();
            let least = if loss > 0.1 { 100 } else { 400 };
            assert!(frame >= least, "frame {frame} with {bytes} bytes, {latency}, {loss}");
            assert!(pair.agrees(), "{bytes} bytes, {latency}, {loss}");
            // The peer would accept 600 a second.
            let most = 360 * 10 + 12;
            assert!(pair.sides.iter().all(|side| side.sent <= most), "{bytes}, {latency}, {loss}");
        }
    }
}

#[test]
fn the_widest_window_and_longest_delay_play_with_the_largest_inputs() {
    let settings = Settings {
        delay: MAX_INPUT_DELAY,
        window: MAX_PREDICTION,
        ..Settings::with_bytes(MAX_INPUT_BYTES - 1)
    };
    let mut pair = Pair::new(settings, 45, 3);
    pair.run(150, 0.0);
    assert!(pair.frame() >= 130, "frame {}", pair.frame());
    pair.run(80, 1.0);
    let before = pair.frame();
    pair.run(200, 0.02);
    assert!(pair.frame() >= before + 50, "from {before} to {}", pair.frame());
    assert!(pair.agrees());
}

#[test]
fn a_match_goes_on_after_nothing_arrived_for_a_while() {
    for (seed, bytes) in (0..).zip([1, 72, 300, MAX_INPUT_BYTES - 1]) {
        for outage in [5, 12, 17, 20, 25, 40, 300] {
            let mut pair = Pair::new(Settings::with_bytes(bytes), 8, seed);
            pair.run(60, 0.0);
            pair.run(outage, 1.0);
            // One repetition comes after the round-trip time at the latest, and arrives, and is acknowledged.
            pair.run(60, 0.0);
            let before = pair.frame();
            pair.run(60, 0.0);
            let frames = pair.frame() - before;
            assert!(frames >= 58, "{frames} frames, {bytes} bytes, nothing for {outage} frames");
            assert!(pair.agrees());
        }
    }
}

#[test]
fn lockstep_simulates_nothing_but_confirmed_frames_and_does_not_wait_for_the_pace() {
    for (delay, latency, least) in [(0, 1, 190), (2, 1, 590), (4, 3, 590), (0, 0, 390)] {
        let settings = Settings { delay, window: 0, ..Settings::default() };
        let mut pair = Pair::new(settings, latency, 5);
        // Inputs that hardly ever change.
        pair.held = 60;
        for _ in 0..600 {
            pair.run(1, 0.0);
            for side in &pair.sides {
                assert!(side.session.frame <= side.session.confirmed() + 1);
            }
        }
        assert!(pair.frame() >= least, "frame {} with {delay} and {latency}", pair.frame());
        pair.run(600, 0.1);
        assert!(pair.agrees());
    }
}

/// A match in which some datagrams of the first player are lost.
struct Lossy {
    /// The last frame that the second player has of the first one after each update.
    known: Vec<i32>,
    /// In which update each datagram was sent.
    sent: Vec<u32>,
    /// The inputs of the first player.
    inputs: InputLog,
}

impl Lossy {
    fn play(settings: &Settings, held: u32, lost: [usize; 2]) -> Self {
        let mut pair = Pair::new(settings.clone(), 3, 7);
        pair.held = held;
        let (mut known, mut sent) = (Vec::new(), Vec::new());
        for _ in 0..70 {
            let tick = pair.tick + 1;
            pair.step(|from, number| {
                if from == 0 {
                    sent.push(tick);
                }
                from == 0 && lost.contains(&number)
            });
            known.push(pair.sides[1].traffic.last_frame(key(0)));
        }
        let inputs = pair.sides[0].traffic.log(None).unwrap().clone();
        Self { known, sent, inputs }
    }

    /// The last frame up to which the inputs are known or, being the same as the last known one, predicted.
    fn predicted(&self, update: usize) -> i32 {
        let known = self.known[update];
        let input = self.inputs.get(known);
        let same =
            (known + 1..).take_while(|frame| input.is_some() && self.inputs.get(*frame) == input);
        same.last().unwrap_or(known)
    }
}

#[test]
fn two_lost_datagrams_in_a_row_cost_nothing_that_the_third_does_not_bring() {
    // Of the largest inputs a datagram has only one: what was in the lost ones comes with the next frame.
    for (bytes, later) in [(1, 0), (72, 0), (300, 0), (500, 0), (MAX_INPUT_BYTES - 1, 1)] {
        for held in [1, 2, 5, 30] {
            let settings = Settings::with_bytes(bytes);
            let without_losses = Lossy::play(&settings, held, [usize::MAX; 2]);
            for first in 0..25 {
                let lossy = Lossy::play(&settings, held, [first, first + 1]);
                // When the third one arrives.
                let from = (lossy.sent[first + 2] + 3) as usize - 1 + later;
                for update in from..lossy.known.len() {
                    assert!(
                        lossy.predicted(update) >= without_losses.predicted(update),
                        "{bytes} bytes, held for {held}, {first} and the next lost, update {update}"
                    );
                }
            }
        }
    }
}

#[test]
fn one_loss_less_in_a_row_than_an_input_is_sent_costs_nothing() {
    let cases = (0..20).flat_map(|seed| [1, 72, 150].map(|bytes| (seed, bytes, 3)));
    let others = (0..5).flat_map(|seed| [1, 2, 5, 8].map(|redundancy| (seed, 1, redundancy)));
    for (seed, bytes, redundancy) in cases.chain(others) {
        let settings = Settings { redundancy, ..Settings::with_bytes(bytes) };
        let mut pair = Pair::new(settings, 0, seed);
        pair.held = 1 + seed as u32 % 4;
        let mut random = Pcg32::seed_from_u64(seed);
        let mut in_a_row = [0u8; 2];
        for _ in 0..600 {
            let mut arrived = false;
            pair.step(|from, _| {
                let is_lost = in_a_row[from] < redundancy - 1 && random.random_bool(0.5);
                in_a_row[from] = if is_lost { in_a_row[from] + 1 } else { 0 };
                if from == 0 {
                    arrived = !is_lost;
                }
                is_lost
            });
            let given = pair.sides[0].traffic.log(None).unwrap().last_frame();
            let [_, second] = &pair.sides;
            if arrived {
                let known = second.traffic.last_frame(key(0));
                assert_eq!(known, given.unwrap(), "{bytes} bytes, {redundancy} times, {seed}");
            }
        }
    }
}
