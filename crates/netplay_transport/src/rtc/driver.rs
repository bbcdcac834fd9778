//! The background task of a transport: the room, and the attempts and relays to its other peers.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use futures::channel::mpsc;
use futures::{FutureExt, SinkExt, StreamExt, select_biased};
use futures_timer::Delay;
use netplay_protocol::signaling::{ClientMessage, IceServer, Presence, ServerMessage, Signal};
use netplay_protocol::{ConnectionId, PeerKey, RelayChannel, Roster};
use web_time::Instant;

use super::attempt::{Attempt, AttemptEvent, AttemptSpec, Reports};
use super::gate::Role;
use super::links::Sender;
use super::platform::now;
use super::relay::{RelayQueue, RelaySender};
use super::remote::Remote;
use super::server::{Server, ServerEvent};
use super::signaller::Outgoing;
use crate::{
    CandidateKind, Channel, JoinRequest, LeaveReason, PathKind, PathPolicy, TransportEvent,
};

/// How long a leaver lets its last reliable messages get out.
const LINGER: Duration = Duration::from_millis(150);

/// What the caller asks of the driver.
pub(super) enum Command {
    /// Say whether a match is running.
    Playing(bool),
    /// Leave the room.
    Leave,
}

/// What the caller is told.
pub(super) enum Happening {
    /// Passed on as it is.
    Event(TransportEvent),
    /// A connection is open.
    LinkUp { peer: PeerKey, path: PathKind, attempts: u32, sender: Sender },
    /// A packet came.
    Packet { peer: PeerKey, at: Instant, channel: Channel, packet: Vec<u8> },
}

/// Joins a room and keeps a connection to every peer in it, until told to leave.
pub(super) async fn drive(
    request: JoinRequest,
    commands: mpsc::UnboundedReceiver<Command>,
    mut inbox: mpsc::Sender<Happening>,
) {
    let (key, policy, size, seed) = (request.key, request.policy, request.size, request.seed);
    let reason = match Server::join(request).await {
        Ok(server) => {
            let (signals_tx, signals) = mpsc::unbounded();
            let (events_tx, attempt_events) = mpsc::unbounded();
            let reports =
                Reports { signals: signals_tx, events: events_tx, packets: inbox.clone() };
            let (relay_sender, relayed) = RelayQueue::new();
            let driver = Driver {
                key,
                policy,
                seed,
                server,
                lost: None,
                joined: false,
                playing: false,
                inbox: inbox.clone(),
                ice_servers: Vec::new(),
                roster: Roster { size, members: Vec::new() },
                remotes: BTreeMap::new(),
                attempts_started: 0,
                reports,
                signals,
                attempt_events,
                relay_sender,
                relayed,
            };
            driver.run(commands).await
        }
        Err(reason) => reason,
    };
    // A caller that dropped the transport does not want to know.
    let _ = inbox.send(Happening::Event(TransportEvent::Left(reason))).await;
}

struct Driver {
    key: PeerKey,
    policy: PathPolicy,
    seed: u64,
    server: Server,
    /// Since when there is no connection to the server, and why.
    lost: Option<(Instant, String)>,
    joined: bool,
    playing: bool,
    inbox: mpsc::Sender<Happening>,
    ice_servers: Vec<IceServer>,
    roster: Roster,
    remotes: BTreeMap<PeerKey, Remote>,
    attempts_started: u64,
    reports: Reports,
    signals: mpsc::UnboundedReceiver<Outgoing>,
    attempt_events: mpsc::UnboundedReceiver<(PeerKey, ConnectionId, AttemptEvent)>,
    relay_sender: RelaySender,
    relayed: RelayQueue,
}

/// What ended a wait.
enum Woken {
    Command(Command),
    Server(ServerEvent),
    Signal(Outgoing),
    Attempt((PeerKey, ConnectionId, AttemptEvent)),
    Relayed((PeerKey, RelayChannel, Vec<u8>)),
    Timer,
}

impl Driver {
    async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) -> LeaveReason {
        loop {
            let woken = self.wait(&mut commands).await;
            if let Err(reason) = self.act(woken).await {
                return reason;
            }
        }
    }

    /// Waits for whatever comes first.
    async fn wait(&mut self, commands: &mut mpsc::UnboundedReceiver<Command>) -> Woken {
        let online = self.server.is_online();
        let mut timer = pin!(self.timer().fuse());
        let mut server = pin!(self.server.next().fuse());
        let mut relayed = pin!(self.relayed.next(online).fuse());
        select_biased! {
            command = commands.next() => Woken::Command(command.unwrap_or(Command::Leave)),
            event = server => Woken::Server(event),
            signal = self.signals.select_next_some() => Woken::Signal(signal),
            event = self.attempt_events.select_next_some() => Woken::Attempt(event),
            packet = relayed => Woken::Relayed(packet),
            () = timer => Woken::Timer,
        }
    }

    async fn act(&mut self, woken: Woken) -> Result<(), LeaveReason> {
        match woken {
            Woken::Command(Command::Playing(playing)) => {
                self.playing = playing;
                self.server.say(ClientMessage::Playing { playing }).await;
            }
            Woken::Command(Command::Leave) => {
                // Goodbyes come before leaving: the server carries nothing for who has left.
                let online = self.server.is_online();
                while let Some((to, channel, packet)) = self.relayed.next(online).now_or_never() {
                    self.server.carry(to, channel, &packet).await;
                }
                self.server.say(ClientMessage::Leave).await;
                Delay::new(LINGER).await;
                return Err(LeaveReason::Asked);
            }
            Woken::Server(event) => self.server_event(event).await?,
            Woken::Signal((to, connection, signal)) => {
                self.server.say(ClientMessage::Signal { to, connection, signal }).await;
            }
            Woken::Attempt(event) => self.attempt_event(event).await,
            Woken::Relayed((to, channel, packet)) => {
                self.server.carry(to, channel, &packet).await;
            }
            Woken::Timer => self.time_out().await?,
        }
        Ok(())
    }

    async fn tell(&mut self, event: TransportEvent) {
        // A caller that dropped the transport drops this task as well.
        let _ = self.inbox.send(Happening::Event(event)).await;
    }

    async fn server_event(&mut self, event: ServerEvent) -> Result<(), LeaveReason> {
        match event {
            ServerEvent::Message(message) => self.server_message(message).await,
            ServerEvent::Packet { from, channel, packet } => {
                self.relayed_packet(from, channel, packet);
            }
            ServerEvent::Lost(reason) => {
                self.lost = Some((now(), reason.clone()));
                self.tell(TransportEvent::SignalingLost { reason }).await;
            }
            ServerEvent::Restored => {
                self.lost = None;
                self.tell(TransportEvent::SignalingRestored).await;
                self.server.catch_up().await;
                self.server.say(ClientMessage::Playing { playing: self.playing }).await;
                let relayed = self.remotes.iter().filter(|(_, remote)| remote.relay.ours);
                for to in relayed.map(|(peer, _)| *peer).collect::<Vec<_>>() {
                    self.server.say(ClientMessage::Relay { to, open: true }).await;
                }
            }
            // With a connection, whether the game can do without the server is the caller's to judge.
            ServerEvent::Gone(reason) if self.has_connections() => {
                if self.lost.is_none() {
                    let reason = reason.to_string();
                    self.tell(TransportEvent::SignalingLost { reason }).await;
                }
                self.lost = None;
                let relayed = self.remotes.iter().filter(|(_, remote)| !remote.is_open());
                for peer in relayed.map(|(peer, _)| *peer).collect::<Vec<_>>() {
                    self.link_down(peer).await;
                }
            }
            ServerEvent::Gone(reason) => return Err(reason),
        }
        Ok(())
    }

    async fn server_message(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Queued { waiting } => {
                self.tell(TransportEvent::Queued { waiting }).await;
            }
            ServerMessage::Welcome { room, ice_servers, .. } => {
                self.ice_servers = ice_servers;
                if !std::mem::replace(&mut self.joined, true) {
                    self.tell(TransportEvent::Joined { room }).await;
                }
            }
            ServerMessage::Roster { roster, .. } => {
                self.roster = roster.clone();
                self.tell(TransportEvent::Roster(roster)).await;
                self.meet_roster().await;
            }
            ServerMessage::Presence { peer, presence } => {
                if presence != Presence::Online
                    && let Some(remote) = self.remotes.get_mut(&peer)
                {
                    // Whoever comes back opens the relay anew.
                    remote.relay.theirs = false;
                }
                self.tell(TransportEvent::Presence { peer, presence }).await;
            }
            ServerMessage::Signal { from, connection, signal } => {
                self.peer_signal(from, connection, signal).await;
            }
            ServerMessage::Relay { from, open } => self.relay_opened(from, open).await,
            ServerMessage::IceServers { ice_servers } => self.ice_servers = ice_servers,
            ServerMessage::Draining { within_ms, .. } => {
                log::info!("the signaling server stops in at most {} s", within_ms / 1000);
            }
            // The connection has dealt with it.
            ServerMessage::Refused { .. } => {}
        }
    }

    /// Whether there is a connection that does not need the server.
    fn has_connections(&self) -> bool {
        self.remotes.values().any(Remote::is_open)
    }

    /// A peer asked the server to carry its packets to us, or no longer to.
    async fn relay_opened(&mut self, from: PeerKey, open: bool) {
        let Some(remote) = self.remotes.get_mut(&from) else { return };
        remote.relay.theirs = open;
        if !remote.relay.comes_up() {
            return;
        }
        remote.give_up_at = None;
        let up = Happening::LinkUp {
            peer: from,
            path: PathKind::Relay,
            attempts: 1,
            sender: Sender::Relay(self.relay_sender.to(from)),
        };
        // A caller that dropped the transport drops this task as well.
        let _ = self.inbox.send(up).await;
    }

    fn relayed_packet(&mut self, from: PeerKey, channel: RelayChannel, packet: Vec<u8>) {
        let up = self.remotes.get(&from).is_some_and(|remote| remote.relay.up);
        if !up {
            // Not asked for, or it overtook what opens the relay.
            return;
        }
        let channel = match channel {
            RelayChannel::Datagram => Channel::Datagram,
            RelayChannel::Reliable => Channel::Reliable,
        };
        let happening = Happening::Packet { peer: from, at: now(), channel, packet };
        if self.inbox.try_send(happening).is_err() && channel == Channel::Reliable {
            log::warn!("the game does not take what is relayed to it: a packet is lost");
        }
    }

    /// Begins connecting to whoever is new, forgets whoever left before a connection was open. A
    /// connection that is open outlives the peer's place in the roster: its socket to the server may be
    /// all that it lost.
    async fn meet_roster(&mut self) {
        let members = self.roster.members.clone();
        let gone = self
            .remotes
            .iter()
            .filter(|(peer, remote)| !members.contains(peer) && !remote.is_open());
        for peer in gone.map(|(peer, _)| *peer).collect::<Vec<_>>() {
            self.link_down(peer).await;
        }
        for peer in members {
            if peer != self.key && !self.remotes.contains_key(&peer) {
                let mut remote = Remote::new();
                remote.relay.ours = self.policy == PathPolicy::Relay;
                self.remotes.insert(peer, remote);
                if self.policy == PathPolicy::Relay {
                    self.server.say(ClientMessage::Relay { to: peer, open: true }).await;
                } else if self.role(peer) == Role::Offerer {
                    let connection = self.new_connection();
                    self.start_attempt(peer, connection);
                }
            }
        }
    }

    /// Of two peers, the one with the lower key offers.
    fn role(&self, peer: PeerKey) -> Role {
        if self.key < peer { Role::Offerer } else { Role::Answerer }
    }

    fn new_connection(&mut self) -> ConnectionId {
        self.attempts_started += 1;
        // A golden-ratio sequence: no id repeats, and the seed is the caller's randomness.
        let step = self.attempts_started.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ConnectionId(self.seed.wrapping_add(step))
    }

    fn start_attempt(&mut self, peer: PeerKey, connection: ConnectionId) {
        let role = self.role(peer);
        let Some(remote) = self.remotes.get_mut(&peer) else { return };
        remote.tries += 1;
        remote.retry_at = None;
        let spec = AttemptSpec {
            local: self.key,
            remote: peer,
            role,
            connection,
            number: remote.tries,
            policy: self.policy,
            ice_servers: &self.ice_servers,
        };
        remote.attempt = Some(Attempt::start(spec, self.reports.clone()));
    }

    async fn peer_signal(&mut self, from: PeerKey, connection: ConnectionId, signal: Signal) {
        let role = self.role(from);
        let Some(remote) = self.remotes.get_mut(&from) else {
            log::warn!("dropping a signal of {from:?}, who is not in the room");
            return;
        };
        let known = remote.attempt.as_ref().is_some_and(|attempt| attempt.connection == connection);
        if !known {
            // Only the offerer begins attempts, and an offer begins one. Everything else belongs to an
            // attempt that was given up.
            let begins = role == Role::Answerer && matches!(signal, Signal::Offer(_));
            if !begins || self.policy == PathPolicy::Relay {
                return;
            }
            self.start_attempt(from, connection);
        }
        let attempt = self.remotes.get_mut(&from).and_then(|remote| remote.attempt.as_mut());
        let Some(Err(error)) = attempt.map(|attempt| attempt.signal(signal)) else { return };
        self.tell(TransportEvent::MalformedSignal { peer: from, reason: error.to_string() }).await;
    }

    async fn attempt_event(&mut self, event: (PeerKey, ConnectionId, AttemptEvent)) {
        let (peer, connection, event) = event;
        let role = self.role(peer);
        let Some(remote) = self.remotes.get_mut(&peer) else { return };
        let Some(attempt) = &mut remote.attempt else { return };
        if attempt.connection != connection {
            return;
        }
        match event {
            AttemptEvent::Open => {
                attempt.open = true;
                remote.tries = 0;
                remote.give_up_at = None;
            }
            AttemptEvent::Pair(candidates) => {
                let relayed = [candidates.local, candidates.remote].contains(&CandidateKind::Relay);
                let path = if relayed { PathKind::Turn } else { PathKind::Direct };
                self.tell(TransportEvent::PathKnown { peer, path, candidates }).await;
            }
            AttemptEvent::Over(reason) => {
                remote.closed(role, reason);
                if !self.roster.members.contains(&peer) || self.server.is_gone() {
                    self.link_down(peer).await;
                }
            }
        }
    }

    async fn link_down(&mut self, peer: PeerKey) {
        if let Some(remote) = self.remotes.remove(&peer) {
            let reason = remote.last_failure;
            self.tell(TransportEvent::LinkDown { peer, reason }).await;
        }
    }

    /// When we no longer wait for the server, and why: with a connection to somebody, never; without any,
    /// when our seat is gone.
    fn given_up_at(&self) -> Option<(Instant, &str)> {
        let (since, reason) = self.lost.as_ref()?;
        (!self.has_connections()).then_some((*since + self.server.grace(), reason))
    }

    /// Waits for the earliest retry or the earliest giving up.
    fn timer(&self) -> impl Future<Output = ()> + use<> {
        let deadlines =
            self.remotes.values().flat_map(|remote| [remote.retry_at, remote.give_up_at]);
        let given_up = self.given_up_at().map(|(at, _)| at);
        let wait =
            deadlines.flatten().chain(given_up).min().map(|at| at.saturating_duration_since(now()));
        async move {
            match wait {
                Some(wait) => Delay::new(wait).await,
                None => std::future::pending().await,
            }
        }
    }

    async fn time_out(&mut self) -> Result<(), LeaveReason> {
        let now = now();
        if let Some((_, reason)) = self.given_up_at().filter(|(at, _)| *at <= now) {
            return Err(LeaveReason::ServerGone(reason.to_owned()));
        }
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let lost = self.remotes.iter().filter(|(_, remote)| due(remote.give_up_at));
        for peer in lost.map(|(peer, _)| *peer).collect::<Vec<_>>() {
            self.link_down(peer).await;
        }
        let retries = self.remotes.iter().filter(|(_, remote)| due(remote.retry_at));
        for peer in retries.map(|(peer, _)| *peer).collect::<Vec<_>>() {
            let connection = self.new_connection();
            self.start_attempt(peer, connection);
        }
        Ok(())
    }
}
