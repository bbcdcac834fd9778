//! [`CurrentMatch`], and the schedule [`StartMatch`] that sets it up.

use bevy::ecs::schedule::ScheduleLabel;
use bevy::prelude::*;

use crate::PlayerHandle;

/// The schedule that sets a match up. Spawn what rolls back here, and reset resources.
///
/// It runs once before frame 0 of every match, on every peer: after [`Playing`](crate::NetplayState::Playing) was left
/// and the entities of the previous match were despawned, and before `Playing` is entered. Its systems run on one
/// thread.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash, Reflect)]
pub struct StartMatch;

/// The match that is played, or was played last: there from [`StartMatch`] as long as what was played is in the
/// world, which is until the next match starts. Whether a match is played tells [`in_match`](crate::in_match).
#[derive(Resource, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Resource, Debug, PartialEq)]
#[non_exhaustive]
pub struct CurrentMatch {
    /// Counts the matches on the links of this room, from 1.
    pub epoch: u16,
    /// How many players play.
    pub players: usize,
    /// The player on this peer.
    pub local_player: PlayerHandle,
    /// The same on every peer, different for every match, also with the same players again, and chosen by none of them:
    /// seed random numbers with it. Every player contributes to it.
    pub seed: u64,
}

impl CurrentMatch {
    /// A match that no room has started: for a program that makes the ggrs session itself, such as a sync test.
    pub fn new(
        epoch: u16,
        players: usize,
        local_player: impl Into<PlayerHandle>,
        seed: u64,
    ) -> Self {
        Self { epoch, players, local_player: local_player.into(), seed }
    }

    /// The players of the match, in their order.
    pub fn player_handles(&self) -> impl Iterator<Item = PlayerHandle> + use<> {
        (0..self.players).map(PlayerHandle::from)
    }
}
