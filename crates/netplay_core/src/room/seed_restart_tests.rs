//! Exchanges between peers over ordered channels, whose processes restart at any moment.

use std::collections::{BTreeSet, VecDeque};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::tests::{ROSTER, key, others, roster};
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A message between processes; the first one of a process tells of its start.
#[derive(Clone, Debug)]
enum Message {
    Started,
    Commitment(SeedCommitment),
    Reveal(SeedReveal),
    Reveals(SeedReveals),
    /// The match runs with this seed.
    Rejoin(u64),
}

struct Process {
    exchange: SeedExchange,
    seed: Option<u64>,
    sent: BTreeMap<usize, SeedTerms>,
    /// Who restarted, as far as it knows: they may learn of the match from those who play it only.
    restarted: BTreeSet<usize>,
}

struct World {
    random: Pcg32,
    processes: Vec<Process>,
    /// By receiver and sender.
    channels: BTreeMap<(usize, usize), VecDeque<Message>>,
    /// By sender and receiver: the sender does not know yet that the receiver restarted. What it sends is for the
    /// process before, and dropped.
    unaware: BTreeSet<(usize, usize)>,
    /// How many nonces were revealed.
    revealed: usize,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world = Self {
            random: Pcg32::seed_from_u64(seed),
            processes: Vec::new(),
            channels: BTreeMap::new(),
            unaware: BTreeSet::new(),
            revealed: 0,
        };
        for peer in 0..world.random.random_range(2..=5) {
            let process = world.process(peer);
            world.processes.push(process);
        }
        world
    }

    fn process(&mut self, peer: usize) -> Process {
        let entropy = Entropy(std::array::from_fn(|_| self.random.random_range(0..=255)));
        let exchange = SeedExchange::new(key(peer), entropy);
        Process { exchange, seed: None, sent: BTreeMap::new(), restarted: BTreeSet::new() }
    }

    /// A process ends, and what it sent last may be lost with it. Another one begins.
    fn restart(&mut self, peer: usize) {
        for ((to, from), channel) in &mut self.channels {
            if *to == peer {
                channel.clear();
            } else if *from == peer {
                channel.truncate(self.random.random_range(0..=channel.len()));
            }
        }
        self.processes[peer] = self.process(peer);
        let others = (0..self.processes.len()).filter(|other| *other != peer);
        self.unaware.retain(|(from, _)| *from != peer);
        self.unaware.extend(others.map(|other| (other, peer)));
        self.send_to_all(peer, &Message::Started);
    }

    fn send(&mut self, from: usize, to: usize, message: Message) {
        if !self.unaware.contains(&(from, to)) {
            self.channels.entry((to, from)).or_default().push_back(message);
        }
    }

    fn send_to_all(&mut self, from: usize, message: &Message) {
        for to in (0..self.processes.len()).filter(|to| *to != from) {
            self.send(from, to, message.clone());
        }
    }

    fn receive(&mut self, to: usize, from: usize) {
        let Some(message) = self.channels.get_mut(&(to, from)).and_then(VecDeque::pop_front) else {
            return;
        };
        let it = &mut self.processes[to];
        match message {
            Message::Started => {
                it.exchange.forget(key(from));
                it.sent.remove(&from);
                it.restarted.insert(from);
                let seed = it.seed;
                self.unaware.remove(&(to, from));
                if let Some(seed) = seed {
                    self.send(to, from, Message::Rejoin(seed));
                }
            }
            _ if it.seed.is_some() => {}
            Message::Rejoin(seed) => {
                it.seed = Some(seed);
                // Some may not know that a match runs.
                self.send_to_all(to, &Message::Rejoin(seed));
            }
            Message::Commitment(told) => it.exchange.handle_commitment(key(from), told).unwrap(),
            Message::Reveal(told) => it.exchange.handle_reveal(key(from), told).unwrap(),
            Message::Reveals(told) => {
                if let Some(agreed) = it.exchange.handle_reveals(told).unwrap() {
                    self.start(to, agreed);
                }
            }
        }
    }

    fn start(&mut self, peer: usize, agreed: AgreedSeed) {
        self.processes[peer].seed = Some(agreed.seed);
        self.send_to_all(peer, &Message::Reveals(agreed.reveals));
        let restarted = std::mem::take(&mut self.processes[peer].restarted);
        restarted.into_iter().for_each(|to| self.send(peer, to, Message::Rejoin(agreed.seed)));
    }

    fn describe(&self) -> String {
        let describe = |process: &Process| {
            let Process { exchange, seed, .. } = process;
            let told = |(peer, told): (&PeerKey, &Told)| {
                let round = told.commitment.map(|it| it.terms.round);
                format!("{peer:?}: {round:?}, {:?}", told.reveal.map(|it| it.terms.round))
            };
            let told: Vec<String> = exchange.told.iter().map(told).collect();
            let (round, revealed) = (exchange.round(), exchange.is_revealed());
            format!("seed {seed:?}, round {round}, revealed {revealed}, told {told:?}")
        };
        let processes: Vec<String> = self.processes.iter().map(describe).collect();
        format!("{}\nunaware {:?}", processes.join("\n"), self.unaware)
    }

    fn update(&mut self, peer: usize) {
        let peers = self.processes.len();
        for from in 0..peers {
            if self.random.random_range(0..2) == 0 {
                self.receive(peer, from);
            }
        }
        let it = &mut self.processes[peer];
        if it.seed.is_some() {
            return;
        }
        it.exchange.commit(ROSTER, 1);
        let told = it.exchange.commitment().unwrap();
        let lacking: Vec<usize> = (0..peers)
            .filter(|to| *to != peer && it.sent.insert(*to, told.terms) != Some(told.terms))
            .collect();
        lacking.into_iter().for_each(|to| self.send(peer, to, Message::Commitment(told)));
        let it = &mut self.processes[peer];
        let reveal = it.exchange.reveal(&roster(peers), &others(peer, peers));
        let outcome = it.exchange.poll_outcome();
        if let Some(reveal) = reveal {
            self.revealed += 1;
            self.send_to_all(peer, &Message::Reveal(reveal));
        }
        match outcome {
            SeedOutcome::Agreed(agreed) => self.start(peer, *agreed),
            SeedOutcome::Pending => {}
            SeedOutcome::Disputed => panic!("disputed"),
        }
    }
}

#[test]
fn processes_that_restart_at_any_moment_end_with_the_same_seed() {
    let (mut restarts, mut surplus) = (0, 0);
    for seed in 0..2000 {
        let mut world = World::new(seed);
        let peers = world.processes.len();
        let mut left = world.random.random_range(0..=4);
        for tick in 0.. {
            assert!(tick < 2000, "seed {seed} hangs: {}", world.describe());
            if left > 0 && world.random.random_range(0..8) == 0 {
                left -= 1;
                restarts += 1;
                let peer = world.random.random_range(0..peers);
                world.restart(peer);
            }
            (0..peers).for_each(|peer| world.update(peer));
            if left == 0 && world.processes.iter().all(|process| process.seed.is_some()) {
                break;
            }
        }
        let seeds: BTreeSet<_> = world.processes.iter().map(|process| process.seed).collect();
        assert_eq!(seeds.len(), 1, "seed {seed}");
        surplus += world.revealed.saturating_sub(peers);
    }
    assert!(restarts > 2000 && surplus > 500, "{restarts} restarts, {surplus} more nonces");
}
