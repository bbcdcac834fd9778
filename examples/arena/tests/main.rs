//! What the arena promises: the same bits on every peer, in a sync test and over real WebRTC.
#![expect(clippy::unwrap_used, reason = "a panic is the verdict of a test")]

#[cfg(target_os = "linux")]
mod browser;
#[cfg(target_os = "linux")]
mod chaos;
#[cfg(target_os = "linux")]
mod lab;
mod processes;
mod rollback;
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "most of it is for Linux"))]
mod support;
mod sync_test;

use arena::sync_test::Mismatches;
use bevy::prelude::*;

/// Runs a sync test to a frame, or fails.
#[track_caller]
fn run_to(app: &mut App, frame: i32) {
    assert!(arena::sync_test::run_to(app, frame), "frame {frame} is not reached");
}

/// The session found no frame that came out differently when it was computed again.
#[track_caller]
fn assert_in_sync(app: &App) {
    let mismatches = &app.world().resource::<Mismatches>().0;
    assert!(mismatches.is_empty(), "frames that differ: {mismatches:?}");
}
