//! What this peer had: the side that it sends the other one.

use bevy::prelude::*;
use netplay_report::desync::{BuildInfo, DesyncSide, FrameState, MAX_SIDE_BYTES};

use super::Capture;
use crate::rollback::RollbackStore;

/// The most bytes of text of a state: two states and the checksums fit into a message.
const MAX_STATE_BYTES: usize = MAX_SIDE_BYTES * 3 / 8;

/// What this peer had of a match with this epoch, whose states differ from this frame on.
pub(super) fn local_side(
    world: &World,
    epoch: u16,
    frame: i32,
    last_equal_frame: Option<i32>,
) -> DesyncSide {
    let (capture, store) = (world.resource::<Capture>(), world.resource::<RollbackStore>());
    let mut frames: Vec<i32> = store.kept_frames().collect();
    frames.sort_unstable();
    let equal = last_equal_frame.filter(|equal| frames.contains(equal));
    // The frame itself, or the first one after it that is kept.
    let different = frames.iter().copied().find(|kept| *kept >= frame);
    let states: Vec<FrameState> = equal
        .into_iter()
        .chain(different)
        .filter_map(|frame| store.describe(world, frame, MAX_STATE_BYTES))
        .collect();
    let truncated = states.iter().find_map(|state| state.truncated.clone());
    DesyncSide {
        epoch,
        frame,
        last_equal_frame,
        build: local_build(),
        types: store.compared_names(world),
        checksums: capture.checksums.iter().cloned().collect(),
        states,
        truncated,
    }
}

/// What this game was built with.
fn local_build() -> BuildInfo {
    BuildInfo {
        bevy_netplay: env!("CARGO_PKG_VERSION").to_owned(),
        rustc: env!("NETPLAY_RUSTC").to_owned(),
        target: env!("NETPLAY_TARGET").to_owned(),
        debug: cfg!(debug_assertions),
    }
}

/// Adds the state of the frames that the other side has a state of, as far as it is kept here.
pub(super) fn add_states(world: &World, ours: &mut DesyncSide, theirs: &DesyncSide) {
    let store = world.resource::<RollbackStore>();
    let missing = theirs.states.iter().map(|state| state.frame).take(4);
    for frame in missing.filter(|frame| ours.state(*frame).is_none()).collect::<Vec<_>>() {
        ours.states.extend(store.describe(world, frame, MAX_STATE_BYTES));
    }
    ours.states.sort_by_key(|state| state.frame);
}
