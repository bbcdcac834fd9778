//! Rollbacks restore shots that were spawned or despawned in the frames they take back.

use arena::sim::{ArenaInput, Body, FIRE, Serials, Shot};
use bevy::prelude::*;
use bevy_ggrs::LoadWorld;
use bevy_netplay::prelude::RollbackFrameCount;

use arena::sync_test::{Script, sync_test_app};

use crate::{assert_in_sync, run_to};

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

/// Loads the state before `frame`, as bevy_ggrs does in a rollback.
fn load(app: &mut App, frame: i32) {
    app.insert_resource(RollbackFrameCount(frame));
    app.world_mut().run_schedule(LoadWorld);
}

#[test]
fn a_shot_that_was_fired_after_the_loaded_frame_is_despawned() {
    let mut app = sync_test_app(1, 2, 7).unwrap();
    app.insert_resource(Script(|_, frame| ArenaInput {
        buttons: if frame == 200 { FIRE } else { 0 },
    }));
    run_to(&mut app, 202);
    assert_eq!(shots(&mut app).len(), 0, "the input delay is two frames");
    run_to(&mut app, 204);
    assert_eq!(shots(&mut app).len(), 2, "one of each player");
    load(&mut app, 202);
    assert_eq!(shots(&mut app).len(), 0);
}

#[test]
fn a_shot_that_burst_after_the_loaded_frame_is_restored() {
    let mut app = sync_test_app(1, 2, 7).unwrap();
    app.insert_resource(Script(|player, frame| ArenaInput {
        buttons: if player == 0 && frame == 150 { FIRE } else { 0 },
    }));
    run_to(&mut app, 160);
    let mut before = shots(&mut app);
    let mut frame = 160;
    assert_eq!(before.len(), 1);
    loop {
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

#[test]
fn guns_that_always_fire_leave_the_same_shots_after_every_rollback() {
    let mut app = sync_test_app(1, 4, 7).unwrap();
    app.insert_resource(Script(|player, frame| {
        let turn = arena::bot::random_input(player + 100, frame).buttons;
        ArenaInput { buttons: turn | FIRE }
    }));
    run_to(&mut app, 900);
    assert_in_sync(&app);
    let fired = app.world_mut().resource_mut::<Serials>().take();
    assert!(fired > 100, "only {fired} shots were fired");
}
