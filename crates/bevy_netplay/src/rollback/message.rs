//! Messages inside the simulation: written and read in the same frame.

use bevy::ecs::message::Messages;
use bevy::prelude::*;
use bevy_ggrs::{AdvanceWorld, AdvanceWorldSystems};

/// Adds messages of a type that last for one frame.
pub(super) fn add_messages<M: Message>(app: &mut App) {
    // Not with `add_message`: Bevy would drop them by updates, of which a frame may have several or none.
    app.init_resource::<Messages<M>>()
        .add_systems(AdvanceWorld, clear::<M>.before(AdvanceWorldSystems::First));
}

/// Nothing of a message is left at the start of a frame, so there is nothing to keep or to restore. The ids of new
/// messages are greater than those of all before, rollbacks or not, so that readers see each once.
fn clear<M: Message>(mut messages: ResMut<Messages<M>>) {
    messages.clear();
}
