//! Whole matches over the memory transport, on virtual time.
//!
//! Everything random follows from the seed in each test, and every failure names it.
#![expect(clippy::unwrap_used, reason = "a panic is the verdict of a test")]

mod access;
mod any_game;
mod bots;
mod chaos;
mod conditions;
mod desync;
mod doctor;
mod drop;
mod effects;
mod emulation;
mod forensics;
#[cfg(feature = "overlay")]
mod indicator;
mod interruptions;
mod leave;
mod links;
mod lobby;
mod local_players;
mod logs;
mod malformed;
mod messages;
#[cfg(feature = "overlay")]
mod overlay;
mod pacing;
mod prelude;
mod ready;
mod reflection;
mod rejoin;
mod rematch;
mod report;
mod seeds;
mod smoothing;
mod stats;

use bevy_netplay::prelude::*;
use netplay_testkit::TestApps;

/// Why the room ended for an App.
#[track_caller]
fn ended(apps: &TestApps, index: usize) -> &EndReason {
    let reason = apps.end_reason(index).filter(|_| apps.state(index) == NetplayState::Ended);
    reason.unwrap_or_else(|| panic!("App {index} has not ended: {apps}"))
}
