//! Input: what the game writes ([`LocalInput`]), what the simulation reads ([`Inputs`]).

mod ggrs_input;

use bevy::ecs::schedule::ScheduleLabel;
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_ggrs::{LocalInputs, LocalPlayers, PlayerInputs, RollbackFrameCount};
use bytemuck::Pod;

use crate::PlayerHandle;
use crate::session::Session;

pub use ggrs_input::{GgrsInput, NetplayGgrs};

/// The input of one player in one frame: plain bytes, the same on every machine. Implemented for every type that
/// can be one:
///
/// ```
/// use bevy_netplay::bytemuck::{Pod, Zeroable};
///
/// #[derive(Clone, Copy, Default, PartialEq, Pod, Zeroable)]
/// #[bytemuck(crate = "bevy_netplay::bytemuck")]
/// #[repr(C)]
/// struct Buttons {
///     stick: [i8; 2],
///     pressed: u8,
/// }
///
/// let plugins = bevy_netplay::NetplayPlugins::<Buttons>::default();
/// ```
pub trait NetplayInput: Pod + Default + PartialEq + Send + Sync + 'static {}

impl<I: Pod + Default + PartialEq + Send + Sync + 'static> NetplayInput for I {}

/// The input of the local player. A system in [`ReadLocalInput`] writes it; it keeps its value until then.
///
/// Opaque to reflection: an input is plain bytes and need not implement `Reflect`.
#[derive(Resource, Clone, Copy, Debug, Default, Reflect)]
#[reflect(opaque, type_path = false, where I: NetplayInput)]
#[reflect(Resource, Default)]
pub struct LocalInput<I: NetplayInput>(
    /// The input. The game writes it.
    pub I,
);

impl<I: NetplayInput> TypePath for LocalInput<I> {
    fn type_path() -> &'static str {
        std::any::type_name::<Self>()
    }

    fn short_type_path() -> &'static str {
        "LocalInput"
    }
}

/// Every player's input of the frame that is simulated, inside `NetplayUpdate`.
#[derive(SystemParam)]
pub struct Inputs<'w, I: NetplayInput> {
    inputs: Res<'w, PlayerInputs<NetplayGgrs<I>>>,
}

impl<I: NetplayInput> Inputs<'_, I> {
    /// The input of a player. A player who does not exist, or is [disconnected](Self::is_disconnected), has the
    /// default input.
    pub fn get(&self, player: impl Into<PlayerHandle>) -> I {
        self.inputs.get(player.into().index()).map(|(input, _)| input.input).unwrap_or_default()
    }

    /// Whether a player has been dropped from the match. It is true from the same frame on for all who play on, so
    /// the simulation may depend on it.
    pub fn is_disconnected(&self, player: impl Into<PlayerHandle>) -> bool {
        self.inputs.get(player.into().index()).is_some_and(|(input, _)| input.disconnected)
    }
}

/// The schedule in which a game writes [`LocalInput`]. It runs once before each new frame of a match, and
/// never for frames that are simulated again.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash, Reflect)]
pub struct ReadLocalInput;

/// Lets the game read its devices, then hands the input to ggrs. While this peer catches up with a match that it
/// rejoined, the input is in the log.
pub(crate) fn read_inputs<I: NetplayInput>(world: &mut World) {
    let frame = world.resource::<RollbackFrameCount>().0;
    let known = world.resource::<Session>().replayed_input(frame);
    let input = known.and_then(|bytes| GgrsInput::from_bytes(&bytes)).unwrap_or_else(|| {
        world.run_schedule(ReadLocalInput);
        GgrsInput { input: world.resource::<LocalInput<I>>().0, disconnected: false }
    });
    let players = &world.resource::<LocalPlayers>().0;
    let inputs = players.iter().map(|player| (*player, input)).collect();
    world.insert_resource(LocalInputs::<NetplayGgrs<I>>(inputs));
}
