//! Bundles are simulated again and shortened.

use bevy_netplay::report_files::desync::{Sides, explain};
use bevy_netplay::{ReplayError, ReplayVerdict, replay_desync, shrink_desync};

use super::game::{FIRE, PLANTED_AT, Plant, replayed};
use super::{bundle, planted};

#[test]
fn the_side_without_the_error_comes_out_again() {
    for (seed, plant) in [(60, Plant::Value), (61, Plant::MissingEntity), (62, Plant::Width)] {
        let apps = planted(seed, plant, |_, _| {});
        for (index, honest, planted) in [
            (0, ReplayVerdict::Ours, ReplayVerdict::Theirs),
            (1, ReplayVerdict::Theirs, ReplayVerdict::Ours),
        ] {
            let bundle = bundle(&apps, index);
            let replay = replay_desync(replayed(Plant::None), bundle).unwrap();
            assert_eq!((replay.verdict, replay.frame), (honest, 105), "{plant:?}: {replay}");
            // That of the other one came out as long as nothing had happened.
            let other = if index == 0 { replay.theirs_until } else { replay.ours_until };
            assert_eq!(other, Some(90), "{plant:?}: {replay}");
            let replay = replay_desync(replayed(plant), bundle).unwrap();
            assert_eq!(replay.verdict, planted, "{plant:?}: {replay}");
        }
    }
}

#[test]
fn what_is_not_in_the_inputs_comes_out_as_neither() {
    for (seed, plant, field) in
        [(63, Plant::HashMapOrder, "picked"), (64, Plant::TimeOfDay, "clock")]
    {
        let apps = planted(seed, plant, |_, _| {});
        let bundle = bundle(&apps, 0);
        let replay = replay_desync(replayed(plant), bundle).unwrap();
        assert_eq!(replay.verdict, ReplayVerdict::Neither, "{plant:?}: {replay}");
        let said = explain(&replay.side, &bundle.ours).unwrap().describe(Sides::HERE_AND_THERE);
        assert!(said.contains(&format!("Score.{field} is")), "{said}");

        let shrunk = shrink_desync(replayed(plant), bundle).unwrap();
        assert!(shrunk.is_reproduced, "{plant:?}: {shrunk}");
        // The error waits for an input of player 1, which comes ten frames before.
        let first = PLANTED_AT - 10;
        assert!((first..first + 10).contains(&shrunk.frame), "{plant:?}: {shrunk}");
        let inputs = &shrunk.bundle.inputs;
        assert_eq!(shrunk.bundle.end(), shrunk.frame, "{plant:?}");
        assert_eq!(inputs[0].end() - inputs[0].start, inputs[1].end() - inputs[1].start);
        let pressed = |peer: usize| {
            (0..shrunk.frame).filter(|frame| !inputs[peer].is_neutral(*frame)).collect::<Vec<_>>()
        };
        assert_eq!(pressed(0), [0; 0], "the inputs of player 0 make no difference");
        let last = inputs[1].get(shrunk.frame - 1).unwrap()[0];
        assert_eq!(last & FIRE, FIRE, "{plant:?}: {:?}", pressed(1));
        assert!(pressed(1).len() < 20, "{plant:?}: {:?}", pressed(1));
        let said = shrunk.explain().unwrap().describe(Sides::HERE_AND_THERE);
        assert!(said.contains(&format!("Score.{field} is")), "{said}");

        // The shortened one is a bundle as any other.
        let again = shrink_desync(replayed(plant), &shrunk.bundle).unwrap();
        assert!(again.is_reproduced && again.frame <= shrunk.frame, "{plant:?}: {again}");
    }
}

#[test]
fn what_one_machine_cannot_reproduce_ends_at_the_desync() {
    let apps = planted(65, Plant::Reflected, |_, _| {});
    let shrunk = shrink_desync(replayed(Plant::None), bundle(&apps, 0)).unwrap();
    assert!(!shrunk.is_reproduced, "{shrunk}");
    assert_eq!((shrunk.frame, shrunk.bundle.end()), (105, 105), "{shrunk}");
    let replay = replay_desync(replayed(Plant::None), &shrunk.bundle).unwrap();
    assert_eq!(replay.verdict, ReplayVerdict::Ours, "{replay}");
    let said = shrunk.explain().unwrap().describe(Sides::HERE_AND_THERE);
    assert!(said.contains("Shield.layers[0].thickness of the entity #1 is 3 here"), "{said}");
}

#[test]
fn a_bundle_of_another_game_is_refused_with_a_sentence() {
    let apps = planted(66, Plant::Value, |_, _| {});
    let mut other = bundle(&apps, 0).clone();
    other.game.types.pop();
    let error = replay_desync(replayed(Plant::None), &other).unwrap_err();
    assert_eq!(error, ReplayError::OtherTypes("Ship".into()));
    let mut other = bundle(&apps, 0).clone();
    other.inputs[1].input_bytes = 3;
    let error = replay_desync(replayed(Plant::None), &other).unwrap_err();
    assert_eq!(error, ReplayError::OtherInput { here: 2, there: 3 });
    let mut short = bundle(&apps, 0).clone();
    short.inputs[0].truncate(50);
    let error = replay_desync(replayed(Plant::None), &short).unwrap_err();
    assert_eq!(error, ReplayError::TooShort { end: 50, frame: 105 });
}
