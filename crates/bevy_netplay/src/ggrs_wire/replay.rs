//! A match from its beginning, for somebody who was started anew and comes back to it.
//!
//! ggrs begins at frame 0, and so does the simulation: what everybody has pressed since brings both to where the
//! others wait, many frames at a time. Until then ggrs hears of nobody but from here, and nothing that it says
//! leaves: the others have heard it all.

use std::collections::BTreeMap;

use netplay_protocol::PeerKey;

use super::inputs::InputHistory;
use super::payload::InputPart;
use crate::NetplayConfig;

/// How many frames ahead of the simulation ggrs is told inputs: its own queues hold 128.
const AHEAD: i32 = 48;

/// How far a match has been played again.
#[derive(Debug)]
pub(super) struct Replay {
    /// The last frame for which we have pressed something already.
    until: i32,
    /// Up to which frame each of the others has what we pressed.
    known: BTreeMap<PeerKey, i32>,
    /// Up to which frame ggrs has been told what each of the others pressed.
    told: BTreeMap<PeerKey, i32>,
    /// The newest frame for which ggrs has been given an input of ours.
    pressed: i32,
    /// Whether ggrs has been told everything, and hears the others again.
    caught_up: bool,
}

impl Replay {
    /// `until`: the last frame for which we have pressed something; `known`: up to which frame of it each of
    /// the others has that.
    pub(super) fn new(until: i32, known: BTreeMap<PeerKey, i32>) -> Self {
        Self { until, known, told: BTreeMap::new(), pressed: -1, caught_up: false }
    }

    /// The last frame for which we have pressed something already.
    pub(super) fn until(&self) -> i32 {
        self.until
    }

    /// ggrs was given our input of a frame.
    pub(super) fn pressed(&mut self, frame: i32) {
        self.pressed = self.pressed.max(frame);
    }

    /// What ggrs is to be told next of a player, and which of our frames that player has.
    pub(super) fn next(&mut self, of: PeerKey, history: &InputHistory) -> Option<(InputPart, i32)> {
        let told = self.told.get(&of).copied().unwrap_or(-1);
        let part = history.part(told + 1, self.pressed.max(0) + AHEAD)?;
        let until = (self.pressed.max(0) + AHEAD).min(history.newest()?);
        self.told.insert(of, until);
        Some((part, self.pressed.min(self.known.get(&of).copied().unwrap_or(-1))))
    }

    /// Whether ggrs has been told all that a player pressed.
    fn has_told(&self, of: PeerKey, history: &InputHistory) -> bool {
        history.newest().is_none_or(|newest| self.told.get(&of) == Some(&newest))
    }

    /// Notes whether ggrs has been told everything of these players, and we have pressed nearly everything again.
    /// The last of it may have to wait for what another presses anew, who came back as we did.
    pub(super) fn note_told<'a>(
        &mut self,
        mut players: impl Iterator<Item = (PeerKey, &'a InputHistory)>,
    ) {
        let nearly = self.pressed + NetplayConfig::MAX_PREDICTION as i32 >= self.until;
        self.caught_up = nearly && players.all(|(of, history)| self.has_told(of, history));
    }

    /// Whether ggrs hears the others again.
    pub(super) fn has_caught_up(&self) -> bool {
        self.caught_up
    }

    /// Whether ggrs has been given all that we pressed.
    pub(super) fn has_pressed(&self) -> bool {
        self.pressed >= self.until
    }

    /// How many frames there are still to be played, of an input delay and from a frame on.
    pub(super) fn frames_left(&self, delay: i32, frame: i32) -> u32 {
        u32::try_from(self.until + 1 - delay - frame).unwrap_or(0).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ggrs_is_told_everything_in_order_and_never_too_far_ahead() {
        let peer = PeerKey::from_bytes([7; 16]);
        let mut history = InputHistory::new(2);
        let inputs: Vec<Vec<u8>> = (0..300u16).map(|at| at.to_le_bytes().to_vec()).collect();
        for (at, chunk) in inputs.chunks(100).enumerate() {
            let before = inputs[(at * 100).saturating_sub(1)].clone();
            let before = if at == 0 { vec![0, 0] } else { before };
            history.extend(&InputPart::of(2 + at as i32 * 100, &before, chunk)).unwrap();
        }
        let mut replay = Replay::new(290, BTreeMap::from([(peer, 280)]));
        let (mut told, mut last) = (Vec::new(), vec![0, 0]);
        for frame in 0..=290 {
            while let Some((part, ack)) = replay.next(peer, &history) {
                assert_eq!(part.start_frame, 2 + told.len() as i32);
                told.extend(part.inputs(&last).unwrap());
                last = told.last().unwrap().clone();
                assert!(ack <= 280 && ack < frame, "{ack}");
            }
            assert!(told.len() as i32 <= frame + AHEAD, "{frame}");
            assert!(!replay.has_pressed());
            replay.pressed(frame);
        }
        assert_eq!(told, inputs);
        assert!(replay.has_pressed());
        replay.note_told(std::iter::once((peer, &history)));
        assert!(replay.has_caught_up());
        assert_eq!(replay.frames_left(2, 100), 189);
    }
}
