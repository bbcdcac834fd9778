//! [`SoundCommand`]: what an audio backend is told.

use std::time::Duration;

use bevy::prelude::*;

use super::{EffectSound, LoopSound};

/// A sound that is played: the same in all [`SoundCommand`]s of it, and of no other sound of this App.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Reflect)]
#[reflect(Debug, PartialEq, Hash)]
pub struct SoundId(u64);

/// Gives ids away.
#[derive(Resource, Debug, Default)]
pub(super) struct SoundIds(u64);

impl SoundIds {
    pub(super) fn next(&mut self) -> SoundId {
        self.0 += 1;
        SoundId(self.0)
    }
}

/// What is to be heard, in the order of the messages. `NetplayAudioPlugin` (feature `audio`) carries it out with Bevy's
/// audio. A game with another backend reads these messages in `Update`:
///
/// ```
/// use bevy::platform::collections::HashMap;
/// use bevy::prelude::*;
/// use bevy_netplay::{SoundCommand, SoundId};
///
/// # struct Instance;
/// # impl Instance { fn set_volume(&self, _: f32, _: std::time::Duration) {} fn stop(&self, _: std::time::Duration) {} }
/// # fn start(_: &str, _: f32, _: std::time::Duration) -> Instance { Instance }
/// # fn start_loop(_: &str, _: f32, _: std::time::Duration) -> Instance { Instance }
/// fn play(mut commands: MessageReader<SoundCommand>, mut playing: Local<HashMap<SoundId, Instance>>) {
///     for command in commands.read() {
///         match command {
///             SoundCommand::Play { id, sound, seek } => {
///                 playing.insert(*id, start(&sound.file, sound.volume, *seek));
///             }
///             SoundCommand::StartLoop { id, sound, fade } => {
///                 playing.insert(*id, start_loop(&sound.file, sound.volume, *fade));
///             }
///             SoundCommand::SetVolume { id, volume, fade } => {
///                 if let Some(instance) = playing.get(id) {
///                     instance.set_volume(*volume, *fade);
///                 }
///             }
///             SoundCommand::FadeOut { id, fade } => {
///                 if let Some(instance) = playing.remove(id) {
///                     instance.stop(*fade);
///                 }
///             }
///         }
///     }
/// }
/// # bevy::ecs::system::assert_is_system(play);
/// ```
#[derive(Message, Clone, Debug, PartialEq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
pub enum SoundCommand {
    /// Play a sound to its end.
    Play {
        /// The sound.
        id: SoundId,
        /// What is played.
        sound: EffectSound,
        /// How far into the sound it begins: the effect should have begun so long ago.
        seek: Duration,
    },
    /// Play a sound again and again.
    StartLoop {
        /// The sound.
        id: SoundId,
        /// What is played.
        sound: LoopSound,
        /// Until it is as loud as it shall be.
        fade: Duration,
    },
    /// Play a loop at another volume.
    SetVolume {
        /// The sound.
        id: SoundId,
        /// The volume: 1 as it is in the file.
        volume: f32,
        /// Until it is as loud as that.
        fade: Duration,
    },
    /// Play a sound no longer. It may have come to its end already.
    FadeOut {
        /// The sound.
        id: SoundId,
        /// Until it is silent.
        fade: Duration,
    },
}

impl SoundCommand {
    /// The sound that it is about.
    pub fn id(&self) -> SoundId {
        match self {
            Self::Play { id, .. }
            | Self::StartLoop { id, .. }
            | Self::SetVolume { id, .. }
            | Self::FadeOut { id, .. } => *id,
        }
    }
}
