//! [`NetplayEffectApp`]: registering effects.

use std::hash::Hash;

use bevy::prelude::*;
use bevy_ggrs::{AdvanceWorld, AdvanceWorldSystems, RollbackFrameCount};

use super::ledger::Ledger;
use super::message::{EffectIds, EffectMessage};
use super::writer::Written;
use super::{ShowEffects, ShowEffectsSystems, ShownProgress, init};
use crate::rollback::simulated_frame;

/// Registers effects: what the simulation shows and does not come back to, such as sounds, sparks and points.
///
/// The simulation writes them with an [`EffectWriter`](crate::EffectWriter), as often as a frame is simulated again. The
/// game reads each once, as [`EffectMessage`]s.
///
/// An effect that a rollback moves by up to three frames is still the same one if its key is the same, and nothing is
/// told of that.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
///
/// #[derive(Clone)]
/// struct Hit { at: Vec2, player: PlayerHandle }
///
/// #[derive(Clone, PartialEq, Eq, Hash)]
/// struct RoundOver;
///
/// fn sparks(mut hits: MessageReader<EffectMessage<Hit>>) {
///     for hit in hits.read() {
///         match hit {
///             EffectMessage::Predicted { effect, late, .. } => {
///                 info!("sparks at {}, {late} frames late", effect.at);
///             }
///             EffectMessage::Cancelled { id, .. } => info!("no sparks of {id:?}"),
///             EffectMessage::Confirmed { effect, .. } => info!("{} was hit", effect.player),
///         }
///     }
/// }
///
/// App::new()
///     .add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
///     .add_effect::<RoundOver>()
///     // Where exactly it was may change by a rollback: the hit stays the same one.
///     .add_effect_by_key(|hit: &Hit| hit.player)
///     .add_systems(Update, sparks);
/// ```
pub trait NetplayEffectApp {
    /// Registers an effect of which two are the same if all of their fields are equal. Further calls for the type do
    /// nothing.
    fn add_effect<E: Clone + Eq + Hash + Send + Sync + 'static>(&mut self) -> &mut Self;

    /// Registers an effect of which two are the same if they have the same key: who has fired, and not the exact position.
    /// Further calls for the type do nothing.
    fn add_effect_by_key<E, K>(
        &mut self,
        key: impl Fn(&E) -> K + Send + Sync + 'static,
    ) -> &mut Self
    where
        E: Clone + Send + Sync + 'static,
        K: Eq + Hash + Send + Sync + 'static;
}

impl NetplayEffectApp for App {
    fn add_effect<E: Clone + Eq + Hash + Send + Sync + 'static>(&mut self) -> &mut Self {
        self.add_effect_by_key(E::clone)
    }

    fn add_effect_by_key<E, K>(
        &mut self,
        key: impl Fn(&E) -> K + Send + Sync + 'static,
    ) -> &mut Self
    where
        E: Clone + Send + Sync + 'static,
        K: Eq + Hash + Send + Sync + 'static,
    {
        if self.world().contains_resource::<Written<E>>() {
            return self;
        }
        init(self);
        let take = move |frame: Res<RollbackFrameCount>,
                         mut written: ResMut<Written<E>>,
                         mut ledger: ResMut<Ledger<K, E>>| {
            let effects = written.end_frame().map(|effect| (key(&effect), effect));
            ledger.handle_frame(simulated_frame(&frame), effects);
        };
        self.add_message::<EffectMessage<E>>()
            .init_resource::<Written<E>>()
            .init_resource::<Ledger<K, E>>()
            // Which of two systems writes first makes no difference to the simulation.
            .allow_ambiguous_resource::<Written<E>>()
            .add_systems(
                AdvanceWorld,
                (
                    (|mut written: ResMut<Written<E>>| written.begin_frame())
                        .before(AdvanceWorldSystems::First),
                    take.after(AdvanceWorldSystems::Last),
                ),
            )
            .add_systems(ShowEffects, compare::<K, E>.in_set(ShowEffectsSystems::Compare))
    }
}

fn compare<K, E>(
    progress: Res<ShownProgress>,
    mut ledger: ResMut<Ledger<K, E>>,
    mut ids: ResMut<EffectIds>,
    mut messages: MessageWriter<EffectMessage<E>>,
) where
    E: Clone + Send + Sync + 'static,
    K: Eq + Hash + Send + Sync + 'static,
{
    let ShownProgress { confirmed, newest, .. } = *progress;
    messages.write_batch(match progress.is_over {
        false => ledger.compare(confirmed, newest, &mut ids),
        true => ledger.end(confirmed, newest, &mut ids),
    });
}
