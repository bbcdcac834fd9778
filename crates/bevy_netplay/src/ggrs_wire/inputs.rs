use std::collections::VecDeque;

use super::payload::{InputPart, PayloadError};
use crate::NetplayConfig;
use crate::input::gone_bytes;

/// How many inputs are kept, to be handed to survivors: how far apart two of them can be. Each is at most a
/// prediction window ahead of the other's inputs, and both at most that ahead of the one who left.
const KEPT: usize = 2 * NetplayConfig::MAX_PREDICTION + 2 * NetplayConfig::MAX_INPUT_DELAY;

/// The inputs that have come from one peer: the newest frame, and the last ones themselves.
#[derive(Debug)]
pub(super) struct ReceivedInputs {
    input_bytes: usize,
    newest: Option<i32>,
    kept: VecDeque<Vec<u8>>,
}

impl ReceivedInputs {
    pub(super) fn new(input_bytes: usize) -> Self {
        Self { input_bytes, newest: None, kept: VecDeque::new() }
    }

    /// The newest frame whose input has come.
    pub(super) fn newest(&self) -> Option<i32> {
        self.newest
    }

    fn last(&self) -> Vec<u8> {
        self.kept.back().cloned().unwrap_or_else(|| vec![0; self.input_bytes])
    }

    /// Takes a part that begins right after the newest frame, or is the first.
    pub(super) fn extend(&mut self, part: &InputPart) -> Result<(), PayloadError> {
        let inputs = part.inputs(&self.last()).ok_or(PayloadError::Input)?;
        self.push(part.start_frame, inputs);
        Ok(())
    }

    fn push(&mut self, start_frame: i32, inputs: Vec<Vec<u8>>) {
        self.newest = Some(start_frame + inputs.len() as i32 - 1);
        self.kept.extend(inputs);
        let surplus = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..surplus);
    }

    /// The kept inputs, oldest first, one after the other.
    pub(super) fn tail(&self) -> Vec<u8> {
        self.kept.iter().flatten().copied().collect()
    }

    /// Takes the tail of another survivor, whose last input is of this frame. Returns what of it was missing.
    pub(super) fn hand_over(
        &mut self,
        frame: i32,
        tail: &[u8],
    ) -> Result<Option<InputPart>, PayloadError> {
        if !tail.len().is_multiple_of(self.input_bytes) || tail.len() / self.input_bytes > KEPT {
            return Err(PayloadError::Layout);
        }
        let inputs: Vec<Vec<u8>> =
            tail.chunks_exact(self.input_bytes).map(<[u8]>::to_vec).collect();
        let first = frame.saturating_sub(inputs.len() as i32).saturating_add(1);
        let start = match self.newest {
            _ if inputs.is_empty() => return Ok(None),
            Some(newest) if frame <= newest => return Ok(None),
            Some(newest) => newest + 1,
            None => first,
        };
        let latest_start = match self.newest {
            Some(newest) => newest + 1,
            None => NetplayConfig::MAX_INPUT_DELAY as i32,
        };
        if first < 0 || first > latest_start {
            return Err(PayloadError::Frame);
        }
        let missing = inputs[(start - first) as usize..].to_vec();
        let part = InputPart::of(start, &self.last(), &missing);
        self.push(start, missing);
        Ok(Some(part))
    }

    /// Makes up what is missing until a frame, of a player who is gone.
    pub(super) fn make_up(&mut self, until: i32) -> Option<InputPart> {
        let start = self.newest.map_or(0, |newest| newest + 1);
        let count = usize::try_from(until - start + 1).ok().filter(|count| *count > 0)?;
        let inputs = vec![gone_bytes(self.input_bytes); count];
        let part = InputPart::of(start, &self.last(), &inputs);
        self.push(start, inputs);
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(start: i32, inputs: &[u8]) -> ReceivedInputs {
        let mut received = ReceivedInputs::new(2);
        let inputs: Vec<Vec<u8>> = inputs.iter().map(|input| vec![*input, 0]).collect();
        received.extend(&InputPart::of(start, &[0, 0], &inputs)).unwrap();
        received
    }

    #[test]
    fn a_survivor_takes_what_it_lacks_and_nothing_twice() {
        let ahead = received(2, &[1, 2, 3, 4, 5]);
        let mut behind = received(2, &[1, 2]);
        let part = behind.hand_over(6, &ahead.tail()).unwrap().unwrap();
        assert_eq!((part.start_frame, part.inputs(&[2, 0]).unwrap().len()), (4, 3));
        assert_eq!((behind.newest(), behind.tail()), (Some(6), ahead.tail()));
        assert_eq!(behind.hand_over(6, &ahead.tail()), Ok(None));
        assert_eq!(behind.hand_over(3, &received(2, &[1, 2]).tail()), Ok(None));
        let mut nothing = ReceivedInputs::new(2);
        assert!(nothing.hand_over(6, &ahead.tail()).unwrap().is_some());
        assert_eq!(nothing.newest(), Some(6));
    }

    #[test]
    fn tails_that_cannot_be_are_refused() {
        let mut behind = received(2, &[1, 2]);
        assert_eq!(behind.hand_over(9, &[0; 3]), Err(PayloadError::Layout));
        assert_eq!(behind.hand_over(9, &[0; 2 * KEPT + 2]), Err(PayloadError::Layout));
        assert_eq!(behind.hand_over(9, &[0; 4]), Err(PayloadError::Frame), "a gap");
        assert_eq!(behind.hand_over(1, &[0; 8]), Ok(None));
        let mut nothing = ReceivedInputs::new(2);
        assert_eq!(nothing.hand_over(40, &[0; 4]), Err(PayloadError::Frame));
        assert_eq!(nothing.hand_over(0, &[0; 8]), Err(PayloadError::Frame), "before the first");
        assert_eq!(nothing.hand_over(i32::MIN, &[0; 8]), Err(PayloadError::Frame));
    }

    #[test]
    fn made_up_inputs_say_that_the_player_is_gone() {
        let mut left = received(2, &[1, 2]);
        let part = left.make_up(6).unwrap();
        assert_eq!(part.start_frame, 4);
        assert_eq!(part.inputs(&[2, 0]).unwrap(), [[0, 1], [0, 1], [0, 1]]);
        assert_eq!(left.make_up(6), None);
        assert_eq!(ReceivedInputs::new(2).make_up(0).unwrap().start_frame, 0);
    }
}
