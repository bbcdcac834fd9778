//! Survivors on ordered channels, and players who disconnect at any moment.

use std::collections::VecDeque;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The version of somebody who has so many inputs.
fn version(last_frame: i32) -> LogVersion {
    LogVersion { signed: None, last_frame, digest: InputDigest::first() }
}

struct World {
    random: Pcg32,
    players: Vec<Option<Player>>,
    /// By receiver and sender: the player a proposal is about, and the frame.
    channels: BTreeMap<(usize, usize), VecDeque<(usize, i32)>>,
}

struct Player {
    consensus: DropConsensus,
    /// The last frame that was received of each player.
    newest: Vec<i32>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Pcg32::seed_from_u64(seed);
        let count = random.random_range(2..=8);
        let players = (0..count)
            .map(|local_player| {
                let newest = (0..count).map(|_| random.random_range(-1..20)).collect();
                Some(Player { consensus: DropConsensus::new(count, local_player, []), newest })
            })
            .collect();
        Self { random, players, channels: BTreeMap::new() }
    }

    fn alive(&self) -> Vec<usize> {
        (0..self.players.len()).filter(|player| self.players[*player].is_some()).collect()
    }

    /// Sends a proposal to every survivor, or to some of them if the sender is lost meanwhile.
    fn propose(&mut self, from: usize, about: usize) {
        let Some(player) = &self.players[from] else { return };
        let survivors: Vec<_> =
            player.consensus.survivors().filter(|other| *other != from).collect();
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

    fn freeze(&mut self, by: usize, lost: usize) {
        let Some(player) = &mut self.players[by] else { return };
        if player.consensus.freeze(lost, version(player.newest[lost])) {
            self.propose(by, lost);
        }
    }

    fn deliver(&mut self, channel: (usize, usize)) {
        let (to, from) = channel;
        let Some((about, frame)) = self.channels.get_mut(&channel).and_then(VecDeque::pop_front)
        else {
            return;
        };
        let Some(player) = &mut self.players[to] else { return };
        if player.consensus.is_frozen(from) || about == to {
            return;
        }
        let known = player.newest[about].max(frame);
        if !player.consensus.is_dropped(about) {
            player.newest[about] = known;
        }
        if player.consensus.handle_proposal(from, about, version(frame), version(known)) {
            self.propose(to, about);
        }
    }

    /// One event: a player is lost, an input arrives, a loss is noticed, or a proposal arrives.
    fn step(&mut self, quiet: bool) {
        let alive = self.alive();
        let anybody = alive[self.random.random_range(0..alive.len())];
        let other = self.random.random_range(0..self.players.len());
        match self.random.random_range(0..40) {
            0 if !quiet && alive.len() > 1 => self.players[anybody] = None,
            1..6 if !quiet => {
                let Some(player) = &mut self.players[anybody] else { return };
                if other != anybody && !player.consensus.is_frozen(other) {
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
            while let Some(dropped) = player.consensus.poll_dropped() {
                let DroppedPlayer { player: dropped, last_frame } = dropped;
                assert!(last_frame >= player.newest[dropped], "an input that was known is lost");
                player.newest[dropped] = last_frame;
            }
        }
    }
}

#[test]
fn survivors_agree_on_the_last_frame_of_every_dropped_player() {
    for seed in 0..1000 {
        let mut world = World::new(seed);
        (0..300).for_each(|_| world.step(false));
        (0..6000).for_each(|_| world.step(true));
        let alive = world.alive();
        let lost = world.players.len() - alive.len();
        let dropped: Vec<Vec<(usize, i32)>> = alive
            .iter()
            .filter_map(|player| world.players[*player].as_ref())
            .map(|player| {
                let players = 0..world.players.len();
                let dropped = players.filter(|other| player.consensus.is_dropped(*other));
                dropped.map(|other| (other, player.newest[other])).collect()
            })
            .collect();
        assert!(dropped.windows(2).all(|pair| pair[0] == pair[1]), "seed {seed}: {dropped:?}");
        assert!(dropped.iter().all(|dropped| dropped.len() == lost), "seed {seed}: {dropped:?}");
    }
}

#[test]
fn a_player_who_rejoined_answers_who_still_waits_for_it() {
    let mut consensus = DropConsensus::new(3, 1, [(2, Some(version(17)))]);
    assert!(consensus.is_dropped(2));
    let same = version(17);
    assert!(
        consensus.handle_proposal(0, 2, same, same),
        "the process before may not have answered"
    );
    assert!(!consensus.handle_proposal(0, 2, same, same), "answered already");
    assert_eq!(consensus.poll_dropped(), None);
}

#[test]
fn the_inputs_that_a_frozen_player_has_are_not_taken() {
    let mut consensus = DropConsensus::new(3, 1, []);
    assert!(consensus.takes_inputs(0));
    assert!(consensus.freeze(0, version(17)));
    assert!(!consensus.takes_inputs(0), "the other survivors may not receive them");
    assert!(!consensus.handle_proposal(0, 2, version(20), version(20)));
    assert!(!consensus.is_frozen(2));
}

#[test]
fn the_last_of_two_decides_alone() {
    let mut consensus = DropConsensus::new(2, 1, []);
    assert!(consensus.freeze(0, version(17)));
    assert!(!consensus.freeze(0, version(18)), "frozen already");
    assert!(!consensus.freeze(1, version(3)), "the local player");
    assert!(!consensus.freeze(2, version(3)), "no player");
    assert_eq!(consensus.poll_dropped(), Some(DroppedPlayer { player: 0, last_frame: 17 }));
    assert_eq!((consensus.is_dropped(0), consensus.poll_dropped()), (true, None));
}

#[test]
fn a_greater_version_counts_after_the_decision_as_well_and_is_told_to_everybody() {
    let (first, digest) = (version(17), InputDigest::first().next(0, &[1]));
    let signed = LogVersion { signed: Some(-1), last_frame: 3, digest };
    let longer = LogVersion { digest, ..version(18) };
    assert!(first < longer && longer < signed);
    for greater in [longer, signed] {
        let mut consensus = DropConsensus::new(3, 1, []);
        assert!(consensus.freeze(2, first));
        assert!(!consensus.handle_proposal(0, 2, first, first));
        assert!(consensus.poll_dropped().is_some());
        assert!(!consensus.handle_proposal(0, 2, first, first), "no news");
        assert!(consensus.handle_proposal(0, 2, greater, greater));
        assert!(!consensus.handle_proposal(0, 2, first, greater), "known");
        assert_eq!(consensus.poll_dropped(), None, "it is dropped once");
    }
}

#[test]
fn a_proposal_that_cannot_be_drops_nobody_and_is_not_waited_for() {
    for invalid_first in [true, false] {
        let mut consensus = DropConsensus::new(3, 1, []);
        if invalid_first {
            consensus.handle_invalid_proposal(0, 2);
            assert!(!consensus.is_frozen(2) && consensus.poll_dropped().is_none());
        }
        assert!(consensus.freeze(2, version(17)));
        if !invalid_first {
            assert_eq!(consensus.poll_dropped(), None);
            consensus.handle_invalid_proposal(0, 2);
        }
        assert_eq!(consensus.poll_dropped(), Some(DroppedPlayer { player: 2, last_frame: 17 }));
    }
}
