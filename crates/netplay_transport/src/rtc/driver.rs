//! The background task of a transport: the room, and the attempts and relays to its other peers.

use std::collections::BTreeMap;
use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use futures::channel::mpsc;
use futures::{FutureExt, SinkExt, StreamExt, select_biased};
use futures_timer::Delay;
use netplay_core::path::{PathId, PathKind};
use netplay_core::signaling::{SignalingClient, SignalingEvent, SocketEvent};
use netplay_protocol::signaling::{ClientMessage, IceServer, Presence, ServerMessage};
use netplay_protocol::{ConnectionId, Identity, PeerKey, RelayChannel, Roster};
use web_time::Instant;

use super::attempt::{AttemptEvent, Reports};
use super::platform::{Route, SEES_PINGS, now, route};
use super::quota::Ticket;
use super::relay::{RelayQueue, RelaySender};
use super::remote::Remote;
use super::sender::Sender;
use super::signaller::Outgoing;
use super::socket::SignalingSocket;
use crate::{Channel, JoinRequest, LeaveReason, PathPolicy, TransportEvent, TransportRequest};

/// How long a leaver lets its last reliable messages get out.
const LINGER: Duration = Duration::from_millis(150);
/// How often it is looked at whether the machine is on another network.
const LOOK_AT_NETWORK: Duration = Duration::from_secs(1);

/// What the caller asks of the driver.
pub(super) enum Command {
    /// Something about paths.
    Request(TransportRequest),
    /// Leave the room.
    Leave,
}

/// What the caller is told.
pub(super) enum Happening {
    /// Passed on as it is.
    Event(TransportEvent),
    /// A path is there.
    PathUp { peer: PeerKey, path: PathId, kind: PathKind, sender: Sender },
    /// A packet came.
    Packet {
        peer: PeerKey,
        path: PathId,
        at: Instant,
        channel: Channel,
        packet: Vec<u8>,
        /// Its room, until it is taken.
        _ticket: Ticket,
    },
}

/// Joins a room and does what the caller asks for, until told to leave.
pub(super) async fn drive(
    request: JoinRequest,
    commands: mpsc::UnboundedReceiver<Command>,
    mut inbox: mpsc::Sender<Happening>,
) {
    let (identity, policy, seed) = (request.identity.clone(), request.policy, request.seed);
    let (signals_tx, signals) = mpsc::unbounded();
    let (events_tx, attempt_events) = mpsc::unbounded();
    let reports = Reports { signals: signals_tx, events: events_tx, packets: inbox.clone() };
    let (relay_sender, relayed) = RelayQueue::new();
    let started = now();
    let driver = Driver {
        key: identity.peer_key(),
        identity,
        policy,
        seed,
        started,
        signaling: SignalingClient::new(request, SEES_PINGS, Duration::ZERO),
        socket: SignalingSocket::default(),
        lost: None,
        joined: false,
        playing: false,
        inbox: inbox.clone(),
        ice_servers: Vec::new(),
        roster: Roster { size: 0, members: Vec::new() },
        remotes: BTreeMap::new(),
        attempts_started: 0,
        route: route(),
        look_at: started + LOOK_AT_NETWORK,
        reports,
        signals,
        attempt_events,
        relay_sender,
        relayed,
    };
    let reason = driver.run(commands).await;
    // A caller that dropped the transport does not want to know.
    let _ = inbox.send(Happening::Event(TransportEvent::Left(reason))).await;
}

pub(super) struct Driver {
    pub(super) key: PeerKey,
    pub(super) identity: Identity,
    pub(super) policy: PathPolicy,
    seed: u64,
    /// The zero of the clock that decisions are made by.
    started: Instant,
    pub(super) signaling: SignalingClient,
    socket: SignalingSocket,
    /// Since when there is no connection to the server, and why.
    lost: Option<(Instant, String)>,
    joined: bool,
    playing: bool,
    pub(super) inbox: mpsc::Sender<Happening>,
    pub(super) ice_servers: Vec<IceServer>,
    roster: Roster,
    pub(super) remotes: BTreeMap<PeerKey, Remote>,
    attempts_started: u64,
    /// The network that packets leave by, where that can be seen.
    route: Option<Route>,
    look_at: Instant,
    pub(super) reports: Reports,
    signals: mpsc::UnboundedReceiver<Outgoing>,
    attempt_events: mpsc::UnboundedReceiver<(PeerKey, ConnectionId, AttemptEvent)>,
    pub(super) relay_sender: RelaySender,
    relayed: RelayQueue,
}

/// What ended a wait.
enum Woken {
    Command(Command),
    Socket(SocketEvent),
    Signal(Outgoing),
    Attempt((PeerKey, ConnectionId, AttemptEvent)),
    Relayed((PeerKey, RelayChannel, Vec<u8>)),
    Timer,
}

impl Driver {
    async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) -> LeaveReason {
        loop {
            if let Err(reason) = self.attend_to_signaling().await {
                return reason;
            }
            let woken = self.wait(&mut commands).await;
            if let Err(reason) = self.act(woken).await {
                return reason;
            }
        }
    }

    /// Now, on the clock that decisions are made by.
    fn clock(&self) -> Duration {
        now().saturating_duration_since(self.started)
    }

    /// Does what the client of the signaling server has decided, until there is nothing left to do.
    async fn attend_to_signaling(&mut self) -> Result<(), LeaveReason> {
        loop {
            while let Some(command) = self.signaling.poll_command() {
                self.socket.handle_command(command);
            }
            if let Some(frame) = self.signaling.poll_transmit() {
                if let Err(reason) = self.socket.send(frame).await {
                    let disconnected = SocketEvent::Disconnected(Some(reason));
                    self.signaling.handle_socket(self.clock(), disconnected);
                }
            } else if let Some(event) = self.signaling.poll_event() {
                self.signaling_event(event).await?;
            } else {
                return Ok(());
            }
        }
    }

    /// Waits for whatever comes first. Of what is there already, news of attempts come before commands: the
    /// caller hears of a path as soon as the driver does, and what it asks for then must find the path here.
    /// Commands wait until a server has answered: before that, none of them can be carried out.
    async fn wait(&mut self, commands: &mut mpsc::UnboundedReceiver<Command>) -> Woken {
        let mut timer = pin!(self.timer().fuse());
        let joining = self.signaling.is_joining();
        let command = async {
            match joining {
                true => pending().await,
                false => commands.next().await,
            }
        };
        let mut command = pin!(command.fuse());
        let mut socket = pin!(self.socket.next().fuse());
        let mut relayed = pin!(self.relayed.next().fuse());
        select_biased! {
            event = self.attempt_events.select_next_some() => Woken::Attempt(event),
            command = command => Woken::Command(command.unwrap_or(Command::Leave)),
            event = socket => Woken::Socket(event),
            signal = self.signals.select_next_some() => Woken::Signal(signal),
            packet = relayed => Woken::Relayed(packet),
            () = timer => Woken::Timer,
        }
    }

    async fn act(&mut self, woken: Woken) -> Result<(), LeaveReason> {
        match woken {
            Woken::Command(Command::Request(request)) => self.obey(request).await,
            Woken::Command(Command::Leave) => {
                // Goodbyes come before leaving: the server carries nothing for who has left.
                while let Some((to, channel, packet)) = self.relayed.next().now_or_never() {
                    self.carry(to, channel, &packet);
                }
                self.signaling.send(ClientMessage::Leave);
                // Whatever the server makes of it, leaving was asked for.
                let _ = self.attend_to_signaling().await;
                Delay::new(LINGER).await;
                return Err(LeaveReason::Asked);
            }
            Woken::Socket(event) => self.signaling.handle_socket(self.clock(), event),
            Woken::Signal(outgoing) => self.signal(outgoing),
            Woken::Attempt(event) => self.attempt_event(event).await,
            Woken::Relayed((to, channel, packet)) => self.carry(to, channel, &packet),
            Woken::Timer => self.time_out().await?,
        }
        Ok(())
    }

    async fn obey(&mut self, request: TransportRequest) {
        match request {
            TransportRequest::Attempt(peer) => self.attempt(peer).await,
            TransportRequest::OpenRelay(peer) => self.want_relay(peer).await,
            TransportRequest::Close(peer, PathId::RELAY) => self.close_relay(peer).await,
            TransportRequest::Close(peer, path) => {
                if let Some(remote) = self.remotes.get_mut(&peer) {
                    remote.connections.remove(&path);
                }
            }
            TransportRequest::Forget(peer) => {
                self.close_relay(peer).await;
                if let Some(remote) = self.remotes.get_mut(&peer) {
                    remote.attempt = None;
                    remote.connections.clear();
                    remote.ignored = true;
                }
            }
            TransportRequest::CheckServer => self.signaling.check(self.clock()),
            TransportRequest::Playing(playing) => {
                self.playing = playing;
                self.signaling.send(ClientMessage::Playing { playing });
            }
        }
    }

    pub(super) async fn tell(&mut self, event: TransportEvent) {
        self.report(Happening::Event(event)).await;
    }

    pub(super) async fn report(&mut self, happening: Happening) {
        // A caller that dropped the transport drops this task as well.
        let _ = self.inbox.send(happening).await;
    }

    async fn signaling_event(&mut self, event: SignalingEvent) -> Result<(), LeaveReason> {
        match event {
            SignalingEvent::Message(message) => self.server_message(message).await,
            SignalingEvent::Packet { from, channel, packet } => {
                self.relayed_packet(from, channel, &packet).await;
            }
            SignalingEvent::Lost(reason) => {
                self.lost = Some((now(), reason.clone()));
                self.relays_down(&reason).await;
                self.tell(TransportEvent::SignalingLost { reason }).await;
            }
            SignalingEvent::Restored => {
                self.lost = None;
                self.signaling.send(ClientMessage::Playing { playing: self.playing });
                self.tell(TransportEvent::SignalingRestored).await;
            }
            // With a connection, whether the game can do without the server is the caller's to judge.
            SignalingEvent::Closed(reason) if self.has_connections() => {
                let known = self.lost.take().is_some();
                self.relays_down(&reason.to_string()).await;
                if !known {
                    self.tell(TransportEvent::SignalingLost { reason: reason.to_string() }).await;
                }
            }
            SignalingEvent::Closed(reason) => return Err(reason),
        }
        Ok(())
    }

    async fn server_message(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Queued { waiting } => {
                self.tell(TransportEvent::Queued { waiting }).await;
            }
            ServerMessage::Welcome { room, size, resume, ice_servers, .. } => {
                self.ice_servers = ice_servers;
                if !std::mem::replace(&mut self.joined, true) {
                    self.tell(TransportEvent::Joined { room, size, seat: Some(resume) }).await;
                }
            }
            ServerMessage::Roster { roster, .. } => {
                self.roster = roster.clone();
                self.meet_roster().await;
                self.tell(TransportEvent::Roster(roster)).await;
            }
            ServerMessage::Presence { peer, presence } => {
                if presence == Presence::Restarted {
                    self.give_up_attempt(peer).await;
                }
                if matches!(presence, Presence::Online | Presence::Restarted) {
                    // It may know nothing of the keys we agreed on.
                    self.begin_handshake(peer).await;
                }
                self.tell(TransportEvent::Presence { peer, presence }).await;
            }
            ServerMessage::Signal { from, connection, signal } => {
                self.peer_signal(from, connection, signal).await;
            }
            ServerMessage::IceServers { ice_servers } => self.ice_servers = ice_servers,
            ServerMessage::Draining { within_ms, .. } => {
                log::info!("the signaling server stops in at most {} s", within_ms / 1000);
            }
            // Whether the peer has packets carried is the server's business; they say it themselves. The
            // others are the connection's.
            ServerMessage::Relay { .. } | ServerMessage::Refused { .. } | ServerMessage::Pong => {}
        }
    }

    /// Whether there is a connection that does not need the server.
    fn has_connections(&self) -> bool {
        self.remotes.values().any(|remote| !remote.connections.is_empty())
    }

    /// Gets to know whoever is new. What leads to somebody who is not in the room any more stays, until it
    /// closes or the caller forgets it: its socket to the server may be all that was lost.
    async fn meet_roster(&mut self) {
        let members = self.roster.members.clone();
        for (peer, remote) in &mut self.remotes {
            remote.absent |= !members.contains(peer);
        }
        self.remotes.retain(|_, remote| !remote.absent || !remote.connections.is_empty());
        for peer in members {
            // Whoever comes into a room again was started anew.
            let new = self.remotes.get(&peer).is_none_or(|remote| remote.absent);
            if new && peer != self.key {
                let remote = Remote::new(self.identity.clone(), peer, now());
                self.remotes.insert(peer, remote);
                self.begin_handshake(peer).await;
            }
        }
    }

    pub(super) fn new_connection(&mut self) -> ConnectionId {
        self.attempts_started += 1;
        // A golden-ratio sequence: no id repeats, and the seed is the caller's randomness.
        let step = self.attempts_started.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ConnectionId(self.seed.wrapping_add(step))
    }

    /// When we no longer wait for the server, and why: with a connection to somebody, never; without any,
    /// when our seat is gone.
    fn given_up_at(&self) -> Option<(Instant, &str)> {
        let (since, reason) = self.lost.as_ref()?;
        (!self.has_connections()).then_some((*since + self.signaling.grace(), reason))
    }

    /// Waits for whatever is due first.
    fn timer(&self) -> impl Future<Output = ()> + use<> {
        let handshakes = self.remotes.values().filter_map(|remote| remote.handshake_at);
        let given_up = self.given_up_at().map(|(at, _)| at);
        let signaling = self.signaling.poll_timeout().map(|due| self.started + due);
        let due = handshakes.chain(given_up).chain(signaling).fold(self.look_at, Instant::min);
        Delay::new(due.saturating_duration_since(now()))
    }

    async fn time_out(&mut self) -> Result<(), LeaveReason> {
        self.signaling.handle_timeout(self.clock());
        let now = now();
        if let Some((_, reason)) = self.given_up_at().filter(|(at, _)| *at <= now) {
            return Err(LeaveReason::ServerGone(reason.to_owned()));
        }
        let late = |remote: &Remote| remote.handshake_at.is_some_and(|at| at <= now);
        let late = self.remotes.iter().filter(|(_, remote)| late(remote));
        for peer in late.map(|(peer, _)| *peer).collect::<Vec<_>>() {
            self.begin_handshake(peer).await;
        }
        if self.look_at <= now {
            self.look_at = now + LOOK_AT_NETWORK;
            let route = route();
            if route.is_some() && self.route != route {
                log::info!("the machine is on another network");
                self.route = route;
                self.tell(TransportEvent::NetworkChanged).await;
                self.signaling.check(self.clock());
            }
        }
        Ok(())
    }
}
