//! A match from its first frame, for a player whose process restarted and who rejoins it.
//!
//! The rollback session begins at frame 0, and so does the simulation. The input logs of all players bring both to
//! the frame at which the others wait, many frames per update. Until then the session receives nothing but these
//! logs, and nothing that it sends leaves the process, because the others have all of it.

use std::collections::BTreeMap;

use netplay_protocol::PeerKey;

use super::encoded::EncodedInputs;
use super::input_log::InputLog;
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
    /// Up to which frame the session has received the inputs of each of the others.
    delivered: BTreeMap<PeerKey, i32>,
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
        let delivered = BTreeMap::new();
        Self { stage: Stage::Replaying, until, acked, delivered, submitted: NULL_FRAME }
    }

    /// The last frame for which the local player has given an input already.
    pub(super) fn until(&self) -> i32 {
        self.until
    }

    /// The session was given the local input of a frame.
    pub(super) fn handle_submitted(&mut self, frame: i32) {
        self.submitted = self.submitted.max(frame);
    }

    /// The inputs of a player that the session receives next, and which of the local inputs that player has.
    pub(super) fn poll_inputs(
        &mut self,
        of: PeerKey,
        log: &InputLog,
    ) -> Option<(EncodedInputs, i32)> {
        let delivered = self.delivered.get(&of).copied().unwrap_or(NULL_FRAME);
        let inputs = log.chunk(delivered + 1, self.submitted.max(0) + AHEAD)?;
        let last = inputs.start_frame + log.frames_of(&inputs)? - 1;
        self.delivered.insert(of, last);
        let acked = self.acked.get(&of).copied().unwrap_or(NULL_FRAME);
        Some((inputs, self.submitted.min(acked)))
    }

    /// Ends the replay if the session has received the logs of all these players, and nearly all of the local one.
    pub(super) fn update<'a>(
        &mut self,
        mut players: impl Iterator<Item = (PeerKey, &'a InputLog)>,
    ) {
        let is_near = self.submitted + MAX_PREDICTION as i32 >= self.until;
        if is_near && players.all(|(of, log)| self.has_delivered(of, log)) {
            self.stage = Stage::Finishing;
        }
    }

    fn has_delivered(&self, of: PeerKey, log: &InputLog) -> bool {
        log.last_frame().is_none_or(|last| self.delivered.get(&of) == Some(&last))
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
    fn the_session_receives_everything_in_order_and_never_too_far_ahead() {
        let peer = PeerKey::from_bytes([7; 16]);
        let mut log = InputLog::new(&[0, 0]);
        let inputs: Vec<Vec<u8>> = (0..300u16).map(|at| at.to_le_bytes().to_vec()).collect();
        for (at, chunk) in inputs.chunks(100).enumerate() {
            let before = match at {
                0 => vec![0, 0],
                at => inputs[at * 100 - 1].clone(),
            };
            log.append(&EncodedInputs::encode(2 + at as i32 * 100, &before, chunk)).unwrap();
        }
        let mut catch_up = CatchUp::new(290, BTreeMap::from([(peer, 280)]));
        let (mut received, mut last) = (Vec::new(), vec![0, 0]);
        for frame in 0..=290 {
            while let Some((inputs, ack)) = catch_up.poll_inputs(peer, &log) {
                assert_eq!(inputs.start_frame, 2 + received.len() as i32);
                received.extend(inputs.decode(&last, 128).unwrap());
                last = received.last().unwrap().clone();
                assert!(ack <= 280 && ack < frame, "{ack}");
            }
            assert!(received.len() as i32 <= frame + AHEAD, "{frame}");
            assert!(!catch_up.is_done());
            catch_up.handle_submitted(frame);
        }
        assert_eq!(received, inputs);
        assert!(catch_up.is_replaying());
        catch_up.update(std::iter::once((peer, &log)));
        assert!(!catch_up.is_replaying() && catch_up.is_done());
        assert_eq!(catch_up.frames_behind(2, 100), 189);
    }

    #[test]
    fn inputs_that_fill_several_chunks_are_all_received() {
        let peer = PeerKey::from_bytes([7; 16]);
        let mut log = InputLog::new(&[0; 400]);
        log.synthesize(47);
        let mut catch_up = CatchUp::new(47, BTreeMap::from([(peer, 47)]));
        let mut next = 0;
        while let Some((inputs, _)) = catch_up.poll_inputs(peer, &log) {
            assert_eq!(inputs.start_frame, next, "no gap");
            next += inputs.frames(400).unwrap() as i32;
        }
        assert_eq!(next, 48);
    }
}
