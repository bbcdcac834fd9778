//! What the benchmarks of this repository need of the store. Not part of the API.

use bevy::prelude::*;

use crate::rollback::{self, RollbackStore, Simulation};
use crate::{CurrentMatch, EncodeError, NetplayConfig, NetplayState};

/// Sets a match of one player up, as [`NetplayConfig`] says; the caller makes the session, or runs bevy_ggrs'
/// schedules.
pub fn start_match(world: &mut World) {
    let simulation = Simulation::of(world.resource::<NetplayConfig>());
    rollback::reset_world(world, CurrentMatch::new(1, 1, 0, 0), simulation);
    world.insert_resource(NextState::Pending(NetplayState::Playing));
}

/// The checksum of a kept frame.
///
/// # Errors
///
/// [`EncodeError`] where the frame is not kept, or a value cannot be compared.
pub fn checksum(world: &World, frame: i32) -> Result<u64, EncodeError> {
    Ok(world.resource::<RollbackStore>().checksum(world, frame)?.total)
}
