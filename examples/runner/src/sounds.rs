//! The sounds of the examples: files in `assets/sounds`, which `cargo xtask sounds` makes.

use std::time::Duration;

use bevy_netplay::prelude::*;

/// A sound that is played once.
#[derive(Clone, Copy, Debug)]
pub struct Sound {
    file: &'static str,
    ms: u64,
}

/// A second of a countdown passes.
pub const COUNTDOWN: Sound = Sound { file: "sounds/countdown.wav", ms: 320 };
/// Something is blown up.
pub const EXPLOSION: Sound = Sound { file: "sounds/explosion.wav", ms: 900 };
/// Somebody is hit.
pub const HIT: Sound = Sound { file: "sounds/hit.wav", ms: 200 };
/// Somebody jumps.
pub const JUMP: Sound = Sound { file: "sounds/jump.wav", ms: 220 };
/// Somebody lands.
pub const LAND: Sound = Sound { file: "sounds/land.wav", ms: 120 };
/// Something useful is found.
pub const PICKUP: Sound = Sound { file: "sounds/pickup.wav", ms: 210 };
/// A shot, or a throw.
pub const SHOT: Sound = Sound { file: "sounds/shot.wav", ms: 180 };
/// A round is over.
pub const WIN: Sound = Sound { file: "sounds/win.wav", ms: 650 };

/// An engine, to be repeated.
const THRUST: &str = "sounds/thrust.wav";

/// All files.
#[cfg(any(test, feature = "audio", target_arch = "wasm32"))]
pub(crate) fn files() -> impl Iterator<Item = &'static str> {
    ONCE.into_iter().map(|sound| sound.file).chain([THRUST])
}

#[cfg(any(test, feature = "audio", target_arch = "wasm32"))]
const ONCE: [Sound; 8] = [COUNTDOWN, EXPLOSION, HIT, JUMP, LAND, PICKUP, SHOT, WIN];

impl Sound {
    /// The sound for an effect, so loud: 1 as it is in the file.
    pub fn at(self, volume: f32) -> EffectSound {
        EffectSound::new(self.file).length(Duration::from_millis(self.ms)).volume(volume)
    }
}

/// The sound of an engine, so loud: 1 as it is in the file.
pub fn thrust(volume: f32) -> LoopSound {
    LoopSound::new(THRUST).volume(volume)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn all_files_are_there_and_as_long_as_they_are_said_to_be() {
        let assets = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets"));
        assert!(files().all(|file| assets.join(file).is_file()));
        for sound in ONCE {
            // 22,050 samples of 16 bits in a second, after a header of 44 bytes.
            let bytes = assets.join(sound.file).metadata().unwrap().len() - 44;
            assert_eq!((bytes * 1000).div_ceil(2 * 22_050), sound.ms, "{}", sound.file);
        }
    }
}
