//! The digests of a player's input log, which the player signs and everybody else compares.
//!
//! A digest covers all inputs up to its frame. There is one for every [`STATEMENT_INTERVAL`] frames, and each is made of
//! the one before and of the inputs since, so that the last one stands for all.

use netplay_protocol::InputDigest;

use super::NULL_FRAME;
use super::input_log::InputLog;

/// How many frames lie between two statements of a player: a second at sixty frames a second.
pub const STATEMENT_INTERVAL: i32 = 60;

/// The digests of an input log, as far as they were needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Digests {
    /// That of the frame 59, of the frame 119, and so on.
    digests: Vec<InputDigest>,
}

/// Whether a player signs the digest of its inputs up to this frame.
pub(super) fn is_stated(frame: i32) -> bool {
    frame >= NULL_FRAME && (frame + 1) % STATEMENT_INTERVAL == 0
}

/// The last frame up to this one of which there is a digest; -1 if none.
pub(super) fn last_stated(frame: i32) -> i32 {
    (frame + 1).div_euclid(STATEMENT_INTERVAL) * STATEMENT_INTERVAL - 1
}

impl Digests {
    /// The digest of all inputs of a log up to a frame. None if the log has no input of that frame, unless it is -1.
    pub(super) fn at(&mut self, frame: i32, log: &InputLog) -> Option<InputDigest> {
        if frame < NULL_FRAME || frame > log.last_frame().unwrap_or(NULL_FRAME) {
            return None;
        }
        let stated = last_stated(frame);
        let known = usize::try_from((stated + 1) / STATEMENT_INTERVAL).ok()?;
        while self.digests.len() < known {
            let first = self.digests.len() as i32 * STATEMENT_INTERVAL;
            let next = self.after(first, first + STATEMENT_INTERVAL - 1, log);
            self.digests.push(next);
        }
        if stated == frame {
            return Some(self.before(known));
        }
        Some(self.before(known).next(stated + 1, log.range(stated + 1, frame)))
    }

    /// The digest that comes after those that are known, of a log's inputs of the frames `first..=last`.
    fn after(&self, first: i32, last: i32, log: &InputLog) -> InputDigest {
        self.before(self.digests.len()).next(first, log.range(first, last))
    }

    fn before(&self, place: usize) -> InputDigest {
        let before = place.checked_sub(1).and_then(|place| self.digests.get(place));
        before.copied().unwrap_or_else(InputDigest::first)
    }

    /// The inputs after a frame are others now.
    pub(super) fn truncate(&mut self, last_frame: i32) {
        let stated = (last_stated(last_frame) + 1) / STATEMENT_INTERVAL;
        self.digests.truncate(usize::try_from(stated).unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// A log of two bytes an input whose first frame is 2.
    fn log(inputs: impl IntoIterator<Item = u8>) -> InputLog {
        let mut log = InputLog::new(&[0, 0]);
        log.extend(2, inputs.into_iter().map(|input| vec![input, 0]));
        log
    }

    #[test]
    fn there_is_one_for_every_sixty_frames_and_the_last_stands_for_all() {
        assert_eq!(
            [-1, 0, 58, 59, 60, 119].map(is_stated),
            [true, false, false, true, false, true]
        );
        assert_eq!([-1, 0, 58, 59, 118, 119].map(last_stated), [-1, -1, -1, 59, 59, 119]);
        let (mut digests, ours) = (Digests::default(), log(0..150));
        let all: Vec<u8> = ours.range(0, 151).to_vec();
        let first = InputDigest::first();
        assert_eq!(digests.at(-1, &ours), Some(first));
        let at_59 = first.next(0, &all[..58 * 2]);
        assert_eq!(digests.at(59, &ours), Some(at_59));
        let at_119 = at_59.next(60, &all[58 * 2..118 * 2]);
        assert_eq!(digests.at(121, &ours), Some(at_119.next(120, &all[118 * 2..120 * 2])));
        assert_eq!(digests.at(119, &ours), Some(at_119));
        assert_eq!(digests.at(59, &ours), Some(at_59));
        assert_eq!(digests.at(152, &ours), None);
        assert_eq!(Digests::default().at(121, &ours), digests.at(121, &ours));
    }

    #[test]
    fn one_other_input_changes_every_digest_after_it() {
        let (ours, mut theirs) = (log(0..150), log(0..150));
        theirs.truncate(70);
        theirs.extend(71, (0..80).map(|_| vec![9, 0]));
        let [mut a, mut b] = [Digests::default(), Digests::default()];
        for frame in [59, 70, 71, 119, 140] {
            assert_eq!(a.at(frame, &ours) == b.at(frame, &theirs), frame <= 70, "{frame}");
        }
        b.truncate(118);
        assert_eq!((b.digests.len(), b.at(119, &ours)), (1, a.at(119, &ours)));
    }
}
