//! What the benchmarks of this repository need of the store and of what is measured, and what its tests send. Not part of
//! the API.

use bevy::prelude::*;
use netplay_core::messages::EncodedMessage;
use netplay_protocol::PeerKey;

use crate::plugin::SystemsOf;
use crate::rollback::{self, RollbackStore, Simulation};
use crate::session::{self, Session};
use crate::{CurrentMatch, EncodeError, NetplayConfig, NetplayState, NetplaySystems};

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

/// Keeps a frame as a compared one is kept, to explain a desync.
pub fn keep(world: &mut World, frame: i32) {
    world.resource_scope(|world, mut store: Mut<RollbackStore>| store.keep(world, frame));
}

/// Sends a peer a message of the type with this number, whatever it is.
pub fn send_message(world: &World, to: PeerKey, message_type: u8, message: &EncodedMessage) {
    world.resource::<Session>().tell_room(|room| {
        if let Err(error) = room.send_message(to, message_type, 0, message) {
            error!("{error}");
        }
    });
}
