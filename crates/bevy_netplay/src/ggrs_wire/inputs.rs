use super::payload::{InputPart, PayloadError};
use crate::NetplayConfig;
use crate::input::gone_bytes;

/// How many inputs are handed to survivors: how far apart two of them can be. Each is at most a prediction
/// window ahead of the other's inputs, and both at most that ahead of the one who left.
const TAIL: usize = 2 * NetplayConfig::MAX_PREDICTION + 2 * NetplayConfig::MAX_INPUT_DELAY;
/// How many bytes of inputs a part for somebody who comes back has, before they are encoded.
const PART_BYTES: usize = 8 * 1024;

/// What one player has pressed since the match began: half a megabyte an hour for an input of two bytes, at
/// sixty frames a second. Whoever is started anew gets all of it.
#[derive(Clone, Debug)]
pub(crate) struct InputHistory {
    input_bytes: usize,
    /// The frame of the first.
    start: i32,
    /// One after the other.
    inputs: Vec<u8>,
}

impl InputHistory {
    pub(crate) fn new(input_bytes: usize) -> Self {
        Self { input_bytes, start: 0, inputs: Vec::new() }
    }

    /// The frame of the first input, if there is any. Those before pressed nothing: it is the input delay.
    pub(crate) fn start(&self) -> Option<i32> {
        (!self.inputs.is_empty()).then_some(self.start)
    }

    /// The newest frame whose input is known.
    pub(crate) fn newest(&self) -> Option<i32> {
        self.start().map(|start| start + (self.inputs.len() / self.input_bytes) as i32 - 1)
    }

    /// The frame after the newest.
    pub(super) fn next(&self) -> i32 {
        self.newest().map_or(0, |newest| newest + 1)
    }

    /// The latest frame from which on inputs leave no gap.
    fn latest_start(&self) -> i32 {
        self.start().map_or(NetplayConfig::MAX_INPUT_DELAY as i32, |_| self.next())
    }

    /// The last frame whose input the player itself gave; -1 if it gave none.
    pub(crate) fn newest_given(&self) -> i32 {
        let made_up = |input: &[u8]| input.last().is_some_and(|gone| *gone != 0);
        let mut inputs = self.inputs.chunks_exact(self.input_bytes);
        match inputs.position(made_up) {
            Some(place) => self.start + place as i32 - 1,
            None => self.newest().unwrap_or(-1),
        }
    }

    /// The input of a frame.
    pub(crate) fn get(&self, frame: i32) -> Option<&[u8]> {
        let place = usize::try_from(frame.checked_sub(self.start)?).ok()?;
        self.inputs.chunks_exact(self.input_bytes).nth(place)
    }

    /// The input before a frame.
    fn before(&self, frame: i32) -> Vec<u8> {
        let before = self.get(frame.saturating_sub(1));
        before.map_or_else(|| vec![0; self.input_bytes], <[u8]>::to_vec)
    }

    fn last(&self) -> Vec<u8> {
        self.before(self.next())
    }

    /// A part with the inputs from a frame on, as many as fit and are not later than `until`; none if there is
    /// no such input.
    pub(super) fn part(&self, from: i32, until: i32) -> Option<InputPart> {
        let from = from.max(self.start()?);
        let most = self.frames_of_a_part() as i32;
        let until = until.min(self.newest()?).min(from.saturating_add(most - 1));
        let inputs: Vec<Vec<u8>> =
            (from..=until).filter_map(|frame| Some(self.get(frame)?.to_vec())).collect();
        (!inputs.is_empty()).then(|| InputPart::of(from, &self.before(from), &inputs))
    }

    /// Everything, in parts: the frame of the first input of each, and what [`learn`](Self::learn) takes.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (i32, Vec<u8>)> {
        let (start, newest) = (self.start().unwrap_or(0), self.newest().unwrap_or(-1));
        (start..=newest).step_by(self.frames_of_a_part()).filter_map(move |from| {
            let part = self.part(from, newest)?;
            Some((part.start_frame, part.bytes))
        })
    }

    /// The last inputs, as [`parts`](Self::parts) has them: what somebody who has nearly everything may lack.
    pub(crate) fn last_part(&self) -> Option<(i32, Vec<u8>)> {
        let newest = self.newest()?;
        let part = self.part(newest + 1 - TAIL.min(self.frames_of_a_part()) as i32, newest)?;
        Some((part.start_frame, part.bytes))
    }

    fn frames_of_a_part(&self) -> usize {
        (PART_BYTES / (2 + self.input_bytes)).max(1)
    }

    /// Takes a part that another player tells, if it goes on where this ends.
    pub(crate) fn learn(&mut self, start_frame: i32, bytes: &[u8]) -> Result<(), PayloadError> {
        let part = InputPart { start_frame, last_frames: Vec::new(), bytes: bytes.to_vec() };
        if !(0..=self.latest_start()).contains(&start_frame) {
            return Err(PayloadError::Frame);
        }
        let before = self.before(start_frame);
        let most = self.frames_of_a_part();
        let mut inputs = part.inputs_up_to(&before, most).ok_or(PayloadError::Input)?;
        let known = (self.next() - start_frame).max(0) as usize;
        inputs.drain(..known.min(inputs.len()));
        if !inputs.is_empty() {
            self.push(start_frame + known as i32, inputs);
        }
        Ok(())
    }

    /// Takes a part that begins right after the newest frame, or is the first.
    pub(super) fn extend(&mut self, part: &InputPart) -> Result<(), PayloadError> {
        let inputs = part.inputs(&self.last()).ok_or(PayloadError::Input)?;
        self.push(part.start_frame, inputs);
        Ok(())
    }

    fn push(&mut self, start_frame: i32, inputs: Vec<Vec<u8>>) {
        if self.inputs.is_empty() {
            self.start = start_frame;
        }
        self.inputs.extend(inputs.into_iter().flatten());
    }

    /// The last inputs, oldest first, one after the other.
    pub(super) fn tail(&self) -> Vec<u8> {
        let surplus = self.inputs.len().saturating_sub(TAIL * self.input_bytes);
        self.inputs[surplus..].to_vec()
    }

    /// Takes the tail of another survivor, whose last input is of this frame. Returns what of it was missing.
    pub(super) fn hand_over(
        &mut self,
        frame: i32,
        tail: &[u8],
    ) -> Result<Option<InputPart>, PayloadError> {
        if !tail.len().is_multiple_of(self.input_bytes) || tail.len() / self.input_bytes > TAIL {
            return Err(PayloadError::Layout);
        }
        let inputs: Vec<Vec<u8>> =
            tail.chunks_exact(self.input_bytes).map(<[u8]>::to_vec).collect();
        let first = frame.saturating_sub(inputs.len() as i32).saturating_add(1);
        let start = match self.newest() {
            _ if inputs.is_empty() => return Ok(None),
            Some(newest) if frame <= newest => return Ok(None),
            Some(newest) => newest + 1,
            None => first,
        };
        if !(0..=self.latest_start()).contains(&first) {
            return Err(PayloadError::Frame);
        }
        let missing = inputs[(start - first) as usize..].to_vec();
        let part = InputPart::of(start, &self.last(), &missing);
        self.push(start, missing);
        Ok(Some(part))
    }

    /// Makes up what is missing until a frame, of a player who is gone.
    pub(super) fn make_up(&mut self, until: i32) -> Option<InputPart> {
        let start = self.next();
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

    fn received(start: i32, inputs: &[u8]) -> InputHistory {
        let mut received = InputHistory::new(2);
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
        let mut nothing = InputHistory::new(2);
        assert!(nothing.hand_over(6, &ahead.tail()).unwrap().is_some());
        assert_eq!(nothing.newest(), Some(6));
    }

    #[test]
    fn tails_that_cannot_be_are_refused() {
        let mut behind = received(2, &[1, 2]);
        assert_eq!(behind.hand_over(9, &[0; 3]), Err(PayloadError::Layout));
        assert_eq!(behind.hand_over(9, &[0; 2 * TAIL + 2]), Err(PayloadError::Layout));
        assert_eq!(behind.hand_over(9, &[0; 4]), Err(PayloadError::Frame), "a gap");
        assert_eq!(behind.hand_over(1, &[0; 8]), Ok(None));
        let mut nothing = InputHistory::new(2);
        assert_eq!(nothing.hand_over(40, &[0; 4]), Err(PayloadError::Frame));
        assert_eq!(nothing.hand_over(0, &[0; 8]), Err(PayloadError::Frame), "before the first");
        assert_eq!(nothing.hand_over(i32::MIN, &[0; 8]), Err(PayloadError::Frame));
    }

    #[test]
    fn whoever_comes_back_learns_everything_and_nothing_twice() {
        let inputs: Vec<u8> = (0..5000u16).map(|at| (at / 9) as u8).collect();
        let mut known = received(2, &inputs[..100]);
        for at in (100..5000).step_by(100) {
            let part: Vec<Vec<u8>> =
                inputs[at..at + 100].iter().map(|input| vec![*input, 0]).collect();
            known.extend(&InputPart::of(2 + at as i32, &[inputs[at - 1], 0], &part)).unwrap();
        }
        let mut learned = InputHistory::new(2);
        for (start, bytes) in known.parts() {
            learned.learn(start, &bytes).unwrap();
            learned.learn(start, &bytes).unwrap();
        }
        assert_eq!((learned.start(), learned.newest()), (Some(2), Some(5001)));
        assert_eq!(learned.inputs, known.inputs);
        assert_eq!(learned.get(2 + 700), Some(&[inputs[700], 0][..]));

        let mut nearly = received(2, &inputs[..100]);
        let known = received(2, &inputs[..120]);
        let (start, bytes) = known.last_part().unwrap();
        nearly.learn(start, &bytes).unwrap();
        assert_eq!(nearly.inputs, known.inputs);

        for start in [i32::MIN, -1, 5003, i32::MAX] {
            assert_eq!(learned.learn(start, &[]), Err(PayloadError::Frame), "{start}");
        }
        assert_eq!(learned.learn(5002, &[0xff; 9]), Err(PayloadError::Input));
        assert_eq!(learned.newest(), Some(5001));
    }

    #[test]
    fn made_up_inputs_say_that_the_player_is_gone() {
        let mut left = received(2, &[1, 2]);
        let part = left.make_up(6).unwrap();
        assert_eq!(part.start_frame, 4);
        assert_eq!(part.inputs(&[2, 0]).unwrap(), [[0, 1], [0, 1], [0, 1]]);
        assert_eq!(left.make_up(6), None);
        assert_eq!((left.newest(), left.newest_given()), (Some(6), 3));
        let mut nothing = InputHistory::new(2);
        assert_eq!(nothing.make_up(0).unwrap().start_frame, 0);
        assert_eq!(nothing.newest_given(), -1);
    }
}
