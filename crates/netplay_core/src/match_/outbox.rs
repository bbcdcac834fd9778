//! What is due to one peer: all messages since the last datagram, merged into one payload.

use std::time::Duration;

use super::NULL_FRAME;
use super::message::SessionMessage;
use super::payload::{MAX_CHECKSUMS, Payload, PayloadInputs};

/// A changed input is sent in this many datagrams in a row, whatever is acknowledged: any two losses in a row cost
/// nothing.
const URGENT_SENDS: u8 = 3;
/// The shortest wait for an acknowledgement before the last datagram is repeated: about two frames.
const MIN_REPEAT: Duration = Duration::from_millis(34);
/// The longest such wait, and the one while the round-trip time is unknown.
const MAX_REPEAT: Duration = Duration::from_millis(200);

/// How often an outbox sends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// The least time between two datagrams without a changed input.
    steady: Duration,
    /// After how long without an acknowledgement the last datagram is repeated.
    repeat: Duration,
}

impl Pace {
    /// The pace for a frame duration and a round-trip time.
    pub(super) fn new(frame: Duration, rtt: Option<Duration>) -> Self {
        Self {
            // An unchanged input every second frame: just under two frames, since timers are inexact.
            steady: frame * 3 / 2,
            repeat: (rtt.unwrap_or(MAX_REPEAT) + frame * 2).clamp(MIN_REPEAT, MAX_REPEAT),
        }
    }
}

/// What is new in the payload since the last datagram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    #[default]
    Nothing,
    /// Acknowledgements, a frame advantage or checksums: they can wait for the next inputs.
    Other,
    Inputs,
}

/// Everything for one peer, merged.
#[derive(Debug)]
pub(super) struct Outbox {
    payload: Payload,
    news: News,
    /// How many more datagrams are sent at once.
    urgent: u8,
    /// The last frame whose input differs from the one before.
    last_change: i32,
    /// The last frame with an input in the payload.
    last_input: i32,
    /// How many more datagrams carry each checksum: the session sends each once, and any datagram may be lost.
    checksum_sends: Vec<u8>,
    last_sent: Option<Duration>,
    /// The last frame whose input the peer has acknowledged.
    acked: i32,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self {
            payload: Payload { ack_frame: NULL_FRAME, ..Payload::default() },
            news: News::Nothing,
            urgent: 0,
            last_change: NULL_FRAME,
            last_input: NULL_FRAME,
            checksum_sends: Vec::new(),
            last_sent: None,
            acked: NULL_FRAME,
        }
    }

    /// Merges a message of the session into the payload.
    pub(super) fn push(&mut self, message: SessionMessage, input_bytes: usize) {
        self.news = self.news.max(News::Other);
        match message {
            SessionMessage::Inputs { ack_frame, last_frames, inputs } => {
                self.acknowledge(ack_frame);
                self.push_inputs(PayloadInputs { last_frames, inputs }, input_bytes);
            }
            SessionMessage::InputAck { ack_frame } => self.acknowledge(ack_frame),
            SessionMessage::FrameAdvantage(frames) => self.payload.frame_advantage = Some(frames),
            SessionMessage::Checksum { frame, checksum } => {
                if self.payload.checksums.len() == MAX_CHECKSUMS {
                    self.payload.checksums.remove(0);
                    self.checksum_sends.remove(0);
                }
                self.payload.checksums.push((frame, checksum));
                self.checksum_sends.push(URGENT_SENDS);
            }
        }
    }

    fn push_inputs(&mut self, part: PayloadInputs, input_bytes: usize) {
        if let Some((last, change)) = part.inputs.last_frames(input_bytes) {
            self.last_input = last;
            if let Some(change) = change.filter(|change| *change > self.last_change) {
                self.last_change = change;
                self.urgent = URGENT_SENDS;
            }
        }
        self.payload.inputs = Some(part);
        self.news = News::Inputs;
    }

    fn acknowledge(&mut self, ack_frame: i32) {
        self.payload.ack_frame = self.payload.ack_frame.max(ack_frame);
    }

    /// The peer has the local inputs up to this frame.
    pub(super) fn handle_ack(&mut self, frame: i32) {
        self.acked = self.acked.max(frame);
    }

    /// The payload to send now, if one is due.
    pub(super) fn poll_transmit(&mut self, now: Duration, pace: Pace) -> Option<Vec<u8>> {
        if !self.is_due(now, pace) {
            return None;
        }
        let payload = self.payload.encode();
        self.last_sent = Some(now);
        self.news = News::Nothing;
        self.urgent = self.urgent.saturating_sub(1);
        self.payload.frame_advantage = None;
        self.checksum_sends.iter_mut().for_each(|sends| *sends -= 1);
        // The oldest come first and have been sent most often.
        let done = self.checksum_sends.iter().filter(|sends| **sends == 0).count();
        self.checksum_sends.drain(..done);
        self.payload.checksums.drain(..done);
        Some(payload)
    }

    fn is_due(&self, now: Duration, pace: Pace) -> bool {
        // That a datagram arrived proves nothing of one before it: only what the peer has counts.
        let acked = self.last_input <= self.acked;
        match self.last_sent.map(|at| now.saturating_sub(at)) {
            None => self.news != News::Nothing,
            Some(waited) if self.news == News::Nothing => !acked && waited >= pace.repeat,
            Some(waited) => {
                let first_frames = self.acked == NULL_FRAME && !acked;
                let at_once = self.urgent > 0 || first_frames;
                (self.news == News::Inputs && at_once) || waited >= pace.steady
            }
        }
    }

    /// The inputs in the payload, and the frame of the last one.
    pub(super) fn inputs(&self) -> Option<(i32, &PayloadInputs)> {
        self.payload.inputs.as_ref().map(|part| (self.last_input, part))
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
