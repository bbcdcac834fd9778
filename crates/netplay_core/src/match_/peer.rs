//! The traffic with one peer.

use std::time::Duration;

use super::NULL_FRAME;
use super::activity::Activity;
use super::input_log::InputLog;
use super::outbox::Outbox;
use super::payload::{PaceReport, Payload, PayloadError, PayloadInputs};
use super::speed::SpeedMeter;
use super::time_sync::TimeSync;

/// Whether a peer plays in the match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PeerProgress {
    /// It plays.
    Playing,
    /// It is about to be dropped: nothing is accepted from it and nothing sent to it. Survivors may still have
    /// inputs of it.
    Frozen,
    /// It is dropped, and its inputs are synthesized: the last frame of its own.
    Disconnected(i32),
}

/// Where the inputs of a peer come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputSource {
    /// From the peer.
    Peer,
    /// Those up to this frame have come from other peers in part, and the peer's statement of it is not here yet.
    Others(i32),
    /// From answers to requests only: inputs that came otherwise were not those that the peer has signed.
    OthersOnly,
}

/// The traffic with one peer.
#[derive(Debug)]
pub(super) struct PeerTraffic {
    pub(super) progress: PeerProgress,
    /// What the peer receives.
    pub(super) outbox: Outbox,
    /// The inputs of the peer's player.
    pub(super) log: InputLog,
    /// Where they come from.
    pub(super) source: InputSource,
    /// The last frame whose input the peer itself has sent; -1 before the first.
    sent: i32,
    /// The last frame whose input the session was passed; -1 before the first.
    pub(super) delivered: i32,
    /// The round-trip time, if it is known.
    pub(super) rtt: Option<Duration>,
    pub(super) time_sync: TimeSync,
    pub(super) speed: SpeedMeter,
    /// How much of the last second its machine could not simulate, as it says.
    pub(super) lost_percent: u8,
    /// The input delay that fits its connections, as it says; 0 before it is chosen.
    pub(super) fitting_delay: usize,
}

impl PeerTraffic {
    pub(super) fn new(default_input: &[u8], input_redundancy: u8) -> Self {
        Self {
            progress: PeerProgress::Playing,
            outbox: Outbox::new(default_input.len(), input_redundancy),
            log: InputLog::new(default_input),
            source: InputSource::Peer,
            sent: NULL_FRAME,
            delivered: NULL_FRAME,
            rtt: None,
            time_sync: TimeSync::new(),
            speed: SpeedMeter::default(),
            lost_percent: 0,
            fitting_delay: 0,
        }
    }

    pub(super) fn is_playing(&self) -> bool {
        self.progress == PeerProgress::Playing
    }

    /// How many frames a simulation that is at `frame` may still go on without a further input of the peer, with a
    /// prediction window of so many; 0 or less: it waits.
    pub(super) fn window_left(&self, frame: i32, window: i32) -> i32 {
        let last = self.log.last_frame().unwrap_or(NULL_FRAME);
        window.saturating_sub(frame.saturating_sub(last))
    }

    /// Logs the inputs of a payload of the peer, each of so many bytes. The result has no inputs that were received
    /// before, or that overtook others: they are of no use without these, and come again. Returns as well what the
    /// payload shows of the peer's simulation.
    pub(super) fn handle_payload(
        &mut self,
        mut payload: Payload,
        input_bytes: usize,
    ) -> Result<(Payload, Activity), PayloadError> {
        let known = self.log.last_frame();
        let part = payload.inputs.take();
        let overtakes = part.as_ref().is_some_and(|part| {
            part.follows && known.is_none_or(|known| part.inputs.start_frame > known + 1)
        });
        let sent = self.sent;
        if let Some(part) = part.filter(|_| !overtakes) {
            let is_taken = self.source != InputSource::OthersOnly;
            let new = part.inputs.after(known, input_bytes).filter(|_| is_taken);
            // Others may have passed on the same inputs already: they are new of the peer itself.
            let last = match &new {
                Some(new) => {
                    self.log.append(new)?;
                    self.log.last_frame()
                }
                None => part.inputs.last_frames(input_bytes).map(|(last, _)| last),
            };
            self.sent = sent.max(last.unwrap_or(NULL_FRAME));
            payload.inputs = new.map(|inputs| PayloadInputs { inputs, ..part });
        }
        self.outbox.handle_ack(payload.ack_frame);
        if let Some(report) = payload.report {
            let PaceReport { eighths_behind, lost_percent, fitting_delay } = report;
            self.fitting_delay = fitting_delay.into();
            self.time_sync.handle_report(eighths_behind);
            self.lost_percent = lost_percent.min(100);
        }
        let activity = match payload.waits {
            _ if overtakes || self.sent > sent => Activity::Advancing,
            true => Activity::Waiting,
            false => Activity::Standing,
        };
        Ok((payload, activity))
    }

    /// The inputs up to this frame are those that the peer has signed, from wherever they came.
    pub(super) fn handle_agreed(&mut self, stated: i32) {
        if let InputSource::Others(until) = self.source
            && until <= stated
        {
            self.source = InputSource::Peer;
        }
    }

    /// The last frame whose input is the player's own; -1 if there is none.
    pub(super) fn last_own_frame(&self) -> i32 {
        match self.progress {
            PeerProgress::Disconnected(last_frame) => last_frame,
            PeerProgress::Playing | PeerProgress::Frozen => {
                self.log.last_frame().unwrap_or(NULL_FRAME)
            }
        }
    }

    /// The peer is dropped after the last frame in its log.
    pub(super) fn disconnect(&mut self) {
        self.progress = PeerProgress::Disconnected(self.last_own_frame());
    }

    /// Whether the session has been passed every input in the log.
    pub(super) fn is_delivered(&self) -> bool {
        self.log.last_frame().is_none_or(|last| last <= self.delivered)
    }

    /// Appends the inputs of a disconnected peer up to a frame to its log.
    pub(super) fn synthesize(&mut self, until: i32) {
        if let PeerProgress::Disconnected(_) = self.progress {
            self.log.synthesize(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::encoded::EncodedInputs;
    use super::Activity::{Advancing, Standing};
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// The inputs of the frames 0 to `last`.
    fn until(last: u8) -> EncodedInputs {
        let inputs: Vec<Vec<u8>> = (0..=last).map(|frame| vec![0, frame]).collect();
        EncodedInputs::encode(0, &[0, 0], &inputs)
    }

    /// What a payload of the peer with these inputs shows.
    fn send(peer: &mut PeerTraffic, last: u8) -> Activity {
        let inputs = until(last);
        let inputs = PayloadInputs { last_frames: vec![-1; 2], inputs, follows: false };
        let payload = Payload { inputs: Some(inputs), ..Payload::default() };
        peer.handle_payload(payload, 2).unwrap().1
    }

    #[test]
    fn a_player_whose_inputs_others_passed_on_before_does_not_stand_still() {
        let mut peer = PeerTraffic::new(&[0, 0], 1);
        assert_eq!([3, 3, 4].map(|last| send(&mut peer, last)), [Advancing, Standing, Advancing]);
        peer.log.merge_chunk(0, &until(20).bytes, 100).unwrap();
        assert_eq!([8, 8, 9].map(|last| send(&mut peer, last)), [Advancing, Standing, Advancing]);
        assert_eq!([21, 21].map(|last| send(&mut peer, last)), [Advancing, Standing]);
    }
}
