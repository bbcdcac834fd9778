//! The payload of a match datagram, and the checks of every field.
//!
//! Integers are postcard's (variable length, zigzag), frames are relative to the ack frame or to the one before: about
//! 16 bytes for two players whose inputs did not change.
//!
//! | field | when | meaning |
//! | --- | --- | --- |
//! | flags | always | bit 0: inputs, bit 1: report, bit 2: checksums, bit 3: checksum ack, bit 4: inputs before these, which are not acknowledged either, are in other datagrams, bit 5: the inputs are raw, bit 6: the sender waits for inputs, bit 7: statements |
//! | ack frame | always | the last frame whose input the sender has of the receiver |
//! | start frame, last frame per player, length, bytes | inputs | the inputs that are not acknowledged |
//! | frames behind, lost time, input delay | report | in one byte each: how many eighths of a frame the sender is behind the receiver, as far as it sees; how much of the last second its machine could not simulate, in percent; the input delay that fits its connections, 0 before it is chosen |
//! | checksum ack | checksum ack | the last frame whose checksum the sender has of the receiver |
//! | number, previous frame | checksums | how many checksums follow, in one byte; the frame of the checksum before the first one; -1 if it is the oldest that is kept |
//! | frame, checksum in 8 bytes | each checksum | the sender's state at a confirmed frame |
//! | what follows | statements | bit 0: statement ack, bit 1: statement, bit 2: summary |
//! | statement ack | statement ack | the last frame of which the sender has the receiver's statement |
//! | frame, digest in 32 bytes, signature in 64 | statement | what the sender has signed of its inputs |
//! | frame, players in one byte, hash in 8 | summary | of which players the sender has the statements of that frame, and a hash of their digests |
//!
//! Raw inputs are neither run-length encoded nor preceded by their lengths.

use std::ops::RangeInclusive;

use netplay_protocol::limits::MAX_PLAYERS;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::encoded::{EncodedInputs, MAX_FRAMES};
use super::payload_checksums::PayloadChecksums;
use super::payload_statements::PayloadStatements;
use super::{MAX_INPUT_DELAY, NULL_FRAME};
use crate::link::Link;

/// How far ahead of the local frame a peer can be. It stalls a prediction window ahead of the local inputs; with
/// both windows and delays at their widest that is 80, and ggrs keeps 128.
pub(super) const MAX_AHEAD: i32 = 80;

const HAS_INPUTS: u8 = 1;
const HAS_REPORT: u8 = 2;
const FOLLOWS: u8 = 1 << 4;
const RAW: u8 = 1 << 5;
const WAITS: u8 = 1 << 6;

/// What a payload holds beside inputs and checksums, at most, in bytes: flags, acknowledgement, start frame, last
/// frames, length and report. A variable-length integer takes five bytes for 32 bits, three for 16.
const OTHER_BYTES: usize = 1 + 5 + 5 + 5 * MAX_PLAYERS as usize + 3 + 3;
/// The most bytes of encoded inputs for which there is always room in a payload without checksums.
pub(super) const MAX_INPUTS_BYTES: usize = Link::MAX_PAYLOAD - OTHER_BYTES;
/// The largest input, in bytes, with the byte that tells whether its player is disconnected: that of one frame fits
/// into one datagram.
pub const MAX_INPUT_BYTES: usize = MAX_INPUTS_BYTES;

/// Everything that one datagram carries.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Payload {
    pub(super) ack_frame: i32,
    /// Whether the sender is at the end of its prediction window and waits for inputs.
    pub(super) waits: bool,
    pub(super) inputs: Option<PayloadInputs>,
    pub(super) report: Option<PaceReport>,
    pub(super) checksums: PayloadChecksums,
    pub(super) statements: PayloadStatements,
}

/// What a peer tells of how fast its simulation runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PaceReport {
    /// How many eighths of a frame it is behind the receiver, as far as it sees.
    pub(super) eighths_behind: i8,
    /// How much of the last second its machine could not simulate, in percent.
    pub(super) lost_percent: u8,
    /// The input delay in frames that fits its connections; 0 before it is chosen.
    pub(super) fitting_delay: u8,
}

/// Inputs that the receiver has not acknowledged.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PayloadInputs {
    pub(super) last_frames: Vec<i32>,
    pub(super) inputs: EncodedInputs,
    /// Inputs before these are not acknowledged either, and did not fit: they are in other datagrams.
    pub(super) follows: bool,
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
    /// The last frame for which the local player has given an input.
    pub(super) last_input: i32,
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
    /// A statement about inputs that the player has not signed.
    #[error("a statement about inputs that its player has not signed")]
    Signature,
}

impl Payload {
    /// Encodes the payload of inputs of so many bytes. Inputs that run-length encoding makes too long for a datagram
    /// travel raw.
    pub(super) fn encode(&self, input_bytes: usize) -> Vec<u8> {
        let payload = self.encode_with(None);
        if payload.len() <= Link::MAX_PAYLOAD {
            return payload;
        }
        let inputs = self.inputs.as_ref().map(|part| &part.inputs);
        let raw = inputs.and_then(|inputs| inputs.raw(input_bytes, Link::MAX_PAYLOAD));
        match raw.map(|raw| self.encode_with(Some(&raw))) {
            Some(shorter) if shorter.len() < payload.len() => shorter,
            _ => payload,
        }
    }

    /// Encodes the payload, with the inputs run-length encoded or in this form.
    fn encode_with(&self, raw: Option<&[u8]>) -> Vec<u8> {
        let mut out = Vec::with_capacity(32);
        let mut flags = self.checksums.flags() | self.statements.flags();
        flags |= if self.inputs.is_some() { HAS_INPUTS } else { 0 };
        flags |= if self.report.is_some() { HAS_REPORT } else { 0 };
        flags |= if self.waits { WAITS } else { 0 };
        out.push(flags);
        put(&mut out, &self.ack_frame);
        if let Some(PayloadInputs { last_frames, inputs, follows }) = &self.inputs {
            out[0] |= if *follows { FOLLOWS } else { 0 };
            out[0] |= if raw.is_some() { RAW } else { 0 };
            put(&mut out, &inputs.start_frame.wrapping_sub(self.ack_frame));
            for last in last_frames {
                put(&mut out, &last.wrapping_sub(inputs.start_frame));
            }
            let bytes = raw.unwrap_or(&inputs.bytes);
            put(&mut out, &(bytes.len() as u16));
            out.extend_from_slice(bytes);
        }
        if let Some(report) = &self.report {
            put(&mut out, report);
        }
        self.checksums.put(&mut out, self.ack_frame);
        self.statements.put(&mut out, self.ack_frame);
        out
    }

    /// How many checksums fit into a datagram beside the inputs. If none does, they travel without inputs.
    pub(super) fn room_for_checksums(&self) -> usize {
        let inputs = self.inputs.as_ref().map_or(0, |part| part.inputs.bytes.len());
        let room = MAX_INPUTS_BYTES - self.statements.bytes();
        match PayloadChecksums::fitting(room.saturating_sub(inputs)) {
            0 => PayloadChecksums::fitting(room),
            fitting => fitting,
        }
    }

    /// Decodes and checks a payload. The result cannot make ggrs panic, or allocate more than
    /// [`MAX_FRAMES`] inputs.
    pub(super) fn decode(mut bytes: &[u8], bounds: &Bounds) -> Result<Self, PayloadError> {
        let bytes = &mut bytes;
        let (flags, rest) = bytes.split_first().ok_or(PayloadError::Layout)?;
        *bytes = rest;
        let ack_frame: i32 = take(bytes)?;
        let latest = bounds.local_frame.saturating_add(MAX_INPUT_DELAY as i32 + 1);
        if !(NULL_FRAME..=latest.max(bounds.last_input)).contains(&ack_frame) {
            return Err(PayloadError::Frame);
        }
        let inputs = match flags & (HAS_INPUTS | FOLLOWS | RAW) {
            0 => None,
            kind if kind & HAS_INPUTS == 0 => return Err(PayloadError::Layout),
            kind => Some(PayloadInputs::take(bytes, kind, ack_frame, bounds)?),
        };
        let report = match flags & HAS_REPORT {
            0 => None,
            _ => Some(take(bytes)?),
        };
        let checksums = PayloadChecksums::take(bytes, *flags, ack_frame, bounds)?;
        let statements = PayloadStatements::take(bytes, *flags, ack_frame, bounds)?;
        if !bytes.is_empty() {
            return Err(PayloadError::Layout);
        }
        let waits = flags & WAITS != 0;
        Ok(Self { ack_frame, waits, inputs, report, checksums, statements })
    }
}

impl PayloadInputs {
    fn take(bytes: &mut &[u8], kind: u8, ack: i32, bounds: &Bounds) -> Result<Self, PayloadError> {
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
        let inputs = match kind & RAW {
            0 => Some(EncodedInputs { start_frame, bytes: encoded.to_vec() }),
            _ => EncodedInputs::from_raw(start_frame, encoded, bounds.input_bytes),
        };
        let inputs = inputs.ok_or(PayloadError::Input)?;
        let frames = inputs.frames(bounds.input_bytes, MAX_FRAMES).ok_or(PayloadError::Input)?;
        // What follows other inputs may overtake them.
        let follows = kind & FOLLOWS != 0;
        let latest_start = if follows { i32::MAX } else { bounds.latest_start };
        if frames == 0 || !(0..=latest_start).contains(&start_frame) {
            return Err(PayloadError::Frame);
        }
        bounds.check_frame(start_frame.saturating_add(frames as i32 - 1))?;
        Ok(Self { last_frames, inputs, follows })
    }
}

impl Bounds {
    /// The latest frame in which a peer can be.
    pub(super) fn latest_frame(&self) -> i32 {
        self.local_frame.saturating_add(MAX_AHEAD)
    }

    fn check_frame(&self, frame: i32) -> Result<(), PayloadError> {
        let possible = NULL_FRAME..=self.latest_frame();
        if possible.contains(&frame) { Ok(()) } else { Err(PayloadError::Frame) }
    }
}

/// Takes a frame that is relative to another one, and must be one of these.
pub(super) fn take_frame(
    bytes: &mut &[u8],
    relative_to: i32,
    possible: RangeInclusive<i32>,
) -> Result<i32, PayloadError> {
    let frame = relative_to.checked_add(take(bytes)?).ok_or(PayloadError::Frame)?;
    if possible.contains(&frame) { Ok(frame) } else { Err(PayloadError::Frame) }
}

pub(super) fn put<T: Serialize>(out: &mut Vec<u8>, value: &T) {
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
