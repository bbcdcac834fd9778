//! [`NetplaySoundApp`]: which effect and which component is heard.

use bevy::prelude::*;
use bevy_ggrs::RollbackFrameRate;

use super::Muted;
use super::command::{SoundCommand, SoundIds};
use super::loops::Loops;
use super::one_shots::OneShots;
use super::sound::{EffectSound, LoopSound};
use crate::effects::{self, ShowEffects, ShowEffectsSystems, ShownProgress};
use crate::session::frame_length;
use crate::{EffectMessage, SpawnOrder};

/// Registers sounds: of [effects](crate::NetplayEffectApp), which are heard once, and of entities, which are heard for as
/// long as their state says so.
///
/// What is to be heard is told in [`SoundCommand`]s, which `NetplayAudioPlugin` (feature `audio`) carries out with Bevy's
/// audio. Nothing is heard while this peer catches up with a match, in a sync test, and between matches.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
///
/// #[derive(Clone, PartialEq, Eq, Hash)]
/// struct Shot(PlayerHandle);
///
/// #[derive(Component, Clone, Hash)]
/// struct Ship { thrust: u8 }
///
/// App::new()
///     .add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
///     .rollback_component_by_hash::<Ship>()
///     .add_effect::<Shot>()
///     .add_effect_sound(|_: &Shot| Some(EffectSound::new("sounds/shot.wav")))
///     .add_loop_sound(|ship: &Ship| {
///         let volume = f32::from(ship.thrust) / 255.0;
///         (volume > 0.0).then(|| LoopSound::new("sounds/thrust.wav").volume(volume))
///     });
/// ```
pub trait NetplaySoundApp {
    /// Plays a sound for each effect of a type for which the function returns one. The type is registered by itself, with
    /// [`add_effect`](crate::NetplayEffectApp::add_effect).
    ///
    /// The sound begins when the effect is predicted, and is faded out within 80 ms if the effect never was. One that comes
    /// late begins as far into the sound, and is left out if that would be over.
    fn add_effect_sound<E: Send + Sync + 'static>(
        &mut self,
        sound: impl Fn(&E) -> Option<EffectSound> + Send + Sync + 'static,
    ) -> &mut Self;

    /// Repeats a sound for each [`RollbackEntity`](crate::RollbackEntity) with a component for which the function returns
    /// one. It is asked once in every update, after all frames, so a rollback alone changes nothing.
    fn add_loop_sound<T: Component>(
        &mut self,
        sound: impl Fn(&T) -> Option<LoopSound> + Send + Sync + 'static,
    ) -> &mut Self;
}

impl NetplaySoundApp for App {
    fn add_effect_sound<E: Send + Sync + 'static>(
        &mut self,
        sound: impl Fn(&E) -> Option<EffectSound> + Send + Sync + 'static,
    ) -> &mut Self {
        let play = move |mut effects: MessageReader<EffectMessage<E>>,
                         mut sounds: Local<OneShots>,
                         (progress, muted): (Res<ShownProgress>, Option<Res<Muted>>),
                         rate: Res<RollbackFrameRate>,
                         mut ids: ResMut<SoundIds>,
                         mut commands: MessageWriter<SoundCommand>| {
            let is_silent = progress.is_catching_up || muted.is_some();
            let frame = frame_length(rate.0);
            for effect in effects.read() {
                let command = sounds.handle(effect, is_silent, frame, &sound, &mut ids);
                commands.write_batch(command);
            }
        };
        init(self).add_systems(ShowEffects, play.in_set(ShowEffectsSystems::Play))
    }

    fn add_loop_sound<T: Component>(
        &mut self,
        sound: impl Fn(&T) -> Option<LoopSound> + Send + Sync + 'static,
    ) -> &mut Self {
        let play = move |entities: Query<(&SpawnOrder, &T)>,
                         mut loops: Local<Loops>,
                         (progress, muted): (Res<ShownProgress>, Option<Res<Muted>>),
                         mut ids: ResMut<SoundIds>,
                         mut commands: MessageWriter<SoundCommand>| {
            let is_silent = progress.is_over || progress.is_catching_up || muted.is_some();
            let heard = entities.iter().filter(|_| !is_silent);
            let heard = heard.filter_map(|(order, component)| Some((*order, sound(component)?)));
            commands.write_batch(loops.update(heard.collect(), &mut ids));
        };
        init(self).add_systems(ShowEffects, play.in_set(ShowEffectsSystems::Play))
    }
}

fn init(app: &mut App) -> &mut App {
    effects::init(app);
    app.init_resource::<SoundIds>().add_message::<SoundCommand>()
}
