//! The simulation, computed again and again.

use std::sync::{Arc, Mutex};

use bevy::prelude::*;
use bevy_netplay::SyncTest;
use platformer::fixed_match::{self, GOLDEN, game, random_input};
use platformer::sim::{Bomb, Contestant, Fighter, Round};

/// What a match had in it.
#[derive(Clone, Debug, Default)]
struct Seen {
    most_bombs: usize,
    most_damage: f32,
    fewest_fighters: usize,
    knockouts: u16,
    rounds: u32,
}

#[test]
fn two_thousand_random_frames_come_out_the_same_every_time() {
    let seen = Arc::new(Mutex::new(Seen { fewest_fighters: usize::MAX, ..Seen::default() }));
    let watched = |app: &mut App| {
        game(app);
        let seen = seen.clone();
        app.add_systems(
            Last,
            move |bombs: Query<&Bomb>,
                  fighters: Query<&Fighter>,
                  contestants: Query<&Contestant>,
                  round: Res<Round>| {
                if contestants.is_empty() {
                    return;
                }
                let mut seen = seen.lock().unwrap();
                seen.most_bombs = seen.most_bombs.max(bombs.iter().len());
                seen.fewest_fighters = seen.fewest_fighters.min(fighters.iter().len());
                let damage = fighters.iter().map(|fighter| fighter.damage);
                seen.most_damage = damage.fold(seen.most_damage, f32::max);
                let knockouts = contestants.iter().map(|contestant| contestant.knockouts).sum();
                seen.knockouts = seen.knockouts.max(knockouts);
                seen.rounds = seen.rounds.max(round.number);
            },
        );
    };
    let test = SyncTest::new(4).seed(7).frames(2000).check_distance(7);
    let report = test.run(watched, random_input).unwrap();
    assert!(report.rollbacks > 50, "{report:?}");
    // The match must have had in it what is claimed to be the same.
    let seen = seen.lock().unwrap();
    assert!(seen.most_bombs > 1 && seen.most_damage > 20.0 && seen.rounds > 0, "{seen:?}");
    assert!(seen.fewest_fighters < 4 && seen.knockouts > 0, "{seen:?}");
}

#[test]
fn frame_600_of_a_fixed_seed_has_the_golden_hash() {
    let found = fixed_match::checksum().unwrap();
    assert_eq!(found, GOLDEN, "found {found:#x}");
}

#[test]
fn another_seed_makes_another_match() {
    let checksum_of =
        |seed| SyncTest::new(2).seed(seed).frames(600).run(game, random_input).unwrap().checksum;
    assert_eq!(checksum_of(1), checksum_of(1));
    assert_ne!(checksum_of(1), checksum_of(2));
}
