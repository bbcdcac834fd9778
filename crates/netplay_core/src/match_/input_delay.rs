//! When the local player's input delay may change while a match is played.
//!
//! ggrs 0.13 lets it change at any time (`P2PSession::set_input_delay`, `InputQueue::set_frame_delay`). When it is
//! raised, the session repeats the last input for the frames in between, and sends these at once; its own queue repeats
//! them with the next input. When it is lowered, the session drops the next inputs until their frames follow the last
//! one. Two things go wrong with it:
//!
//! * Raised twice without an input in between, it repeats the same frames twice and then waits for ever for one that
//!   was not sent.
//! * Raised while it still drops inputs, it sends a repeated input for a frame of which its own queue then takes the
//!   next one: the peers simulate different inputs.
//!
//! And a game notices when an input is repeated or dropped that matters.

use super::MAX_INPUT_DELAY;

/// The input delay of the local player. It changes by one frame at a time, after every input that a change before it
/// concerned, and while the input stays the same or is the default one: what is repeated or dropped then makes no
/// difference but the delay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputDelay {
    frames: usize,
    wanted: usize,
    default_input: Vec<u8>,
    /// The last input that the session was given, and its frame; -1 before the first.
    last_input: Vec<u8>,
    last_frame: i32,
    /// Before the input of which frame it may change next.
    next_change: i32,
}

impl InputDelay {
    /// An input delay of so many frames, at most [`MAX_INPUT_DELAY`], of inputs with this default.
    pub fn new(frames: usize, default_input: Vec<u8>) -> Self {
        let frames = frames.min(MAX_INPUT_DELAY);
        let last_input = default_input.clone();
        Self { frames, wanted: frames, default_input, last_input, last_frame: -1, next_change: 0 }
    }

    /// The delay is to become so many frames, at most [`MAX_INPUT_DELAY`].
    pub fn request(&mut self, frames: usize) {
        self.wanted = frames.min(MAX_INPUT_DELAY);
    }

    /// The delay in frames, as the session has it.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// The delay to set in the session before it is given this input of a frame, if it is to change now. It must be
    /// called before each input, also if the session stalls and is given the same one again.
    #[must_use = "the session would have another delay"]
    pub fn poll(&mut self, frame: i32, input: &[u8], can_change: bool) -> Option<usize> {
        if frame <= self.last_frame {
            return None;
        }
        let is_steady = input == self.last_input || input == self.default_input;
        self.last_frame = frame;
        self.last_input.clear();
        self.last_input.extend_from_slice(input);
        if !can_change || !is_steady || self.wanted == self.frames || frame < self.next_change {
            return None;
        }
        if self.wanted > self.frames {
            self.frames += 1;
            self.next_change = frame + 1;
        } else {
            self.frames -= 1;
            // The input of this frame is dropped, and that of the next one is not.
            self.next_change = frame + 2;
        }
        Some(self.frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// The delays that are set before the inputs of the frames from 0 on; 0 for none.
    fn changes(delay: &mut InputDelay, inputs: &[u8]) -> Vec<usize> {
        let poll = |(frame, input): (usize, &u8)| {
            delay.poll(frame as i32, &[*input, 0], true).unwrap_or(0)
        };
        inputs.iter().enumerate().map(poll).collect()
    }

    fn delay(frames: usize, wanted: usize) -> InputDelay {
        let mut delay = InputDelay::new(frames, vec![7, 0]);
        delay.request(wanted);
        delay
    }

    #[test]
    fn it_is_raised_by_one_before_each_input_and_lowered_before_every_second() {
        assert_eq!(changes(&mut delay(2, 4), &[7; 5]), [3, 4, 0, 0, 0]);
        assert_eq!(changes(&mut delay(4, 2), &[7; 5]), [3, 0, 2, 0, 0]);
        let mut delay = delay(4, 3);
        assert_eq!(delay.poll(0, &[7, 0], true), Some(3));
        delay.request(4);
        assert_eq!([1, 2].map(|frame| delay.poll(frame, &[7, 0], true)), [None, Some(4)]);
    }

    #[test]
    fn it_changes_while_the_input_is_the_default_or_unchanged() {
        assert_eq!(changes(&mut delay(2, 16), &[1, 2, 2, 3, 7, 7, 9, 8]), [0, 0, 3, 0, 4, 5, 0, 0]);
    }

    #[test]
    fn it_does_not_change_before_an_input_that_the_session_is_given_again() {
        let mut delay = delay(2, 2);
        assert_eq!(delay.poll(0, &[7, 0], true), None);
        delay.request(3);
        assert_eq!(delay.poll(0, &[7, 0], true), None);
        assert_eq!(delay.poll(1, &[7, 0], false), None);
        assert_eq!(delay.poll(2, &[7, 0], true), Some(3));
    }

    #[test]
    fn it_stays_within_its_bounds() {
        assert_eq!(InputDelay::new(99, vec![0]).frames(), MAX_INPUT_DELAY);
        let mut delay = delay(15, 99);
        assert_eq!(changes(&mut delay, &[7; 4]), [16, 0, 0, 0]);
    }
}
