//! [`OwnedBy`]: which entities are those of a player.

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use crate::PlayerHandle;

/// The player who controls an entity. Those of local players are smoothed for a shorter time, as
/// [`Smoothing::own_half_life`](crate::Smoothing::own_half_life) says. The simulation does not need it.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
///
/// fn spawn_ships(mut commands: Commands, this_match: Res<CurrentMatch>) {
///     for player in this_match.player_handles() {
///         commands.spawn((RollbackEntity, OwnedBy(player)));
///     }
/// }
/// # bevy::ecs::system::assert_is_system(spawn_ships);
/// ```
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq, Hash, Reflect, Serialize, Deserialize)]
#[reflect(Component, Clone, Debug, PartialEq, Hash)]
pub struct OwnedBy(
    /// The player.
    pub PlayerHandle,
);
