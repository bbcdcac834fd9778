//! Whether an App plays.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

/// The match that is played, if any: one that has ended stays in the world.
pub(crate) fn playing(world: &World) -> Option<&CurrentMatch> {
    let plays = *world.resource::<State<NetplayState>>().get() == NetplayState::Playing;
    world.get_resource::<CurrentMatch>().filter(|_| plays)
}
