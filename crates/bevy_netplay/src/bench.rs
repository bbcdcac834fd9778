//! What the benchmarks of this repository need of the store and of what is measured. Not part of the API.

use bevy::prelude::*;

use crate::plugin::SystemsOf;
use crate::rollback::{self, RollbackStore, Simulation};
use crate::{CurrentMatch, EncodeError, NetplayConfig, NetplayState};
use crate::{NetplaySystems, session};

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

/// Does so many times what is done once in each update of a match to measure it: links, samples, diagnostics.
///
/// # Errors
///
/// What is missing in the world.
pub fn measure_update(world: &mut World, times: u32) -> Result<(), String> {
    for _ in 0..times {
        let refreshed = world.run_system_cached(session::refresh_links);
        refreshed.map_err(|error| error.to_string())?;
        world.run_schedule(SystemsOf(NetplaySystems::Measure));
    }
    Ok(())
}
