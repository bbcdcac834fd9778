//! The simulation, computed again and again.

use std::sync::{Arc, Mutex};

use bevy::prelude::*;
use bevy_netplay::SyncTest;
use physics::Physics;
use physics::crates::CRATES;
use physics::fixed_match::{self, GOLDEN, game, random_input};
use physics::score::Scores;

/// What a match had in it.
#[derive(Clone, Debug, Default)]
struct Seen {
    bodies: usize,
    collected: u16,
}

#[test]
fn two_thousand_random_frames_come_out_the_same_every_time() {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let watched = |app: &mut App| {
        game(app);
        let seen = seen.clone();
        app.add_systems(Last, move |physics: Res<Physics>, scores: Res<Scores>| {
            let mut seen = seen.lock().unwrap();
            seen.bodies = physics.len();
            seen.collected = seen.collected.max(scores.collected);
        });
    };
    let test = SyncTest::new(4).seed(7).frames(2000).check_distance(7);
    let report = test.run(watched, random_input).unwrap();
    assert!(report.rollbacks > 50, "{report:?}");
    // The match must have had in it what is claimed to be the same: bodies that are removed and inserted.
    let seen = seen.lock().unwrap();
    assert_eq!(seen.bodies, usize::from(CRATES) + 4);
    assert!(seen.collected > 0, "{seen:?}");
}

#[test]
fn frame_240_of_a_fixed_match_has_the_golden_hash() {
    let found = fixed_match::checksum().unwrap();
    assert_eq!(found, GOLDEN, "found {found:#x}");
}
