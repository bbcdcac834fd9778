//! Whole matches over the memory transport, on virtual time.
//!
//! Everything follows from the seed in each test, and every failure names it. The modules follow the life
//! of a room.
#![expect(clippy::unwrap_used, reason = "a panic is the verdict of a test")]

mod chaos;
mod conditions;
mod desync;
mod dropping;
mod leaving;
mod lobby;
mod malformed;
mod rematch;
mod returning;
mod silence;

use bevy_netplay::prelude::*;
use netplay_testkit::Cluster;

/// The sentence with which a room ended for an App.
#[track_caller]
fn ended(cluster: &Cluster, seat: usize) -> &EndReason {
    match cluster.state(seat) {
        NetplayState::Ended(reason) => reason,
        _ => panic!("App {seat} has not ended: {cluster}"),
    }
}
