use std::time::Duration;

use super::mirror::{Body, Input};
use super::payload::{InputPart, MAX_CHECKSUMS, NULL_FRAME, Payload};

/// A changed input is sent in this many datagrams in a row, whatever is acknowledged: any two losses in
/// a row cost nothing.
const URGENT_SENDS: u8 = 3;

/// How often an outbox may speak.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// The least time between two datagrams that carry no changed input.
    pub(crate) steady: Duration,
    /// After how long without an acknowledgement the last datagram is repeated.
    pub(crate) repeat: Duration,
}

/// Everything that is to be told to one peer, merged.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    payload: Payload,
    /// Something was added since the last datagram.
    fresh: bool,
    /// Inputs were: between two frames only acknowledgements are, and they can wait for the next.
    fresh_input: bool,
    /// Datagrams that still have to go out at once.
    urgent: u8,
    newest_change: i32,
    /// The newest frame with an input in the payload.
    newest_input: i32,
    /// How many more datagrams carry each checksum: ggrs tells each once, and any may get lost.
    checksum_sends: Vec<u8>,
    /// When the last datagram went.
    last: Option<Duration>,
    /// The last frame whose input the peer has acknowledged.
    acked: i32,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self {
            payload: Payload { ack_frame: NULL_FRAME, ..Payload::default() },
            newest_change: NULL_FRAME,
            newest_input: NULL_FRAME,
            acked: NULL_FRAME,
            ..Self::default()
        }
    }

    /// Takes a message of ggrs. Synchronization and round-trip messages are not for the peer and never
    /// come here.
    pub(super) fn push(&mut self, body: Body, input_bytes: usize) {
        self.fresh = true;
        match body {
            Body::Input(input) => self.push_input(input, input_bytes),
            Body::InputAck { ack_frame } => self.acknowledge(ack_frame),
            Body::QualityReport { frame_advantage, .. } => {
                self.payload.frame_advantage = Some(frame_advantage);
            }
            Body::ChecksumReport { checksum, frame } => {
                if self.payload.checksums.len() == MAX_CHECKSUMS {
                    self.payload.checksums.remove(0);
                    self.checksum_sends.remove(0);
                }
                self.payload.checksums.push((frame, checksum as u64));
                self.checksum_sends.push(URGENT_SENDS);
            }
            // The link keeps itself alive.
            Body::KeepAlive
            | Body::SyncRequest { .. }
            | Body::SyncReply { .. }
            | Body::QualityReply { .. } => self.fresh = false,
        }
    }

    fn push_input(&mut self, input: Input, input_bytes: usize) {
        self.acknowledge(input.ack_frame);
        let part = InputPart {
            start_frame: input.start_frame,
            last_frames: input.peer_connect_status.iter().map(|status| status.last_frame).collect(),
            bytes: input.bytes,
        };
        if let Some((newest, change)) = part.newest(input_bytes) {
            self.newest_input = newest;
            if let Some(change) = change.filter(|change| *change > self.newest_change) {
                self.newest_change = change;
                self.urgent = URGENT_SENDS;
            }
        }
        self.payload.input = Some(part);
        self.fresh_input = true;
    }

    fn acknowledge(&mut self, ack_frame: i32) {
        self.payload.ack_frame = self.payload.ack_frame.max(ack_frame);
    }

    /// The peer has our inputs up to this frame.
    pub(super) fn acked(&mut self, frame: i32) {
        self.acked = self.acked.max(frame);
    }

    /// The payload to send now, if one is due.
    pub(super) fn due(&self, now: Duration, pace: Pace) -> Option<Vec<u8>> {
        // That a datagram arrived says nothing of one before it: only what the peer has counts.
        let acked = self.newest_input <= self.acked;
        let waited = self.last.map(|at| now.saturating_sub(at));
        let due = match waited {
            None => self.fresh,
            Some(waited) if self.fresh => {
                let first_frames = self.acked == NULL_FRAME && !acked;
                let at_once = self.urgent > 0 || first_frames;
                (self.fresh_input && at_once) || waited >= pace.steady
            }
            Some(waited) => !acked && waited >= pace.repeat,
        };
        due.then(|| self.payload.encode())
    }

    /// Notes that what [`due`](Self::due) gave was sent.
    pub(super) fn sent(&mut self, now: Duration) {
        self.last = Some(now);
        (self.fresh, self.fresh_input) = (false, false);
        self.urgent = self.urgent.saturating_sub(1);
        self.payload.frame_advantage = None;
        self.checksum_sends.iter_mut().for_each(|sends| *sends -= 1);
        // The oldest come first and have been sent most often.
        let done = self.checksum_sends.iter().filter(|sends| **sends == 0).count();
        self.checksum_sends.drain(..done);
        self.payload.checksums.drain(..done);
    }

    /// The inputs of the payload, and the frame of the newest.
    pub(super) fn inputs(&self) -> Option<(i32, &InputPart)> {
        self.payload.input.as_ref().map(|part| (self.newest_input, part))
    }

    /// Whether the payload carries inputs.
    pub(super) fn has_input(&self) -> bool {
        self.payload.input.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ggrs_wire::mirror::ConnectionStatus;

    const FRAME: Duration = Duration::from_micros(16_667);
    const PACE: Pace =
        Pace { steady: Duration::from_millis(25), repeat: Duration::from_millis(50) };

    /// One frame of ggrs: all inputs since `acked`, of which the last may differ.
    fn input(frame: i32, acked: i32, changed: bool) -> Body {
        let mut frames = vec![];
        for at in acked + 1..=frame {
            frames.extend([1, 0, u8::from(changed && at == frame)]);
        }
        Body::Input(Input {
            peer_connect_status: vec![
                ConnectionStatus { disconnected: false, last_frame: frame };
                2
            ],
            disconnect_requested: false,
            start_frame: acked + 1,
            ack_frame: acked,
            bytes: bitfield_rle::encode(frames),
        })
    }

    /// Plays `frames` frames in which nothing but the frames in `changes` changes; everything arrives
    /// if `acked`. Returns the frames in which a datagram went out.
    fn play(frames: i32, changes: &[i32], acked: bool) -> Vec<i32> {
        let mut outbox = Outbox::new();
        let mut sends = vec![];
        for frame in 0..frames {
            outbox.push(input(frame, frame - 2, changes.contains(&frame)), 1);
            if acked {
                outbox.acked(frame);
            }
            let now = FRAME * frame as u32;
            if outbox.due(now, PACE).is_some() {
                sends.push(frame);
                outbox.sent(now);
            }
        }
        sends
    }

    #[test]
    fn a_steady_input_is_told_every_second_frame() {
        let sends = play(100, &[], true);
        assert!((50..=52).contains(&sends.len()), "{sends:?}");
    }

    #[test]
    fn a_changed_input_goes_out_at_once_and_in_three_datagrams_in_a_row() {
        let sends = play(40, &[21], true);
        assert!([21, 22, 23].iter().all(|frame| sends.contains(frame)), "{sends:?}");
        assert!(!sends.contains(&24), "{sends:?}");
    }

    #[test]
    fn acknowledgements_between_two_frames_wait_for_the_next() {
        let mut outbox = Outbox::new();
        outbox.push(input(0, -1, true), 1);
        outbox.acked(0);
        outbox.sent(FRAME);
        for poll in 1..4 {
            outbox.push(Body::InputAck { ack_frame: poll }, 1);
            assert_eq!(outbox.due(FRAME + FRAME / 4 * poll as u32, PACE), None);
        }
        outbox.push(input(1, 0, false), 1);
        assert!(outbox.due(FRAME * 2, PACE).is_some());
    }

    #[test]
    fn at_the_start_every_frame_goes_out_until_the_peer_is_heard() {
        assert_eq!(play(20, &[], false).len(), 20);
    }

    #[test]
    fn what_nobody_acknowledges_is_repeated_and_what_is_acknowledged_is_not() {
        let mut outbox = Outbox::new();
        outbox.push(input(0, -1, true), 1);
        let first = outbox.due(FRAME, PACE).unwrap();
        outbox.sent(FRAME);
        assert_eq!(outbox.due(FRAME * 2, PACE), None);
        assert_eq!(outbox.due(FRAME * 9, PACE), Some(first));
        outbox.acked(0);
        assert_eq!(outbox.due(FRAME * 9, PACE), None);
    }

    #[test]
    fn a_checksum_travels_in_three_datagrams() {
        let mut outbox = Outbox::new();
        outbox.push(Body::ChecksumReport { checksum: 5, frame: 3 }, 1);
        for sends in 1..=3 {
            outbox.push(Body::ChecksumReport { checksum: 5, frame: 3 + sends }, 1);
            assert_eq!(outbox.payload.checksums[0].0, 3);
            outbox.sent(FRAME * sends as u32);
        }
        assert_eq!(outbox.payload.checksums, [(5, 5), (6, 5)]);
    }

    #[test]
    fn messages_of_a_frame_travel_in_one_payload_and_the_newest_wins() {
        let mut outbox = Outbox::new();
        outbox.push(Body::InputAck { ack_frame: 9 }, 1);
        outbox.push(input(8, 6, false), 1);
        outbox.push(Body::QualityReport { frame_advantage: 4, ping: 77 }, 1);
        outbox.push(Body::ChecksumReport { checksum: 5, frame: 3 }, 1);
        outbox.push(input(9, 6, false), 1);
        let payload = &outbox.payload;
        assert_eq!((payload.ack_frame, payload.frame_advantage), (9, Some(4)));
        let inputs = payload.input.as_ref().unwrap().inputs(&[0]).unwrap();
        assert_eq!(inputs.len(), 3, "frames 7 to 9");
        assert_eq!(payload.checksums, [(3, 5)]);
    }
}
