//! One try at a WebRTC connection to one peer: its own matchbox socket, its own connection id.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::channel::{mpsc, oneshot};
use futures::future::{Either, select};
use futures::{FutureExt, StreamExt};
use futures_timer::Delay;
use matchbox_socket::{
    CandidateType, ChannelConfig, MessageLoopFuture, Packet, PeerEvent, PeerId, PeerSignal,
    PeerState, WebRtcSocket, WebRtcSocketBuilder,
};
use netplay_core::negotiation::{AttemptSignal, Role};
use netplay_core::transport::TransportOptions;
use netplay_protocol::signaling::IceServer;
use netplay_protocol::{ConnectionId, PeerKey};

use super::allowed_servers::allowed;
use super::driver_event::DriverEvent;
use super::inbox_quota::InboxQuota;
use super::platform::{self, IceWaker, Task};
use super::report::{AttemptEvent, AttemptReport, Heard, Opened};
use super::sender::Senders;
use super::signaller::{AttemptSignaller, OneSignaller, Signaling, peer_id};
use crate::{CandidateKind, Candidates, Channel, PathId, PathPolicy};

/// How often a socket is polled until it has opened.
const OPENING_TICK: Duration = Duration::from_millis(2);
/// How often an open socket is polled: whether it has closed, and which pair of candidates it uses.
const OPEN_TICK: Duration = Duration::from_millis(50);

/// A running attempt. Dropping it closes its connection.
pub(super) struct Attempt {
    /// Set while the connection has opened and the caller is not told yet.
    pub(super) opened: Option<Opened>,
    /// When something last came on the connection, once it is open.
    pub(super) heard: Option<Heard>,
    remote: PeerId,
    platform: platform::Connection,
    signals: mpsc::UnboundedSender<PeerEvent>,
    _task: Task,
}

/// The parameters of an attempt.
pub(super) struct AttemptSpec {
    pub(super) local: PeerKey,
    pub(super) remote: PeerKey,
    pub(super) role: Role,
    pub(super) connection: ConnectionId,
    pub(super) policy: PathPolicy,
    pub(super) ice_servers: Vec<IceServer>,
    /// How many attempts with this peer came before.
    pub(super) number: usize,
    pub(super) options: TransportOptions,
}

/// Where an attempt reports to.
#[derive(Clone)]
pub(super) struct Reports {
    pub(super) reports: mpsc::UnboundedSender<AttemptReport>,
    pub(super) packets: mpsc::Sender<DriverEvent>,
}

impl Reports {
    fn send(&self, (peer, connection): Id, event: AttemptEvent) {
        // A driver that has ended needs no report.
        let _ = self.reports.unbounded_send(AttemptReport { peer, connection, event });
    }
}

impl Attempt {
    pub(super) fn start(spec: AttemptSpec, reports: Reports) -> Self {
        let AttemptSpec { local, remote, role, connection, policy, ice_servers, number, options } =
            spec;
        let (candidates, found) = mpsc::unbounded();
        let relay_only = policy == PathPolicy::Turn;
        let ice_servers = allowed(&ice_servers, policy);
        let (platform, ice_config) =
            platform::Connection::prepare(&ice_servers, relay_only, number, candidates);
        let outgoing = reports.reports.clone();
        let signaling = Signaling { policy, noted: platform.local(), found, outgoing };
        let (signaller, signals) =
            AttemptSignaller::new((local, remote), role, connection, signaling);
        platform.attach(peer_id(remote), &signals);
        let waker = IceWaker::new(&platform, peer_id(remote), signals.clone());
        let (socket, message_loop) = WebRtcSocketBuilder::new("one attempt")
            .ice_server(ice_config)
            .reconnect_attempts(Some(1))
            .signaling_keep_alive_interval(None)
            .add_channel(ChannelConfig {
                max_retransmits: Some(options.max_retransmits),
                ..ChannelConfig::unreliable()
            })
            .add_channel(ChannelConfig::reliable())
            .signaller_builder(Arc::new(OneSignaller::new(signaller)))
            .build();
        let id = (remote, connection);
        let opening = Opening { waker, deadline: options.attempt_deadline };
        let task = run(id, (platform.clone(), opening), socket, message_loop, reports);
        Self {
            opened: None,
            heard: None,
            remote: peer_id(remote),
            platform,
            signals,
            _task: platform::spawn(task),
        }
    }

    /// Hands a signal of the peer to matchbox.
    pub(super) fn handle_signal(&self, signal: AttemptSignal) {
        let description = match &signal {
            AttemptSignal::Offer(sdp) | AttemptSignal::Answer(sdp) => Some(sdp.clone()),
            AttemptSignal::Candidate(_) => None,
        };
        let data = match self.platform.receive(signal) {
            Some(AttemptSignal::Offer(sdp)) => PeerSignal::Offer(sdp),
            Some(AttemptSignal::Answer(sdp)) => PeerSignal::Answer(sdp),
            Some(AttemptSignal::Candidate(json)) => PeerSignal::IceCandidate(json),
            None => return,
        };
        // An attempt that has ended says so by its report.
        let _ = self.signals.unbounded_send(PeerEvent::Signal { sender: self.remote, data });
        if let Some(description) = description {
            self.platform.described();
            self.platform.received(&description);
        }
    }
}

/// What an attempt needs until it is open.
struct Opening {
    waker: IceWaker,
    deadline: Duration,
}

/// The other peer and the attempt.
type Id = (PeerKey, ConnectionId);

/// Runs an attempt to its end and says how it ended.
async fn run(
    id: Id,
    (platform, opening): (platform::Connection, Opening),
    socket: WebRtcSocket,
    message_loop: MessageLoopFuture,
    reports: Reports,
) {
    let (troubles, was_open) = (platform.clone(), AtomicBool::new(false));
    let ended = |end: End| {
        let troubles = troubles.troubles();
        // Whatever went wrong before a connection opened did not end it.
        let is_cause = !troubles.is_empty() && !was_open.load(Ordering::Relaxed);
        let with_cause = |reason: String| match is_cause {
            true => format!("{reason} ({})", troubles.join("; ")),
            false => reason,
        };
        let event = match end {
            End::Closed(reason) => AttemptEvent::Ended(with_cause(reason)),
            End::ChecksFailed(reason) => {
                let reason = with_cause(reason);
                AttemptEvent::ChecksFailed { reason, troubles }
            }
        };
        reports.send(id, event);
    };
    if let Some(reason) = platform.failure() {
        return ended(End::Closed(reason));
    }
    // matchbox unwraps in places that a peer can reach. A panic ends only this attempt.
    let message_loop = AssertUnwindSafe(message_loop).catch_unwind().map(|end| match end {
        Ok(Ok(())) => "the connection closed".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the connection broke down on something the other side sent".to_owned(),
    });
    let message_loop = std::pin::pin!(message_loop);
    let watched = std::pin::pin!(watch(id, (platform, opening), socket, (&reports, &was_open)));
    match select(message_loop, watched).await {
        Either::Left((reason, _)) => ended(End::Closed(reason)),
        Either::Right((end, _)) => ended(end),
    }
}

/// How an attempt ends, or the connection that came of it, and why.
enum End {
    /// It was broken off, or the connection closed.
    Closed(String),
    /// No candidates reached each other.
    ChecksFailed(String),
}

/// Waits for the channels to open, then forwards what arrives. Returns how it ended.
async fn watch(
    id: Id,
    (platform, opening): (platform::Connection, Opening),
    mut socket: WebRtcSocket,
    (reports, was_open): (&Reports, &AtomicBool),
) -> End {
    let (remote, connection) = id;
    let (Ok(datagrams), Ok(reliable)) = (socket.take_channel(0), socket.take_channel(1)) else {
        return End::Closed("the connection has no channels".to_owned());
    };
    let ((datagram_tx, datagrams), (reliable_tx, reliable)) = (datagrams.split(), reliable.split());
    if let Err(end) = opened(&mut socket, &platform, opening).await {
        return end;
    }
    was_open.store(true, Ordering::Relaxed);
    let buffered = Arc::new(AtomicUsize::new(0));
    let senders = Senders {
        peer: peer_id(remote),
        datagram: datagram_tx,
        reliable: reliable_tx,
        buffered: buffered.clone(),
        last_datagram: 0,
    };
    let (forward_tx, may_forward) = oneshot::channel();
    let heard = Heard::new(platform::now());
    let opened = Opened { senders, heard: heard.clone(), forward: forward_tx };
    reports.send(id, AttemptEvent::Opened(opened));
    if may_forward.await.is_err() {
        return End::Closed("nobody waits for the connection".to_owned());
    }
    let look = || {
        buffered.store(platform.buffered(), Ordering::Relaxed);
        platform.failure()
    };
    let tunnelled = platform.is_tunnelled();
    let relay = Candidates { local: CandidateKind::Relay, remote: CandidateKind::Relay };
    let pair = |pair| {
        let pair = if tunnelled { relay } else { pair };
        reports.send(id, AttemptEvent::Pair(pair));
    };
    let closed = std::pin::pin!(closed(&mut socket, remote, look, pair));
    let packets = futures::stream::select(
        datagrams.map(|(_, packet)| (Channel::Datagram, packet)),
        reliable.map(|(_, packet)| (Channel::Reliable, packet)),
    );
    let path = PathId(connection.0);
    let forwarded =
        std::pin::pin!(forward(remote, path, packets, (reports.packets.clone(), heard)));
    match select(closed, forwarded).await {
        Either::Left((reason, _)) | Either::Right((reason, _)) => End::Closed(reason),
    }
}

async fn opened(
    socket: &mut WebRtcSocket,
    platform: &platform::Connection,
    Opening { mut waker, deadline }: Opening,
) -> Result<(), End> {
    let mut over = Delay::new(deadline);
    loop {
        if let Some(reason) = platform.failure() {
            return Err(End::ChecksFailed(reason));
        }
        match socket.try_update_peers() {
            Ok(changes) if changes.iter().any(|(_, state)| *state == PeerState::Connected) => {
                return Ok(());
            }
            Ok(_) => waker.wake(),
            Err(error) => return Err(End::Closed(error.to_string())),
        }
        if let Either::Left(_) = select(&mut over, Delay::new(OPENING_TICK)).await {
            let reason = format!("no connection after {} s", deadline.as_secs());
            return Err(End::ChecksFailed(reason));
        }
    }
}

async fn closed(
    socket: &mut WebRtcSocket,
    remote: PeerKey,
    look: impl Fn() -> Option<String>,
    report: impl Fn(Candidates),
) -> String {
    let mut known = None;
    loop {
        if let Some(reason) = look() {
            return reason;
        }
        match socket.try_update_peers() {
            Ok(changes) if changes.iter().any(|(_, state)| *state == PeerState::Disconnected) => {
                return "the other side closed the connection, or it failed".to_owned();
            }
            Ok(_) => {}
            Err(error) => return error.to_string(),
        }
        let pair = socket.candidate_pair(peer_id(remote));
        if pair != known
            && let Some(pair) = pair
        {
            known = Some(pair);
            report(Candidates { local: kind(pair.local), remote: kind(pair.remote) });
        }
        Delay::new(OPEN_TICK).await;
    }
}

fn kind(candidate: CandidateType) -> CandidateKind {
    match candidate {
        CandidateType::Host => CandidateKind::Host,
        CandidateType::ServerReflexive => CandidateKind::ServerReflexive,
        CandidateType::PeerReflexive => CandidateKind::PeerReflexive,
        CandidateType::Relay => CandidateKind::Relay,
    }
}

async fn forward(
    peer: PeerKey,
    path: PathId,
    mut packets: impl futures::Stream<Item = (Channel, Packet)> + Unpin,
    (mut inbox, heard): (mpsc::Sender<DriverEvent>, Heard),
) -> String {
    let quota = InboxQuota::default();
    while let Some((channel, packet)) = packets.next().await {
        let at = platform::now();
        heard.note(at);
        let taken = quota.acquire().is_some_and(|permit| {
            let packet = packet.to_vec();
            let arrived = DriverEvent::Packet { peer, path, at, channel, packet, _permit: permit };
            inbox.try_send(arrived).is_ok()
        });
        // A datagram may be lost here as well as on the network.
        if !taken && channel == Channel::Reliable {
            return "the game does not take what the other side sends".to_owned();
        }
    }
    "the channels closed".to_owned()
}
