//! What is due to one peer: all messages since the last datagram, merged into one payload, or into several if the
//! inputs in it do not fit into one.

use std::collections::VecDeque;
use std::time::Duration;

use super::NULL_FRAME;
use super::activity::Activity;
use super::message::SessionMessage;
use super::parts::{Parts, Repeats};
use super::payload::{MAX_INPUTS_BYTES, PaceReport, Payload, PayloadInputs};
use super::payload_checksums::PayloadChecksums;
use super::payload_statements::PayloadStatements;
use crate::link::Link;
use crate::rate::TokenBucket;

/// How many datagrams are sent per second at most: six per frame at sixty frames a second. The peer accepts
/// [600](crate::link::RateLimitConfig::datagrams); the rest is for another path during a failover, and for probes.
const MAX_PER_SECOND: u32 = 360;
/// How many of them may be sent at once.
const MAX_AT_ONCE: u32 = 12;
/// The shortest wait for an acknowledgement before the last datagram is repeated: about two frames.
const MIN_REPEAT: Duration = Duration::from_millis(34);
/// The longest such wait, and the one while the round-trip time is unknown.
const MAX_REPEAT: Duration = Duration::from_millis(200);
/// How often a simulation that does not go on says whether it waits. The link would send a keepalive a moment later.
const IDLE_REPEAT: Duration = Duration::from_millis(90);

/// A payload to send to a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// The payload of the datagram.
    pub payload: Vec<u8>,
    /// Whether there are inputs in it.
    pub has_inputs: bool,
}

/// How often an outbox sends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// The least time between two datagrams without a changed input.
    steady: Duration,
    /// After how long without an acknowledgement inputs and checksums are repeated.
    pub(super) repeat: Duration,
    /// After how long the last datagram is repeated while the simulation does not go on.
    idle: Duration,
}

impl Pace {
    /// The pace for a frame duration and a round-trip time, of inputs that the peer waits for or can predict.
    pub(super) fn new(frame: Duration, rtt: Option<Duration>, is_waited_for: bool) -> Self {
        Self {
            // An unchanged input every second frame, because the peer predicts it, unless it waits for it or is about to.
            // A little less than that, since timers are inexact.
            steady: if is_waited_for { frame / 2 } else { frame * 3 / 2 },
            repeat: (rtt.unwrap_or(MAX_REPEAT) + frame * 2).clamp(MIN_REPEAT, MAX_REPEAT),
            idle: IDLE_REPEAT.max(frame * 3),
        }
    }
}

/// What is new in the payload since the last datagram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    #[default]
    Nothing,
    /// Acknowledgements or checksums: they can wait for the next inputs.
    Other,
    Inputs,
}

/// Everything for one peer, merged.
#[derive(Debug)]
pub(super) struct Outbox {
    /// The size of one input, in bytes.
    input_bytes: usize,
    /// In how many datagrams in a row a changed input is sent, whatever is acknowledged.
    redundancy: u8,
    payload: Payload,
    news: News,
    /// How many more datagrams are sent at once.
    urgent: u8,
    /// The last frame whose input differs from the one before.
    last_change: i32,
    /// The last frame with an input in the payload.
    last_input: i32,
    last_sent: Option<Duration>,
    /// When inputs were sent last.
    inputs_sent: Option<Duration>,
    /// The last frame whose input the peer has acknowledged.
    acked: i32,
    repeats: Repeats,
    rate: TokenBucket,
    /// The payloads that are to be sent now.
    due: VecDeque<Transmit>,
    /// Whether the local simulation goes on.
    activity: Activity,
}

impl Outbox {
    pub(super) fn new(input_bytes: usize, redundancy: u8) -> Self {
        Self {
            input_bytes,
            redundancy,
            payload: Payload { ack_frame: NULL_FRAME, ..Payload::default() },
            news: News::Nothing,
            urgent: 0,
            last_change: NULL_FRAME,
            last_input: NULL_FRAME,
            last_sent: None,
            inputs_sent: None,
            acked: NULL_FRAME,
            repeats: Repeats::new(redundancy),
            rate: TokenBucket::new(MAX_PER_SECOND, MAX_AT_ONCE, Duration::ZERO),
            due: VecDeque::new(),
            activity: Activity::Advancing,
        }
    }

    /// Merges a message of the session into the payload.
    pub(super) fn push(&mut self, message: SessionMessage) {
        match message {
            SessionMessage::Inputs { ack_frame, last_frames, inputs } => {
                self.acknowledge(ack_frame);
                self.push_inputs(PayloadInputs { last_frames, inputs, follows: false });
            }
            SessionMessage::InputAck { ack_frame } => {
                self.acknowledge(ack_frame);
                self.news = self.news.max(News::Other);
            }
        }
    }

    /// How fast the local simulation runs. It travels with the next datagram, and is no reason for one.
    pub(super) fn set_report(&mut self, report: PaceReport) {
        self.payload.report = Some(report);
    }

    fn push_inputs(&mut self, part: PayloadInputs) {
        if let Some((last, change)) = part.inputs.last_frames(self.input_bytes) {
            if last <= self.last_input {
                // The session repeats itself, by the machine's clock. The outbox repeats by its own.
                return;
            }
            self.last_input = last;
            if let Some(change) = change.filter(|change| *change > self.last_change) {
                self.last_change = change;
                self.urgent = self.redundancy;
            }
        }
        self.payload.inputs = Some(part);
        self.news = News::Inputs;
    }

    fn acknowledge(&mut self, ack_frame: i32) {
        self.payload.ack_frame = self.payload.ack_frame.max(ack_frame);
    }

    /// How many checksums fit into the next datagram.
    pub(super) fn room_for_checksums(&self) -> usize {
        self.payload.room_for_checksums()
    }

    /// What the next datagram carries of the exchange of checksums.
    pub(super) fn set_checksums(&mut self, checksums: PayloadChecksums) {
        self.payload.checksums = checksums;
    }

    /// Whether a payload has taken the checksums that were [set](Self::set_checksums).
    pub(super) fn took_checksums(&self) -> bool {
        self.payload.checksums.is_empty()
    }

    /// What the next datagram carries of the exchange of statements.
    pub(super) fn set_statements(&mut self, statements: PayloadStatements) {
        self.payload.statements = statements;
    }

    /// Whether a payload has taken the statements that were [set](Self::set_statements).
    pub(super) fn took_statements(&self) -> bool {
        self.payload.statements.is_empty()
    }

    /// Another session takes the place of the one before. What the peer has, it still has.
    pub(super) fn handle_session_restart(&mut self) {
        *self = Self { acked: self.acked, ..Self::new(self.input_bytes, self.redundancy) };
    }

    /// The last frame whose input the peer has acknowledged; -1 if there is none.
    pub(super) fn acked(&self) -> i32 {
        self.acked
    }

    /// The peer has the local inputs up to this frame.
    pub(super) fn handle_ack(&mut self, frame: i32) {
        self.acked = self.acked.max(frame);
    }

    /// Whether the local simulation goes on.
    pub(super) fn handle_activity(&mut self, activity: Activity) {
        self.activity = activity;
        self.payload.waits = activity == Activity::Waiting;
    }

    /// The next payload to send now, if one is due.
    pub(super) fn poll_transmit(&mut self, now: Duration, pace: Pace) -> Option<Transmit> {
        if !self.payload.checksums.is_empty() || !self.payload.statements.is_empty() {
            self.news = self.news.max(News::Other);
        }
        if self.due.is_empty() && self.rate.available(now) > 0 && self.is_due(now, pace) {
            self.fill(now, pace);
        }
        self.due.pop_front()
    }

    fn is_due(&self, now: Duration, pace: Pace) -> bool {
        // That a datagram arrived proves nothing of one before it: only what the peer has counts.
        let acked = self.last_input <= self.acked;
        let since = |at: Duration| now.saturating_sub(at);
        let Some(waited) = self.last_sent.map(since) else { return self.news != News::Nothing };
        match self.news {
            News::Inputs if self.urgent > 0 || (self.acked == NULL_FRAME && !acked) => true,
            News::Inputs | News::Other => waited >= pace.steady,
            News::Nothing if self.activity != Activity::Advancing && waited >= pace.idle => true,
            News::Nothing if acked => false,
            // No further frame comes, so the peer or the local player waits.
            News::Nothing if self.urgent > 0 && waited >= pace.steady => true,
            News::Nothing => {
                self.repeats.is_pending()
                    || self.inputs_sent.is_none_or(|at| since(at) >= pace.repeat)
            }
        }
    }

    /// Makes the payloads that are due now.
    fn fill(&mut self, now: Duration, pace: Pace) {
        let payload = self.payload.encode(self.input_bytes);
        if payload.len() <= Link::MAX_PAYLOAD {
            self.repeats.clear();
            self.queue(now, payload, self.payload.inputs.is_some());
            self.urgent = self.urgent.saturating_sub(1);
            self.handle_others_sent();
        } else {
            self.fill_with_parts(now, pace);
        }
        self.last_sent = Some(now);
        self.news = News::Nothing;
    }

    /// Makes the payloads that are due now of inputs that do not fit into one.
    fn fill_with_parts(&mut self, now: Duration, pace: Pace) {
        let newest_due = self.news == News::Inputs || self.urgent > 0;
        let payloads = self.parts(now, newest_due, pace.repeat).unwrap_or_default();
        if !payloads.is_empty() {
            self.payload.report = None;
        }
        // Checksums get a payload of their own, so that there is room for the largest input.
        let Payload { ack_frame, waits, report, .. } = self.payload;
        let (checksums, statements) = (self.payload.checksums.clone(), self.payload.statements);
        let others = Payload { ack_frame, waits, inputs: None, report, checksums, statements };
        let others_due =
            payloads.is_empty() || !others.checksums.is_empty() || !statements.is_empty();
        for payload in payloads {
            self.queue(now, payload, true);
        }
        if newest_due {
            self.urgent = self.urgent.saturating_sub(1);
        }
        if others_due && self.rate.available(now) > 0 {
            self.queue(now, others.encode(self.input_bytes), false);
            self.handle_others_sent();
        }
    }

    /// The payloads of the inputs that are due now and do not fit into one.
    fn parts(&mut self, now: Duration, newest_due: bool, repeat: Duration) -> Option<Vec<Vec<u8>>> {
        let PayloadInputs { last_frames, inputs, .. } = self.payload.inputs.as_ref()?;
        let pending = inputs.after(Some(self.acked), self.input_bytes)?;
        let parts = Parts::new(&pending, self.input_bytes, MAX_INPUTS_BYTES)?;
        let limit = self.rate.available(now);
        let due = self.repeats.poll(now, &parts, newest_due, repeat, limit);
        let last = due.len().checked_sub(1);
        let payloads = due.into_iter().enumerate().map(|(place, inputs)| {
            let follows = inputs.start_frame > pending.start_frame;
            let inputs = Some(PayloadInputs { last_frames: last_frames.clone(), inputs, follows });
            let Payload { ack_frame, waits, report, .. } = self.payload;
            let report = report.filter(|_| Some(place) == last);
            let payload = Payload { ack_frame, waits, inputs, report, ..Payload::default() };
            payload.encode(self.input_bytes)
        });
        Some(payloads.collect())
    }

    fn queue(&mut self, now: Duration, payload: Vec<u8>, has_inputs: bool) {
        self.rate.take(now);
        if has_inputs {
            self.inputs_sent = Some(now);
        }
        self.due.push_back(Transmit { payload, has_inputs });
    }

    /// A payload with everything but inputs is sent.
    fn handle_others_sent(&mut self) {
        self.payload.report = None;
        self.payload.checksums = PayloadChecksums::default();
        self.payload.statements = PayloadStatements::default();
    }

    /// The inputs in the payload, and the frame of the last one.
    pub(super) fn inputs(&self) -> Option<(i32, &PayloadInputs)> {
        self.payload.inputs.as_ref().map(|part| (self.last_input, part))
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
