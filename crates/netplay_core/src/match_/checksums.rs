//! The exchange of checksums: whether the states of two peers are equal at the compared frames.
//!
//! Once a compared frame is confirmed, its checksum is sent to every peer. Both sides compare, so both learn of a
//! difference.
//!
//! The checksums of a peer are compared in the order of their frames and without gaps. A datagram carries the checksums
//! that follow those sent before, and names the frame before the first. The receiver keeps what comes after a gap until
//! the gap is closed, and acknowledges the last frame before it. What is not acknowledged in time is sent again, from
//! there on. So the first difference that is found is the first among the frames that both have, and it is reported at
//! once.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use netplay_protocol::PeerKey;

use super::NULL_FRAME;
use super::comparison::{Desync, Incoming, StateComparison};
use super::payload_checksums::{ChecksumRun, PayloadChecksums};

/// How many of the latest own checksums are kept, and how many of a peer that are not compared yet. It is more than two
/// peers who play are apart, even if every frame is compared; what a peer that rejoins simulates again is compared as
/// far back.
pub(super) const KEPT: usize = 128;

/// The exchange of checksums with every peer of a match. See the [module](self).
#[derive(Debug)]
pub(super) struct ChecksumExchange {
    /// The latest own checksums, by frame.
    own: BTreeMap<i32, u64>,
    peers: BTreeMap<PeerKey, PeerExchange>,
    desyncs: VecDeque<Desync>,
}

/// The exchange with one peer.
#[derive(Debug, Default)]
struct PeerExchange {
    outgoing: Outgoing,
    incoming: Incoming,
}

/// Which of the own checksums a peer has.
#[derive(Debug)]
struct Outgoing {
    /// The last frame whose checksum it has acknowledged.
    acked: i32,
    /// The last frame whose checksum was sent to it.
    sent: i32,
    /// Since when the oldest checksum that is sent and not acknowledged is waited for.
    waiting_since: Option<Duration>,
}

impl ChecksumExchange {
    pub(super) fn new(peers: impl IntoIterator<Item = PeerKey>) -> Self {
        let peers = peers.into_iter().map(|key| (key, PeerExchange::default()));
        Self { own: BTreeMap::new(), peers: peers.collect(), desyncs: VecDeque::new() }
    }

    /// The checksum of a frame that is confirmed. Frames come in their order; others are ignored.
    pub(super) fn handle_own(&mut self, frame: i32, checksum: u64) {
        if frame <= self.last_own_frame() {
            return;
        }
        self.own.insert(frame, checksum);
        if self.own.len() > KEPT {
            self.own.pop_first();
        }
        for (key, peer) in &mut self.peers {
            self.desyncs.extend(peer.incoming.compare(*key, &self.own));
        }
    }

    /// The part of a peer's payload about checksums, whose frames are possible.
    pub(super) fn handle_part(&mut self, from: PeerKey, part: PayloadChecksums) {
        let last_own_frame = self.last_own_frame();
        let Some(peer) = self.peers.get_mut(&from) else { return };
        if let Some(frame) = part.ack {
            peer.outgoing.handle_ack(frame.min(last_own_frame));
        }
        if let Some(run) = part.run {
            peer.incoming.receive(run);
            self.desyncs.extend(peer.incoming.compare(from, &self.own));
        }
    }

    /// The local session simulates the match again: the checksums of all frames come again.
    pub(super) fn handle_session_restart(&mut self) {
        self.own.clear();
    }

    /// The process of a peer restarted: it has none of the own checksums, and sends those of frames that it simulates
    /// again.
    pub(super) fn handle_restart(&mut self, peer: PeerKey) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.outgoing = Outgoing::default();
            peer.incoming.handle_restart();
        }
    }

    /// What the next datagram to a peer is to carry, at most `max_checksums` of them. After the time `repeat` what is
    /// not acknowledged is due again.
    pub(super) fn due(
        &mut self,
        to: PeerKey,
        now: Duration,
        repeat: Duration,
        max_checksums: usize,
    ) -> PayloadChecksums {
        let Some(peer) = self.peers.get_mut(&to) else { return PayloadChecksums::default() };
        let after = peer.outgoing.continue_after(now, repeat);
        let checksums: Vec<(i32, u64)> = self
            .own
            .range(after + 1..)
            .take(max_checksums)
            .map(|(frame, checksum)| (*frame, *checksum))
            .collect();
        let run = checksums.first().map(|(first, _)| {
            let previous = self.own.range(..first).next_back();
            previous.map_or(NULL_FRAME, |(frame, _)| *frame)
        });
        PayloadChecksums {
            ack: peer.incoming.ack(),
            run: run.map(|previous| ChecksumRun { previous, checksums }),
        }
    }

    /// A datagram with what was [due](Self::due) to a peer was sent.
    pub(super) fn handle_sent(&mut self, to: PeerKey, now: Duration, part: &PayloadChecksums) {
        let Some(peer) = self.peers.get_mut(&to) else { return };
        if part.ack.is_some() {
            peer.incoming.handle_ack_sent();
        }
        let Some(run) = &part.run else { return };
        if let Some(((first, _), (last, _))) = run.checksums.first().zip(run.checksums.last()) {
            peer.outgoing.handle_sent(now, *first, *last);
        }
    }

    /// The next difference that was found, at most one for each peer.
    #[must_use = "what is taken out and not handled is lost"]
    pub(super) fn poll_desync(&mut self) -> Option<Desync> {
        self.desyncs.pop_front()
    }

    /// What comparing with a peer has shown.
    pub(super) fn comparison(&self, peer: PeerKey) -> StateComparison {
        self.peers.get(&peer).map(|peer| peer.incoming.comparison()).unwrap_or_default()
    }

    fn last_own_frame(&self) -> i32 {
        self.own.last_key_value().map_or(NULL_FRAME, |(frame, _)| *frame)
    }
}

impl Default for Outgoing {
    fn default() -> Self {
        Self { acked: NULL_FRAME, sent: NULL_FRAME, waiting_since: None }
    }
}

impl Outgoing {
    /// The frame after which the next checksums to send begin.
    fn continue_after(&mut self, now: Duration, repeat: Duration) -> i32 {
        if self.sent <= self.acked {
            return self.acked;
        }
        let since = *self.waiting_since.get_or_insert(now);
        if now.saturating_sub(since) < repeat { self.sent } else { self.acked }
    }

    /// The checksums of the frames `first..=last` were sent.
    fn handle_sent(&mut self, now: Duration, first: i32, last: i32) {
        if first <= self.sent || self.sent <= self.acked {
            self.waiting_since = Some(now);
        }
        self.sent = last;
    }

    /// The peer has the checksums up to this frame.
    fn handle_ack(&mut self, frame: i32) {
        if frame > self.acked {
            self.acked = frame;
            self.sent = self.sent.max(frame);
            // What remains was sent later: it has its own time.
            self.waiting_since = None;
        }
    }
}

#[cfg(test)]
#[path = "checksums_tests.rs"]
mod tests;
