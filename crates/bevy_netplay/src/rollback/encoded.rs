//! The whole state of a confirmed frame as bytes, for a peer that was not there.

use bevy::prelude::*;

use super::checksums::Checksums;
use super::store::{DecodeError, EncodeError, RollbackStore};

/// The state of a confirmed frame as bytes that a peer of the same build can [decode](decode_state), whatever its
/// platform and its entities. The first byte is the version of the encoding.
///
/// # Errors
///
/// [`EncodeError`] where the frame is not confirmed or no longer kept, or a type is registered that has no encoding.
pub fn encode_state(world: &World, frame: i32) -> Result<Vec<u8>, EncodeError> {
    if frame > world.resource::<Checksums>().confirmed_frame() {
        return Err(EncodeError::Frame(frame));
    }
    world.resource::<RollbackStore>().encode(world, frame)
}

/// Gives the world a state that a peer has [encoded](encode_state): entities that roll back, their registered
/// components, resources and states. Entities that are not in it are despawned.
///
/// # Errors
///
/// [`DecodeError`] where the bytes are no such state. The world is as it was then.
pub fn decode_state(world: &mut World, bytes: &[u8]) -> Result<(), DecodeError> {
    world.resource_scope(|world, mut store: Mut<RollbackStore>| store.decode(world, bytes))
}
