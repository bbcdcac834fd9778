//! The schedule that simulates, checked before the app runs.

use bevy::prelude::*;
use bevy_ggrs::GgrsSchedule;

/// Builds the schedule that simulates, so that what is wrong with it is said when the game starts, and not when the
/// first match does.
///
/// # Panics
///
/// Where systems are in conflict, as Bevy does when a schedule that cannot be built first runs. A game whose order of
/// systems is left open plays differently on every machine.
pub(crate) fn check_simulation(app: &mut App) {
    let checked = app.world_mut().try_schedule_scope(GgrsSchedule, |world, schedule| {
        let result = schedule.initialize(world);
        result.map(drop).map_err(|error| error.to_string(schedule.graph(), world))
    });
    if let Ok(Err(problem)) = checked {
        panic!(
            "the systems in NetplayUpdate must run in the same order on every machine, and their order is left open. Add \
             them as .add_systems(NetplayUpdate, (first, second).chain()), or order them with .before() or .after(). Bevy \
             names the systems if its feature `debug` is on. It says: {problem}"
        );
    }
}
