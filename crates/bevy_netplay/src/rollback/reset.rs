//! The beginning of a match: a world without what the match before has left.

use bevy::ecs::entity_disabling::Disabled;
use bevy::ecs::query::Allow;
use bevy::prelude::*;
use bevy_ggrs::{ConfirmedFrameCount, RollbackFrameCount, RollbackFrameRate};

use super::order::SpawnOrders;
use super::registry::RollbackRegistry;
use super::state::RollbackStates;
use super::store::{Remains, RollbackStore};
use crate::desync::Capture;
use crate::input::reset_bots;
use crate::lobby::MatchEnd;
use crate::report::MatchRecord;
use crate::stats::RollbackProgress;
use crate::{
    Checksums, CurrentMatch, DesyncCapture, NetplayConfig, PeerLinks, RollbackMetrics, SpawnOrder,
    StartMatch, effects, smoothing,
};

/// How a match is simulated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Simulation {
    /// Frames per second.
    pub(crate) frame_rate: usize,
    /// How far it may run ahead of the last confirmed frame.
    pub(crate) max_prediction: usize,
    /// ggrs saves confirmed frames only.
    pub(crate) sparse_saving: bool,
    /// One frame in so many is compared between peers.
    pub(crate) checksum_interval: u32,
    /// What is kept of compared frames.
    pub(crate) capture: DesyncCapture,
}

impl Simulation {
    /// As it is configured.
    pub(crate) fn of(config: &NetplayConfig) -> Self {
        Self {
            frame_rate: config.frame_rate.max(1),
            max_prediction: config.bounded_max_prediction(),
            sparse_saving: config.sparse_saving,
            checksum_interval: config.checksum_interval,
            capture: config.desync.capture,
        }
    }
}

/// Sets the world back to frame 0 and lets the game set the match up.
///
/// Frames are counted and places in spawn order given from 0: both are part of the checksum, so a rematch that kept
/// either would differ from a peer that joined later.
pub(crate) fn reset_world(world: &mut World, this_match: CurrentMatch, simulation: Simulation) {
    // Before what they tell of is gone.
    Capture::begin_match(world, &this_match);
    effects::end_match(world, effects::confirmed_frame(world));
    let mut everything = world.query_filtered::<Entity, (With<SpawnOrder>, Allow<Disabled>)>();
    let old: Vec<Entity> = everything.iter(world).collect();
    for entity in old {
        // A child may have been despawned with its parent.
        world.try_despawn(entity).ok();
    }
    let Simulation { frame_rate, max_prediction, sparse_saving, checksum_interval, .. } =
        simulation;
    world.insert_resource(RollbackFrameRate(frame_rate));
    world.insert_resource(RollbackFrameCount(0));
    world.insert_resource(ConfirmedFrameCount(-1));
    world.insert_resource(SpawnOrders::default());
    let mut remains = world.resource_mut::<Remains>();
    remains.clear();
    remains.set_simulating(true);
    let kept = world.resource_mut::<Capture>().begin(simulation);
    world.resource_scope(|world, mut store: Mut<RollbackStore>| {
        // The window, the frame that is simulated and the one that it began with.
        store.begin(world.resource::<RollbackRegistry>(), max_prediction + 2, kept);
    });
    let saved_apart = sparse_saving || max_prediction == 0;
    world.resource_mut::<Checksums>().begin(checksum_interval, saved_apart);
    world.insert_resource(RollbackMetrics::default());
    world.insert_resource(MatchEnd::default());
    smoothing::begin_match(world);
    world.insert_resource(RollbackProgress::default());
    world.resource_mut::<PeerLinks>().begin_match();
    let now = world.resource::<Time<Real>>().elapsed();
    world.insert_resource(MatchRecord::new(now));
    reset_bots(world, &this_match);
    world.insert_resource(this_match);
    RollbackStates::reset(world);
    world.run_schedule(StartMatch);
    world.flush();
    RollbackStates::enter(world);
    world.resource_mut::<Remains>().set_simulating(false);
}
