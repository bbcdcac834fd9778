//! The link: everything between us and one peer, whatever path carries it.
//!
//! A link numbers what it sends and acknowledges what it receives, in the twelve bytes of a
//! [`DatagramHeader`]. From these it knows, without sending anything extra,
//!
//! * the round trip time: now, minus when the acknowledged datagram was sent, minus how long the peer
//!   held the acknowledgement (the estimator of RFC 6298, and the minimum over a sliding window);
//! * the jitter: how unevenly datagrams arrive (RFC 3550 section 6.4.1);
//! * the loss: gaps in the sequence numbers over a sliding window;
//! * and, from these, a [`Quality`] that a game can show.
//!
//! The driver's obligation: call [`Link::seal`] for each datagram it sends, [`Link::open`] for each it
//! receives, [`Link::handle_timeout`] at least every 50 ms, and read [`Link::next_event`] after both.
//! `now` never goes back.

mod config;
mod jitter;
mod loss;
mod quality;
mod rtt;
mod window;

use std::collections::VecDeque;
use std::time::Duration;

use netplay_protocol::limits::MAX_DATAGRAM_BYTES;
use netplay_protocol::{DatagramError, DatagramHeader, DatagramKind};

pub use config::LinkConfig;
pub use quality::Quality;

use jitter::Jitter;
use loss::Loss;
use quality::QualityGauge;
use rtt::Rtt;
use window::{Arrival, ReceiveWindow};

/// Datagrams whose sending time is remembered. At 60 a second, acknowledgements may be 4 s late.
const SENT_RING: usize = 256;

/// One link. See the [module](self) for what the driver owes it.
#[derive(Debug)]
pub struct Link {
    config: LinkConfig,
    next_sequence: u16,
    sent: Box<[Option<(u16, Duration)>; SENT_RING]>,
    last_sent: Duration,
    acked: Option<u16>,
    received: ReceiveWindow,
    last_new: Option<(u16, Duration)>,
    last_heard: Duration,
    silent: bool,
    rtt: Rtt,
    jitter: Jitter,
    loss: Loss,
    quality: QualityGauge,
    counters: LinkCounters,
    events: VecDeque<LinkEvent>,
}

/// What a link counts, since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCounters {
    /// Datagrams sealed.
    pub datagrams_sent: u64,
    /// Well-formed, new datagrams opened.
    pub datagrams_received: u64,
    /// Bytes sealed, headers of the link included, headers below it not.
    pub bytes_sent: u64,
    /// Bytes of everything that came, even malformed.
    pub bytes_received: u64,
    /// Datagrams that came twice or so late that nobody can tell.
    pub duplicates: u64,
    /// What came and was no datagram of this version.
    pub malformed: u64,
}

/// What a link knows about itself at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkStats {
    /// Smoothed round trip time; none before the first acknowledgement.
    pub rtt: Option<Duration>,
    /// The smallest round trip time of the sliding window.
    pub rtt_min: Option<Duration>,
    /// Mean deviation of the arrival spacing.
    pub jitter: Duration,
    /// The fraction of the peer's datagrams that did not arrive, 0 to 1, over the loss window.
    pub loss: f32,
    /// The verdict.
    pub quality: Quality,
    /// The counters.
    pub counters: LinkCounters,
}

/// What happened on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// The verdict changed.
    QualityChanged {
        /// What it was.
        from: Quality,
        /// What it is.
        to: Quality,
    },
    /// Nothing has been heard for [`LinkConfig::silent_after`].
    Silent,
    /// Something was heard again.
    Heard {
        /// How long the silence lasted.
        after: Duration,
    },
}

/// A datagram that was opened: well-formed and not seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened<'a> {
    /// What the payload is.
    pub kind: DatagramKind,
    /// The match it belongs to.
    pub epoch: u16,
    /// The payload, not looked at.
    pub payload: &'a [u8],
}

/// Why a datagram was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It is no datagram; counted in [`LinkCounters::malformed`].
    #[error(transparent)]
    Malformed(#[from] DatagramError),
    /// Its sequence number is far from everything that the peer can have sent; counted as malformed.
    #[error("a sequence number out of nowhere")]
    WildSequence,
    /// It came before; counted in [`LinkCounters::duplicates`].
    #[error("a datagram that came before")]
    Duplicate,
}

/// The payload does not fit into a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a payload of {0} bytes does not fit into a datagram")]
pub struct PayloadTooLong(pub usize);

impl Link {
    /// The most bytes a payload may have.
    pub const MAX_PAYLOAD: usize = MAX_DATAGRAM_BYTES - DatagramHeader::BYTES;

    /// A link that begins now.
    pub fn new(config: LinkConfig, now: Duration) -> Self {
        Self {
            next_sequence: 0,
            sent: Box::new([None; SENT_RING]),
            last_sent: now,
            acked: None,
            received: ReceiveWindow::default(),
            last_new: None,
            last_heard: now,
            silent: false,
            rtt: Rtt::new(config.rtt_window),
            jitter: Jitter::default(),
            loss: Loss::new(config.loss_window),
            quality: QualityGauge::new(),
            counters: LinkCounters::default(),
            events: VecDeque::new(),
            config,
        }
    }

    /// Writes a datagram around `payload` into `out` (cleared first) and returns its sequence number.
    pub fn seal(
        &mut self,
        now: Duration,
        kind: DatagramKind,
        epoch: u16,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<u16, PayloadTooLong> {
        if payload.len() > Self::MAX_PAYLOAD {
            return Err(PayloadTooLong(payload.len()));
        }
        let sequence = self.next_sequence;
        self.next_sequence = sequence.wrapping_add(1);
        let (ack, ack_delay) = match self.last_new {
            // One unit below the sentinel is 16 s: by then the sample is worthless anyway.
            Some((ack, at)) => (ack, units(now.saturating_sub(at)).min(DatagramHeader::NO_ACK - 1)),
            None => (0, DatagramHeader::NO_ACK),
        };
        let header = DatagramHeader::new(kind, epoch, sequence, clock(now), ack, ack_delay);
        out.clear();
        out.extend_from_slice(bytemuck::bytes_of(&header));
        out.extend_from_slice(payload);

        self.sent[usize::from(sequence) % SENT_RING] = Some((sequence, now));
        self.last_sent = now;
        self.counters.datagrams_sent += 1;
        self.counters.bytes_sent += out.len() as u64;
        Ok(sequence)
    }

    /// Checks a datagram that came at `at`, learns from its header and hands out its payload.
    pub fn open<'a>(&mut self, at: Duration, datagram: &'a [u8]) -> Result<Opened<'a>, OpenError> {
        self.counters.bytes_received += datagram.len() as u64;
        let (header, kind, payload) =
            DatagramHeader::split(datagram).inspect_err(|_| self.counters.malformed += 1)?;
        match self.received.arrive(header.sequence()) {
            Arrival::Newest { advanced } => {
                self.loss.record(at, advanced, 1);
                self.jitter.sample(at, header.sent());
                self.last_new = Some((header.sequence(), at));
            }
            Arrival::Late => self.loss.record(at, 0, 1),
            Arrival::Duplicate => {
                self.counters.duplicates += 1;
                return Err(OpenError::Duplicate);
            }
            Arrival::Wild => {
                self.counters.malformed += 1;
                return Err(OpenError::WildSequence);
            }
        }
        self.counters.datagrams_received += 1;
        self.heard(at);
        if let Some((ack, delay)) = header.ack() {
            self.acknowledged(at, ack, delay);
        }
        Ok(Opened { kind, epoch: header.epoch(), payload })
    }

    /// Lets time pass: notices silence and judges the quality.
    pub fn handle_timeout(&mut self, now: Duration) {
        if !self.silent && now.saturating_sub(self.last_heard) >= self.config.silent_after {
            self.silent = true;
            self.events.push_back(LinkEvent::Silent);
        }
        let verdict = if self.silent {
            Quality::Lost
        } else {
            Quality::judge(&self.config, self.rtt.smoothed(), self.loss.fraction(now))
        };
        if let Some((from, to)) = self.quality.update(now, verdict, self.config.recover_after) {
            self.events.push_back(LinkEvent::QualityChanged { from, to });
        }
    }

    /// Whether nothing has been sent for so long that a [`DatagramKind::KeepAlive`] is due.
    pub fn keepalive_due(&self, now: Duration) -> bool {
        now.saturating_sub(self.last_sent) >= self.config.keepalive_after
    }

    /// The next thing that happened, oldest first.
    pub fn next_event(&mut self) -> Option<LinkEvent> {
        self.events.pop_front()
    }

    /// Whether the peer has acknowledged the datagram of this sequence number or a later one.
    pub fn is_acked(&self, sequence: u16) -> bool {
        self.acked.is_some_and(|acked| !is_newer(sequence, acked))
    }

    /// How long nothing has been heard.
    pub fn silence(&self, now: Duration) -> Duration {
        now.saturating_sub(self.last_heard)
    }

    /// What the link knows at this moment.
    pub fn stats(&self, now: Duration) -> LinkStats {
        LinkStats {
            rtt: self.rtt.smoothed(),
            rtt_min: self.rtt.min(now),
            jitter: self.jitter.mean(),
            loss: self.loss.fraction(now),
            quality: self.quality.current(),
            counters: self.counters,
        }
    }

    /// Counts something that arrived well-formed but whose payload turned out not to be.
    pub fn count_malformed(&mut self) {
        self.counters.malformed += 1;
    }

    fn heard(&mut self, at: Duration) {
        if self.silent {
            self.silent = false;
            self.events.push_back(LinkEvent::Heard { after: at.saturating_sub(self.last_heard) });
        }
        self.last_heard = self.last_heard.max(at);
    }

    fn acknowledged(&mut self, at: Duration, ack: u16, delay: u16) {
        if self.acked.is_some_and(|acked| !is_newer(ack, acked)) {
            return;
        }
        // An acknowledgement of what was never sent, or was sent too long ago to tell, teaches nothing.
        let Some((sequence, sent)) = self.sent[usize::from(ack) % SENT_RING] else { return };
        if sequence != ack {
            return;
        }
        self.acked = Some(ack);
        let held = UNIT * u32::from(delay);
        if let Some(sample) = at.checked_sub(sent).and_then(|elapsed| elapsed.checked_sub(held)) {
            self.rtt.sample(at, sample);
        }
    }
}

/// The unit of times in a [`DatagramHeader`].
const UNIT: Duration = Duration::from_micros(250);

/// A span in units, saturating.
fn units(span: Duration) -> u16 {
    u16::try_from(span.as_micros() / UNIT.as_micros()).unwrap_or(u16::MAX)
}

/// A moment in units, wrapping: only differences mean anything.
fn clock(now: Duration) -> u16 {
    (now.as_micros() / UNIT.as_micros()) as u16
}

/// Whether sequence number `a` comes after `b` (RFC 1982 serial number arithmetic).
fn is_newer(a: u16, b: u16) -> bool {
    let distance = a.wrapping_sub(b);
    distance != 0 && distance < 0x8000
}

#[cfg(test)]
mod tests;
