//! The simulation, computed again and again.

use arena::sim::{Dice, Phase, Pickup, Round, Score, Ship, Shot};
use bevy::prelude::*;
use bevy_netplay::prelude::NetplayUpdate;

use arena::sync_test::{GOLDEN, Mismatches, checksum, checksum_of_fixed_match, sync_test_app};

use crate::{assert_in_sync, run_to};

#[test]
fn two_thousand_random_frames_come_out_the_same_every_time() {
    let mut app = sync_test_app(7, 4, 7).unwrap();
    let (mut shots, mut pickups) = (0, 0);
    for frame in (50..=2000).step_by(50) {
        run_to(&mut app, frame);
        shots = shots.max(app.world_mut().query::<&Shot>().iter(app.world()).count());
        pickups = pickups.max(app.world_mut().query::<&Pickup>().iter(app.world()).count());
    }
    assert_in_sync(&app);

    // The match must have had in it what is claimed to be the same.
    let scores: u16 =
        app.world_mut().query::<&Score>().iter(app.world()).map(|score| score.0).sum();
    assert!(
        shots > 5 && pickups > 1 && scores > 0,
        "{shots} shots, {pickups} pick-ups, {scores} points"
    );
}

#[test]
fn the_sync_test_finds_a_system_that_is_not_rolled_back() {
    let mut app = sync_test_app(7, 2, 7).unwrap();
    // A `Local` is not part of the state, so a frame that is computed again turns other ships.
    let meddle = |mut calls: Local<u32>, mut ships: Query<&mut Ship>| {
        *calls += 1;
        for mut ship in &mut ships {
            ship.facing = (*calls % 32) as u8;
        }
    };
    app.add_systems(NetplayUpdate, meddle.after(arena::sim::SimulationSystems));
    for _ in 0..30 {
        app.update();
    }
    assert!(!app.world().resource::<Mismatches>().0.is_empty());
}

#[test]
fn frame_600_of_a_fixed_seed_has_the_golden_hash() {
    // With and without going back: a rollback may change nothing.
    for check_distance in [0, 7] {
        let mut app = sync_test_app(42, 2, check_distance).unwrap();
        run_to(&mut app, 600);
        let found = checksum(&mut app);
        assert_eq!(found, GOLDEN, "check distance {check_distance}: found {found:#x}");
    }
    assert_eq!(checksum_of_fixed_match().unwrap(), GOLDEN);
}

#[test]
fn another_seed_makes_another_match() {
    let state_of = |seed| {
        let mut app = sync_test_app(seed, 2, 0).unwrap();
        run_to(&mut app, 600);
        checksum(&mut app)
    };
    assert_eq!(state_of(1), state_of(1));
    assert_ne!(state_of(1), state_of(2));
}

#[test]
fn a_whole_round_ends_with_a_result_and_silent_guns() {
    let mut app = sync_test_app(3, 2, 2).unwrap();
    run_to(&mut app, 4000);
    assert_eq!(app.world().resource::<Round>().phase, Phase::Result);
    assert_eq!(app.world_mut().query::<&Shot>().iter(app.world()).count(), 0);
    assert_in_sync(&app);
    assert_ne!(format!("{:?}", app.world().resource::<Dice>()), format!("{:?}", Dice::new(3)));
}
