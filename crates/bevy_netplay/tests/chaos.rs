//! Matches in which everything that can happen to paths happens, by seed: connections are cut, reset, slow,
//! lossy and one-way, the server comes and goes, processes stand still and players leave. Whatever it is,
//! the players agree on every frame, no input is lost, and the choice of paths does not flap.
//!
//! `NETPLAY_SEEDS=5000 cargo test -p bevy_netplay --test matches chaos` plays more of them; a seed that
//! fails says how to play it alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use bevy_netplay::prelude::*;
use netplay_protocol::PeerKey;
use netplay_testkit::Cluster;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

/// How many seeds are played unless told otherwise.
const SEEDS: u64 = 120;
/// How long the trouble lasts, in steps: half a minute.
const TROUBLE: u32 = 1800;
/// No trouble that cuts somebody off from everybody lasts longer than this, in steps: eight seconds.
const LONGEST_SILENCE: u32 = 480;

#[derive(Clone, Copy, Debug)]
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
    /// A process stands still.
    Pause,
}

#[test]
fn whatever_happens_to_paths_the_players_agree() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("NETPLAY_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("NETPLAY_SEEDS").unwrap_or(SEEDS),
    };
    let count = seeds.end - seeds.start;
    let workers = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    std::thread::scope(|scope| {
        for worker in 0..workers.min(count) {
            let seeds = seeds.clone();
            scope.spawn(move || {
                for seed in seeds.skip(worker as usize).step_by(workers as usize) {
                    let played = catch_unwind(AssertUnwindSafe(|| play(seed)));
                    // What failed has been said already.
                    assert!(
                        played.is_ok(),
                        "to play this alone: NETPLAY_SEED={seed} cargo test -p bevy_netplay \
                         --test matches whatever_happens"
                    );
                }
            });
        }
    });
}

fn play(seed: u64) {
    let mut random = Pcg32::seed_from_u64(seed);
    let players = *[2, 2, 2, 3, 4].choose(&mut random).unwrap();
    let conditions = match random.random_range(0..3) {
        0 => NetworkConditions::default(),
        1 => NetworkConditions::wifi(),
        _ => NetworkConditions::mobile(),
    };
    let mut cluster =
        Cluster::builder(seed).players(players).conditions(conditions.clone()).start();
    let take = random.random_range(100..1500);
    cluster.hub().set_attempts_take(Duration::from_millis(take));
    cluster.run_until_confirmed(60, 1000);

    let keys: Vec<PeerKey> = cluster.seats().map(|seat| cluster.key(seat)).collect();
    let mut troubles = Vec::new();
    let mut step = 0;
    while step < TROUBLE {
        let trouble = begin(&mut cluster, &mut random, &keys);
        let most = match trouble.what {
            Trouble::Silence | Trouble::Pause | Trouble::Server => LONGEST_SILENCE,
            _ => 900,
        };
        let lasts = random.random_range(5..most);
        cluster.run(lasts);
        end(&mut cluster, &trouble, &keys, &conditions);
        // After a silence that was nearly too long, there is a moment to be heard again.
        let pause = random.random_range(60..240);
        cluster.run(pause);
        troubles.push((cluster.steps(), trouble, lasts));
        step += lasts + pause;
        assert!(cluster.all_playing(), "after {troubles:?}: {cluster}");
    }
    let frame = cluster.confirmed();
    cluster.run_until_confirmed(frame + 120, 2400);
    // Twenty seconds without trouble are enough for whatever had to prove itself.
    cluster.run(1200);
    cluster.assert_in_agreement();
    for seat in cluster.seats() {
        let links = cluster.world(seat).resource::<PeerLinks>();
        for link in links.iter() {
            assert_eq!(
                link.path,
                Some(PathKind::Memory),
                "not back: {link:#?} {troubles:?} {cluster}"
            );
            // One change away from a path and one back to it, for each trouble and link; and a connection
            // that is attempted in the middle of one may be lost with it.
            let changes = link.path_changes.len();
            let most = 4 * troubles.len();
            assert!(changes <= most, "{changes} changes: {link:#?} {troubles:?} {cluster}");
        }
    }
}

#[derive(Debug)]
struct Begun {
    what: Trouble,
    seats: [usize; 2],
}

fn begin(cluster: &mut Cluster, random: &mut Pcg32, keys: &[PeerKey]) -> Begun {
    let first = random.random_range(0..keys.len());
    let second = (first + random.random_range(1..keys.len())) % keys.len();
    let (a, b) = (keys[first], keys[second]);
    let troubles = [
        Trouble::Cut { both: true },
        Trouble::Cut { both: false },
        Trouble::Reset,
        Trouble::Silence,
        Trouble::Network,
        Trouble::Server,
        Trouble::Pause,
    ];
    let what = *troubles.choose(random).unwrap();
    let hub = cluster.hub().clone();
    match what {
        Trouble::Cut { both } => {
            hub.cut_path(a, b, PathKind::Memory);
            if both {
                hub.cut_path(b, a, PathKind::Memory);
            }
        }
        Trouble::Reset => hub.reset(a, b),
        Trouble::Silence => hub.cut(a, b),
        Trouble::Network => {
            let bad = NetworkConditions {
                latency: Duration::from_millis(random.random_range(0..250)),
                jitter: Duration::from_millis(random.random_range(0..60)),
                loss: random.random_range(0.0..0.5),
                burst: random.random_range(0.0..6.0),
                ..Default::default()
            };
            hub.set_conditions(a, b, bad.clone());
            hub.set_conditions(b, a, bad);
        }
        Trouble::Server => hub.set_server(false),
        Trouble::Pause => cluster.pause(first),
    }
    Begun { what, seats: [first, second] }
}

fn end(cluster: &mut Cluster, begun: &Begun, keys: &[PeerKey], usual: &NetworkConditions) {
    let [first, second] = begun.seats;
    let (a, b) = (keys[first], keys[second]);
    let hub = cluster.hub().clone();
    match begun.what {
        Trouble::Cut { .. } => {
            hub.heal_path(a, b, PathKind::Memory);
            hub.heal_path(b, a, PathKind::Memory);
        }
        Trouble::Reset => {}
        Trouble::Silence => hub.heal(a, b),
        Trouble::Network => hub.set_all_conditions(usual.clone()),
        Trouble::Server => hub.set_server(true),
        Trouble::Pause => cluster.resume(first),
    }
}
