//! The simulation: what rolls back, and the systems that change it.
//!
//! What keeps it the same on every machine: its floats are added, multiplied and rooted in `Vec2` and `Vec3`, its only
//! sine is that of `bevy::math::ops`, and wherever the order of entities matters, they are sorted by `SpawnOrder`.

mod bomb;
mod contestant;
mod cue;
mod dice;
mod fighter;
mod hit;
mod knockout;
mod movement;
mod round;
mod stage;
mod weapon;

use bevy::prelude::*;
use bevy_netplay::prelude::*;

pub use bomb::{BOMB_HALF, BOMB_RADIUS, Bomb};
pub use contestant::Contestant;
pub use cue::{Cue, CueKind};
pub use fighter::{Attacks, FIGHTER_HALF, Facing, Fighter, Footing, Velocity};
pub use hit::Hit;
pub use round::{Phase, Round};
pub use stage::{LIFT_HALF, Lift, PLATFORMS, Platform};
pub use weapon::{CLUB_HALF, Club};

use dice::Dice;

/// The whole simulation. Needs bevy_netplay for the schedules it runs in.
pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Round>()
        .init_resource::<Dice>()
        .rollback_state::<Phase>()
        .rollback_message::<Hit>()
        .add_effect_by_key(|cue: &Cue| cue.kind)
        .rollback_component_by_reflect::<Transform>()
        .rollback_component_by_reflect::<ChildOf>()
        .rollback_component_by_reflect::<Contestant>()
        .rollback_component_by_reflect::<Fighter>()
        .rollback_component_by_reflect::<Velocity>()
        .rollback_component_by_reflect::<Footing>()
        .rollback_component_by_reflect::<Attacks>()
        .rollback_component_by_reflect::<Club>()
        .rollback_component_by_reflect::<Bomb>()
        .rollback_component_by_reflect::<Lift>()
        .rollback_component_by_reflect::<DespawnOnExit<Phase>>()
        .rollback_resource_by_reflect::<Round>()
        .rollback_resource_by_reflect::<Dice>()
        .add_systems(StartMatch, (start_resources, stage::spawn, contestant::spawn).chain())
        .add_systems(
            OnEnter(Phase::Countdown),
            (round::begin_countdown, contestant::enter_stage).chain(),
        )
        .add_systems(OnEnter(Phase::Fighting), round::begin_fight)
        .add_systems(OnExit(Phase::Fighting), round::decide)
        .add_systems(OnEnter(Phase::RoundOver), round::show_winner)
        .add_systems(
            NetplayUpdate,
            (
                round::run,
                stage::move_lift,
                (movement::walk, movement::jump, weapon::swing)
                    .chain()
                    .run_if(in_state(Phase::Fighting)),
                movement::fall,
                (
                    weapon::strike,
                    bomb::drop_from_the_sky,
                    bomb::throw,
                    bomb::fly,
                    bomb::explode,
                    hit::take,
                    knockout::fall_out,
                    knockout::respawn,
                )
                    .chain()
                    .run_if(in_state(Phase::Fighting)),
            )
                .chain(),
        );
}

/// A rematch starts from the same state as the first match, but with another seed.
fn start_resources(
    this_match: Res<CurrentMatch>,
    mut round: ResMut<Round>,
    mut dice: ResMut<Dice>,
) {
    *round = Round::default();
    *dice = Dice::new(this_match.seed);
}
