//! The checksums that come from one peer, and what comparing them with the own ones shows.

use std::collections::BTreeMap;

use netplay_protocol::PeerKey;

use super::NULL_FRAME;
use super::checksums::KEPT;
use super::payload_checksums::ChecksumRun;

/// The states of two peers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Desync {
    /// The peer.
    pub peer: PeerKey,
    /// The first compared frame at which they differ.
    pub frame: i32,
    /// The local checksum of that frame.
    pub local: u64,
    /// The peer's checksum of that frame.
    pub remote: u64,
    /// The last compared frame before it at which they were equal, if any was compared.
    pub last_equal_frame: Option<i32>,
}

/// What comparing the local state with that of a peer has shown in a match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateComparison {
    /// The latest frame at which both were equal, since the peer's process began.
    pub last_equal_frame: Option<i32>,
    /// The frame at which a difference was found first. Later ones are only counted.
    pub first_different_frame: Option<i32>,
    /// At how many of the compared frames both differed.
    pub different_frames: u64,
}

/// The checksums that come from one peer.
#[derive(Debug)]
pub(super) struct Incoming {
    /// The last frame whose checksum has come, without a gap before it.
    last_frame: i32,
    /// Whether the next datagram acknowledges that frame.
    owes_ack: bool,
    /// The checksums that are not compared yet, by frame: of frames that are not confirmed here, or after a gap.
    waiting: BTreeMap<i32, Checksum>,
    comparison: StateComparison,
}

/// A checksum of the peer.
#[derive(Debug)]
struct Checksum {
    value: u64,
    /// The frame of the checksum before it; -1 if the peer has that no more.
    previous: i32,
}

impl Default for Incoming {
    fn default() -> Self {
        Self {
            last_frame: NULL_FRAME,
            owes_ack: false,
            waiting: BTreeMap::new(),
            comparison: StateComparison::default(),
        }
    }
}

impl Incoming {
    /// What is due to be acknowledged.
    pub(super) fn ack(&self) -> Option<i32> {
        self.owes_ack.then_some(self.last_frame)
    }

    /// What was [due](Self::ack) was sent.
    pub(super) fn handle_ack_sent(&mut self) {
        self.owes_ack = false;
    }

    /// The process of the peer restarted: its checksums begin again.
    pub(super) fn handle_restart(&mut self) {
        let comparison = StateComparison { last_equal_frame: None, ..self.comparison };
        *self = Self { comparison, ..Self::default() };
    }

    /// What comparing has shown.
    pub(super) fn comparison(&self) -> StateComparison {
        self.comparison
    }

    /// How many checksums are kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Takes checksums, as far as there is room. The peer sends those again for which there is none.
    pub(super) fn receive(&mut self, run: ChecksumRun) {
        self.owes_ack = true;
        let mut previous = run.previous;
        for (frame, value) in run.checksums {
            if frame > self.last_frame {
                self.waiting.insert(frame, Checksum { value, previous });
            }
            if self.waiting.len() > KEPT {
                self.waiting.pop_last();
            }
            previous = frame;
        }
        while let Some((frame, next)) = self.waiting.range(self.last_frame + 1..).next()
            && next.previous <= self.last_frame
        {
            self.last_frame = *frame;
        }
    }

    /// Compares the peer's checksums with the own ones, as far as both are known. Returns the first difference.
    pub(super) fn compare(&mut self, peer: PeerKey, own: &BTreeMap<i32, u64>) -> Option<Desync> {
        let until = self.last_frame.min(*own.last_key_value()?.0);
        let mut desync = None;
        while let Some(entry) = self.waiting.first_entry()
            && *entry.key() <= until
        {
            let (frame, Checksum { value: remote, .. }) = entry.remove_entry();
            // What was not compared here, or too long ago, is skipped.
            if let Some(local) = own.get(&frame) {
                desync = desync.or(self.compare_frame(peer, frame, *local, remote));
            }
        }
        desync
    }

    /// Compares a frame. Returns the difference if it is the first.
    fn compare_frame(
        &mut self,
        peer: PeerKey,
        frame: i32,
        local: u64,
        remote: u64,
    ) -> Option<Desync> {
        let comparison = &mut self.comparison;
        if local == remote {
            comparison.last_equal_frame = Some(frame);
            return None;
        }
        comparison.different_frames += 1;
        if comparison.first_different_frame.is_some() {
            return None;
        }
        comparison.first_different_frame = Some(frame);
        let last_equal_frame = comparison.last_equal_frame;
        Some(Desync { peer, frame, local, remote, last_equal_frame })
    }
}
