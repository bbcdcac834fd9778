//! [`RollbackEntity`]: which entities roll back.

use bevy::prelude::*;

use crate::SpawnOrder;

/// Marks an entity that rolls back: it is despawned, brought back and restored with the frames of the match. Spawn it
/// with the components that are [registered](crate::NetplayApp::rollback_component), in
/// [`StartMatch`](crate::StartMatch) or [`NetplayUpdate`](crate::NetplayUpdate).
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq, Reflect)]
#[reflect(Component, Debug, Default, PartialEq)]
#[require(SpawnOrder)]
pub struct RollbackEntity;
