//! The simulation, computed again and again.

use std::sync::{Arc, Mutex};

use arena::bot;
use arena::fixed_match::{self, GOLDEN, game, random_input};
use arena::sim::{
    ArenaInput, Cue, CueKind, Dice, FIRE, Phase, Pickup, Round, Score, Serials, Ship, Shot,
};
use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::{SyncTest, SyncTestError};

/// What the last update of a match had in it, and the most of what comes and goes.
#[derive(Clone, Debug, Default)]
struct Seen {
    shots: usize,
    most_shots: usize,
    most_pickups: usize,
    scores: u16,
    fired: u32,
    phase: Phase,
    dice: Dice,
}

/// Runs a sync test, which must succeed. Returns what the match had in it.
#[track_caller]
fn seen(
    test: SyncTest,
    input: impl Fn(PlayerHandle, i32) -> ArenaInput + Clone + Send + Sync + 'static,
) -> Seen {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let watched = |app: &mut App| {
        game(app);
        let seen = seen.clone();
        app.add_systems(
            Last,
            move |shots: Query<&Shot>,
                  pickups: Query<&Pickup>,
                  scores: Query<&Score>,
                  (round, dice, serials): (Res<Round>, Res<Dice>, Res<Serials>)| {
                let mut seen = seen.lock().unwrap();
                seen.shots = shots.iter().len();
                seen.most_shots = seen.most_shots.max(seen.shots);
                seen.most_pickups = seen.most_pickups.max(pickups.iter().len());
                seen.scores = scores.iter().map(|score| score.0).sum();
                seen.fired = serials.clone().take();
                seen.phase = round.phase;
                seen.dice = dice.clone();
            },
        );
    };
    let report = test.run(watched, input).unwrap();
    assert!(report.rollbacks > 40, "only {} rollbacks", report.rollbacks);
    seen.lock().unwrap().clone()
}

#[test]
fn two_thousand_random_frames_come_out_the_same_every_time() {
    let seen = seen(SyncTest::new(4).seed(7).frames(2000).check_distance(7), random_input);
    // The match must have had in it what is claimed to be the same.
    assert!(seen.most_shots > 5 && seen.most_pickups > 1 && seen.scores > 0, "{seen:?}");
}

#[test]
fn eight_ships_start_apart_and_come_out_the_same_every_time() {
    let seen = seen(SyncTest::new(8).seed(8).frames(1000).check_distance(7), random_input);
    // More than the four pick-ups that fewer players get.
    assert!(seen.most_shots > 10 && seen.most_pickups > 4 && seen.scores > 0, "{seen:?}");
}

#[test]
fn the_sync_test_finds_a_system_that_is_not_rolled_back() {
    // A `Local` is not part of the state, so a frame that is computed again turns other ships.
    let meddle = |mut calls: Local<u32>, mut ships: Query<&mut Ship>| {
        *calls += 1;
        for mut ship in &mut ships {
            ship.facing = (*calls % 32) as u8;
        }
    };
    let meddled = |app: &mut App| {
        game(app);
        // What ends the match reads other components of ships.
        let meddle = meddle.after(arena::sim::SimulationSystems).ambiguous_with_all();
        app.add_systems(NetplayUpdate, meddle);
    };
    let error = SyncTest::new(2).seed(7).frames(100).run(meddled, random_input).unwrap_err();
    let SyncTestError::Differs { type_name, entity, .. } = error else { panic!("{error}") };
    assert!(type_name.ends_with("Ship") && entity.is_some(), "{type_name}, {entity:?}");
}

#[test]
fn frame_600_of_a_fixed_seed_has_the_golden_hash() {
    for distance in [1, 7] {
        let test = SyncTest::new(2).seed(42).frames(600).check_distance(distance);
        let found = test.run(game, random_input).unwrap().checksum;
        assert_eq!(found, GOLDEN, "check distance {distance}: found {found:#x}");
    }
    assert_eq!(fixed_match::checksum(), Ok(GOLDEN));
}

#[test]
fn another_seed_makes_another_match() {
    let checksum_of =
        |seed| SyncTest::new(2).seed(seed).frames(600).run(game, random_input).unwrap().checksum;
    assert_eq!(checksum_of(1), checksum_of(1));
    assert_ne!(checksum_of(1), checksum_of(2));
}

#[test]
fn a_whole_round_ends_with_a_result_and_silent_guns() {
    let seen = seen(SyncTest::new(2).seed(3).frames(4000).check_distance(2), random_input);
    assert_eq!((seen.phase, seen.shots), (Phase::Result, 0));
    assert_ne!(format!("{:?}", seen.dice), format!("{:?}", Dice::new(3)));
}

#[test]
fn guns_that_always_fire_leave_the_same_shots_after_every_rollback() {
    let input = |player: PlayerHandle, frame: i32| {
        let turn = bot::random_input(u64::from(player.0) + 100, frame.unsigned_abs()).buttons;
        ArenaInput { buttons: turn | FIRE }
    };
    let seen = seen(SyncTest::new(4).seed(1).frames(900).check_distance(7), input);
    assert!(seen.fired > 100, "only {} shots were fired", seen.fired);
}

#[test]
fn what_is_seen_and_heard_of_a_match_is_told_once_whatever_is_simulated_again() {
    // A sync test plays in two Apps: one rolls back.
    let told = Arc::new(Mutex::new(Vec::<Vec<CueKind>>::new()));
    let watched = |app: &mut App| {
        game(app);
        let (told, side) = (told.clone(), told.lock().unwrap().len());
        told.lock().unwrap().push(Vec::new());
        app.add_systems(Update, move |mut cues: MessageReader<EffectMessage<Cue>>| {
            told.lock().unwrap()[side].extend(cues.read().filter_map(|cue| match cue {
                // Shots fly in any order, so those of a frame burst in any order.
                EffectMessage::Confirmed {
                    effect: Cue { kind: CueKind::Burst(_), .. }, ..
                } => None,
                EffectMessage::Confirmed { effect, .. } => Some(effect.kind),
                _ => None,
            }));
        });
    };
    SyncTest::new(4).seed(7).frames(2000).check_distance(7).run(watched, random_input).unwrap();
    let told = told.lock().unwrap();
    let [one, other] = &told[..] else { panic!("{} Apps", told.len()) };
    // One of them may be a few frames ahead in what is certain.
    let (least, most) = (one.len().min(other.len()), one.len().max(other.len()));
    assert_eq!(one[..least], other[..least]);
    assert!(least > 100 && most - least < 10, "{least} and {most}");
    for kind in [CueKind::Fight, CueKind::Fired(3)] {
        assert!(one.contains(&kind), "{kind:?}");
    }
    assert!(one.iter().any(|kind| matches!(kind, CueKind::Destroyed(_))));
    assert_eq!(one.iter().filter(|kind| **kind == CueKind::Countdown).count(), 2);
}
