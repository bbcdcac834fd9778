//! A match from its first frame, for a player whose process restarted and who rejoins it.
//!
//! The rollback session begins at frame 0, and so does the simulation. The input logs of all players bring both to
//! the frame at which the others wait, many frames per update. Until then the session receives nothing but these
//! logs, and nothing that it sends leaves the process, because the others have all of it.

use std::collections::BTreeMap;

use netplay_protocol::PeerKey;

use super::{MAX_PREDICTION, NULL_FRAME};

/// How many frames ahead of the simulation the session receives inputs: its own queues hold 128.
const AHEAD: i32 = 48;

/// How far a match has been replayed.
#[derive(Debug)]
pub(super) struct CatchUp {
    stage: Stage,
    /// The last frame for which the local player has given an input already.
    until: i32,
    /// Up to which frame each of the others has the local inputs.
    acked: BTreeMap<PeerKey, i32>,
    /// The last frame for which the session was given a local input.
    submitted: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The session receives the logs and nothing else.
    Replaying,
    /// The session has received the logs and hears the peers again. The last local inputs of the log remain: they
    /// may have to wait for inputs of another player who rejoins as well.
    Finishing,
}

impl CatchUp {
    /// A match of which the local inputs up to `until` are known, and each of the others has those up to the frame
    /// in `acked`.
    pub(super) fn new(until: i32, acked: BTreeMap<PeerKey, i32>) -> Self {
        Self { stage: Stage::Replaying, until, acked, submitted: NULL_FRAME }
    }

    /// The last frame for which the local player has given an input already.
    pub(super) fn until(&self) -> i32 {
        self.until
    }

    /// The session was given the local input of a frame.
    pub(super) fn handle_submitted(&mut self, frame: i32) {
        self.submitted = self.submitted.max(frame);
    }

    /// Up to which frame the session may receive inputs.
    pub(super) fn reach(&self) -> i32 {
        self.submitted.max(0) + AHEAD
    }

    /// Which of the local inputs another player has, as far as the session has given them.
    pub(super) fn acked(&self, by: PeerKey) -> i32 {
        self.submitted.min(self.acked.get(&by).copied().unwrap_or(NULL_FRAME))
    }

    /// Ends the replay if the session has given nearly all local inputs, and has received the logs of the others as far
    /// as it may. What is left of them it receives as it goes on.
    pub(super) fn update(&mut self, is_delivered: bool) {
        if is_delivered && self.submitted + MAX_PREDICTION as i32 >= self.until {
            self.stage = Stage::Finishing;
        }
    }

    /// Whether the session receives the logs and nothing else.
    pub(super) fn is_replaying(&self) -> bool {
        self.stage == Stage::Replaying
    }

    /// Whether the session has been given everything.
    pub(super) fn is_done(&self) -> bool {
        self.stage == Stage::Finishing && self.submitted >= self.until
    }

    /// How many frames remain from a frame on, with an input delay; at least 1.
    pub(super) fn frames_behind(&self, delay: i32, frame: i32) -> u32 {
        u32::try_from(self.until + 1 - delay - frame).unwrap_or(0).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_replay_ends_near_the_last_local_input_and_acknowledges_what_was_given() {
        let peer = PeerKey::from_bytes([7; 16]);
        let mut catch_up = CatchUp::new(290, BTreeMap::from([(peer, 280)]));
        assert_eq!((catch_up.reach(), catch_up.acked(peer)), (AHEAD, NULL_FRAME));
        for frame in 0..=290 {
            catch_up.handle_submitted(frame);
            assert_eq!((catch_up.reach(), catch_up.acked(peer)), (frame + AHEAD, frame.min(280)));
            catch_up.update(false);
            assert!(catch_up.is_replaying());
        }
        catch_up.update(true);
        assert!(!catch_up.is_replaying() && catch_up.is_done());
        assert_eq!(catch_up.frames_behind(2, 100), 189);
        let mut early = CatchUp::new(290, BTreeMap::new());
        early.handle_submitted(290 - MAX_PREDICTION as i32 - 1);
        early.update(true);
        assert!(early.is_replaying());
    }
}
