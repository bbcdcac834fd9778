//! [`EffectWriter`]: what the simulation writes effects with.

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;

/// Writes effects of a frame, in [`NetplayUpdate`](crate::NetplayUpdate) and in the schedules of states that roll back.
/// Outside of the simulation of a frame, [`StartMatch`](crate::StartMatch) included, it writes nothing.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
///
/// /// Somebody has jumped.
/// #[derive(Clone, PartialEq, Eq, Hash)]
/// struct Jump(PlayerHandle);
///
/// fn jump(inputs: Inputs<u8>, this_match: Res<CurrentMatch>, mut jumps: EffectWriter<Jump>) {
///     for player in this_match.player_handles().filter(|player| inputs.get(*player) == 1) {
///         jumps.write(Jump(player));
///     }
/// }
///
/// App::new()
///     .add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
///     .add_effect::<Jump>()
///     .add_systems(NetplayUpdate, jump);
/// ```
#[derive(SystemParam)]
pub struct EffectWriter<'w, E: Send + Sync + 'static> {
    written: ResMut<'w, Written<E>>,
}

impl<E: Send + Sync + 'static> EffectWriter<'_, E> {
    /// Writes an effect of the frame that is simulated.
    pub fn write(&mut self, effect: E) {
        match self.written.is_simulating {
            true => self.written.effects.push(effect),
            // An observer writes as well when a frame is restored.
            false => debug_once!("an effect is written outside of a frame: it is not shown"),
        }
    }
}

/// The effects of the frame that is simulated.
#[derive(Resource, Debug)]
pub(crate) struct Written<E> {
    pub(super) effects: Vec<E>,
    is_simulating: bool,
}

impl<E> Default for Written<E> {
    fn default() -> Self {
        Self { effects: Vec::new(), is_simulating: false }
    }
}

impl<E> Written<E> {
    pub(super) fn begin_frame(&mut self) {
        self.is_simulating = true;
    }

    /// Takes what the frame has written.
    pub(super) fn end_frame(&mut self) -> std::vec::Drain<'_, E> {
        self.is_simulating = false;
        self.effects.drain(..)
    }
}
