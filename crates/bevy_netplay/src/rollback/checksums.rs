//! [`Checksums`]: what the state was in the frames that are compared between peers.

use std::collections::{BTreeMap, BTreeSet};

use bevy::prelude::*;
use bevy_ggrs::{ConfirmedFrameCount, RollbackFrameCount};

use super::store::RollbackStore;
use super::systems::simulated_frame;
use crate::desync::Capture;
use crate::lobby::MatchEnd;

/// How many checksums are kept: 4 minutes of them at the default interval.
const KEPT: usize = 1024;
/// How many frames can be asked for at a time.
const MAX_REQUESTED: usize = 1024;

/// The checksums of confirmed frames: those that peers compare, every
/// [`checksum_interval`](crate::NetplayConfig::checksum_interval) frames, and those that the game asks for.
#[derive(Resource, Clone, Debug, Reflect)]
#[reflect(Resource, Debug, Default)]
pub struct Checksums {
    known: BTreeMap<i32, u64>,
    requested: BTreeSet<i32>,
    interval: i32,
    every_frame: bool,
    /// ggrs does not save every frame.
    saved_apart: bool,
    /// Every frame up to this one is final.
    confirmed: i32,
    /// Types with a value that could not be compared, as was said already.
    failed: BTreeSet<&'static str>,
}

impl Default for Checksums {
    fn default() -> Self {
        Self {
            known: BTreeMap::new(),
            requested: BTreeSet::new(),
            interval: 1,
            every_frame: false,
            saved_apart: false,
            confirmed: -1,
            failed: BTreeSet::new(),
        }
    }
}

impl Checksums {
    /// The checksum of the state before `frame` was simulated, once nothing before that frame can
    /// change any more. None if it still can, if nobody asked for it in time, or if it is too long ago.
    pub fn confirmed(&self, frame: i32) -> Option<u64> {
        self.known.get(&frame).copied()
    }

    /// The latest frame that is final and whose checksum is known, with the checksum.
    pub(crate) fn last_confirmed(&self) -> Option<(i32, u64)> {
        self.known.last_key_value().map(|(frame, checksum)| (*frame, *checksum))
    }

    /// The latest frame whose state is final.
    pub fn confirmed_frame(&self) -> i32 {
        self.confirmed
    }

    /// How many frames of the match were compared with other peers.
    #[cfg(feature = "overlay")]
    pub(crate) fn compared_frames(&self) -> i32 {
        self.confirmed.div_euclid(self.interval) + 1
    }

    /// Asks for the checksum of a frame that is not confirmed yet.
    pub fn request(&mut self, frame: i32) {
        self.requested.insert(frame);
        while self.requested.len() > MAX_REQUESTED {
            self.requested.pop_first();
        }
    }

    /// Asks for the checksum of every frame. It takes longer than the frame does in many a game: for tests.
    pub fn request_every_frame(&mut self) {
        self.every_frame = true;
    }

    /// A match begins, in which peers compare a frame in so many. `saved_apart`: ggrs does not save every frame.
    pub(crate) fn begin(&mut self, interval: u32, saved_apart: bool) {
        *self = Self {
            interval: i32::try_from(interval).unwrap_or(i32::MAX).max(1),
            saved_apart,
            every_frame: self.every_frame,
            ..Self::default()
        };
    }

    /// A run condition: the frame that is about to be simulated is compared, or the match may end before it, and ggrs may
    /// not have saved it.
    pub(super) fn is_saved_apart(
        checksums: Res<Self>,
        frame: Res<RollbackFrameCount>,
        end: Option<Res<MatchEnd>>,
    ) -> bool {
        let frame = simulated_frame(&frame);
        let may_end = || end.is_some_and(|end| end.is_before(frame));
        checksums.saved_apart && (checksums.is_wanted(frame) || may_end())
    }

    fn is_compared(&self, frame: i32) -> bool {
        frame % self.interval == 0
    }

    fn is_wanted(&self, frame: i32) -> bool {
        self.is_compared(frame) || self.every_frame || self.requested.contains(&frame)
    }
}

/// bevy_ggrs has simulated: the checksums of frames that have become final. Returns those that peers compare.
pub(crate) fn confirm_frames(world: &mut World) -> Vec<(i32, u64)> {
    let frame = world.resource::<RollbackFrameCount>().0;
    // Rollbacks for every confirmed input have been made. The frame that is simulated next is not saved yet.
    let confirmed = world.resource::<ConfirmedFrameCount>().0.min(frame - 1);
    world.resource_scope(|world, mut checksums: Mut<Checksums>| {
        let mut compared = Vec::new();
        let new = checksums.confirmed + 1..=confirmed;
        for frame in new.filter(|frame| checksums.is_wanted(*frame)).collect::<Vec<_>>() {
            match world.resource::<RollbackStore>().checksum(world, frame) {
                Ok(checksum) => {
                    if checksums.is_compared(frame) {
                        Capture::note_frame(world, frame, &checksum);
                    }
                    for (name, reason) in checksum.failed {
                        if checksums.failed.insert(name) {
                            error!(
                                "{name} is left out of the comparison with other peers from frame {frame} on: {reason}"
                            );
                        }
                    }
                    checksums.known.insert(frame, checksum.total);
                    if checksums.is_compared(frame) {
                        compared.push((frame, checksum.total));
                    }
                }
                // It was asked for after it was simulated, where ggrs does not save every frame.
                Err(error) => debug!("frame {frame} is not compared: {error}"),
            }
        }
        while checksums.known.len() > KEPT {
            checksums.known.pop_first();
        }
        checksums.requested = checksums.requested.split_off(&(confirmed + 1));
        checksums.confirmed = checksums.confirmed.max(confirmed);
        compared
    })
}
