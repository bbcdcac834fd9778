//! The payload of a match datagram, and the checks of everything in it.
//!
//! Integers are postcard's (variable length, zigzag), frames are told relative to the first: about 16
//! bytes for two players whose inputs did not change.
//!
//! | field | when | meaning |
//! | --- | --- | --- |
//! | flags | always | 1: input, 2: advantage, the rest: how many checksums |
//! | ack frame | always | the last frame whose input the sender has of us |
//! | start frame, a last frame per player, length, bytes | input | ggrs' cumulative input message |
//! | frame advantage | advantage | how many frames the sender is behind |
//! | frame, checksum | each checksum | the sender's state at a confirmed frame |

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::rle;
use crate::NetplayConfig;

/// A frame that does not exist yet.
pub(super) const NULL_FRAME: i32 = -1;
/// How far ahead of our own frame a peer can be. It stalls when it is a prediction window ahead of our
/// inputs; with both windows and delays at their widest that is 80, and ggrs keeps 128.
const FARTHEST_AHEAD: i32 = 80;
/// How many frames one input message can carry: what ggrs keeps unacknowledged.
const MAX_FRAMES: usize = 128;
/// How many checksums one payload carries at most.
pub(super) const MAX_CHECKSUMS: usize = 7;

const HAS_INPUT: u8 = 1;
const HAS_ADVANTAGE: u8 = 2;
const CHECKSUM_SHIFT: u8 = 2;

/// Everything one peer tells another in a datagram.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Payload {
    pub(super) ack_frame: i32,
    pub(super) input: Option<InputPart>,
    pub(super) frame_advantage: Option<i16>,
    pub(super) checksums: Vec<(i32, u64)>,
}

/// All inputs that the peer has not acknowledged.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct InputPart {
    pub(super) start_frame: i32,
    pub(super) last_frames: Vec<i32>,
    pub(super) bytes: Vec<u8>,
}

/// What the receiver knows, against which a payload is checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How many players play.
    pub(super) players: usize,
    /// The size of one input, in bytes.
    pub(super) input_bytes: usize,
    /// The newest frame whose input has come from this peer.
    pub(super) newest: Option<i32>,
    /// The frame that we simulate.
    pub(super) local_frame: i32,
}

/// Why a payload is not passed on to ggrs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PayloadError {
    #[error("truncated, or with bytes left over")]
    Layout,
    #[error("a frame that cannot be")]
    Frame,
    #[error("inputs that do not decode to whole frames")]
    Input,
    #[error("from somebody who does not play, or no longer")]
    Stranger,
}

impl Payload {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(32);
        let checksums = &self.checksums[..self.checksums.len().min(MAX_CHECKSUMS)];
        let mut flags = (checksums.len() as u8) << CHECKSUM_SHIFT;
        flags |= if self.input.is_some() { HAS_INPUT } else { 0 };
        flags |= if self.frame_advantage.is_some() { HAS_ADVANTAGE } else { 0 };
        out.push(flags);
        put(&mut out, &self.ack_frame);
        if let Some(input) = &self.input {
            put(&mut out, &input.start_frame.wrapping_sub(self.ack_frame));
            for last in &input.last_frames {
                put(&mut out, &last.wrapping_sub(input.start_frame));
            }
            put(&mut out, &(input.bytes.len() as u16));
            out.extend_from_slice(&input.bytes);
        }
        if let Some(advantage) = &self.frame_advantage {
            put(&mut out, advantage);
        }
        for checksum in checksums {
            put(&mut out, checksum);
        }
        out
    }

    /// Reads and checks a payload. What it returns cannot make ggrs panic or allocate more than
    /// [`MAX_FRAMES`] inputs.
    pub(super) fn decode(mut bytes: &[u8], bounds: &Bounds) -> Result<Self, PayloadError> {
        let bytes = &mut bytes;
        let (flags, rest) = bytes.split_first().ok_or(PayloadError::Layout)?;
        *bytes = rest;
        let ack_frame: i32 = take(bytes)?;
        let latest = bounds.local_frame.saturating_add(NetplayConfig::MAX_INPUT_DELAY as i32 + 1);
        if !(NULL_FRAME..=latest).contains(&ack_frame) {
            return Err(PayloadError::Frame);
        }
        let input = match flags & HAS_INPUT {
            0 => None,
            _ => Some(InputPart::take(bytes, ack_frame, bounds)?),
        };
        let frame_advantage = match flags & HAS_ADVANTAGE {
            0 => None,
            _ => Some(take(bytes)?),
        };
        let mut checksums = Vec::new();
        for _ in 0..flags >> CHECKSUM_SHIFT & 7 {
            let (frame, checksum): (i32, u64) = take(bytes)?;
            bounds.check_frame(frame)?;
            checksums.push((frame, checksum));
        }
        if !bytes.is_empty() || flags >> CHECKSUM_SHIFT > MAX_CHECKSUMS as u8 {
            return Err(PayloadError::Layout);
        }
        Ok(Self { ack_frame, input, frame_advantage, checksums })
    }
}

impl InputPart {
    fn take(bytes: &mut &[u8], ack: i32, bounds: &Bounds) -> Result<Self, PayloadError> {
        let start_frame = ack.checked_add(take(bytes)?).ok_or(PayloadError::Frame)?;
        let mut last_frames = Vec::with_capacity(bounds.players);
        for _ in 0..bounds.players {
            let last = start_frame.checked_add(take(bytes)?).ok_or(PayloadError::Frame)?;
            bounds.check_frame(last)?;
            last_frames.push(last);
        }
        let length: u16 = take(bytes)?;
        let (code, rest) =
            bytes.split_at_checked(usize::from(length)).ok_or(PayloadError::Layout)?;
        *bytes = rest;
        let part = Self { start_frame, last_frames, bytes: code.to_vec() };

        let frames = part.deltas(bounds.input_bytes).ok_or(PayloadError::Input)?.len();
        let first_possible = match bounds.newest {
            Some(newest) => newest + 1,
            None => NetplayConfig::MAX_INPUT_DELAY as i32,
        };
        if frames == 0 || !(0..=first_possible).contains(&start_frame) {
            return Err(PayloadError::Frame);
        }
        bounds.check_frame(start_frame + frames as i32 - 1)?;
        Ok(part)
    }

    /// The part without the frames up to `newest`; none if nothing is left.
    ///
    /// ggrs decodes inputs against the frame before the first, and does not keep the frames before a
    /// match's first inputs: until its acknowledgement has come back, it could not read what follows.
    /// Each frame is told as its difference from the one before, so the first ones can be left out.
    pub(super) fn after(self, newest: Option<i32>, input_bytes: usize) -> Option<Self> {
        let known = newest.map_or(0, |newest| newest.saturating_sub(self.start_frame) + 1);
        let Ok(known @ 1..) = usize::try_from(known) else { return Some(self) };
        let frame_bytes = 2 + input_bytes;
        let decoded = rle::decode(&self.bytes, MAX_FRAMES * frame_bytes)?;
        let rest = decoded.get(known * frame_bytes..).filter(|rest| !rest.is_empty())?;
        let start_frame = self.start_frame + known as i32;
        Some(Self { start_frame, bytes: bitfield_rle::encode(rest), ..self })
    }

    /// The newest frame this part carries, and the newest whose input differs from the one before.
    pub(super) fn newest(&self, input_bytes: usize) -> Option<(i32, Option<i32>)> {
        let deltas = self.deltas(input_bytes)?;
        let change = deltas.iter().rposition(|changed| *changed);
        let frame = |index: usize| self.start_frame + index as i32;
        Some((frame(deltas.len().checked_sub(1)?), change.map(frame)))
    }

    /// For each frame, whether its input differs from the one before.
    fn deltas(&self, input_bytes: usize) -> Option<Vec<bool>> {
        let differences = self.differences(input_bytes, MAX_FRAMES)?;
        Some(differences.iter().map(|delta| delta.iter().any(|byte| *byte != 0)).collect())
    }

    /// A part that says these inputs, the first of which is of this frame, to whoever knows the one before.
    pub(super) fn of(start_frame: i32, before: &[u8], inputs: &[Vec<u8>]) -> Self {
        let length = (before.len() as u16).to_le_bytes();
        let mut frames = Vec::new();
        let mut base = before;
        for input in inputs {
            frames.extend_from_slice(&length);
            frames.extend(base.iter().zip(input).map(|(before, now)| before ^ now));
            base = input;
        }
        Self { start_frame, last_frames: Vec::new(), bytes: bitfield_rle::encode(frames) }
    }

    /// The inputs this part says, given the one before the first.
    pub(super) fn inputs(&self, before: &[u8]) -> Option<Vec<Vec<u8>>> {
        self.inputs_up_to(before, MAX_FRAMES)
    }

    /// The same, of a part that may have so many frames.
    pub(super) fn inputs_up_to(&self, before: &[u8], most: usize) -> Option<Vec<Vec<u8>>> {
        let mut input = before.to_vec();
        let differences = self.differences(before.len(), most)?;
        let next = |delta: &Vec<u8>| {
            input.iter_mut().zip(delta).for_each(|(byte, delta)| *byte ^= delta);
            input.clone()
        };
        Some(differences.iter().map(next).collect())
    }

    /// For each frame, how its input differs from the one before: ggrs writes each frame as its length in two
    /// bytes, little endian, and the exclusive or with the frame before.
    fn differences(&self, input_bytes: usize, most: usize) -> Option<Vec<Vec<u8>>> {
        let frame_bytes = 2 + input_bytes;
        let decoded = rle::decode(&self.bytes, most * frame_bytes)?;
        if !decoded.len().is_multiple_of(frame_bytes) {
            return None;
        }
        let difference = |frame: &[u8]| {
            let (length, delta) = frame.split_first_chunk::<2>()?;
            let whole = usize::from(u16::from_le_bytes(*length)) == input_bytes;
            whole.then(|| delta.to_vec())
        };
        decoded.chunks_exact(frame_bytes).map(difference).collect()
    }
}

impl Bounds {
    fn check_frame(&self, frame: i32) -> Result<(), PayloadError> {
        let possible = NULL_FRAME..=self.local_frame.saturating_add(FARTHEST_AHEAD);
        if possible.contains(&frame) { Ok(()) } else { Err(PayloadError::Frame) }
    }
}

fn put<T: Serialize>(out: &mut Vec<u8>, value: &T) {
    let at = out.len();
    out.resize(at + 32, 0);
    // Integers need at most 19 bytes: there is always room.
    let used = postcard::to_slice(value, &mut out[at..]).map_or(0, |written| written.len());
    out.truncate(at + used);
}

fn take<T: DeserializeOwned>(bytes: &mut &[u8]) -> Result<T, PayloadError> {
    let (value, rest) = postcard::take_from_bytes(bytes).map_err(|_| PayloadError::Layout)?;
    *bytes = rest;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds =
        Bounds { players: 2, input_bytes: 1, newest: Some(99), local_frame: 100 };

    fn code(inputs: &[u8]) -> Vec<u8> {
        let mut base = 0;
        let frames = inputs.iter().flat_map(|input| {
            let delta = *input ^ std::mem::replace(&mut base, *input);
            [1, 0, delta]
        });
        bitfield_rle::encode(frames.collect::<Vec<u8>>())
    }

    fn payload() -> Payload {
        let input =
            InputPart { start_frame: 98, last_frames: vec![101, 97], bytes: code(&[5, 5, 5, 5]) };
        Payload {
            ack_frame: 97,
            input: Some(input),
            frame_advantage: Some(-3),
            checksums: vec![(90, u64::MAX)],
        }
    }

    #[test]
    fn a_payload_comes_back_as_it_was_sent_and_is_small() {
        let bytes = payload().encode();
        assert_eq!(Payload::decode(&bytes, &BOUNDS), Ok(payload()));
        let usual = Payload { frame_advantage: None, checksums: vec![], ..payload() }.encode();
        assert!(usual.len() <= 20, "{} bytes", usual.len());
        let ack = Payload { ack_frame: 7, ..Payload::default() };
        assert_eq!(Payload::decode(&ack.encode(), &BOUNDS), Ok(ack));
    }

    #[test]
    fn truncated_payloads_and_trailing_bytes_are_refused() {
        let bytes = payload().encode();
        for length in 0..bytes.len() {
            assert!(Payload::decode(&bytes[..length], &BOUNDS).is_err(), "{length}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(Payload::decode(&longer, &BOUNDS), Err(PayloadError::Layout));
    }

    #[test]
    fn frames_that_cannot_be_are_refused() {
        let refused = |change: fn(&mut Payload, &mut InputPart)| {
            let mut payload = payload();
            let mut input = payload.input.take().unwrap();
            change(&mut payload, &mut input);
            payload.input = Some(input);
            assert_eq!(Payload::decode(&payload.encode(), &BOUNDS), Err(PayloadError::Frame));
        };
        refused(|payload, _| payload.ack_frame = 200);
        refused(|payload, _| payload.ack_frame = -2);
        refused(|_, input| input.start_frame = 101);
        refused(|_, input| input.start_frame = -1);
        refused(|_, input| input.last_frames[0] = 100_000);
        refused(|_, input| input.bytes = code(&[1; 100]));
        refused(|payload, _| payload.checksums[0].0 = i32::MIN);
        refused(|_, input| input.bytes = vec![]);
    }

    #[test]
    fn the_first_inputs_of_a_match_begin_within_the_longest_delay() {
        let bounds = Bounds { newest: None, local_frame: 0, ..BOUNDS };
        let first = |start_frame| {
            let input =
                InputPart { start_frame, last_frames: vec![-1, start_frame], bytes: code(&[1]) };
            Payload { ack_frame: -1, input: Some(input), ..Payload::default() }.encode()
        };
        assert!(Payload::decode(&first(16), &bounds).is_ok());
        assert_eq!(Payload::decode(&first(17), &bounds), Err(PayloadError::Frame));
    }

    #[test]
    fn inputs_of_the_wrong_size_are_refused() {
        let wider = Bounds { input_bytes: 2, ..BOUNDS };
        let bytes = payload().encode();
        assert_eq!(Payload::decode(&bytes, &wider), Err(PayloadError::Input));
        let mut lying = payload();
        lying.input.as_mut().unwrap().bytes = bitfield_rle::encode([2, 0, 5]);
        assert_eq!(Payload::decode(&lying.encode(), &BOUNDS), Err(PayloadError::Input));
    }

    #[test]
    fn random_bytes_never_panic() {
        let mut state = 1u64;
        for length in 0..2000 {
            let bytes: Vec<u8> = (0..length % 64)
                .map(|_| {
                    state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
                    (state >> 56) as u8
                })
                .collect();
            let _ = Payload::decode(&bytes, &BOUNDS);
        }
    }

    #[test]
    fn frames_that_are_known_are_left_out_and_the_rest_reads_the_same() {
        let part = InputPart { start_frame: 10, last_frames: vec![1], bytes: code(&[7, 7, 3, 3]) };
        assert_eq!(part.clone().after(None, 1), Some(part.clone()));
        assert_eq!(part.clone().after(Some(9), 1), Some(part.clone()));
        // The two frames that are left differ from 7, the last of those left out, and then not.
        let rest = bitfield_rle::encode([1, 0, 7 ^ 3, 1, 0, 0]);
        let expected = InputPart { start_frame: 12, last_frames: vec![1], bytes: rest };
        assert_eq!(part.clone().after(Some(11), 1), Some(expected));
        assert_eq!(part.clone().after(Some(13), 1), None);
        assert_eq!(part.after(Some(99), 1), None);
    }

    #[test]
    fn the_newest_change_is_found() {
        let part =
            |inputs: &[u8]| InputPart { start_frame: 10, last_frames: vec![], bytes: code(inputs) };
        assert_eq!(part(&[0, 0]).newest(1), Some((11, None)));
        assert_eq!(part(&[4, 4, 4]).newest(1), Some((12, Some(10))));
        assert_eq!(part(&[4, 4, 0, 0]).newest(1), Some((13, Some(12))));
    }
}
