//! [`EffectMessage`]: what a game is told of an effect.

use bevy::prelude::*;

/// An effect, from its prediction to its end: the same in all [`EffectMessage`]s of it, and of no other effect of this App,
/// whatever its type and match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Reflect)]
#[reflect(Debug, PartialEq, Hash)]
pub struct EffectId(pub(super) u64);

/// Gives ids away.
#[derive(Resource, Debug, Default)]
pub(crate) struct EffectIds(u64);

impl EffectIds {
    pub(crate) fn next(&mut self) -> EffectId {
        self.0 += 1;
        EffectId(self.0)
    }
}

/// What has become of an effect that the simulation has written with an [`EffectWriter`](crate::EffectWriter). Read with a
/// `MessageReader`, outside of the simulation.
///
/// Of every effect there are two messages: `Predicted`, and later, or in the same update, either `Cancelled` or
/// `Confirmed`. They come once each, however often the frame is simulated again.
///
/// It implements `Reflect` where `E` does; a game that wants it in the registry registers `EffectMessage<E>`.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message)]
pub enum EffectMessage<E: Send + Sync + 'static> {
    /// It is there in a frame that may be simulated again: show what is cosmetic now.
    Predicted {
        /// The effect.
        id: EffectId,
        /// The frame that has written it.
        frame: i32,
        /// How many frames ago it should have begun: 0 in the newest frame, more after a rollback, and many while this
        /// peer catches up with a match that the others have played on.
        late: u32,
        /// What was written.
        effect: E,
    },
    /// It never was: take back what was shown.
    Cancelled {
        /// The effect.
        id: EffectId,
        /// What was written last.
        effect: E,
    },
    /// It is certain, and the same on every peer: count the point, show who has won.
    Confirmed {
        /// The effect.
        id: EffectId,
        /// The frame that has written it, up to three frames away from the predicted one.
        frame: i32,
        /// What was written last. It may differ from what was predicted in what is no part of the key.
        effect: E,
    },
}
