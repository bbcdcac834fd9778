//! Inputs that do not fit into one datagram, in parts that do.
//!
//! The receiver lacks the newest inputs for certain, and an input that was sent several times hardly ever. So each
//! datagram has the newest inputs and as many before them as fit; very large inputs take several datagrams, so that
//! each is still sent as often in a row as is set. What is older is repeated, from the oldest on, when it has not been
//! acknowledged for as long as an acknowledgement takes. A receiver cannot use an input before it has the one
//! before it, so what is older goes first.

use std::collections::BTreeMap;
use std::time::Duration;

use super::encoded::{EncodedInputs, LENGTH_BYTES, MAX_FRAMES};

/// Consecutive inputs, to be cut into parts of which each fits into a datagram.
pub(super) struct Parts {
    start_frame: i32,
    /// The frames, not run-length encoded.
    frames: Vec<u8>,
    input_bytes: usize,
    max_bytes: usize,
}

impl Parts {
    /// Inputs of so many bytes each, of which parts are to have at most `max_bytes`. None if there is none, or they are
    /// malformed.
    pub(super) fn new(
        inputs: &EncodedInputs,
        input_bytes: usize,
        max_bytes: usize,
    ) -> Option<Self> {
        let frames = inputs.whole_frames(input_bytes, MAX_FRAMES);
        let frames = frames.filter(|frames| !frames.is_empty())?;
        Some(Self { start_frame: inputs.start_frame, frames, input_bytes, max_bytes })
    }

    fn count(&self) -> usize {
        self.frames.len() / (LENGTH_BYTES + self.input_bytes)
    }

    /// The frame after the last one.
    fn end(&self) -> i32 {
        self.start_frame + self.count() as i32
    }

    /// The frame from which on the inputs fit into one part.
    fn newest(&self) -> i32 {
        let count = self.count();
        let frames = greatest(count, |frames| self.fits(count - frames, frames));
        self.end() - frames as i32
    }

    /// The inputs of the frames before `until` from `from` on, in the fewest parts; with each, the frame after it.
    fn between(&self, from: i32, until: i32) -> impl Iterator<Item = (i32, EncodedInputs)> {
        let place = |frame: i32| usize::try_from(frame - self.start_frame).unwrap_or(0);
        let (mut at, until) = (place(from), place(until).min(self.count()));
        std::iter::from_fn(move || {
            let left = until.checked_sub(at).filter(|left| *left > 0)?;
            let frames = greatest(left, |frames| self.fits(at, frames));
            let part = self.part(at, frames);
            at += frames;
            Some((self.start_frame + at as i32, part))
        })
    }

    fn part(&self, at: usize, frames: usize) -> EncodedInputs {
        let frame_bytes = LENGTH_BYTES + self.input_bytes;
        let bytes = &self.frames[at * frame_bytes..(at + frames) * frame_bytes];
        let start_frame = self.start_frame + at as i32;
        EncodedInputs { start_frame, bytes: bitfield_rle::encode(bytes) }
    }

    /// Whether these fit into a datagram: run-length encoded, or [raw](EncodedInputs::raw).
    fn fits(&self, at: usize, frames: usize) -> bool {
        frames * self.input_bytes <= self.max_bytes
            || self.part(at, frames).bytes.len() <= self.max_bytes
    }
}

/// The greatest number up to `most` of which something is so that is so of every smaller one; at least 1.
fn greatest(most: usize, is_so: impl Fn(usize) -> bool) -> usize {
    let (mut least, mut most) = (1, most);
    while least < most {
        let middle = (least + most).div_ceil(2);
        if is_so(middle) {
            least = middle;
        } else {
            most = middle - 1;
        }
    }
    least
}

/// When the inputs that one peer has not acknowledged were sent, as far as they did not fit into one datagram.
#[derive(Debug)]
pub(super) struct Repeats {
    /// In how many datagrams in a row an input is sent when it is new.
    redundancy: u8,
    /// When each was sent last.
    sent: BTreeMap<i32, Duration>,
    /// From which frame on inputs are still to be repeated.
    next: Option<i32>,
}

impl Repeats {
    pub(super) fn new(redundancy: u8) -> Self {
        Self { redundancy, sent: BTreeMap::new(), next: None }
    }

    /// Everything that is unacknowledged fits into one datagram.
    pub(super) fn clear(&mut self) {
        self.sent.clear();
        self.next = None;
    }

    /// Whether a repetition is not at its end.
    pub(super) fn is_pending(&self) -> bool {
        self.next.is_some()
    }

    /// The parts to send now, at most `limit` of them: the newest inputs, if they are due, and before them what is
    /// older, if the oldest was sent `repeat` ago or earlier.
    pub(super) fn poll(
        &mut self,
        now: Duration,
        parts: &Parts,
        newest_due: bool,
        repeat: Duration,
        limit: usize,
    ) -> Vec<EncodedInputs> {
        let (start, end) = (parts.start_frame, parts.end());
        self.sent = self.sent.split_off(&start);
        let (newest, last_part) = match newest_due {
            true => {
                let last_part = parts.newest();
                (last_part.min(end - i32::from(self.redundancy)).max(start), last_part)
            }
            false => (end, end),
        };
        let is_overdue = |at: &Duration| now.saturating_sub(*at) >= repeat;
        if self.next.is_none() && start < newest && self.sent.get(&start).is_none_or(is_overdue) {
            self.next = Some(start);
        }
        // The last part has as much as fits: if only this one arrives, it brings the most.
        let newest_parts = parts.between(newest, last_part).chain(parts.between(last_part, end));
        let mut due: Vec<_> = newest_parts.take(limit).collect();
        if let Some(next) = self.next.take() {
            let next = next.max(start);
            let older: Vec<_> = parts.between(next, newest).take(limit - due.len()).collect();
            let next = older.last().map_or(next, |(end, _)| *end);
            self.next = (next < newest).then_some(next);
            due.splice(0..0, older);
        }
        for (end, part) in &due {
            self.sent.extend((part.start_frame..*end).map(|frame| (frame, now)));
        }
        due.into_iter().map(|(_, part)| part).collect()
    }
}
