//! Rollbacks restore shots that were spawned or despawned in the frames they take back.

use std::time::Duration;

use arena::fixed_match::game;
use arena::sim::{ArenaInput, Body, FIRE, Shot};
use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_ggrs::{LoadWorld, MaxPredictionWindow, SaveWorld};
use bevy_netplay::prelude::*;

/// A match of two players with these inputs, of a player in a frame, that is played alone.
fn alone(script: fn(usize, i32) -> ArenaInput) -> App {
    let mut app = App::new();
    game(&mut app);
    app.insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_nanos(16_666_667)))
        .add_systems(Startup, |mut commands: Commands| commands.play_alone(2))
        .add_systems(
            ReadLocalInput,
            move |frame: Res<RollbackFrameCount>, mut input: ResMut<LocalInput<ArenaInput>>| {
                (0..2).for_each(|player| input.set(player, script(player, frame.0)));
            },
        );
    app.finish();
    app.cleanup();
    app
}

/// Runs until a frame is the next one to be simulated.
#[track_caller]
fn run_to(app: &mut App, frame: i32) {
    for _ in 0..frame + 100 {
        if app.world().resource::<RollbackFrameCount>().0 >= frame {
            return;
        }
        app.update();
    }
    panic!("frame {frame} is not reached");
}

/// The state of all shots.
fn shots(app: &mut App) -> Vec<String> {
    let mut shots: Vec<_> = app
        .world_mut()
        .query::<(&Shot, &Body)>()
        .iter(app.world())
        .map(|(shot, body)| (shot.serial, format!("{shot:?} {body:?}")))
        .collect();
    shots.sort();
    shots.into_iter().map(|(_, shot)| shot).collect()
}

/// Saves the state before the next frame, as bevy_ggrs does.
fn save(app: &mut App) {
    // A match that is played alone predicts nothing, and bevy_ggrs would keep none of its own snapshots.
    app.world_mut().remove_resource::<MaxPredictionWindow>();
    app.world_mut().run_schedule(SaveWorld);
}

/// Loads the state before `frame`, as bevy_ggrs does in a rollback.
fn load(app: &mut App, frame: i32) {
    app.insert_resource(RollbackFrameCount(frame));
    app.world_mut().run_schedule(LoadWorld);
}

#[test]
fn a_shot_that_was_fired_after_the_loaded_frame_is_despawned() {
    let mut app = alone(|_, frame| ArenaInput { buttons: if frame == 200 { FIRE } else { 0 } });
    run_to(&mut app, 202);
    assert_eq!(shots(&mut app).len(), 0, "the input delay is two frames");
    save(&mut app);
    run_to(&mut app, 204);
    assert_eq!(shots(&mut app).len(), 2, "one of each player");
    load(&mut app, 202);
    assert_eq!(shots(&mut app).len(), 0);
}

#[test]
fn a_shot_that_burst_after_the_loaded_frame_is_restored() {
    let mut app = alone(|player, frame| ArenaInput {
        buttons: if player == 0 && frame == 150 { FIRE } else { 0 },
    });
    run_to(&mut app, 160);
    let mut before = shots(&mut app);
    let mut frame = 160;
    assert_eq!(before.len(), 1);
    loop {
        save(&mut app);
        frame += 1;
        run_to(&mut app, frame);
        let now = shots(&mut app);
        if now.is_empty() {
            break;
        }
        before = now;
    }
    load(&mut app, frame - 1);
    assert_eq!(shots(&mut app), before);
}
