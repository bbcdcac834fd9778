//! Everything that can happen to paths, by seed: connections are cut, reset, slow, lossy and one-way, the
//! server comes and goes, processes stand still, players leave and come back. Whatever it is, the players
//! must agree on every frame, the game must not stand still for longer than it has to, and the choice of
//! paths must not flap.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use bevy_netplay::prelude::*;
use netplay_protocol::PeerKey;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use crate::{Cluster, ClusterBuilder, ServedHub, TICK};

/// How long the trouble lasts, in steps: half a minute.
const TROUBLE: u32 = 1800;
/// No trouble that cuts somebody off from everybody lasts longer than this, in steps: eight seconds.
const LONGEST_SILENCE: u32 = 480;
/// For how long the game may stand still when a path fails and the server can carry, beside the round
/// trips of the network: half a second until the path counts as dead, and what the last trouble has left.
const STALL: Duration = Duration::from_millis(650);
/// The same where only one direction fails. Missing acknowledgements take the round trip longer that the path
/// is believed to have, which may still be that of a worse time.
const ONE_WAY_STALL: Duration = Duration::from_millis(800);
/// The same while a network is so bad that every path of it stalls the game now and then: two seconds until
/// a path counts as impaired, and what stands still in between.
const BAD_NETWORK: Duration = Duration::from_secs(3);
/// How long it may take until somebody is back on a server that can be reached again: the longest wait
/// between two tries, and the try itself.
const RECONNECTING: Duration = Duration::from_secs(9);
/// How long it may take at the end until everybody is back on the best path, in steps: ten seconds to the
/// next attempt, one and a half for it, sixteen in which it proves itself, and something for bad luck.
const BACK: u32 = 2400;

/// Plays every seed below a number, on all cores. `NETPLAY_SEEDS` is another number, `NETPLAY_SEED` one
/// seed alone.
///
/// # Panics
///
/// If a seed fails; says how to play it again with this command.
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
                    // What failed has been said already.
                    assert!(played.is_ok(), "to play this alone: NETPLAY_SEED={seed} {command}");
                }
            });
        }
    });
}

/// A match of a seed with half a minute of trouble. `prepare` says what is played, and before whom.
///
/// # Panics
///
/// If the match does not come through it: see the [module](self).
pub fn play(seed: u64, prepare: impl Fn(ClusterBuilder) -> ClusterBuilder) {
    let mut random = Pcg32::seed_from_u64(seed);
    let players = *[2, 2, 2, 3, 4].choose(&mut random).unwrap_or(&2);
    let usual = match random.random_range(0..3) {
        0 => NetworkConditions::default(),
        1 => NetworkConditions::wifi(),
        _ => NetworkConditions::mobile(),
    };
    let builder = Cluster::builder(seed).players(players).conditions(usual.clone());
    let mut cluster = prepare(builder).start();
    let take = random.random_range(100..1500);
    cluster.hub().set_attempts_take(Duration::from_millis(take));
    cluster.run_until_confirmed(60, 1000);

    let keys = cluster.seats().map(|seat| cluster.key(seat)).collect();
    let mut chaos = Chaos { cluster, random, keys, usual, past: Vec::new() };
    chaos.trouble();
    chaos.calm_down();
    chaos.part();
    chaos.start_over();
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    /// The connection between two is cut, in one direction or both.
    Cut { both: bool },
    /// It is reset.
    Reset,
    /// Nothing gets from one to the other at all.
    Silence,
    /// The network between two is like this.
    Network,
    /// There is no server.
    Server,
    /// One does not get through to the server, and neither of them is told.
    Socket,
    /// A process stands still.
    Pause,
}

#[derive(Clone, Debug)]
struct Begun {
    what: Trouble,
    seats: [usize; 2],
    /// How many steps it lasts.
    lasts: u32,
    /// Whether nobody needed the server to carry when it began.
    direct: bool,
}

struct Chaos {
    cluster: Cluster,
    random: Pcg32,
    keys: Vec<PeerKey>,
    usual: NetworkConditions,
    /// By the step it was over.
    past: Vec<(u64, Begun)>,
}

impl Chaos {
    fn trouble(&mut self) {
        let mut step = 0;
        self.cluster.take_longest_stall();
        while step < TROUBLE {
            let begun = self.choose();
            self.begin(&begun);
            self.cluster.run(begun.lasts);
            self.end(&begun);
            // After a silence that was nearly too long, there is a moment to be heard again.
            let pause = self.random.random_range(60..240);
            self.cluster.run(pause);
            step += begun.lasts + pause;
            self.past.push((self.cluster.steps(), begun.clone()));
            assert!(self.cluster.all_playing(), "{self}");
            self.wait_for_the_server();
            let (stall, most) = (self.cluster.take_longest_stall(), self.longest_stall(&begun));
            assert!(stall <= most, "it stood still for {stall:?}, not {most:?}: {self}");
        }
    }

    /// Whoever lost the server is back on it before the next trouble: without it no path can take over.
    fn wait_for_the_server(&mut self) {
        let online =
            |cluster: &Cluster| cluster.server().is_none_or(ServedHub::everybody_is_online);
        self.cluster.run_until("everybody is back on the server", 900, online);
    }

    fn choose(&mut self) -> Begun {
        let first = self.random.random_range(0..self.keys.len());
        let second = (first + self.random.random_range(1..self.keys.len())) % self.keys.len();
        let troubles = [
            Trouble::Cut { both: true },
            Trouble::Cut { both: false },
            Trouble::Reset,
            Trouble::Silence,
            Trouble::Network,
            Trouble::Server,
            Trouble::Pause,
            Trouble::Socket,
        ];
        // A memory hub's own server has no sockets.
        let count = troubles.len() - usize::from(self.cluster.server().is_none());
        let what = *troubles[..count].choose(&mut self.random).unwrap_or(&Trouble::Reset);
        let direct = Self::is_direct(&self.cluster);
        let most = match what {
            // Where the server carries, nothing is heard until everybody is back on it, and that takes the longer
            // the longer it was gone.
            Trouble::Server | Trouble::Socket if !direct => LONGEST_SILENCE / 4,
            Trouble::Silence | Trouble::Pause | Trouble::Server => LONGEST_SILENCE,
            _ => 900,
        };
        let lasts = self.random.random_range(5..most);
        Begun { what, seats: [first, second], lasts, direct }
    }

    fn begin(&mut self, begun: &Begun) {
        let [a, b] = begun.seats.map(|seat| self.keys[seat]);
        let hub = self.cluster.hub().clone();
        let server = self.cluster.server().cloned();
        match begun.what {
            Trouble::Cut { both } => {
                hub.cut_path(a, b, PathKind::Memory);
                if both {
                    hub.cut_path(b, a, PathKind::Memory);
                }
            }
            Trouble::Reset => hub.reset(a, b),
            Trouble::Silence => {
                hub.cut(a, b);
                if let Some(server) = server {
                    server.cut_off(a);
                }
            }
            Trouble::Network => {
                let bad = NetworkConditions {
                    latency: Duration::from_millis(self.random.random_range(0..250)),
                    jitter: Duration::from_millis(self.random.random_range(0..60)),
                    loss: self.random.random_range(0.0..0.5),
                    burst: self.random.random_range(0.0..6.0),
                    ..NetworkConditions::default()
                };
                hub.set_conditions(a, b, bad.clone());
                hub.set_conditions(b, a, bad);
            }
            Trouble::Server => match server {
                Some(server) => server.kill(),
                None => hub.set_server(false),
            },
            Trouble::Socket => {
                if let Some(server) = server {
                    server.cut_off(a);
                }
            }
            Trouble::Pause => self.cluster.pause(begun.seats[0]),
        }
    }

    fn end(&mut self, begun: &Begun) {
        let [a, b] = begun.seats.map(|seat| self.keys[seat]);
        let hub = self.cluster.hub().clone();
        let server = self.cluster.server().cloned();
        match begun.what {
            Trouble::Cut { .. } => {
                hub.heal_path(a, b, PathKind::Memory);
                hub.heal_path(b, a, PathKind::Memory);
            }
            Trouble::Reset => {}
            Trouble::Silence => {
                hub.heal(a, b);
                if let Some(server) = server {
                    server.reconnect(a);
                }
            }
            Trouble::Network => hub.set_all_conditions(self.usual.clone()),
            Trouble::Server => match server {
                Some(server) => server.restart(),
                None => hub.set_server(true),
            },
            Trouble::Socket => {
                if let Some(server) = server {
                    server.reconnect(a);
                }
            }
            Trouble::Pause => self.cluster.resume(begun.seats[0]),
        }
    }

    /// For how long the game may have stood still.
    fn longest_stall(&self, begun: &Begun) -> Duration {
        let round_trip = 2 * (self.usual.latency + self.usual.jitter);
        let usual = STALL + 2 * round_trip;
        match begun.what {
            Trouble::Cut { both: false } => ONE_WAY_STALL + 2 * round_trip,
            Trouble::Cut { both: true } | Trouble::Reset => usual,
            Trouble::Network => BAD_NETWORK,
            Trouble::Server | Trouble::Socket if begun.direct => usual,
            // Nobody can play on meanwhile.
            Trouble::Silence | Trouble::Pause | Trouble::Server | Trouble::Socket => {
                let reconnecting = if begun.direct { Duration::ZERO } else { RECONNECTING };
                usual + begun.lasts * TICK + reconnecting
            }
        }
    }

    /// Nothing happens any more: everybody must come back to the best path.
    fn calm_down(&mut self) {
        let frame = self.cluster.confirmed();
        self.cluster.run_until_confirmed(frame + 120, 2400);
        self.cluster.run_until("everybody is back on the best path", BACK, Self::is_direct);
        self.agree();
        for seat in self.cluster.seats() {
            for link in self.cluster.world(seat).resource::<PeerLinks>().iter() {
                let (changes, most) = (link.path_changes.len(), self.most_changes());
                assert!(changes <= most, "{changes} changes: {link:#?} {self}");
            }
        }
    }

    /// How often a link may have changed its path: away from it and back again for each trouble, and a
    /// connection that is attempted in the middle of one may be lost with it. While nothing comes from the
    /// peer at all, every new connection is worth a try.
    fn most_changes(&self) -> usize {
        let most = |begun: &Begun| match begun.what {
            Trouble::Silence | Trouble::Pause => 8,
            _ => 4,
        };
        self.past.iter().map(|(_, begun)| most(begun)).sum()
    }

    /// Whether nobody needs the server to carry.
    fn is_direct(cluster: &Cluster) -> bool {
        let mut links =
            cluster.seats().flat_map(|seat| cluster.world(seat).resource::<PeerLinks>().iter());
        links.all(|link| link.path == Some(PathKind::Memory))
    }

    /// Of more than two, one leaves or is lost, and the others play on.
    fn part(&mut self) {
        if self.keys.len() == 2 {
            return;
        }
        let gone = self.random.random_range(0..self.keys.len());
        self.cluster.command(gone, |commands| commands.leave_room());
        self.cluster.run(60);
        self.cluster.exclude(&[gone]);
        let frame = self.cluster.confirmed();
        self.cluster.run_until_confirmed(frame + 120, 2400);
        self.agree();
    }

    /// Everybody leaves, comes back and plays another match.
    fn start_over(&mut self) {
        for seat in self.cluster.seats() {
            self.cluster.command(seat, |commands| commands.leave_room());
        }
        self.cluster.run(60);
        self.cluster.forget_the_past();
        self.cluster.join_all();
        self.cluster.run_until("they play again", 1800, Cluster::all_playing);
        self.cluster.run_until_confirmed(60, 1000);
        self.agree();
    }

    fn agree(&self) {
        if self.cluster.writes_down() {
            return self.cluster.assert_in_agreement();
        }
        self.cluster.assert_no_desync();
        self.cluster.assert_equal_checksums();
    }
}

impl std::fmt::Display for Chaos {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\nafter {:?}", self.cluster, self.past)
    }
}
