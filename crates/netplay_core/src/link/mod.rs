//! The link: everything between the local peer and one other peer, whichever path carries it.
//!
//! A link has any number of paths. Its [agent](crate::agent) decides which of them is primary; a datagram
//! that travels on two paths is taken once; reliable messages arrive once and in order, whatever happens to
//! the paths. The estimates of the primary path make up a [`LinkQuality`] that a game can show. A peer
//! that exceeds its [rate limits](RateLimitConfig) is muted. When the peer's process restarts, the link notices
//! by its incarnation and begins again with it.
//!
//! # The driver's obligation
//!
//! * Pass every [`TransportEvent`](crate::transport::TransportEvent) that names the peer, or no peer at all, to
//!   [`Link::handle_event`]; every packet to [`Link::handle_datagram`] or [`Link::handle_reliable`]; and the
//!   result of every send to [`Link::handle_sent`].
//! * Call [`Link::handle_timeout`] once a frame, or as often. There is no `poll_timeout`: the health of a path is
//!   judged every frame.
//! * After any of these, and after [`Link::send`] and [`Link::send_reliable`], take out until there is nothing
//!   left, in this order: [`Link::poll_transmit`] to be sent, [`Link::poll_request`] to be passed to the
//!   transport, [`Link::poll_event`] and [`Link::poll_message`] to be read.
//! * Pass packets with messages of the game to [`Link::handle_message_packet`], and take out
//!   [`Link::poll_message_packet`] when there is nothing else to send, and [`Link::poll_message_event`]. Before it takes
//!   packets out, it tells how much waits on the [primary path](Link::primary_path), where the transport knows that
//!   without a packet to send: [`Link::handle_buffered`].
//!
//! `now` never goes back. Packets may carry an earlier time of arrival, `at`.

mod bounds;
mod config;
mod error;
mod event;
mod goodbye;
mod handle;
mod incarnation;
mod liveness;
mod messages;
mod quality;
mod rate_limiter;
mod receive;
mod reliable;
mod send;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use netplay_protocol::{DatagramHeader, PeerKey, ReliableHeader};

use crate::agent::{Agent, AttemptFailure};
use crate::messages::LinkMessages;
use crate::path::{Channel, InputCounts, PathId, PathKind, PathPolicy, ReceiveWindow};
use crate::transport::TransportRequest;
use incarnation::Incarnations;
use liveness::Liveness;
use quality::QualityGauge;
use rate_limiter::RateLimiter;
use reliable::ReliableMessages;

pub use config::LinkConfig;
pub use error::{MessageError, ReceiveError, TooLong};
pub use event::{Connection, LinkCounters, LinkEvent, LinkStats};
pub use quality::LinkQuality;
pub use rate_limiter::RateLimitConfig;
pub use receive::ReceivedDatagram;
pub use reliable::Backlog;
pub use send::Transmit;

/// One link. See the [module](self) for what the driver owes it.
#[derive(Debug)]
pub struct Link {
    config: LinkConfig,
    peer: PeerKey,
    agent: Agent,
    next_sequence: u16,
    received: ReceiveWindow,
    liveness: Liveness,
    last_timeout: Duration,
    /// The pause of the local process that does not count as silence yet.
    excused: Duration,
    incarnations: Incarnations,
    reliable: ReliableMessages,
    messages: LinkMessages,
    rate_limiter: RateLimiter,
    quality: QualityGauge,
    counters: LinkCounters,
    /// Inputs that were sent and received, by [`PathKind`].
    inputs: [InputCounts; 4],
    /// The primary path as it was last reported.
    reported_connection: Option<Connection>,
    transmits: VecDeque<Transmit>,
    events: VecDeque<LinkEvent>,
}

impl Link {
    /// The most bytes that the payload of a datagram may have.
    pub const MAX_PAYLOAD: usize = Channel::Datagram.max_packet_bytes() - DatagramHeader::BYTES;
    /// The most bytes that a reliable message may have.
    pub const MAX_MESSAGE: usize = Channel::Reliable.max_packet_bytes() - ReliableHeader::BYTES;

    /// A link between two peers that is created now, without a path. `incarnation` is a random number, not 0,
    /// that the local process keeps as long as it is in the room.
    pub fn new(
        config: LinkConfig,
        policy: PathPolicy,
        local: PeerKey,
        peer: PeerKey,
        incarnation: u32,
        now: Duration,
    ) -> Self {
        let config = config.bounded();
        let (agent_config, path_config) = (config.agent.clone(), config.path.clone());
        let polite = local.is_polite_to(peer);
        Self {
            agent: Agent::new(agent_config, path_config, policy, peer, polite, now),
            peer,
            next_sequence: 0,
            received: ReceiveWindow::default(),
            liveness: Liveness::new(now),
            last_timeout: now,
            excused: Duration::ZERO,
            incarnations: Incarnations::new(incarnation),
            reliable: ReliableMessages::default(),
            messages: LinkMessages::new(Arc::default(), now),
            rate_limiter: RateLimiter::new(&config.rate_limits, now),
            quality: QualityGauge::new(),
            counters: LinkCounters::default(),
            inputs: [InputCounts::default(); 4],
            reported_connection: None,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            config,
        }
    }

    /// The next packet to send, oldest first.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next request for the transport, oldest first.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_request(&mut self) -> Option<TransportRequest> {
        self.agent.poll_request()
    }

    /// The next thing that happened, oldest first.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_event(&mut self) -> Option<LinkEvent> {
        self.events.pop_front()
    }

    /// The next reliable message of the peer, in order.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_message(&mut self) -> Option<Vec<u8>> {
        self.reliable.poll_message()
    }

    /// How many reliable messages wait for their acknowledgement. More than 1024 are not taken.
    pub fn unacknowledged_messages(&self) -> usize {
        self.reliable.unacknowledged()
    }

    /// How many reliable messages the peer's present process has acknowledged.
    pub fn acknowledged_messages(&self) -> u64 {
        self.reliable.acknowledged()
    }

    /// The other peer.
    pub fn peer(&self) -> PeerKey {
        self.peer
    }

    /// How long nothing has been heard of the peer, without a pause of the local process that has just ended.
    pub fn silence(&self, now: Duration) -> Duration {
        self.liveness.silence(now).saturating_sub(self.excused)
    }

    /// The primary path.
    pub fn primary_path(&self) -> Option<PathId> {
        self.agent.primary().map(|path| path.id)
    }

    /// Whether there is any path, working or not.
    pub fn has_path(&self) -> bool {
        self.agent.has_path()
    }

    /// How many datagrams with inputs were sent on paths of a kind.
    pub fn inputs_sent(&self, kind: PathKind) -> u64 {
        self.inputs[kind as usize].sent
    }

    /// How many inputs came on paths of a kind: those that were [new](Self::count_inputs) when they came.
    pub fn inputs_received(&self, kind: PathKind) -> u64 {
        self.inputs[kind as usize].received
    }

    /// The last eight attempts at a connection that failed, oldest first.
    pub fn attempt_failures(&self) -> impl ExactSizeIterator<Item = &AttemptFailure> {
        self.agent.attempt_failures()
    }

    /// The state of the link at this moment.
    pub fn stats(&self, now: Duration) -> LinkStats {
        let primary = self.agent.primary();
        let estimator = primary.map(|path| &path.estimator);
        LinkStats {
            path: primary.map(|path| path.kind()),
            candidates: primary.and_then(|path| path.candidates()),
            rtt: estimator.and_then(|path| path.rtt()),
            rtt_min: estimator.and_then(|path| path.rtt_min(now)),
            jitter: estimator.map_or(Duration::ZERO, |path| path.jitter()),
            loss: estimator.map_or(0.0, |path| path.loss(now)),
            quality: self.quality.current(),
            counters: LinkCounters { attempts: self.agent.attempts(), ..self.counters },
        }
    }
}

#[cfg(test)]
mod tests;
