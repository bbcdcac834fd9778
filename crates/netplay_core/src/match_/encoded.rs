//! The encoding of consecutive inputs: each as its difference from the one before, run-length encoded.
//!
//! It is ggrs' own encoding, so that inputs travel from session to session without another one. A frame is the
//! length of an input in two bytes, little endian, and the exclusive or with the input of the frame before.
//!
//! Before the first input of a match, that is the exclusive or with zero bytes, whatever the default input is: ggrs
//! 0.13 begins with `InputBytes::zeroed` on both sides (`network/protocol.rs`). The default input is what its
//! simulation reads in the frames before the first input (`InputQueue::advance_queue_head` repeats a blank one), and
//! what it predicts while it has none; it never travels.

use super::rle;

/// How many frames one message of a session can carry: what ggrs keeps unacknowledged.
pub(crate) const MAX_FRAMES: usize = 128;
/// The length of an input, in front of each.
pub(super) const LENGTH_BYTES: usize = 2;

/// Consecutive inputs of one player. To decode them one needs the input before the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncodedInputs {
    /// The frame of the first input.
    pub start_frame: i32,
    /// The encoded inputs.
    pub bytes: Vec<u8>,
}

impl EncodedInputs {
    /// Encodes inputs, the first of which is of `start_frame` and follows `previous`.
    pub(super) fn encode(start_frame: i32, previous: &[u8], inputs: &[Vec<u8>]) -> Self {
        let length = (previous.len() as u16).to_le_bytes();
        let mut frames = Vec::with_capacity(inputs.len() * (LENGTH_BYTES + previous.len()));
        let mut base = previous;
        for input in inputs {
            frames.extend_from_slice(&length);
            frames.extend(base.iter().zip(input).map(|(before, now)| before ^ now));
            base = input;
        }
        Self { start_frame, bytes: bitfield_rle::encode(frames) }
    }

    /// Decodes the inputs, given the one before the first. None if they are malformed or more than `max_frames`.
    pub(super) fn decode(&self, previous: &[u8], max_frames: usize) -> Option<Vec<Vec<u8>>> {
        let mut input = previous.to_vec();
        let decoded = self.whole_frames(previous.len(), max_frames)?;
        let next = |frame: &[u8]| {
            input.iter_mut().zip(&frame[LENGTH_BYTES..]).for_each(|(byte, delta)| *byte ^= delta);
            input.clone()
        };
        Some(decoded.chunks_exact(LENGTH_BYTES + previous.len()).map(next).collect())
    }

    /// How many inputs there are. None if they are malformed or more than `max_frames`.
    pub(super) fn frames(&self, input_bytes: usize, max_frames: usize) -> Option<usize> {
        let decoded = self.whole_frames(input_bytes, max_frames)?;
        Some(decoded.len() / (LENGTH_BYTES + input_bytes))
    }

    /// The last frame, and the last one whose input differs from the one before.
    pub(super) fn last_frames(&self, input_bytes: usize) -> Option<(i32, Option<i32>)> {
        let decoded = self.whole_frames(input_bytes, MAX_FRAMES)?;
        let mut frames = decoded.chunks_exact(LENGTH_BYTES + input_bytes);
        let changed = |frame: &[u8]| frame[LENGTH_BYTES..].iter().any(|byte| *byte != 0);
        let number = |index: usize| self.start_frame + index as i32;
        let last = number(frames.len().checked_sub(1)?);
        Some((last, frames.rposition(changed).map(number)))
    }

    /// The inputs without the frames up to `last_known`; none if nothing is left.
    ///
    /// ggrs decodes inputs against the frame before the first, and does not keep the frames before a match's
    /// first inputs: until its acknowledgement has arrived, it could not read what follows. Since each frame is the
    /// difference from the one before, the first ones can be left out.
    pub(super) fn after(&self, last_known: Option<i32>, input_bytes: usize) -> Option<Self> {
        let known = last_known.map_or(0, |known| known.saturating_sub(self.start_frame) + 1);
        let Ok(known @ 1..) = usize::try_from(known) else { return Some(self.clone()) };
        let frame_bytes = LENGTH_BYTES + input_bytes;
        let decoded = rle::decode(&self.bytes, MAX_FRAMES * frame_bytes)?;
        let rest = decoded.get(known * frame_bytes..).filter(|rest| !rest.is_empty())?;
        let start_frame = self.start_frame + known as i32;
        Some(Self { start_frame, bytes: bitfield_rle::encode(rest) })
    }

    /// The inputs raw: the differences without run-length encoding, and without the lengths. None if that is more than
    /// `max_bytes`.
    pub(super) fn raw(&self, input_bytes: usize, max_bytes: usize) -> Option<Vec<u8>> {
        let decoded = self.whole_frames(input_bytes, MAX_FRAMES.min(max_bytes / input_bytes))?;
        let frames = decoded.chunks_exact(LENGTH_BYTES + input_bytes);
        Some(frames.flat_map(|frame| &frame[LENGTH_BYTES..]).copied().collect())
    }

    /// The inputs that are these when [raw](Self::raw). None if they are malformed or too many.
    pub(super) fn from_raw(start_frame: i32, raw: &[u8], input_bytes: usize) -> Option<Self> {
        let inputs = raw.chunks_exact(input_bytes);
        if !inputs.remainder().is_empty() || inputs.len() > MAX_FRAMES {
            return None;
        }
        let length = (input_bytes as u16).to_le_bytes();
        let frames: Vec<u8> =
            inputs.flat_map(|input| length.iter().chain(input)).copied().collect();
        Some(Self { start_frame, bytes: bitfield_rle::encode(frames) })
    }

    /// The frames, run-length decoded: for each, the length of its input, and the difference from the one before. None
    /// if a frame is cut off or has inputs of another size.
    pub(super) fn whole_frames(&self, input_bytes: usize, max_frames: usize) -> Option<Vec<u8>> {
        let frame_bytes = LENGTH_BYTES + input_bytes;
        let decoded = rle::decode(&self.bytes, max_frames * frame_bytes)?;
        let is_whole = |frame: &[u8]| {
            let length = frame.first_chunk::<LENGTH_BYTES>();
            length.is_some_and(|length| usize::from(u16::from_le_bytes(*length)) == input_bytes)
        };
        let whole = decoded.len().is_multiple_of(frame_bytes)
            && decoded.chunks_exact(frame_bytes).all(is_whole);
        whole.then_some(decoded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn encoded(start_frame: i32, inputs: &[u8]) -> EncodedInputs {
        let inputs: Vec<Vec<u8>> = inputs.iter().map(|input| vec![*input]).collect();
        EncodedInputs::encode(start_frame, &[0], &inputs)
    }

    #[test]
    fn frames_that_are_known_are_left_out_and_the_rest_reads_the_same() {
        let inputs = encoded(10, &[7, 7, 3, 3]);
        assert_eq!(inputs.after(None, 1), Some(inputs.clone()));
        assert_eq!(inputs.after(Some(9), 1), Some(inputs.clone()));
        // The two frames that are left differ from 7, the last of those left out, and then not.
        let rest = bitfield_rle::encode([1, 0, 7 ^ 3, 1, 0, 0]);
        let expected = EncodedInputs { start_frame: 12, bytes: rest };
        assert_eq!(expected.decode(&[7], 2), Some(vec![vec![3], vec![3]]));
        assert_eq!(inputs.after(Some(11), 1), Some(expected));
        assert_eq!(inputs.after(Some(13), 1), None);
        assert_eq!(inputs.after(Some(99), 1), None);
    }

    #[test]
    fn the_last_change_is_found() {
        assert_eq!(encoded(10, &[0, 0]).last_frames(1), Some((11, None)));
        assert_eq!(encoded(10, &[4, 4, 4]).last_frames(1), Some((12, Some(10))));
        assert_eq!(encoded(10, &[4, 4, 0, 0]).last_frames(1), Some((13, Some(12))));
    }

    #[test]
    fn more_frames_than_allowed_are_refused() {
        let inputs = encoded(0, &[1, 2, 3]);
        assert_eq!(inputs.decode(&[0], 3), Some(vec![vec![1], vec![2], vec![3]]));
        assert_eq!(inputs.decode(&[0], 2), None);
        assert_eq!(inputs.decode(&[0, 0], 3), None, "inputs of another size");
    }
}
