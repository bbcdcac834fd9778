//! Matches under path faults, by seed: connections are cut, reset, slow, lossy or one-way, the server comes and goes,
//! processes are suspended, players leave and return.
//!
//! A match has four parts: half a minute of faults, recovery, one player who leaves, and another match of
//! all. Whatever the faults, the players agree on every frame, the game stalls no longer than it has to, and the
//! choice of paths does not flap.

mod fault;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use bevy_netplay::prelude::*;
use netplay_protocol::PeerKey;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use crate::{ServedHub, TestApps, TestAppsBuilder};
use fault::InjectedFault;

/// How long faults are injected, in steps: half a minute.
const FAULT_STEPS: u32 = 1800;
/// How long it may take after the last fault until all use the best path again, in steps: ten seconds to the next
/// attempt, one and a half for it, sixteen in which it proves itself, and a margin for bad luck.
const RECOVERY_STEPS: u32 = 2400;

/// Plays every seed below a number, on all cores. The environment variable `NETPLAY_SEEDS` sets another number,
/// `NETPLAY_SEED` plays one seed alone.
///
/// # Panics
///
/// If a seed fails; names the command that plays it alone.
pub fn play_seeds(seeds: u64, command: &str, play: impl Fn(u64) + Sync) {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("NETPLAY_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("NETPLAY_SEEDS").unwrap_or(seeds),
    };
    let count = seeds.end - seeds.start;
    let workers = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    std::thread::scope(|scope| {
        for worker in 0..workers.min(count) {
            let (seeds, play) = (seeds.clone(), &play);
            scope.spawn(move || {
                for seed in seeds.skip(worker as usize).step_by(workers as usize) {
                    let played = catch_unwind(AssertUnwindSafe(|| play(seed)));
                    // The panic itself has been printed already.
                    assert!(played.is_ok(), "to play this alone: NETPLAY_SEED={seed} {command}");
                }
            });
        }
    });
}

/// Plays the match of a seed, with half a minute of faults. `prepare` chooses the game and the server. Returns the
/// [hash of everything that was sent](TestApps::traffic_hash).
///
/// # Panics
///
/// If the match does not survive it: see the [module](self).
pub fn play(seed: u64, prepare: impl Fn(TestAppsBuilder) -> TestAppsBuilder) -> u64 {
    let mut random = Pcg32::seed_from_u64(seed);
    let players = *[2, 2, 2, 3, 4].choose(&mut random).unwrap_or(&2);
    let conditions = match random.random_range(0..3) {
        0 => NetworkConditions::default(),
        1 => NetworkConditions::wifi(),
        _ => NetworkConditions::mobile(),
    };
    let builder = TestApps::builder(seed).players(players).conditions(conditions.clone());
    let mut apps = prepare(builder).start();
    let attempt_ms = random.random_range(100..1500);
    apps.hub().set_attempts_take(Duration::from_millis(attempt_ms));
    apps.run_until_confirmed(60, 1000);

    let keys = apps.indices().map(|index| apps.key(index)).collect();
    let mut chaos = Chaos { apps, random, keys, conditions, healed: Vec::new() };
    chaos.inject_faults();
    chaos.recover();
    chaos.drop_one();
    chaos.play_again();
    chaos.apps.traffic_hash()
}

struct Chaos {
    apps: TestApps,
    random: Pcg32,
    keys: Vec<PeerKey>,
    /// What the network is like without faults.
    conditions: NetworkConditions,
    /// The faults so far, by the step in which they were healed.
    healed: Vec<(u64, InjectedFault)>,
}

impl Chaos {
    fn inject_faults(&mut self) {
        let mut step = 0;
        self.apps.take_longest_stall();
        while step < FAULT_STEPS {
            let injected = self.choose_fault();
            self.inject(&injected);
            self.apps.run(injected.steps);
            self.heal(&injected);
            // After a silence that was nearly too long, the peers need a moment to hear each other again.
            let pause = self.random.random_range(60..240);
            self.apps.run(pause);
            step += injected.steps + pause;
            self.healed.push((self.apps.steps(), injected.clone()));
            assert!(self.apps.all_playing(), "{self}");
            self.wait_for_the_server();
            let (stall, most) = (self.apps.take_longest_stall(), self.longest_stall(&injected));
            assert!(stall <= most, "the game stalled for {stall:?}, not {most:?}: {self}");
        }
    }

    /// All are connected to the server before the next fault: without it no path can take over.
    fn wait_for_the_server(&mut self) {
        let online = |apps: &TestApps| apps.server().is_none_or(ServedHub::everybody_is_online);
        self.apps.run_until("all are connected to the server", 900, online);
    }

    /// After the last fault: all use the best path again.
    fn recover(&mut self) {
        let frame = self.apps.confirmed();
        self.apps.run_until_confirmed(frame + 120, 2400);
        self.apps.run_until("all use the best path", RECOVERY_STEPS, Self::is_direct);
        self.assert_in_sync();
        for index in self.apps.indices() {
            for link in self.apps.world(index).resource::<PeerLinks>().iter() {
                let (changes, most) = (link.path_changes.len(), self.most_path_changes());
                assert!(changes <= most, "{changes} changes: {link:#?} {self}");
            }
        }
    }

    /// How often a link may have changed its path.
    fn most_path_changes(&self) -> usize {
        self.healed.iter().map(|(_, injected)| injected.most_path_changes()).sum()
    }

    /// Whether no link needs the server's relay.
    fn is_direct(apps: &TestApps) -> bool {
        let mut links =
            apps.indices().flat_map(|index| apps.world(index).resource::<PeerLinks>().iter());
        links.all(|link| link.path == Some(LinkPath::Memory))
    }

    /// Of more than two players, one leaves, and the others play on.
    fn drop_one(&mut self) {
        if self.keys.len() == 2 {
            return;
        }
        let leaver = self.random.random_range(0..self.keys.len());
        self.apps.command(leaver, |commands| commands.leave_room());
        self.apps.run(60);
        self.apps.exclude(&[leaver]);
        let frame = self.apps.confirmed();
        self.apps.run_until_confirmed(frame + 120, 2400);
        self.assert_in_sync();
    }

    /// All leave, join again and play another match.
    fn play_again(&mut self) {
        for index in self.apps.indices() {
            self.apps.command(index, |commands| commands.leave_room());
        }
        self.apps.run(60);
        self.apps.reset_records();
        self.apps.join_all();
        self.apps.run_until("all play again", 1800, TestApps::all_playing);
        self.apps.run_until_confirmed(60, 1000);
        self.assert_in_sync();
    }

    fn assert_in_sync(&self) {
        for index in self.apps.indices() {
            // Every simulation runs, or its process does not: then nothing is heard of it.
            let stalled = &self.apps.messages(index).stalled;
            assert!(stalled.is_empty(), "{stalled:?}: {self}");
        }
        if self.apps.records_frames() {
            return self.apps.assert_in_sync();
        }
        self.apps.assert_no_desync();
        self.apps.assert_equal_checksums();
    }
}

impl std::fmt::Display for Chaos {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\nafter {:?}", self.apps, self.healed)
    }
}
