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
//! And a game notices when an input is repeated or dropped that matters. Changed by one frame before the input of a
//! frame is given, it is the input of the frame before that is repeated, and the input of the frame itself that is
//! dropped. That both are the same does not show that a button is held: a game whose inputs are presses, each in the
//! frame in which it counts, may press in two frames in a row.

use super::MAX_INPUT_DELAY;

/// How many frames the input must have stayed the same: longer than any series of presses of one frame each.
const HELD_FRAMES: i32 = 10;

/// The input delay of the local player. It changes by one frame at a time, after every input that a change before it
/// concerned, and once the input has stayed the same for 10 frames: what is repeated or dropped is then one frame of
/// many in which a button is held, or none is. While the input changes all the time, the delay stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputDelay {
    frames: usize,
    wanted: usize,
    /// The last input that the session was given, and its frame; -1 before the first.
    last_input: Vec<u8>,
    last_frame: i32,
    /// From which frame on the input has been this one.
    same_since: i32,
    /// Before the input of which frame it may change next.
    next_change: i32,
}

impl InputDelay {
    /// An input delay of so many frames, at most [`MAX_INPUT_DELAY`].
    pub fn new(frames: usize) -> Self {
        let frames = frames.min(MAX_INPUT_DELAY);
        Self {
            frames,
            wanted: frames,
            last_input: Vec::new(),
            last_frame: -1,
            same_since: 0,
            next_change: 0,
        }
    }

    /// The delay is to become so many frames, at most [`MAX_INPUT_DELAY`].
    pub fn request(&mut self, frames: usize) {
        self.wanted = frames.min(MAX_INPUT_DELAY);
    }

    /// What the delay is to become, in frames.
    pub(super) fn wanted(&self) -> usize {
        self.wanted
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
        self.last_frame = frame;
        if input != self.last_input {
            self.last_input.clear();
            self.last_input.extend_from_slice(input);
            self.same_since = frame;
        }
        let is_held = frame - self.same_since >= HELD_FRAMES;
        if !can_change || !is_held || self.wanted == self.frames || frame < self.next_change {
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
        let mut delay = InputDelay::new(frames);
        delay.request(wanted);
        delay
    }

    /// A delay whose input has stayed the same for long enough when that of this frame is given.
    fn held(frames: usize, wanted: usize) -> (InputDelay, i32) {
        let mut delay = delay(frames, frames);
        assert_eq!(changes(&mut delay, &[7; HELD_FRAMES as usize]), [0; HELD_FRAMES as usize]);
        delay.request(wanted);
        (delay, HELD_FRAMES)
    }

    /// The inputs that the session has for the frames from 0 on, by the rules of ggrs, if this delay is wanted before
    /// each of them.
    fn queued(delay: &mut InputDelay, inputs: &[u8], wanted: impl Fn(usize) -> usize) -> Vec<u8> {
        let mut queue = vec![0; delay.frames()];
        for (frame, input) in inputs.iter().enumerate() {
            delay.request(wanted(frame));
            let _ = delay.poll(frame as i32, &[*input, 0], true);
            let place = frame + delay.frames();
            if place >= queue.len() {
                let last = queue.last().copied().unwrap_or(0);
                queue.resize(place, last);
                queue.push(*input);
            }
        }
        queue
    }

    /// For how many frames each press lasts.
    fn presses(inputs: &[u8]) -> Vec<usize> {
        inputs.split(|input| *input == 0).map(<[u8]>::len).filter(|frames| *frames > 0).collect()
    }

    #[test]
    fn it_is_raised_by_one_before_each_input_and_lowered_before_every_second() {
        for (from, to, expected) in [(2, 4, [3, 4, 0, 0, 0]), (4, 2, [3, 0, 2, 0, 0])] {
            let changes = changes(&mut delay(from, to), &[7; HELD_FRAMES as usize + 5]);
            assert_eq!(changes[HELD_FRAMES as usize..], expected);
        }
        let (mut delay, frame) = held(4, 3);
        assert_eq!(delay.poll(frame, &[7, 0], true), Some(3));
        delay.request(4);
        assert_eq!([1, 2].map(|later| delay.poll(frame + later, &[7, 0], true)), [None, Some(4)]);
    }

    #[test]
    fn it_changes_once_the_input_has_stayed_the_same_for_long_enough() {
        let same = [5; HELD_FRAMES as usize];
        let inputs = [&[1, 2, 2][..], &same, &[5, 5, 3], &same].concat();
        let (before, rest) = (3 + same.len(), 1 + same.len());
        let expected = [&vec![0; before][..], &[3, 4], &vec![0; rest]].concat();
        assert_eq!(changes(&mut delay(2, 16), &inputs), expected);
    }

    #[test]
    fn a_press_of_one_or_two_frames_is_neither_repeated_nor_dropped() {
        let rests = [1, 40, 2, 12, 3, 30, 1, 9, 11, 25];
        let mut inputs = Vec::new();
        for (round, rest) in rests.into_iter().cycle().take(100).enumerate() {
            inputs.extend(std::iter::repeat_n(0, rest));
            inputs.extend(std::iter::repeat_n(1, 1 + round % 2));
        }
        inputs.extend([0; 60]);
        // By one and by many, up and down.
        for step in [1, 5, 16] {
            let mut delay = InputDelay::new(4);
            let queued = queued(&mut delay, &inputs, |frame| frame / 37 * step % 17);
            assert_eq!(presses(&queued), presses(&inputs), "{step}");
            assert_ne!(delay.frames(), 4);
        }
    }

    #[test]
    fn it_does_not_change_before_an_input_that_the_session_is_given_again() {
        let (mut delay, frame) = held(2, 2);
        assert_eq!(delay.poll(frame, &[7, 0], true), None);
        delay.request(3);
        assert_eq!(delay.poll(frame, &[7, 0], true), None);
        assert_eq!(delay.poll(frame + 1, &[7, 0], false), None);
        assert_eq!(delay.poll(frame + 2, &[7, 0], true), Some(3));
    }

    #[test]
    fn it_stays_within_its_bounds() {
        assert_eq!(InputDelay::new(99).frames(), MAX_INPUT_DELAY);
        let (mut delay, frame) = held(15, 99);
        assert_eq!(delay.poll(frame, &[7, 0], true), Some(16));
        assert_eq!(delay.poll(frame + 1, &[7, 0], true), None);
    }
}
