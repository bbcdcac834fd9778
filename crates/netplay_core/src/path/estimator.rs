//! Stamps outgoing datagrams of a path and learns from the stamps of incoming ones.

use std::time::Duration;

use netplay_protocol::PathStamp;

use super::PathConfig;
use super::jitter::Jitter;
use super::loss::Loss;
use super::rtt::Rtt;
use super::stamp_clock::{UNIT, clock, units};
use super::window::{Arrival, ReceiveWindow};

/// Datagrams whose sending time is remembered. At 60 a second, acknowledgements may be 4 s late.
const SENT_RING: usize = 256;
/// How much later than a round trip acknowledgements come: they travel with datagrams that the peer sends anyway.
const ACK_SLACK: Duration = Duration::from_millis(100);

/// How much longer a peer may say that it held an acknowledgement back than its datagrams are apart: what a network adds to
/// or takes from their spacing.
const HOLD_SLACK: Duration = Duration::from_millis(50);

/// Stamps what is sent on a path and learns from the stamps of what comes.
#[derive(Debug)]
pub(crate) struct Estimator {
    next_sequence: u16,
    sent: Box<[Option<Sent>; SENT_RING]>,
    acked: Option<u16>,
    /// Since when the oldest unacknowledged datagram waits.
    unacked_since: Option<Duration>,
    received: ReceiveWindow,
    last_new: Option<(u16, Duration)>,
    /// When the newest datagram came, and how long after the one before it.
    last_arrival: Duration,
    gap: Duration,
    last_sent: Option<Duration>,
    last_heard: Duration,
    rtt: Rtt,
    jitter: Jitter,
    loss: Loss,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    sequence: u16,
    at: Duration,
    bytes: u16,
}

impl Estimator {
    pub(crate) fn new(config: &PathConfig, now: Duration) -> Self {
        Self {
            next_sequence: 0,
            sent: Box::new([None; SENT_RING]),
            acked: None,
            unacked_since: None,
            received: ReceiveWindow::default(),
            last_new: None,
            last_arrival: now,
            gap: Duration::ZERO,
            last_sent: None,
            last_heard: now,
            rtt: Rtt::new(config.rtt_window),
            jitter: Jitter::default(),
            loss: Loss::new(config.loss_window),
        }
    }

    /// The stamp of a datagram of this many bytes that is sent now.
    pub(crate) fn stamp(&mut self, now: Duration, bytes: usize) -> PathStamp {
        let sequence = self.next_sequence;
        self.next_sequence = sequence.wrapping_add(1);
        let bytes = u16::try_from(bytes).unwrap_or(u16::MAX);
        let sent = Sent { sequence, at: now, bytes };
        self.sent[usize::from(sequence) % SENT_RING] = Some(sent);
        self.unacked_since.get_or_insert(now);
        self.last_sent = Some(now);
        // One unit below the sentinel is 16 s: a sample that old is worthless.
        let held = |at| units(now.saturating_sub(at)).min(PathStamp::NO_ACK - 1);
        let ack = self.last_new.map(|(ack, at)| (ack, held(at)));
        PathStamp { sequence, sent: clock(now), ack }
    }

    /// Takes the sequence number and the time of sending of a datagram that came at `at`.
    pub(crate) fn arrive(&mut self, at: Duration, stamp: PathStamp) -> Arrival {
        let arrival = self.received.arrive(stamp.sequence);
        match arrival {
            Arrival::Newest { advanced } => {
                self.loss.record(at, advanced, 1);
                self.jitter.sample(at, stamp.sent);
                self.last_new = Some((stamp.sequence, at));
            }
            Arrival::Late => self.loss.record(at, 0, 1),
            Arrival::Duplicate | Arrival::Implausible => return arrival,
        }
        self.gap = at.saturating_sub(self.last_arrival);
        self.last_arrival = self.last_arrival.max(at);
        self.heard(at);
        arrival
    }

    /// Takes an acknowledgement that came with the datagram that has [arrived](Self::arrive) last: a sequence number, and
    /// how long the peer says that it held it back.
    ///
    /// It may say what it likes. As in RFC 9002, section 5.3, a bound limits what is subtracted. The RFC has a maximum
    /// that both ends agree on, and a minimum without any hold. Here acknowledgements wait for the next datagram that is
    /// sent anyway: for one that the peer had received before the datagram before, it would have come with that one. So
    /// a hold is at most about as long as datagrams are apart.
    pub(crate) fn acknowledged(&mut self, at: Duration, ack: (u16, u16)) {
        let (ack, delay) = ack;
        if self.acked.is_some_and(|acked| !is_newer(ack, acked)) {
            return;
        }
        // Never sent, or sent too long ago to tell: nothing to learn.
        let Some(sent) = self.sent_as(ack) else { return };
        self.acked = Some(ack);
        self.unacked_since = self.sent_as(ack.wrapping_add(1)).map(|next| next.at);
        let held = (UNIT * u32::from(delay)).min(self.gap + HOLD_SLACK);
        if let Some(elapsed) = at.checked_sub(sent.at) {
            self.rtt.sample(at, elapsed.saturating_sub(held));
        }
    }

    /// The peer restarted: it numbers its datagrams from the beginning. The local numbers go on.
    pub(crate) fn reset_received(&mut self) {
        self.received = ReceiveWindow::default();
        self.last_new = None;
        self.jitter = Jitter::default();
    }

    fn sent_as(&self, sequence: u16) -> Option<Sent> {
        self.sent[usize::from(sequence) % SENT_RING].filter(|sent| sent.sequence == sequence)
    }

    /// Something came on the path at `at`.
    pub(crate) fn heard(&mut self, at: Duration) {
        self.last_heard = self.last_heard.max(at);
    }

    /// The local process was paused, and nothing could come or be acknowledged: the pause counts neither as
    /// silence nor as missing acknowledgements.
    pub(crate) fn exclude_pause(&mut self, now: Duration, pause: Duration) {
        self.last_heard = (self.last_heard + pause).min(now);
        self.unacked_since = self.unacked_since.map(|since| (since + pause).min(now));
    }

    /// How long nothing has come.
    pub(crate) fn silence(&self, now: Duration) -> Duration {
        now.saturating_sub(self.last_heard)
    }

    /// For how long nothing that was sent has been acknowledged.
    pub(crate) fn unacknowledged(&self, now: Duration) -> Duration {
        self.unacked_since.map_or(Duration::ZERO, |since| now.saturating_sub(since))
    }

    /// About how many bytes wait to be sent, judged by what is not acknowledged: those of the datagrams after the
    /// newest acknowledged one that would have been acknowledged by now if nothing waited. What was lost before it
    /// waits nowhere.
    ///
    /// Not every transport can see what waits below it. This counts what waits in routers as well.
    pub(crate) fn waiting(&self, now: Duration) -> usize {
        let (Some(acked), Some(rtt_min)) = (self.acked, self.rtt.min(now)) else { return 0 };
        let due = now.saturating_sub(rtt_min + ACK_SLACK);
        let sent = self.next_sequence.wrapping_sub(acked).wrapping_sub(1);
        let unacked = (0..sent.min(SENT_RING as u16)).map(|back| {
            let sequence = self.next_sequence.wrapping_sub(1).wrapping_sub(back);
            self.sent_as(sequence)
                .filter(|sent| sent.at < due)
                .map_or(0, |it| usize::from(it.bytes))
        });
        unacked.sum()
    }

    /// How long nothing has been sent.
    pub(crate) fn idle(&self, now: Duration) -> Duration {
        self.last_sent.map_or(Duration::MAX, |at| now.saturating_sub(at))
    }

    pub(crate) fn rtt(&self) -> Option<Duration> {
        self.rtt.smoothed()
    }

    pub(crate) fn rtt_min(&self, now: Duration) -> Option<Duration> {
        self.rtt.min(now)
    }

    pub(crate) fn jitter(&self) -> Duration {
        self.jitter.mean()
    }

    pub(crate) fn loss(&self, now: Duration) -> f32 {
        self.loss.fraction(now)
    }
}

/// Whether number `a` comes after `b` (RFC 1982 serial number arithmetic).
fn is_newer(a: u16, b: u16) -> bool {
    let distance = a.wrapping_sub(b);
    distance != 0 && distance < 0x8000
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MS: Duration = Duration::from_millis(1);

    /// The round trip time that is measured after so many datagrams of a peer that are `apart`, over 50 ms each way, where
    /// the peer acknowledges at once and says that it held each acknowledgement back for `claimed`.
    fn rtt(apart: Duration, datagrams: u32, claimed: Duration) -> (Duration, Duration) {
        let mut local = Estimator::new(&PathConfig::default(), Duration::ZERO);
        let mut peer = Estimator::new(&PathConfig::default(), Duration::ZERO);
        let mut now = Duration::ZERO;
        for _ in 0..datagrams {
            let sent = local.stamp(now, 50);
            peer.arrive(now + MS * 50, sent);
            let answer = peer.stamp(now + MS * 50, 50);
            let (ack, held) = answer.ack.unwrap();
            assert_eq!(held, 0);
            local.arrive(now + MS * 100, answer);
            local.acknowledged(now + MS * 100, (ack, units(claimed)));
            now += apart;
        }
        (local.rtt().unwrap(), local.rtt_min(now).unwrap())
    }

    #[test]
    fn whatever_a_peer_says_of_its_holds_it_gains_little_more_than_its_datagrams_are_apart() {
        for claimed in [MS * 80, MS * 99, MS * 100, MS * 5000, MS * 60_000] {
            // Of the first datagram nobody knows how long it could wait: it leaves the window of the minimum.
            let (smoothed, min) = rtt(MS * 10, 1200, claimed);
            assert!(smoothed.abs_diff(MS * 40) < UNIT, "{claimed:?}: {smoothed:?}");
            assert_eq!(min, MS * 40, "{claimed:?}");
        }
    }

    #[test]
    fn a_hold_is_subtracted_whole_where_datagrams_are_as_far_apart() {
        assert_eq!(rtt(MS * 1000, 20, MS * 90).1, MS * 10);
    }

    #[test]
    fn no_round_trip_is_shorter_than_a_hold_can_be_told() {
        assert_eq!(rtt(MS * 1000, 20, MS * 500), (UNIT, UNIT));
    }
}
