//! Sounds of effects and of entities, as commands for whatever plays sounds.
//!
//! ```text
//! registration        a game says which effect has which sound, and which component which loop
//! one_shots ─ loops   what is played, faded out and left out
//! command             what an audio backend is told
//! audio               Bevy's own, with the feature `audio`
//! ```

#[cfg(feature = "audio")]
mod audio;
mod command;
#[cfg(any(test, feature = "audio"))]
mod fade;
mod loops;
mod one_shots;
mod registration;
mod sound;

use bevy::prelude::*;

#[cfg(feature = "audio")]
pub use audio::NetplayAudioPlugin;
pub use command::{SoundCommand, SoundId};
pub use registration::NetplaySoundApp;
pub use sound::{EffectSound, LoopSound};

/// Nobody listens to this App: it is one of a sync test, or simulates the match of a desync bundle again.
#[derive(Resource, Debug)]
pub(crate) struct Muted;
