//! The simulation: one sixtieth of a second, as every peer computes it.
//!
//! Three rules keep it bit-identical on every machine, native or wasm:
//!
//! - no floats: positions and speeds are [`Point`]s in 1/256 pixel;
//! - state that plain bevy_ggrs hashes has no platform-dependent width: no `usize`, and enums are `repr(u8)`;
//! - the order of a query is not the same on two peers, so wherever one entity affects another, they are sorted by
//!   player or by serial number.

mod cues;
mod fixed;
mod hits;
mod input;
mod movement;
mod netcode;
mod pickups;
mod random;
mod round;
mod ship;
mod shots;
mod walls;

use std::marker::PhantomData;

use bevy::ecs::component::Mutable;
use bevy::ecs::schedule::{InternedScheduleLabel, ScheduleLabel};
use bevy::prelude::*;
use bevy_netplay::prelude::*;

use crate::lobby::{ArenaMatchLobby, RoundChoice, ShipChoice};
use crate::standings::Standings;

pub use cues::{Cue, CueKind, Cues};
pub use fixed::{DIRECTIONS, PX, Point, direction};
pub use hits::{HIT_DISTANCE, PICKUP_DISTANCE};
pub use input::{ArenaInput, Controls, DASH, DOWN, FIRE, LEFT, RIGHT, UP};
pub use netcode::{MatchSetup, Netcode, SimulationState};
pub use pickups::{Pickup, PickupKind};
pub use random::{Dice, Serials};
pub use round::{COUNTDOWN_FRAMES, Phase, ROUND_FRAMES, Round, RoundRules, SHORT_ROUND_FRAMES};
pub use ship::{Body, Engine, Gun, Hull, MAX_HEALTH, RADIUS, Score, Ship};
pub use shots::Shot;
pub use walls::{HALF_HEIGHT, HALF_WIDTH, WALLS, Wall};

/// The whole simulation, with the values of the lobby that it depends on. Needs `NetplayPlugins::<ArenaInput>` for the
/// schedules it runs in.
pub struct SimulationPlugin;

impl Plugin for SimulationPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins(RulesPlugin::<Netplay>::default())
            .add_lobby_state::<ShipChoice, RoundChoice>()
            .add_effect_by_key(|cue: &Cue| cue.kind)
            .add_systems(StartMatch, set_up.before(StartSystems))
            .add_systems(
                NetplayUpdate,
                (
                    input::take.before(SimulationSystems),
                    (pass_cues_on, end_match).after(SimulationSystems),
                ),
            );
    }
}

/// The netcode of the game itself: bevy_netplay.
struct Netplay;

impl Netcode for Netplay {
    fn start() -> InternedScheduleLabel {
        StartMatch.intern()
    }

    fn frame() -> InternedScheduleLabel {
        NetplayUpdate.intern()
    }

    fn component<T: Component<Mutability = Mutable> + SimulationState>(app: &mut App) {
        app.rollback_component_by_reflect::<T>();
    }

    fn resource<T: Resource<Mutability = Mutable> + SimulationState>(app: &mut App) {
        app.rollback_resource_by_reflect::<T>();
    }

    fn entities_with<T: Component>(app: &mut App) {
        app.register_required_components::<T, RollbackEntity>();
    }
}

fn set_up(
    mut commands: Commands,
    this_match: Res<CurrentMatch>,
    (room, lobby): (Res<CurrentRoom>, Res<ArenaMatchLobby>),
) {
    commands.insert_resource(MatchSetup { players: this_match.players, seed: this_match.seed });
    // Whether a room has a lobby its creator has said once: it is the same for all.
    let ends_match = room.least.is_some();
    commands.insert_resource(RoundRules { frames: lobby.room().length.frames(), ends_match });
}

/// What is seen and heard of the frame.
fn pass_cues_on(
    cues: Res<Cues>,
    ships: Query<(Entity, &Ship)>,
    mut effects: EffectWriter<Cue>,
    mut teleported: MessageWriter<Teleported>,
) {
    for cue in &cues.0 {
        effects.write(*cue);
        let is_moved = |ship: &Ship| cue.kind == CueKind::Respawned(ship.player);
        let moved = ships.iter().filter(|(_, ship)| is_moved(ship));
        teleported.write_batch(moved.map(|(entity, _)| Teleported { entity }));
    }
}

/// In a room with a lobby all go back there when the round is over.
fn end_match(
    (round, rules): (Res<Round>, Res<RoundRules>),
    ships: Query<(&Ship, &Score)>,
    mut commands: Commands,
) {
    if rules.ends_match && round.phase == Phase::Result {
        let scores = ships.iter().map(|(ship, score)| (ship.player, score.0));
        commands.end_match(&scores.collect::<Standings>());
    }
}

/// The systems that begin a match, in [`Netcode::start`].
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
struct StartSystems;

/// The systems of a frame, in [`Netcode::frame`]. An app with [`RulesPlugin`] alone writes [`Controls`]
/// before them.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub struct SimulationSystems;

/// The rules on any netcode. The app writes [`MatchSetup`] before a match and [`Controls`] before each frame.
pub struct RulesPlugin<N>(PhantomData<N>);

impl<N> Default for RulesPlugin<N> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<N: Netcode> Plugin for RulesPlugin<N> {
    fn build(&self, app: &mut App) {
        app.init_resource::<Controls>()
            .init_resource::<Cues>()
            .init_resource::<Round>()
            .init_resource::<RoundRules>()
            .init_resource::<Dice>()
            .init_resource::<Serials>();
        N::component::<Ship>(app);
        N::component::<Body>(app);
        N::component::<Hull>(app);
        N::component::<Gun>(app);
        N::component::<Engine>(app);
        N::component::<Score>(app);
        N::component::<Shot>(app);
        N::component::<Pickup>(app);
        N::resource::<Round>(app);
        N::resource::<Dice>(app);
        N::resource::<Serials>(app);
        N::entities_with::<Ship>(app);
        N::entities_with::<Shot>(app);
        N::entities_with::<Pickup>(app);
        app.add_systems(N::start(), (start_resources, ship::spawn).chain().in_set(StartSystems))
            .add_systems(
                N::frame(),
                (
                    cues::clear,
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
    setup: Res<MatchSetup>,
    mut round: ResMut<Round>,
    mut dice: ResMut<Dice>,
    mut serials: ResMut<Serials>,
) {
    *round = Round::default();
    *dice = Dice::new(setup.seed);
    *serials = Serials::default();
}
