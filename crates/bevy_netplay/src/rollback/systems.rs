//! When the store saves and loads: in the schedules of bevy_ggrs, which decides what is saved and loaded.

use bevy::prelude::*;
use bevy_ggrs::{
    AdvanceWorld, AdvanceWorldSystems, LoadWorld, LoadWorldSystems, RollbackFrameCount, SaveWorld,
    SaveWorldSystems,
};

use super::checksums::Checksums;
use super::order::SpawnOrders;
use super::registry::RollbackRegistry;
use super::store::{Remains, RollbackStore, mark_child};
use crate::logs::Logs;

pub(crate) fn plugin(app: &mut App) {
    app.init_resource::<RollbackRegistry>()
        .init_resource::<RollbackStore>()
        .init_resource::<Remains>()
        .init_resource::<Checksums>()
        .add_systems(SaveWorld, save.in_set(SaveWorldSystems::Snapshot))
        .add_systems(LoadWorld, load.in_set(LoadWorldSystems::Data))
        .add_systems(
            AdvanceWorld,
            (
                (save_compared.run_if(Checksums::is_saved_apart), begin_frame)
                    .chain()
                    .before(AdvanceWorldSystems::First),
                end_frame.after(AdvanceWorldSystems::Last),
            ),
        )
        .add_observer(mark_child);
}

/// Exclusive, as [`load`]: what is registered can be anywhere in the world.
fn save(world: &mut World) {
    let frame = world.resource::<RollbackFrameCount>().0;
    world.resource_scope(|world, mut store: Mut<RollbackStore>| store.save(world, frame));
}

fn load(world: &mut World) {
    let frame = world.resource::<RollbackFrameCount>().0;
    world.resource_scope(|world, mut store: Mut<RollbackStore>| {
        if !store.load(world, frame) && is_to_be_logged(world, "a frame is not kept any more") {
            error!("frame {frame} is not kept any more: this peer cannot go back and will desync");
        }
    });
}

/// Whether an error that every frame could repeat is logged now.
fn is_to_be_logged(world: &mut World, what: &'static str) -> bool {
    let Some(time) = world.get_resource::<Time<Real>>().copied() else { return true };
    world.get_resource_mut::<Logs>().is_none_or(|mut logs| logs.admits_error(&time, what))
}

/// Gives the world the state at the start of a frame: the one that is simulated next, or one before it.
pub(crate) fn go_back(world: &mut World, frame: i32) {
    if world.resource::<RollbackFrameCount>().0 == frame {
        return;
    }
    world.resource_scope(|world, mut store: Mut<RollbackStore>| match store.load(world, frame) {
        true => world.insert_resource(RollbackFrameCount(frame)),
        false => debug!("frame {frame} is not kept any more: the world stays as it is"),
    });
}

/// Saves a frame that is compared, where ggrs saves nothing or only few frames.
fn save_compared(world: &mut World) {
    let frame = simulated_frame(world.resource());
    world.resource_scope(|world, mut store: Mut<RollbackStore>| store.save(world, frame));
}

/// The simulation begins: forgets despawned entities that cannot come back any more.
fn begin_frame(
    frame: Res<RollbackFrameCount>,
    store: Res<RollbackStore>,
    mut orders: ResMut<SpawnOrders>,
    mut remains: ResMut<Remains>,
) {
    let frame = simulated_frame(&frame);
    for order in orders.begin_frame(frame, store.oldest_frame(frame)) {
        remains.forget(order);
    }
    remains.set_simulating(true);
}

fn end_frame(mut remains: ResMut<Remains>) {
    remains.set_simulating(false);
}

/// The frame that is simulated in [`AdvanceWorld`], where bevy_ggrs has counted on already.
pub(crate) fn simulated_frame(frame: &RollbackFrameCount) -> i32 {
    frame.0 - 1
}
