//! One try at a WebRTC connection to one peer: its own matchbox socket, its own connection id.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::channel::mpsc;
use futures::future::{Either, select};
use futures::{FutureExt, SinkExt, StreamExt};
use futures_timer::Delay;
use matchbox_socket::{
    CandidateType, ChannelConfig, MessageLoopFuture, Packet, PeerEvent, PeerId, PeerSignal,
    PeerState, WebRtcSocket, WebRtcSocketBuilder,
};
use netplay_protocol::signaling::IceServer;
use netplay_protocol::{ConnectionId, PeerKey};

use super::driver::Happening;
use super::gate::{Gate, GateError, Role, Step};
use super::platform::{self, Nudge, Task};
use super::quota::Quota;
use super::sender::Sender;
use super::signaller::{AttemptSignaller, OneSignaller, Outgoing, Signaling, peer_id};
use crate::{CandidateKind, Candidates, Channel, PathId, PathKind, PathPolicy, SendError};

/// How long an attempt may take until its channels are open.
const DEADLINE: Duration = Duration::from_secs(10);
/// How often the socket is asked whether it has opened.
const OPENING_TICK: Duration = Duration::from_millis(2);
/// How often an open socket is asked whether it has closed, and over which candidates it runs.
const OPEN_TICK: Duration = Duration::from_millis(50);

/// How many datagrams may wait for a connection that takes none: a second's worth.
const MOST_WAITING: usize = 64;
/// How many bytes may wait inside a connection before datagrams are dropped.
const MOST_BUFFERED: usize = 64 * 1024;

/// What an attempt tells the driver.
pub(super) enum AttemptEvent {
    /// Both channels are open; the caller knows already.
    Open,
    /// The pair of candidates became known or changed.
    Pair(Candidates),
    /// The attempt failed or the connection closed.
    Over(String),
}

/// The sending ends of an open connection.
#[derive(Clone)]
pub(super) struct Senders {
    peer: PeerId,
    datagram: mpsc::UnboundedSender<(PeerId, Packet)>,
    reliable: mpsc::UnboundedSender<(PeerId, Packet)>,
    /// Bytes that wait in the connection itself, as of the last look.
    buffered: Arc<AtomicUsize>,
}

impl Senders {
    /// Returns about how many bytes wait: as many packets of this size as the channel has not taken yet. Of
    /// datagrams that wait for long nobody has any use: more than a few are dropped.
    pub(super) fn send(&self, channel: Channel, packet: &[u8]) -> Result<usize, SendError> {
        let sender = match channel {
            Channel::Datagram => &self.datagram,
            Channel::Reliable => &self.reliable,
        };
        let buffered = self.buffered.load(Ordering::Relaxed);
        let clogged = sender.len() >= MOST_WAITING || buffered >= MOST_BUFFERED;
        if channel == Channel::Reliable || !clogged || sender.is_closed() {
            let copy = Packet::copy_from_slice(packet);
            sender.unbounded_send((self.peer, copy)).map_err(|_| SendError::NoPath)?;
        }
        Ok(buffered + sender.len() * packet.len())
    }
}

/// A running attempt. Dropping it closes its connection.
pub(super) struct Attempt {
    pub(super) connection: ConnectionId,
    pub(super) role: Role,
    gate: Gate,
    remote: PeerId,
    platform: platform::Connection,
    signals: mpsc::UnboundedSender<PeerEvent>,
    _task: Task,
}

/// What an attempt is about.
pub(super) struct AttemptSpec<'a> {
    pub(super) local: PeerKey,
    pub(super) remote: PeerKey,
    pub(super) role: Role,
    pub(super) connection: ConnectionId,
    pub(super) policy: PathPolicy,
    pub(super) ice_servers: &'a [IceServer],
}

/// Where an attempt reports to.
#[derive(Clone)]
pub(super) struct Reports {
    pub(super) signals: mpsc::UnboundedSender<Outgoing>,
    pub(super) events: mpsc::UnboundedSender<(PeerKey, ConnectionId, AttemptEvent)>,
    pub(super) packets: mpsc::Sender<Happening>,
}

impl Attempt {
    pub(super) fn start(spec: AttemptSpec<'_>, reports: Reports) -> Self {
        let AttemptSpec { local, remote, role, connection, policy, ice_servers } = spec;
        let (candidates, found) = mpsc::unbounded();
        let relay_only = policy == PathPolicy::Turn;
        let (platform, ice_config) =
            platform::Connection::prepare(&allowed(ice_servers, policy), relay_only, candidates);
        let outgoing = reports.signals.clone();
        let signaling = Signaling { policy, sockets: platform.sockets(), found, outgoing };
        let (signaller, signals) =
            AttemptSignaller::new((local, remote), role, connection, signaling);
        let nudge = Nudge::new(&platform, peer_id(remote), signals.clone());
        let (socket, message_loop) = WebRtcSocketBuilder::new("one attempt")
            .ice_server(ice_config)
            .reconnect_attempts(Some(1))
            .signaling_keep_alive_interval(None)
            .add_channel(ChannelConfig::unreliable())
            .add_channel(ChannelConfig::reliable())
            .signaller_builder(Arc::new(OneSignaller::new(signaller)))
            .build();
        let id = (remote, connection, guess(policy));
        let task = run(id, (platform.clone(), nudge), socket, message_loop, reports);
        Self {
            connection,
            role,
            gate: Gate::new(role, policy),
            remote: peer_id(remote),
            platform,
            signals,
            _task: platform::spawn(task),
        }
    }

    /// Takes a step of the peer that the server passed on.
    pub(super) fn take(&mut self, step: Step) -> Result<(), GateError> {
        for step in self.gate.accept(step)? {
            let data = match step {
                Step::Offer(sdp) => PeerSignal::Offer(sdp),
                Step::Answer(sdp) => PeerSignal::Answer(sdp),
                Step::Candidate(json) => PeerSignal::IceCandidate(json),
            };
            let described = !matches!(data, PeerSignal::IceCandidate(_));
            // An attempt that is over says so by its event.
            let _ = self.signals.unbounded_send(PeerEvent::Signal { sender: self.remote, data });
            if described {
                self.platform.sockets().described();
            }
        }
        Ok(())
    }
}

/// What kind of path a connection will be, before its candidates are known.
fn guess(policy: PathPolicy) -> PathKind {
    match policy {
        PathPolicy::Turn => PathKind::Turn,
        _ => PathKind::Direct,
    }
}

/// The ICE servers that lead to candidates that the policy allows. TURN servers are those with a credential.
fn allowed(servers: &[IceServer], policy: PathPolicy) -> Vec<IceServer> {
    let allowed = |server: &&IceServer| match server.credential {
        Some(_) => policy != PathPolicy::Direct,
        None => policy != PathPolicy::Turn,
    };
    servers.iter().filter(allowed).cloned().collect()
}

/// With whom, which one, and what kind of path it will probably be.
type Id = (PeerKey, ConnectionId, PathKind);

/// Runs an attempt to its end and says how it ended.
async fn run(
    id: Id,
    (platform, nudge): (platform::Connection, Nudge),
    socket: WebRtcSocket,
    message_loop: MessageLoopFuture,
    reports: Reports,
) {
    let (remote, connection, _) = id;
    // A driver that is gone needs no report.
    let over = |reason| {
        drop(reports.events.unbounded_send((remote, connection, AttemptEvent::Over(reason))));
    };
    if let Some(reason) = platform.failure() {
        return over(reason);
    }
    // matchbox unwraps in places that a peer can reach. A panic ends this attempt and nothing else.
    let message_loop = AssertUnwindSafe(message_loop).catch_unwind().map(|end| match end {
        Ok(Ok(())) => "the connection closed".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the connection broke down on something the other side sent".to_owned(),
    });
    let message_loop = std::pin::pin!(message_loop);
    let watched = std::pin::pin!(watch(id, (platform, nudge), socket, &reports));
    match select(message_loop, watched).await {
        Either::Left((reason, _)) | Either::Right((reason, _)) => over(reason),
    }
}

/// Waits for the channels to open, then forwards what arrives. Returns why it stopped.
async fn watch(
    (remote, connection, kind): Id,
    (platform, nudge): (platform::Connection, Nudge),
    mut socket: WebRtcSocket,
    reports: &Reports,
) -> String {
    let (Ok(datagrams), Ok(reliable)) = (socket.take_channel(0), socket.take_channel(1)) else {
        return "the connection has no channels".to_owned();
    };
    let ((datagram_tx, datagrams), (reliable_tx, reliable)) = (datagrams.split(), reliable.split());
    if let Err(reason) = opened(&mut socket, &platform, nudge).await {
        return reason;
    }
    let buffered = Arc::new(AtomicUsize::new(0));
    let senders = Senders {
        peer: peer_id(remote),
        datagram: datagram_tx,
        reliable: reliable_tx,
        buffered: buffered.clone(),
    };
    // A driver that is gone needs no report.
    let report = |event| drop(reports.events.unbounded_send((remote, connection, event)));
    // Before the caller hears of it: the driver is asked to close only what it knows to be open.
    report(AttemptEvent::Open);
    // Told to the caller from here, so that no packet overtakes it.
    let sender = Sender::Rtc(senders);
    let path = PathId(connection.0);
    let up = Happening::PathUp { peer: remote, path, kind, sender };
    let mut inbox = reports.packets.clone();
    if inbox.send(up).await.is_err() {
        return "nobody waits for the connection".to_owned();
    }
    let look = || {
        buffered.store(platform.buffered(), Ordering::Relaxed);
        platform.failure()
    };
    let pair = |pair| report(AttemptEvent::Pair(pair));
    let closed = std::pin::pin!(closed(&mut socket, remote, look, pair));
    let packets = futures::stream::select(
        datagrams.map(|(_, packet)| (Channel::Datagram, packet)),
        reliable.map(|(_, packet)| (Channel::Reliable, packet)),
    );
    let forwarded = std::pin::pin!(forward(remote, path, packets, inbox));
    match select(closed, forwarded).await {
        Either::Left((reason, _)) | Either::Right((reason, _)) => reason,
    }
}

async fn opened(
    socket: &mut WebRtcSocket,
    platform: &platform::Connection,
    mut nudge: Nudge,
) -> Result<(), String> {
    let mut deadline = Delay::new(DEADLINE);
    loop {
        if let Some(reason) = platform.failure() {
            return Err(reason);
        }
        match socket.try_update_peers() {
            Ok(changes) if changes.iter().any(|(_, state)| *state == PeerState::Connected) => {
                return Ok(());
            }
            Ok(_) => nudge.poke(),
            Err(error) => return Err(error.to_string()),
        }
        if let Either::Left(_) = select(&mut deadline, Delay::new(OPENING_TICK)).await {
            return Err(format!("no connection after {} s", DEADLINE.as_secs()));
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
    mut inbox: mpsc::Sender<Happening>,
) -> String {
    let quota = Quota::default();
    while let Some((channel, packet)) = packets.next().await {
        let taken = quota.take().is_some_and(|ticket| {
            let (at, packet) = (platform::now(), packet.to_vec());
            let arrived = Happening::Packet { peer, path, at, channel, packet, _ticket: ticket };
            inbox.try_send(arrived).is_ok()
        });
        // What is unreliable may get lost here as well as anywhere.
        if !taken && channel == Channel::Reliable {
            return "the game does not take what the other side sends".to_owned();
        }
    }
    "the channels closed".to_owned()
}
