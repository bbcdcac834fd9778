//! [`Capture`]: what is kept of compared frames, and of what happened in the match.

use std::collections::{BTreeMap, VecDeque};

use bevy::prelude::*;
use netplay_core::room::MatchStart;
use netplay_protocol::PeerKey;
use netplay_report::desync::{DelayChange, FrameParts, RollbackEntry};

use super::DesyncCapture;
use super::exchange::{PeerDesync, conclude_all};
use crate::CurrentMatch;
use crate::rollback::{FrameChecksum, RollbackStore, Simulation};

/// Of how many compared frames the checksums by type are kept.
const KEPT_PARTS: usize = 128;
/// How many rollbacks and changes of the input delay are kept.
const KEPT_ROLLBACKS: usize = 512;
const KEPT_DELAYS: usize = 64;
/// With fewer frames there is none to compare with.
const FEWEST_FRAMES: usize = 2;

/// What is kept of a match to explain a desync.
#[derive(Resource, Default)]
pub(crate) struct Capture {
    is_on: bool,
    max_bytes: usize,
    /// Of how many frames the state is kept.
    frames: usize,
    pub(super) checksums: VecDeque<FrameParts>,
    pub(super) rollbacks: VecDeque<RollbackEntry>,
    pub(super) delays: VecDeque<DelayChange>,
    /// How the match began.
    pub(super) start: Option<MatchStart>,
    pub(super) simulation: Option<Simulation>,
    /// The desyncs of this match.
    pub(super) peers: BTreeMap<PeerKey, PeerDesync>,
    /// What peers have sent before the desync was detected here, not read yet.
    pub(super) early: BTreeMap<PeerKey, Vec<Vec<u8>>>,
}

impl Capture {
    /// A match is about to begin in a world that still has the one before; or the same one, from frame 0: a desync is told
    /// once for each match.
    pub(crate) fn begin_match(world: &mut World, next: &CurrentMatch) {
        let before = world.get_resource::<CurrentMatch>();
        if before.is_none_or(|it| (it.epoch, it.seed) != (next.epoch, next.seed)) {
            conclude_all(world);
            let mut capture = world.resource_mut::<Self>();
            capture.peers.clear();
            capture.early.clear();
        }
    }

    /// How many frames the store is to keep the state of, in a match that begins.
    pub(crate) fn begin(&mut self, simulation: Simulation) -> usize {
        let (peers, early) = (std::mem::take(&mut self.peers), std::mem::take(&mut self.early));
        *self = Self { simulation: Some(simulation), peers, early, ..Self::default() };
        if let DesyncCapture::On { frames, max_bytes } = simulation.capture {
            let interval = simulation.checksum_interval.max(1) as usize;
            self.is_on = true;
            self.max_bytes = max_bytes;
            self.frames = frames.max(simulation.frame_rate / interval);
        }
        self.frames
    }

    /// The match that began is one of a room.
    pub(crate) fn set_start(&mut self, start: MatchStart) {
        self.start = Some(start);
    }

    /// The simulation is about to go back.
    pub(crate) fn note_rollback(&mut self, frame: i32, depth: u32) {
        if self.is_on {
            if self.rollbacks.len() >= KEPT_ROLLBACKS {
                self.rollbacks.pop_front();
            }
            self.rollbacks.push_back(RollbackEntry { frame, depth });
        }
    }

    /// The local input delay at a frame.
    pub(crate) fn note_delay(&mut self, frame: i32, delay: usize) {
        let delay = delay as u32;
        let is_new = self.delays.back().is_none_or(|last| last.delay != delay);
        if self.is_on && is_new && self.delays.len() < KEPT_DELAYS {
            self.delays.push_back(DelayChange { frame, delay });
        }
    }

    /// A compared frame is confirmed. It is still in the store.
    pub(crate) fn note_frame(world: &mut World, frame: i32, checksum: &FrameChecksum) {
        let mut capture = world.resource_mut::<Self>();
        if !capture.is_on {
            return;
        }
        // Memory is kept from one frame to the next.
        let mut parts = match capture.checksums.len() {
            KEPT_PARTS.. => capture.checksums.pop_front().unwrap_or_default(),
            _ => FrameParts::default(),
        };
        parts.frame = frame;
        parts.total = checksum.total.to_le_bytes();
        parts.parts.clear();
        parts.parts.extend(checksum.parts.iter().map(|(_, part)| part.to_le_bytes()));
        capture.checksums.push_back(parts);
        let affordable = capture.max_bytes / checksum.bytes.max(1);
        let frames = capture.frames;
        if frames == 0 {
            return;
        }
        let wanted = match frames.min(affordable) {
            ..FEWEST_FRAMES => 0,
            frames => frames,
        };
        let has_fewer = wanted < frames;
        if has_fewer {
            let (bytes, most) = (checksum.bytes, capture.max_bytes);
            capture.frames = wanted;
            match wanted {
                0 => warn!(
                    "a frame has {bytes} bytes of state, and DesyncCapture::On has max_bytes {most}: a desync would be \
                     explained by the checksums of types alone"
                ),
                _ => info!(
                    "a frame has {bytes} bytes of state: to explain a desync, only {wanted} compared frames are kept \
                     within DesyncCapture's max_bytes {most}"
                ),
            }
        }
        world.resource_scope(|world, mut store: Mut<RollbackStore>| {
            if has_fewer {
                store.keep_at_most(wanted);
            }
            if wanted > 0 {
                store.keep(world, frame);
            }
        });
    }
}
