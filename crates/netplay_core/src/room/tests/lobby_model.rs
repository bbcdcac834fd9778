//! Rooms with a lobby against a model: everything that peers can do in it, in any order, with time for everybody to learn
//! of it; and the same without that time, where only agreement is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::hostile::seeds;
use super::network::{Network, key, peer};
use super::ready::{end_after, ready};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// How many seeds are played.
const SEEDS: u64 = 150;
/// How many things happen in each.
const ACTIONS: u32 = 14;
/// After so many frames everybody knows what happened: the countdown, and some round trips.
const SETTLED: u32 = 50;

/// What the members of a room should see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Model {
    size: usize,
    /// In the order in which they joined.
    members: Vec<usize>,
    values: BTreeMap<usize, Vec<u8>>,
    room: Vec<u8>,
    ready: BTreeSet<usize>,
    /// Who plays, if a match is played.
    playing: BTreeSet<usize>,
    /// Who left the match that is played: it cannot wait in the lobby before that is over.
    left: BTreeSet<usize>,
    /// The last match that each has played.
    epochs: BTreeMap<usize, u16>,
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Join(usize),
    Leave(usize),
    Restart(usize),
    /// The first wants the second removed.
    Kick(usize, usize),
    Ready(usize, bool),
    SetPlayer(usize, u8),
    SetRoom(usize, u8),
    Start(usize),
    End,
}

impl Model {
    /// What may happen next.
    fn draw(&self, random: &mut Pcg32) -> Action {
        loop {
            let Some(member) = self.members.choose(random).copied() else { return Action::Join(0) };
            let plays = !self.playing.is_empty();
            match random.random_range(0..13) {
                0 | 1 if self.members.len() < self.size => {
                    let is_other =
                        |peer: &usize| !self.members.contains(peer) && !self.left.contains(peer);
                    let others = (0..16).filter(is_other);
                    let others: Vec<usize> = others.collect();
                    return Action::Join(*others.choose(random).unwrap());
                }
                2 if self.members.len() > 1 => return Action::Leave(member),
                3 if !self.playing.contains(&member) => return Action::Restart(member),
                4..=7 if !plays => {
                    return Action::Ready(member, random.random_range(0..5) > 0);
                }
                8 => return Action::SetPlayer(member, random.random_range(0..3)),
                9 => return Action::SetRoom(member, random.random_range(0..3)),
                10 if !plays => return Action::Start(member),
                11 if plays => return Action::End,
                // Who waits for the end of a match removes nobody from it.
                12 if !plays || self.playing.contains(&self.members[0]) => {
                    let other = self.members.choose(random).copied();
                    if let Some(other) = other.filter(|other| *other != member) {
                        return Action::Kick(member, other);
                    }
                }
                _ => {}
            }
        }
    }

    /// Something changed that all see.
    fn changed(&mut self) {
        self.ready.clear();
    }

    fn handle(&mut self, action: Action) {
        match action {
            Action::Join(joined) => {
                self.members.push(joined);
                self.epochs.insert(joined, 0);
                self.values.insert(joined, Vec::new());
                self.changed();
            }
            Action::Leave(left) => {
                self.members.retain(|member| *member != left);
                self.values.remove(&left);
                self.epochs.remove(&left);
                if self.playing.remove(&left) {
                    self.left.insert(left);
                }
                if self.playing.len() == 1 {
                    self.playing.clear();
                    self.left.clear();
                }
                self.changed();
            }
            Action::Kick(by, kicked) => {
                if self.members[0] == by {
                    return self.handle(Action::Leave(kicked));
                }
            }
            Action::Restart(restarted) => {
                self.values.insert(restarted, Vec::new());
                self.epochs.insert(restarted, 0);
                if self.members[0] == restarted {
                    self.room.clear();
                }
                self.changed();
            }
            Action::Ready(member, true) => self.ready.extend([member]),
            Action::Ready(member, false) => self.ready.retain(|ready| *ready != member),
            Action::SetPlayer(member, value) => {
                if self.values.insert(member, vec![value]) != Some(vec![value]) {
                    self.changed();
                }
            }
            Action::SetRoom(member, value) => {
                if self.members[0] == member && self.room != [value] {
                    self.room = vec![value];
                    self.changed();
                }
            }
            Action::Start(member) => {
                if self.members[0] == member && self.members.len() > 1 {
                    self.start();
                }
            }
            Action::End => {
                self.playing.clear();
                self.left.clear();
                self.changed();
            }
        }
        let all: BTreeSet<usize> = self.members.iter().copied().collect();
        if all.len() > 1 && self.ready == all {
            self.start();
        }
    }

    fn start(&mut self) {
        self.playing = self.members.iter().copied().collect();
        let last = self.epochs.values().max().copied().unwrap_or(0);
        self.epochs.values_mut().for_each(|epoch| *epoch = last + 1);
        self.ready.clear();
    }

    /// Panics unless a member sees what it should.
    #[track_caller]
    fn check(&self, network: &Network, seed: u64, action: Action) {
        for member in &self.members {
            let overview = network.nodes[member].room.lobby();
            let seen: Vec<_> = overview.members.iter().map(|it| peer(it.peer)).collect();
            let what = || format!("seed {seed}, {action:?}, peer {member}: {self:?}: {network}");
            assert_eq!(seen, self.members, "{}", what());
            assert_eq!(overview.first, Some(key(self.members[0])), "{}", what());
            assert_eq!(overview.room.as_deref(), Some(&self.room[..]), "{}", what());
            for seen in &overview.members {
                let of = peer(seen.peer);
                assert_eq!(seen.value.as_ref(), Some(&self.values[&of]), "{of}: {}", what());
                assert_eq!(seen.ready, self.ready.contains(&of), "{of}: {}", what());
                assert_eq!(seen.playing, self.playing.contains(&of), "{of}: {}", what());
            }
            let started = network.started(*member);
            assert_eq!(started.is_some(), self.playing.contains(member), "{}", what());
            if let Some(started) = started {
                assert_eq!(started.epoch, self.epochs[member], "{}", what());
            }
        }
    }
}

fn carry_out(network: &mut Network, action: Action) {
    let now = network.now;
    let room = |network: &mut Network, peer: usize, act: &dyn Fn(&mut crate::room::Room)| {
        if let Some(node) = network.nodes.get_mut(&peer) {
            act(&mut node.room);
        }
    };
    match action {
        Action::Join(joined) => network.join(joined),
        Action::Leave(left) => network.leave(left),
        Action::Restart(restarted) => network.restart(restarted),
        Action::Kick(by, kicked) => network.kick(by, kicked),
        Action::Ready(member, is_ready) => ready(network, member, is_ready),
        Action::SetPlayer(member, value) => {
            room(network, member, &|room| room.set_lobby_player(vec![value]).unwrap());
        }
        Action::SetRoom(member, value) => {
            room(network, member, &|room| room.set_lobby_room(vec![value]).unwrap());
        }
        Action::Start(member) => room(network, member, &|room| {
            let _ = room.ask_to_start(now);
        }),
        Action::End => {
            let playing: Vec<usize> =
                network.all().filter(|peer| network.simulation(*peer).is_some()).collect();
            let frame = network.confirmed(playing.iter().copied()) + 10;
            end_after(network, &playing, frame);
        }
    }
}

/// Who plays one match has started it with the same players, seed and values.
#[track_caller]
pub(super) fn check_agreement(network: &Network, seed: u64) {
    let honest = |peer: &usize| !network.hostile.contains(peer);
    for one in network.all().filter(honest) {
        let Some(first) = network.started(one) else { continue };
        for other in network.all().filter(honest) {
            let Some(second) = network.started(other) else { continue };
            let play_together =
                first.players.contains(&key(other)) && second.players.contains(&key(one));
            if first.epoch == second.epoch && play_together {
                let of =
                    |it: &crate::room::MatchStart| (it.players.clone(), it.seed, it.lobby.clone());
                assert_eq!(of(first), of(second), "seed {seed}: {one} and {other}: {network}");
            }
        }
    }
}

/// All who are there play a match at last.
#[track_caller]
pub(super) fn check_liveness(network: &mut Network, seed: u64) {
    let all: Vec<usize> = network.all().collect();
    for peer in &all {
        assert!(network.ended(*peer).is_none(), "seed {seed}: {network}");
    }
    if all.len() < 2 {
        return;
    }
    carry_out(network, Action::End);
    network.run_until(&format!("seed {seed}: nobody plays"), |network| {
        network.all().all(|peer| network.simulation(peer).is_none())
    });
    network.run(SETTLED);
    for peer in &all {
        ready(network, *peer, true);
    }
    network.run_until(&format!("seed {seed}: all play"), |network| {
        let started = |peer| network.started(peer).is_some_and(|it| it.players.len() == all.len());
        network.all().all(started)
    });
    network.play_on(&all);
    check_agreement(network, seed);
}

fn network(seed: u64, size: usize) -> Network {
    let mut network = Network::configured(seed, size as u8, |_, config| {
        config.countdown = Duration::from_millis(100);
    });
    network.least = Some(2);
    network
}

fn play_settled(seed: u64) {
    let mut random = Pcg32::seed_from_u64(seed);
    let size = random.random_range(2..=8);
    let mut network = network(seed, size);
    let mut model = Model { size, ..Model::default() };
    for _ in 0..ACTIONS {
        let action = model.draw(&mut random);
        carry_out(&mut network, action);
        model.handle(action);
        network.run(SETTLED);
        model.check(&network, seed, action);
    }
    check_liveness(&mut network, seed);
}

fn play_hastily(seed: u64) {
    let mut random = Pcg32::seed_from_u64(seed);
    let size = random.random_range(2..=8);
    let mut network = network(seed, size);
    network.jitter = Duration::from_millis(30);
    network.loss = [0.0, 0.1][random.random_range(0..2)];
    let mut model = Model { size, ..Model::default() };
    for _ in 0..2 * ACTIONS {
        let mut action = model.draw(&mut random);
        if random.random_range(0..3) == 0 {
            // As one does who wants to play.
            let members = model.members.clone();
            members.iter().for_each(|member| ready(&mut network, *member, true));
        }
        if let Action::Restart(member) | Action::Leave(member) | Action::Kick(_, member) = action
            && network.simulation(member).is_some()
            && network.all().filter(|it| network.simulation(*it).is_some()).count() < 3
        {
            // A match of two is over then, for the one who is left: the model does not know which of them plays.
            action = Action::End;
        }
        carry_out(&mut network, action);
        model.handle(action);
        let frames = [0, 1, 3, 8, 30][random.random_range(0..5)];
        for _ in 0..frames {
            network.run(1);
            check_agreement(&network, seed);
        }
    }
    network.loss = 0.0;
    network.run(60 * 15);
    check_agreement(&network, seed);
    check_liveness(&mut network, seed);
}

#[test]
fn everybody_sees_what_the_model_of_the_lobby_says() {
    for seed in 0..seeds(SEEDS) {
        play_settled(seed);
    }
}

#[test]
fn whatever_happens_at_any_moment_all_start_the_same_match_or_none() {
    for seed in 0..seeds(SEEDS) {
        play_hastily(seed);
    }
}
