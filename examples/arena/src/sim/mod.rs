//! The simulation: one sixtieth of a second, as every peer computes it.
//!
//! Three rules keep it bit-identical on every machine, native or wasm:
//!
//! - no floats: positions and speeds are [`Point`]s in 1/256 pixel;
//! - state that is checksummed has no platform-dependent width: no `usize`, and enums are `repr(u8)`;
//! - the order of a query is not the same on two peers, so wherever one entity affects another, they are sorted by
//!   player or by serial number.

mod fixed;
mod hits;
mod input;
mod movement;
mod pickups;
mod random;
mod round;
mod ship;
mod shots;
mod walls;

use bevy::prelude::*;
use bevy_netplay::prelude::*;

pub use fixed::{DIRECTIONS, PX, Point, direction};
pub use hits::{HIT_DISTANCE, PICKUP_DISTANCE};
pub use input::{ArenaInput, Controls, DASH, DOWN, FIRE, LEFT, RIGHT, UP};
pub use pickups::{Pickup, PickupKind};
pub use random::{Dice, Serials};
pub use round::{COUNTDOWN_FRAMES, Phase, ROUND_FRAMES, Round};
pub use ship::{Body, Engine, Gun, Hull, MAX_HEALTH, RADIUS, Score, Ship};
pub use shots::Shot;
pub use walls::{HALF_HEIGHT, HALF_WIDTH, WALLS, Wall};

/// The whole simulation. Needs `NetplayPlugins::<ArenaInput>` for the schedules it runs in.
pub struct SimulationPlugin;

impl Plugin for SimulationPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins(RulesPlugin)
            .add_systems(NetplayUpdate, input::take.before(SimulationSystems));
    }
}

/// The systems of a frame, in `NetplayUpdate`. An app with [`RulesPlugin`] alone writes
/// [`Controls`] before them.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub struct SimulationSystems;

/// The simulation without the source of inputs, so that a benchmark can run the same rules on another session type.
/// Needs bevy_ggrs' `GgrsPlugin` and a system that writes [`Controls`].
pub struct RulesPlugin;

impl Plugin for RulesPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Controls>()
            .init_resource::<Round>()
            .init_resource::<Dice>()
            .init_resource::<Serials>()
            .rollback_component::<Ship>()
            .rollback_component::<Body>()
            .rollback_component::<Hull>()
            .rollback_component::<Gun>()
            .rollback_component::<Engine>()
            .rollback_component::<Score>()
            .rollback_component::<Shot>()
            .rollback_component::<Pickup>()
            .rollback_resource::<Round>()
            .rollback_resource::<Dice>()
            .rollback_resource::<Serials>()
            .add_systems(StartMatch, (start_resources, ship::spawn).chain())
            .add_systems(
                NetplayUpdate,
                (
                    round::advance,
                    ship::respawn,
                    movement::steer,
                    movement::bump,
                    movement::fly,
                    shots::fire,
                    shots::fly,
                    hits::strike,
                    pickups::collect,
                    pickups::drop,
                )
                    .chain()
                    .in_set(SimulationSystems),
            );
    }
}

/// A rematch starts from the same state as the first match, but with another seed.
fn start_resources(
    this_match: Res<CurrentMatch>,
    mut round: ResMut<Round>,
    mut dice: ResMut<Dice>,
    mut serials: ResMut<Serials>,
) {
    *round = Round::default();
    *dice = Dice::new(this_match.seed);
    *serials = Serials::default();
}
