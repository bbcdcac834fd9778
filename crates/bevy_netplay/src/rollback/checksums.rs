//! [`Checksums`]: what the state was, frame by frame.

use bevy::prelude::*;
use bevy_ggrs::{Checksum, RollbackFrameCount};

/// How many frames back checksums are kept: 17 s at 60 frames a second.
const KEPT: usize = 1024;

/// The checksums of the latest frames, as they were saved last.
#[derive(Resource, Clone, Debug, Reflect)]
#[reflect(Resource, Debug, Default)]
pub struct Checksums {
    ring: Vec<(i32, u64)>,
    confirmed: i32,
}

impl Default for Checksums {
    fn default() -> Self {
        Self { ring: vec![(-1, 0); KEPT], confirmed: -1 }
    }
}

impl Checksums {
    /// The checksum of the state before `frame` was simulated, once nothing before that frame can
    /// change any more. None if it still can, or is too long ago.
    pub fn confirmed(&self, frame: i32) -> Option<u64> {
        let slot = usize::try_from(frame).ok()? % KEPT;
        let (saved, checksum) = self.ring[slot];
        (saved == frame && frame <= self.confirmed).then_some(checksum)
    }

    /// The latest frame whose checksum is final.
    pub fn confirmed_frame(&self) -> i32 {
        self.confirmed
    }

    /// Notes that everything up to this frame is final.
    pub(crate) fn confirm(&mut self, frame: i32) {
        self.confirmed = frame;
    }

    /// Notes the checksum of a frame that has just been saved.
    pub(crate) fn record(
        mut checksums: ResMut<Self>,
        frame: Res<RollbackFrameCount>,
        checksum: Res<Checksum>,
    ) {
        if let Ok(index) = usize::try_from(frame.0) {
            // bevy_ggrs folds 64-bit parts into its 128 bits: the upper half is empty.
            checksums.ring[index % KEPT] = (frame.0, checksum.0 as u64);
        }
    }
}
