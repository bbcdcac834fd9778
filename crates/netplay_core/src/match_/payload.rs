//! The payload of a match datagram, and the checks of every field.
//!
//! Integers are postcard's (variable length, zigzag), frames are relative to the first: about 16 bytes for two
//! players whose inputs did not change.
//!
//! | field | when | meaning |
//! | --- | --- | --- |
//! | flags | always | bit 0: inputs, bit 1: frame advantage, bits 2 to 4: number of checksums |
//! | ack frame | always | the last frame whose input the sender has of the receiver |
//! | start frame, last frame per player, length, bytes | inputs | the inputs that are not acknowledged |
//! | frame advantage | frame advantage | how many frames the sender is behind |
//! | frame, checksum | each checksum | the sender's state at a confirmed frame |

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::encoded::EncodedInputs;
use super::message::SessionMessage;
use super::{MAX_INPUT_DELAY, NULL_FRAME};

/// How far ahead of the local frame a peer can be. It stalls a prediction window ahead of the local inputs; with
/// both windows and delays at their widest that is 80, and ggrs keeps 128.
pub(super) const MAX_AHEAD: i32 = 80;
/// How many checksums one payload carries at most.
pub(super) const MAX_CHECKSUMS: usize = 7;

const HAS_INPUTS: u8 = 1;
const HAS_ADVANTAGE: u8 = 2;
const CHECKSUM_SHIFT: u8 = 2;

/// Everything that one datagram carries.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Payload {
    pub(super) ack_frame: i32,
    pub(super) inputs: Option<PayloadInputs>,
    pub(super) frame_advantage: Option<i16>,
    pub(super) checksums: Vec<(i32, u64)>,
}

/// All inputs that the receiver has not acknowledged.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PayloadInputs {
    pub(super) last_frames: Vec<i32>,
    pub(super) inputs: EncodedInputs,
}

/// What the receiver knows, against which a payload is checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How many players play.
    pub(super) players: usize,
    /// The size of one input, in bytes.
    pub(super) input_bytes: usize,
    /// The latest frame at which further inputs of this peer can begin without a gap.
    pub(super) latest_start: i32,
    /// The frame that is simulated.
    pub(super) local_frame: i32,
}

/// Why a payload or a part of an input log is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The bytes do not have the layout that they must have.
    #[error("truncated, or with bytes left over")]
    Layout,
    /// A frame outside of the window in which the match can be.
    #[error("an impossible frame")]
    Frame,
    /// Malformed inputs, or inputs of another size.
    #[error("inputs that do not decode to whole frames")]
    Input,
    /// From, or of, a peer that does not play.
    #[error("not of a player of the match, or no longer")]
    Stranger,
}

impl Payload {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(32);
        let checksums = &self.checksums[..self.checksums.len().min(MAX_CHECKSUMS)];
        let mut flags = (checksums.len() as u8) << CHECKSUM_SHIFT;
        flags |= if self.inputs.is_some() { HAS_INPUTS } else { 0 };
        flags |= if self.frame_advantage.is_some() { HAS_ADVANTAGE } else { 0 };
        out.push(flags);
        put(&mut out, &self.ack_frame);
        if let Some(PayloadInputs { last_frames, inputs }) = &self.inputs {
            put(&mut out, &inputs.start_frame.wrapping_sub(self.ack_frame));
            for last in last_frames {
                put(&mut out, &last.wrapping_sub(inputs.start_frame));
            }
            put(&mut out, &(inputs.bytes.len() as u16));
            out.extend_from_slice(&inputs.bytes);
        }
        if let Some(advantage) = &self.frame_advantage {
            put(&mut out, advantage);
        }
        for checksum in checksums {
            put(&mut out, checksum);
        }
        out
    }

    /// Decodes and checks a payload. The result cannot make ggrs panic, or allocate more than
    /// [`MAX_FRAMES`](super::encoded::MAX_FRAMES) inputs.
    pub(super) fn decode(mut bytes: &[u8], bounds: &Bounds) -> Result<Self, PayloadError> {
        let bytes = &mut bytes;
        let (flags, rest) = bytes.split_first().ok_or(PayloadError::Layout)?;
        *bytes = rest;
        let ack_frame: i32 = take(bytes)?;
        let latest = bounds.local_frame.saturating_add(MAX_INPUT_DELAY as i32 + 1);
        if !(NULL_FRAME..=latest).contains(&ack_frame) {
            return Err(PayloadError::Frame);
        }
        let inputs = match flags & HAS_INPUTS {
            0 => None,
            _ => Some(PayloadInputs::take(bytes, ack_frame, bounds)?),
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
        Ok(Self { ack_frame, inputs, frame_advantage, checksums })
    }

    /// The messages for the local session.
    pub(super) fn into_messages(self) -> impl Iterator<Item = SessionMessage> {
        let ack_frame = self.ack_frame;
        let first = match self.inputs {
            Some(PayloadInputs { last_frames, inputs }) => {
                SessionMessage::Inputs { ack_frame, last_frames, inputs }
            }
            None => SessionMessage::InputAck { ack_frame },
        };
        let advantage = self.frame_advantage.map(SessionMessage::FrameAdvantage);
        let checksums = self
            .checksums
            .into_iter()
            .map(|(frame, checksum)| SessionMessage::Checksum { frame, checksum });
        std::iter::once(first).chain(advantage).chain(checksums)
    }
}

impl PayloadInputs {
    fn take(bytes: &mut &[u8], ack: i32, bounds: &Bounds) -> Result<Self, PayloadError> {
        let start_frame = ack.checked_add(take(bytes)?).ok_or(PayloadError::Frame)?;
        let mut last_frames = Vec::with_capacity(bounds.players);
        for _ in 0..bounds.players {
            let last = start_frame.checked_add(take(bytes)?).ok_or(PayloadError::Frame)?;
            bounds.check_frame(last)?;
            last_frames.push(last);
        }
        let length: u16 = take(bytes)?;
        let (encoded, rest) =
            bytes.split_at_checked(usize::from(length)).ok_or(PayloadError::Layout)?;
        *bytes = rest;
        let inputs = EncodedInputs { start_frame, bytes: encoded.to_vec() };

        let frames = inputs.frames(bounds.input_bytes).ok_or(PayloadError::Input)?;
        if frames == 0 || !(0..=bounds.latest_start).contains(&start_frame) {
            return Err(PayloadError::Frame);
        }
        bounds.check_frame(start_frame + frames as i32 - 1)?;
        Ok(Self { last_frames, inputs })
    }
}

impl Bounds {
    fn check_frame(&self, frame: i32) -> Result<(), PayloadError> {
        let possible = NULL_FRAME..=self.local_frame.saturating_add(MAX_AHEAD);
        if possible.contains(&frame) { Ok(()) } else { Err(PayloadError::Frame) }
    }
}

fn put<T: Serialize>(out: &mut Vec<u8>, value: &T) {
    // Writing to a vector does not fail.
    let _ = postcard::to_io(value, out);
}

fn take<T: DeserializeOwned>(bytes: &mut &[u8]) -> Result<T, PayloadError> {
    let (value, rest) = postcard::take_from_bytes(bytes).map_err(|_| PayloadError::Layout)?;
    *bytes = rest;
    Ok(value)
}

#[cfg(test)]
#[path = "payload_tests.rs"]
mod tests;
