//! Every input of one player since the match began.
//!
//! It takes half a megabyte per hour for an input of two bytes at sixty frames a second. A player whose process
//! restarts gets all of it, in chunks; the survivors of a player who disconnects exchange its recent part.

use super::digests::STATEMENT_INTERVAL;
use super::encoded::{EncodedInputs, MAX_FRAMES};
use super::payload::{MAX_AHEAD, PayloadError};
use super::{MAX_INPUT_DELAY, MAX_PREDICTION, NULL_FRAME};

/// How many recent inputs survivors exchange at least: how far apart two of them can be. Each is at most a prediction
/// window ahead of the other's inputs, and both at most that ahead of the player who disconnected; and one of them may
/// have been told of inputs that are later still.
const RECENT_FRAMES: usize = 2 * MAX_PREDICTION + 2 * MAX_INPUT_DELAY + MAX_AHEAD as usize;
/// How many of them beside these, if they are small: after so many frames it is known for certain that a player has
/// told two peers different inputs.
const DISPUTED_FRAMES: usize = 4 * STATEMENT_INTERVAL as usize;
/// The most bytes of recent inputs, beside [`RECENT_FRAMES`] of them.
const DISPUTED_BYTES: usize = 96 * 1024;
/// How many bytes of inputs a chunk has, before they are encoded.
const CHUNK_BYTES: usize = 8 * 1024;

/// Every input of one player since the match began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputLog {
    default_input: Vec<u8>,
    input_bytes: usize,
    /// The frame of the first input.
    start: i32,
    /// The inputs, without separators.
    inputs: Vec<u8>,
}

impl InputLog {
    /// An empty log of inputs that are as long as the default input. That is at least one byte long: the last one
    /// tells whether the player is disconnected.
    pub fn new(default_input: &[u8]) -> Self {
        let (default_input, input_bytes) = (default_input.to_vec(), default_input.len());
        Self { default_input, input_bytes, start: 0, inputs: Vec::new() }
    }

    /// The frame of the first input, if there is any: the input delay that the player had then. In the frames before
    /// it, every session has the default input.
    ///
    /// A change of the delay leaves no trace here: when it is raised, the session repeats the last input, and when it
    /// is lowered, it drops some.
    pub fn start_frame(&self) -> Option<i32> {
        (!self.inputs.is_empty()).then_some(self.start)
    }

    /// The last frame whose input is known.
    pub fn last_frame(&self) -> Option<i32> {
        self.start_frame().map(|start| start + (self.inputs.len() / self.input_bytes) as i32 - 1)
    }

    /// The last frame whose input is the player's own and not synthesized; -1 if there is none.
    pub fn last_own_frame(&self) -> i32 {
        let mut inputs = self.inputs.chunks_exact(self.input_bytes);
        match inputs.position(is_disconnected) {
            Some(place) => self.start + place as i32 - 1,
            None => self.last_frame().unwrap_or(NULL_FRAME),
        }
    }

    /// How many bytes an input has.
    pub fn input_bytes(&self) -> usize {
        self.input_bytes
    }

    /// The input in the frames before the first one.
    pub fn default_input(&self) -> &[u8] {
        &self.default_input
    }

    /// All inputs, oldest first, without separators.
    pub fn inputs(&self) -> &[u8] {
        &self.inputs
    }

    /// The input of a frame.
    pub fn get(&self, frame: i32) -> Option<&[u8]> {
        let place = usize::try_from(frame.checked_sub(self.start)?).ok()?;
        self.inputs.chunks_exact(self.input_bytes).nth(place)
    }

    /// The inputs of the frames `first..=last`, as far as there are any, without separators.
    pub(super) fn range(&self, first: i32, last: i32) -> &[u8] {
        let place = |frame: i32| {
            let frames = usize::try_from(frame.saturating_sub(self.start)).unwrap_or(0);
            (frames * self.input_bytes).min(self.inputs.len())
        };
        &self.inputs[place(first)..place(last.saturating_add(1)).max(place(first))]
    }

    /// The first frame whose input is unknown.
    pub(super) fn next_frame(&self) -> i32 {
        self.last_frame().map_or(0, |last| last + 1)
    }

    /// The latest frame at which further inputs can begin without a gap.
    pub(super) fn latest_start(&self) -> i32 {
        self.start_frame().map_or(MAX_INPUT_DELAY as i32, |_| self.next_frame())
    }

    /// What the input of a frame is encoded as the difference from: the one before, or zero if it is the first, as
    /// ggrs has it.
    fn before(&self, frame: i32) -> Vec<u8> {
        let before = self.get(frame.saturating_sub(1));
        before.map_or_else(|| vec![0; self.input_bytes], <[u8]>::to_vec)
    }

    fn last(&self) -> Vec<u8> {
        self.before(self.next_frame())
    }

    /// A chunk of the inputs of the frames `from..=until`, or of as many of them as fit; none if there is no such
    /// input.
    pub(crate) fn chunk(&self, from: i32, until: i32) -> Option<EncodedInputs> {
        let from = from.max(self.start_frame()?);
        let max_frames = self.max_chunk_frames() as i32;
        let until = until.min(self.last_frame()?).min(from.saturating_add(max_frames - 1));
        let inputs: Vec<Vec<u8>> =
            (from..=until).filter_map(|frame| Some(self.get(frame)?.to_vec())).collect();
        (!inputs.is_empty()).then(|| EncodedInputs::encode(from, &self.before(from), &inputs))
    }

    /// How many frames a chunk of this log has.
    pub(crate) fn frames_of(&self, chunk: &EncodedInputs) -> Option<i32> {
        i32::try_from(chunk.frames(self.input_bytes, self.max_chunk_frames())?).ok()
    }

    /// The whole log in chunks, for [`merge_chunk`](Self::merge_chunk).
    pub fn chunks(&self) -> impl Iterator<Item = EncodedInputs> {
        self.chunks_from(0)
    }

    pub(super) fn chunks_from(&self, frame: i32) -> impl Iterator<Item = EncodedInputs> {
        let frames = frame.max(self.start_frame().unwrap_or(0))..self.next_frame();
        frames.step_by(self.max_chunk_frames()).filter_map(|from| self.chunk(from, i32::MAX))
    }

    /// The recent inputs in chunks: what a peer with nearly all of the log may lack.
    pub fn recent_chunks(&self) -> impl Iterator<Item = EncodedInputs> {
        self.chunks_from(self.next_frame() - RECENT_FRAMES as i32)
    }

    /// How many recent inputs survivors exchange.
    fn recent_frames(&self) -> usize {
        let most = RECENT_FRAMES + DISPUTED_FRAMES;
        (DISPUTED_BYTES / self.input_bytes).clamp(RECENT_FRAMES, most)
    }

    fn max_chunk_frames(&self) -> usize {
        (CHUNK_BYTES / (2 + self.input_bytes)).max(1)
    }

    /// Merges a chunk of another peer's log of this player, but for inputs that are known already or later than `until`.
    /// Returns the last frame of the chunk.
    ///
    /// # Errors
    ///
    /// [`PayloadError`] if the chunk would leave a gap or is malformed.
    pub fn merge_chunk(
        &mut self,
        start_frame: i32,
        inputs: &[u8],
        until: i32,
    ) -> Result<i32, PayloadError> {
        if !(0..=self.latest_start()).contains(&start_frame) {
            return Err(PayloadError::Frame);
        }
        let chunk = EncodedInputs { start_frame, bytes: inputs.to_vec() };
        let inputs = chunk.decode(&self.before(start_frame), self.max_chunk_frames());
        let mut inputs = inputs.ok_or(PayloadError::Input)?;
        let last_frame = start_frame - 1 + inputs.len() as i32;
        let wanted = until.saturating_sub(start_frame).saturating_add(1);
        inputs.truncate(usize::try_from(wanted).unwrap_or(0));
        let known = (self.next_frame() - start_frame).max(0) as usize;
        inputs.drain(..known.min(inputs.len()));
        if !inputs.is_empty() {
            self.extend(start_frame + known as i32, inputs);
        }
        Ok(last_frame)
    }

    /// Forgets the inputs after a frame.
    pub fn truncate(&mut self, last_frame: i32) {
        let frames = last_frame.saturating_sub(self.start).saturating_add(1);
        let frames = usize::try_from(frames).unwrap_or(0);
        self.inputs.truncate(frames.saturating_mul(self.input_bytes));
    }

    /// The last input is another one.
    #[cfg(test)]
    pub(super) fn forge_last(&mut self) {
        let first = self.inputs.len() - self.input_bytes;
        self.inputs[first] ^= 1;
    }

    /// Appends inputs that begin right after the last frame, or are the first.
    pub(super) fn append(&mut self, inputs: &EncodedInputs) -> Result<(), PayloadError> {
        let decoded = inputs.decode(&self.last(), MAX_FRAMES).ok_or(PayloadError::Input)?;
        self.extend(inputs.start_frame, decoded);
        Ok(())
    }

    /// Appends inputs, the first of which is of `start_frame`: the frame after the last one, unless there is none.
    pub(super) fn extend(&mut self, start_frame: i32, inputs: impl IntoIterator<Item = Vec<u8>>) {
        if self.inputs.is_empty() {
            self.start = start_frame;
        }
        self.inputs.extend(inputs.into_iter().flatten());
    }

    /// The recent inputs up to a frame, oldest first, without separators: what another survivor may lack.
    pub(super) fn recent_inputs(&self, until: i32) -> Vec<u8> {
        let frames = usize::try_from(until - self.start + 1).unwrap_or(0);
        let end = (frames * self.input_bytes).min(self.inputs.len());
        let surplus = end.saturating_sub(self.recent_frames() * self.input_bytes);
        self.inputs[surplus..end].to_vec()
    }

    /// The log up to a frame.
    pub(super) fn until(&self, last_frame: i32) -> Self {
        let mut log = self.clone();
        log.truncate(last_frame);
        log
    }

    /// The log of a survivor who has these [recent inputs](Self::recent_inputs), the last of which is of `last_frame`,
    /// and the frame of the first of them. What is before them is that of this log.
    ///
    /// # Errors
    ///
    /// [`PayloadError`] if they would leave a gap, are more than a survivor can lack or not whole inputs.
    pub(super) fn with_recent(
        &self,
        last_frame: i32,
        recent: &[u8],
    ) -> Result<(Self, i32), PayloadError> {
        let frames = recent.len() / self.input_bytes;
        if !recent.len().is_multiple_of(self.input_bytes) || frames > self.recent_frames() {
            return Err(PayloadError::Layout);
        }
        // Without an input there is none before it either.
        let first = match frames {
            0 => 0,
            _ => last_frame.saturating_sub(frames as i32).saturating_add(1),
        };
        if !(0..=self.latest_start()).contains(&first) {
            return Err(PayloadError::Frame);
        }
        let mut log = self.until(first - 1);
        log.extend(first, recent.chunks_exact(self.input_bytes).map(<[u8]>::to_vec));
        Ok((log, first))
    }

    /// The last frame up to which the inputs are equal to those of another log; -1 if there is none.
    pub fn equal_until(&self, other: &Self) -> i32 {
        let inputs = |log: &Self| log.start_frame().map_or(i32::MAX, |start| start);
        if inputs(self) != inputs(other) {
            return inputs(self).min(inputs(other)) - 1;
        }
        let [ours, theirs] = [self, other].map(|log| log.inputs.chunks_exact(self.input_bytes));
        let equal = ours.zip(theirs).take_while(|(ours, theirs)| ours == theirs).count();
        if equal == 0 { NULL_FRAME } else { self.start + equal as i32 - 1 }
    }

    /// Synthesizes the inputs of a disconnected player up to a frame.
    pub(super) fn synthesize(&mut self, until: i32) {
        let start = self.next_frame();
        let count = until.saturating_sub(start).saturating_add(1);
        if let Some(count) = usize::try_from(count).ok().filter(|count| *count > 0) {
            self.extend(start, vec![disconnected_input(&self.default_input); count]);
        }
    }
}

/// The input of a disconnected player: the default input, with 1 in the last byte, which every input has to tell
/// whether its player is disconnected.
pub fn disconnected_input(default_input: &[u8]) -> Vec<u8> {
    let mut bytes = default_input.to_vec();
    if let Some(last) = bytes.last_mut() {
        *last = 1;
    }
    bytes
}

fn is_disconnected(input: &[u8]) -> bool {
    input.last().is_some_and(|disconnected| *disconnected != 0)
}

#[cfg(test)]
#[path = "input_log_tests.rs"]
mod tests;
