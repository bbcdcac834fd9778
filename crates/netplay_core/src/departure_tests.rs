//! Survivors on channels that keep their order, and players who are lost at any moment.

use std::collections::VecDeque;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

struct World {
    random: Pcg32,
    players: Vec<Option<Player>>,
    /// By receiver and sender: whom an announcement is about, and the frame.
    channels: BTreeMap<(usize, usize), VecDeque<(usize, i32)>>,
}

struct Player {
    departures: Departures,
    /// The last frame of each player that has come.
    newest: Vec<i32>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Pcg32::seed_from_u64(seed);
        let count = random.random_range(2..=8);
        let players = (0..count)
            .map(|us| {
                let newest = (0..count).map(|_| random.random_range(-1..20)).collect();
                Some(Player { departures: Departures::new(count, us, []), newest })
            })
            .collect();
        Self { random, players, channels: BTreeMap::new() }
    }

    fn alive(&self) -> Vec<usize> {
        (0..self.players.len()).filter(|player| self.players[*player].is_some()).collect()
    }

    /// Announces to every survivor, or, of a player that is lost meanwhile, to some of them.
    fn announce(&mut self, from: usize, about: usize) {
        let Some(player) = &self.players[from] else { return };
        let survivors: Vec<_> =
            player.departures.survivors().filter(|other| *other != from).collect();
        let frame = player.newest[about];
        let lost = self.random.random_range(0..60) == 0;
        for to in survivors {
            if lost && self.random.random_range(0..2) == 0 {
                break;
            }
            self.channels.entry((to, from)).or_default().push_back((about, frame));
        }
        if lost && self.alive().len() > 1 {
            self.players[from] = None;
        }
    }

    fn freeze(&mut self, by: usize, whom: usize) {
        let Some(player) = &mut self.players[by] else { return };
        if player.departures.freeze(whom, player.newest[whom]) {
            self.announce(by, whom);
        }
    }

    fn deliver(&mut self, channel: (usize, usize)) {
        let (to, from) = channel;
        let Some((about, frame)) = self.channels.get_mut(&channel).and_then(VecDeque::pop_front)
        else {
            return;
        };
        let Some(player) = &mut self.players[to] else { return };
        if player.departures.is_frozen(from) || about == to {
            return;
        }
        let ours = player.newest[about];
        if player.departures.gone_after(about).is_none() {
            player.newest[about] = ours.max(frame);
        }
        if player.departures.announced(from, about, frame, ours) {
            self.announce(to, about);
        }
    }

    /// Something happens: a player is lost, an input arrives, a loss is noticed, an announcement arrives.
    fn step(&mut self, quiet: bool) {
        let alive = self.alive();
        let anybody = alive[self.random.random_range(0..alive.len())];
        let other = self.random.random_range(0..self.players.len());
        match self.random.random_range(0..40) {
            0 if !quiet && alive.len() > 1 => self.players[anybody] = None,
            1..6 if !quiet => {
                let Some(player) = &mut self.players[anybody] else { return };
                if other != anybody && !player.departures.is_frozen(other) {
                    player.newest[other] += 1;
                }
            }
            6..12 if self.players[other].is_none() => self.freeze(anybody, other),
            _ => {
                let channels: Vec<_> = self.channels.keys().copied().collect();
                if !channels.is_empty() {
                    let channel = channels[self.random.random_range(0..channels.len())];
                    self.deliver(channel);
                }
            }
        }
        for player in self.players.iter_mut().flatten() {
            for (gone, frame) in player.departures.decide() {
                assert!(frame >= player.newest[gone], "an input that was known is lost");
                player.newest[gone] = frame;
            }
        }
    }
}

#[test]
fn survivors_agree_on_the_last_frame_of_whoever_is_gone() {
    for seed in 0..1000 {
        let mut world = World::new(seed);
        (0..300).for_each(|_| world.step(false));
        (0..6000).for_each(|_| world.step(true));
        let alive = world.alive();
        let lost = world.players.len() - alive.len();
        let gone: Vec<_> = alive
            .iter()
            .filter_map(|player| world.players[*player].as_ref())
            .map(|player| player.departures.gone.clone())
            .collect();
        assert!(gone.windows(2).all(|pair| pair[0] == pair[1]), "seed {seed}: {gone:?}");
        assert!(gone.iter().all(|gone| gone.len() == lost), "seed {seed}: {gone:?}");
    }
}

#[test]
fn the_last_of_two_decides_alone() {
    let mut departures = Departures::new(2, 1, []);
    assert!(departures.freeze(0, 17));
    assert!(!departures.freeze(0, 18), "no news");
    assert!(!departures.freeze(1, 3), "we are here");
    assert_eq!(departures.decide(), [(0, 17)]);
    assert_eq!((departures.gone_after(0), departures.decide()), (Some(17), vec![]));
}
