//! The arena's rules on plain bevy_ggrs: what is rolled back, when the rules run, and which buttons are held.

use arena::sim::{ArenaInput, Controls, Netcode, RulesPlugin, SimulationState, SimulationSystems};
use bevy::ecs::component::Mutable;
use bevy::ecs::schedule::{InternedScheduleLabel, ScheduleLabel};
use bevy::prelude::*;
use bevy_ggrs::{GgrsConfig, GgrsPlugin, GgrsSchedule, PlayerInputs, Rollback, RollbackApp};
use matchbox_socket::PeerId;

/// The types of a session: the buttons of a frame in a byte, and peers as matchbox names them.
pub type Config = GgrsConfig<u8, PeerId>;

/// Runs once before frame 0.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct StartMatch;

struct Plain;

impl Netcode for Plain {
    fn start() -> InternedScheduleLabel {
        StartMatch.intern()
    }

    fn frame() -> InternedScheduleLabel {
        GgrsSchedule.intern()
    }

    fn component<T: Component<Mutability = Mutable> + SimulationState>(app: &mut App) {
        app.rollback_component_with_clone::<T>().checksum_component_with_hash::<T>();
    }

    fn resource<T: Resource<Mutability = Mutable> + SimulationState>(app: &mut App) {
        app.rollback_resource_with_clone::<T>().checksum_resource_with_hash::<T>();
    }

    fn entities_with<T: Component>(app: &mut App) {
        app.register_required_components::<T, Rollback>();
    }
}

/// bevy_ggrs and the rules.
pub fn plugin(app: &mut App) {
    app.add_plugins((GgrsPlugin::<Config>::default(), RulesPlugin::<Plain>::default()))
        .add_systems(GgrsSchedule, take_inputs.before(SimulationSystems));
}

fn take_inputs(inputs: Res<PlayerInputs<Config>>, mut controls: ResMut<Controls>) {
    controls.0.clear();
    controls.0.extend(inputs.iter().map(|&(buttons, _)| ArenaInput { buttons }));
}
