//! The background task of a transport: it carries out what a [`Negotiator`] decides.

use std::collections::BTreeMap;
use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use futures::channel::mpsc;
use futures::{FutureExt, SinkExt, StreamExt, select_biased};
use futures_timer::Delay;
use netplay_core::log_limiter::Level;
use netplay_core::negotiation::{AttemptCommand, Negotiator};
use netplay_core::path::PathId;
use netplay_core::signaling::SocketEvent;
use netplay_core::transport::TransportOptions;
use netplay_protocol::{ConnectionId, PeerKey};
use web_time::Instant;

use super::attempt::{Attempt, AttemptSpec, Reports};
use super::driver_event::DriverEvent;
use super::inbox_quota::InboxQuota;
use super::logs;
use super::network_watch::NetworkWatch;
use super::platform::{Route, SEES_PINGS, now, route};
use super::relay_queue::{RelayQueue, RelaySender};
use super::report::{AttemptEvent, AttemptReport, Heard};
use super::sender::Sender;
use super::socket::SignalingSocket;
use crate::{Channel, JoinRequest, LeaveReason, PathPolicy, TransportEvent, TransportRequest};

/// How often the driver checks whether the machine is on another network.
const CHECK_NETWORK: Duration = Duration::from_secs(1);

/// Joins a room and carries out requests. The end of the requests means to leave.
pub(super) async fn drive(
    request: JoinRequest,
    requests: mpsc::UnboundedReceiver<TransportRequest>,
    mut inbox: mpsc::Sender<DriverEvent>,
) {
    let mut random = [0; 32];
    if let Err(error) = getrandom::fill(&mut random) {
        let reason = LeaveReason::ServerGone(format!("the system has no random numbers: {error}"));
        // A caller that dropped the transport does not want to know.
        let _ = inbox.send(DriverEvent::Event(TransportEvent::Left(reason))).await;
        return;
    }
    let (reports_tx, reports) = mpsc::unbounded();
    let (relay_sender, relay_queue) = RelayQueue::new();
    let started = now();
    let driver = Driver {
        key: request.identity.peer_key(),
        policy: request.policy,
        options: request.options.clone().bounded(),
        attempts_begun: BTreeMap::new(),
        started,
        negotiator: Negotiator::new(request, random, SEES_PINGS, Duration::ZERO),
        socket: SignalingSocket::default(),
        attempts: BTreeMap::new(),
        attempt_reports: Reports { reports: reports_tx, packets: inbox.clone() },
        reports,
        relay_sender,
        relay_queue,
        relayed: BTreeMap::new(),
        requests: Some(requests),
        network: NetworkWatch::new(started, route()),
        relay_heard: None,
        check_network_at: started + CHECK_NETWORK,
        inbox,
    };
    driver.run().await;
}

struct Driver {
    key: PeerKey,
    policy: PathPolicy,
    options: TransportOptions,
    /// How many attempts there were with each member of the room.
    attempts_begun: BTreeMap<PeerKey, usize>,
    /// The zero of the negotiator's clock.
    started: Instant,
    negotiator: Negotiator,
    socket: SignalingSocket,
    attempts: BTreeMap<(PeerKey, ConnectionId), Attempt>,
    /// Handed to every attempt.
    attempt_reports: Reports,
    reports: mpsc::UnboundedReceiver<AttemptReport>,
    relay_sender: RelaySender,
    relay_queue: RelayQueue,
    /// How many relayed packets of each peer may wait for the caller.
    relayed: BTreeMap<PeerKey, InboxQuota>,
    /// None once the caller leaves.
    requests: Option<mpsc::UnboundedReceiver<TransportRequest>>,
    network: NetworkWatch<Route>,
    /// When a relayed packet last came.
    relay_heard: Option<Instant>,
    check_network_at: Instant,
    inbox: mpsc::Sender<DriverEvent>,
}

/// What ended a wait.
enum Woken {
    Report(AttemptReport),
    /// None: the caller leaves.
    Request(Option<TransportRequest>),
    Socket(SocketEvent),
    Relay((PeerKey, Channel, Vec<u8>)),
    Timeout,
}

impl Driver {
    async fn run(mut self) {
        loop {
            self.carry_out().await;
            if self.negotiator.has_left() {
                return;
            }
            match self.wait().await {
                Woken::Report(report) => self.handle_report(report),
                Woken::Request(Some(request)) => {
                    self.negotiator.handle_request(self.clock(), request);
                }
                Woken::Request(None) => self.leave(),
                Woken::Socket(event) => self.negotiator.handle_socket(self.clock(), event),
                Woken::Relay((to, channel, packet)) => {
                    self.negotiator.send_relayed(to, channel, &packet);
                }
                Woken::Timeout => self.handle_timeout(),
            }
        }
    }

    /// Now, on the negotiator's clock.
    fn clock(&self) -> Duration {
        now().saturating_duration_since(self.started)
    }

    /// Carries out everything that the negotiator has decided.
    async fn carry_out(&mut self) {
        loop {
            while let Some(command) = self.negotiator.poll_socket() {
                self.socket.handle_command(command);
            }
            while let Some(command) = self.negotiator.poll_attempt() {
                self.handle_attempt_command(command);
            }
            if let Some(frame) = self.negotiator.poll_transmit() {
                if let Err(reason) = self.socket.send(frame).await {
                    let disconnected = SocketEvent::Disconnected(Some(reason));
                    self.negotiator.handle_socket(self.clock(), disconnected);
                }
            } else if let Some(event) = self.negotiator.poll_event() {
                self.report(event).await;
            } else {
                return;
            }
        }
    }

    /// Waits for whatever comes first. Of what is there already, reports of attempts come before requests: a request
    /// about a path must find what is known of the path.
    async fn wait(&mut self) -> Woken {
        let mut timeout = pin!(self.timeout().fuse());
        let request = async {
            match &mut self.requests {
                Some(requests) => requests.next().await,
                None => pending().await,
            }
        };
        let mut request = pin!(request.fuse());
        let mut socket = pin!(self.socket.next().fuse());
        let mut relay = pin!(self.relay_queue.next().fuse());
        select_biased! {
            report = self.reports.select_next_some() => Woken::Report(report),
            request = request => Woken::Request(request),
            event = socket => Woken::Socket(event),
            packet = relay => Woken::Relay(packet),
            () = timeout => Woken::Timeout,
        }
    }

    /// Waits for whatever is due first.
    fn timeout(&self) -> impl Future<Output = ()> + use<> {
        let negotiator = self.negotiator.poll_timeout().map(|due| self.started + due);
        let due = negotiator.into_iter().fold(self.check_network_at, Instant::min);
        Delay::new(due.saturating_duration_since(now()))
    }

    fn handle_timeout(&mut self) {
        self.negotiator.handle_timeout(self.clock());
        let now = now();
        if self.check_network_at <= now {
            self.check_network_at = now + CHECK_NETWORK;
            logs::log_repeated();
            let open = self.attempts.values().filter_map(|attempt| attempt.heard.as_ref());
            // What the server relayed says something only beside a connection: the server may have nothing to relay.
            let last = open.map(Heard::last).max();
            let heard = last.map(|last| self.relay_heard.map_or(last, |relay| relay.max(last)));
            if self.network.check(now, route(), heard) {
                if logs::admits(Level::Info, "another network", "") {
                    log::info!("the machine may be on another network");
                }
                self.negotiator.handle_network_change(self.clock());
            }
        }
    }

    fn leave(&mut self) {
        self.requests = None;
        // Goodbyes come before leaving: the server relays nothing for a peer that has left.
        while let Some((to, channel, packet)) = self.relay_queue.next().now_or_never() {
            self.negotiator.send_relayed(to, channel, &packet);
        }
        self.negotiator.handle_leave(self.clock());
    }

    fn handle_attempt_command(&mut self, command: AttemptCommand) {
        match command {
            AttemptCommand::Start { peer, connection, role, ice_servers } => {
                let (local, policy, options) = (self.key, self.policy, self.options.clone());
                let begun = self.attempts_begun.entry(peer).or_default();
                let number = *begun;
                *begun = begun.wrapping_add(1);
                let spec = AttemptSpec {
                    local,
                    remote: peer,
                    role,
                    connection,
                    policy,
                    ice_servers,
                    number,
                    options,
                };
                let attempt = Attempt::start(spec, self.attempt_reports.clone());
                self.attempts.insert((peer, connection), attempt);
            }
            AttemptCommand::Signal { peer, connection, signal } => {
                if let Some(attempt) = self.attempts.get(&(peer, connection)) {
                    attempt.handle_signal(signal);
                }
            }
            AttemptCommand::Close { peer, connection } => {
                self.attempts.remove(&(peer, connection));
            }
        }
    }

    fn handle_report(&mut self, AttemptReport { peer, connection, event }: AttemptReport) {
        // What was on its way when the attempt was closed is of no interest.
        let Some(attempt) = self.attempts.get_mut(&(peer, connection)) else { return };
        match event {
            AttemptEvent::Signal(signal) => {
                self.negotiator.handle_local_signal(peer, connection, signal);
            }
            AttemptEvent::Opened(opened) => {
                attempt.heard = Some(opened.heard.clone());
                attempt.opened = Some(opened);
                self.negotiator.handle_attempt_opened(peer, connection);
            }
            AttemptEvent::Pair(candidates) => {
                self.negotiator.handle_candidates(peer, connection, candidates);
            }
            AttemptEvent::Ended(reason) => {
                self.attempts.remove(&(peer, connection));
                self.negotiator.handle_attempt_ended(peer, connection, reason);
            }
            AttemptEvent::ChecksFailed { reason, troubles } => {
                self.attempts.remove(&(peer, connection));
                self.negotiator.handle_checks_failed(peer, connection, reason, &troubles);
            }
        }
    }

    /// Tells the caller what has happened.
    async fn report(&mut self, event: TransportEvent) {
        match event {
            TransportEvent::PathUp { peer, path: path @ PathId::RELAY, kind } => {
                let sender = Sender::Relay(self.relay_sender.to(peer));
                self.send(DriverEvent::PathUp { peer, path, kind, sender }).await;
            }
            TransportEvent::PathUp { peer, path, kind } => {
                let attempt = self.attempts.get_mut(&(peer, ConnectionId(path.0)));
                let Some(opened) = attempt.and_then(|attempt| attempt.opened.take()) else {
                    return;
                };
                let sender = Sender::Rtc(opened.senders);
                self.send(DriverEvent::PathUp { peer, path, kind, sender }).await;
                // From now on packets may follow. An attempt that has ended meanwhile says so by its report.
                let _ = opened.forward.send(());
            }
            TransportEvent::Received { peer, path, at, channel, packet } => {
                let at = self.started + at;
                self.relay_heard = Some(at);
                if let Some(permit) = self.relayed.entry(peer).or_default().acquire() {
                    let packet =
                        DriverEvent::Packet { peer, path, at, channel, packet, _permit: permit };
                    // A caller that does not take it loses it; reliable messages are sent again.
                    let _ = self.inbox.try_send(packet);
                }
            }
            // A flood of these must not get in the way of what matters: some of them may be lost.
            event @ TransportEvent::MalformedSignal { .. } => {
                let _ = self.inbox.try_send(DriverEvent::Event(event));
            }
            event => {
                if let TransportEvent::Roster(roster) = &event {
                    self.relayed.retain(|peer, _| roster.members.contains(peer));
                    self.attempts_begun.retain(|peer, _| roster.members.contains(peer));
                }
                self.send(DriverEvent::Event(event)).await;
            }
        }
    }

    async fn send(&mut self, event: DriverEvent) {
        // A caller that dropped the transport drops this task as well.
        let _ = self.inbox.send(event).await;
    }
}
