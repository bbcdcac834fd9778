//! The part of a payload about checksums: some of the sender's, and an acknowledgement of the receiver's.

use super::NULL_FRAME;
use super::payload::{Bounds, PayloadError, put, take_frame};

/// How many checksums one payload carries at most.
const MAX_CHECKSUMS: usize = 7;
/// How many bytes a checksum takes with its frame, at most.
const CHECKSUM_BYTES: usize = 13;
/// How many bytes the rest of this part takes, at most: the acknowledgement, the number of checksums and the frame
/// before the first.
const OTHER_BYTES: usize = 5 + 1 + 5;

const HAS_CHECKSUMS: u8 = 1 << 2;
const HAS_ACK: u8 = 1 << 3;

/// What a payload says of the exchange of checksums.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PayloadChecksums {
    /// The last frame whose checksum the sender has of the receiver, if that is told.
    pub(super) ack: Option<i32>,
    pub(super) run: Option<ChecksumRun>,
}

/// Consecutive checksums of the sender, at least one and at most [`MAX_CHECKSUMS`].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ChecksumRun {
    /// The frame of the checksum before the first; -1 if that is the oldest that the sender keeps.
    pub(super) previous: i32,
    /// Frames and checksums, in the order of the frames.
    pub(super) checksums: Vec<(i32, u64)>,
}

impl PayloadChecksums {
    /// How many checksums fit into so many bytes.
    pub(super) fn fitting(bytes: usize) -> usize {
        (bytes.saturating_sub(OTHER_BYTES) / CHECKSUM_BYTES).min(MAX_CHECKSUMS)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ack.is_none() && self.run.is_none()
    }

    pub(super) fn flags(&self) -> u8 {
        let checksums = if self.run.is_some() { HAS_CHECKSUMS } else { 0 };
        let ack = if self.ack.is_some() { HAS_ACK } else { 0 };
        checksums | ack
    }

    pub(super) fn put(&self, out: &mut Vec<u8>, ack_frame: i32) {
        if let Some(ack) = self.ack {
            put(out, &ack.wrapping_sub(ack_frame));
        }
        let Some(ChecksumRun { previous, checksums }) = &self.run else { return };
        let count = checksums.len().min(MAX_CHECKSUMS);
        out.push(count as u8);
        put(out, &previous.wrapping_sub(ack_frame));
        let mut before = *previous;
        for (frame, checksum) in &checksums[..count] {
            put(out, &frame.wrapping_sub(before));
            out.extend_from_slice(&checksum.to_le_bytes());
            before = *frame;
        }
    }

    pub(super) fn take(
        bytes: &mut &[u8],
        flags: u8,
        ack_frame: i32,
        bounds: &Bounds,
    ) -> Result<Self, PayloadError> {
        let ack = match flags & HAS_ACK {
            0 => None,
            _ => Some(take_frame(bytes, ack_frame, NULL_FRAME..=bounds.local_frame)?),
        };
        if flags & HAS_CHECKSUMS == 0 {
            return Ok(Self { ack, run: None });
        }
        let (count, rest) = bytes.split_first().ok_or(PayloadError::Layout)?;
        *bytes = rest;
        if !(1..=MAX_CHECKSUMS).contains(&usize::from(*count)) {
            return Err(PayloadError::Layout);
        }
        let latest = bounds.latest_frame();
        let previous = take_frame(bytes, ack_frame, NULL_FRAME..=latest)?;
        let mut checksums = Vec::with_capacity(usize::from(*count));
        let mut before = previous;
        for _ in 0..*count {
            before = take_frame(bytes, before, before.saturating_add(1)..=latest)?;
            let (checksum, rest) = bytes.split_first_chunk().ok_or(PayloadError::Layout)?;
            *bytes = rest;
            checksums.push((before, u64::from_le_bytes(*checksum)));
        }
        Ok(Self { ack, run: Some(ChecksumRun { previous, checksums }) })
    }
}
