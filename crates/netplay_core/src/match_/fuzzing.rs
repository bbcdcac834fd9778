//! What fuzz targets reach of a match: the parsers that are private to it. Part of the feature `fuzzing`.

use super::encoded::EncodedInputs;
use super::payload::{Bounds, Payload};
use super::rle;

/// What the receiver of a payload knows, against which the payload is checked.
#[derive(Clone, Copy, Debug)]
pub struct Receiver {
    /// How many players play.
    pub players: usize,
    /// The size of one input, in bytes; at least 1.
    pub input_bytes: usize,
    /// The latest frame at which further inputs of the sender can begin without a gap.
    pub latest_start: i32,
    /// The frame that is simulated.
    pub local_frame: i32,
    /// The last frame for which the local player has given an input; -1 if there is none.
    pub last_input: i32,
}

/// Decodes a payload and encodes it again. None if it is refused.
pub fn reencoded_payload(payload: &[u8], receiver: &Receiver) -> Option<Vec<u8>> {
    let Receiver { players, input_bytes, latest_start, local_frame, last_input } = *receiver;
    let bounds = Bounds { players, input_bytes, latest_start, local_frame, last_input };
    Payload::decode(payload, &bounds).ok().map(|payload| payload.encode(input_bytes))
}

/// Decodes run-length encoding if the result has at most `max_bytes`.
pub fn decode_rle(code: &[u8], max_bytes: usize) -> Option<Vec<u8>> {
    rle::decode(code, max_bytes)
}

/// Encodes inputs, the first of which is of `start_frame` and follows `previous`.
pub fn encode_inputs(start_frame: i32, previous: &[u8], inputs: &[Vec<u8>]) -> EncodedInputs {
    EncodedInputs::encode(start_frame, previous, inputs)
}

/// Decodes inputs, given the one before the first. None if they are malformed or more than a session sends at once.
pub fn decode_inputs(inputs: &EncodedInputs, previous: &[u8]) -> Option<Vec<Vec<u8>>> {
    inputs.decode(previous, super::encoded::MAX_FRAMES)
}

/// The inputs without the frames up to `last_known`; none if nothing is left.
pub fn inputs_after(
    inputs: &EncodedInputs,
    last_known: i32,
    input_bytes: usize,
) -> Option<EncodedInputs> {
    inputs.after(Some(last_known), input_bytes)
}

/// The inputs as they come back from their raw form. None if they are malformed.
pub fn inputs_through_raw(inputs: &EncodedInputs, input_bytes: usize) -> Option<EncodedInputs> {
    let raw = inputs.raw(input_bytes, usize::MAX)?;
    EncodedInputs::from_raw(inputs.start_frame, &raw, input_bytes)
}
