//! [`EffectSound`] and [`LoopSound`]: which sound.

use std::borrow::Cow;
use std::time::Duration;

use bevy::prelude::*;

/// The sound of an effect. It is played once.
///
/// ```
/// use std::time::Duration;
/// use bevy_netplay::EffectSound;
///
/// let sound = EffectSound::new("sounds/hit.wav").volume(0.5).length(Duration::from_millis(300));
/// ```
#[derive(Clone, Debug, PartialEq, Reflect)]
#[reflect(Debug, PartialEq)]
#[non_exhaustive]
pub struct EffectSound {
    /// The file, as the asset server or another backend names it.
    pub file: Cow<'static, str>,
    /// How loud it is played: 1 as it is in the file, 0 silent. Default 1.
    pub volume: f32,
    /// How long it is. An effect that comes later than that is not heard. Default one second.
    pub length: Duration,
}

impl EffectSound {
    /// The sound in a file.
    pub fn new(file: impl Into<Cow<'static, str>>) -> Self {
        Self { file: file.into(), volume: 1.0, length: Duration::from_secs(1) }
    }

    /// Sets how loud it is played: 1 as it is in the file.
    #[must_use]
    pub fn volume(self, volume: f32) -> Self {
        Self { volume, ..self }
    }

    /// Sets how long it is.
    #[must_use]
    pub fn length(self, length: Duration) -> Self {
        Self { length, ..self }
    }
}

/// A sound that is repeated for as long as an entity has it.
///
/// ```
/// use bevy_netplay::LoopSound;
///
/// let thrust = LoopSound::new("sounds/thrust.wav").volume(0.3);
/// ```
#[derive(Clone, Debug, PartialEq, Reflect)]
#[reflect(Debug, PartialEq)]
#[non_exhaustive]
pub struct LoopSound {
    /// The file, as the asset server or another backend names it.
    pub file: Cow<'static, str>,
    /// How loud it is played: 1 as it is in the file, 0 silent. It may change in every update. Default 1.
    pub volume: f32,
}

impl LoopSound {
    /// The sound in a file.
    pub fn new(file: impl Into<Cow<'static, str>>) -> Self {
        Self { file: file.into(), volume: 1.0 }
    }

    /// Sets how loud it is played: 1 as it is in the file.
    #[must_use]
    pub fn volume(self, volume: f32) -> Self {
        Self { volume, ..self }
    }
}
