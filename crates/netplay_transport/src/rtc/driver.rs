//! The background task of a transport: the WebSocket to the signaling server, and the attempts.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::channel::mpsc;
use futures::future::{Either, select};
use futures::{FutureExt, SinkExt, StreamExt, select_biased};
use futures_timer::Delay;
use matchbox_socket::Packet;
use netplay_protocol::limits::MAX_SIGNALING_BYTES;
use netplay_protocol::signaling::{ClientMessage, IceServer, PATH, ServerMessage, Signal, VERSION};
use netplay_protocol::{ConnectionId, PeerKey, Roster};
use web_time::Instant;

use super::attempt::{Attempt, AttemptEvent, AttemptSpec, Reports, Senders};
use super::gate::Role;
use super::platform::{self, TextSink, TextStream, now};
use super::signaller::Outgoing;
use crate::{
    CandidateKind, Channel, JoinRequest, LeaveReason, PathKind, PathPolicy, TransportEvent,
};

/// How long the server may take to let us in.
const JOIN_DEADLINE: Duration = Duration::from_secs(10);
/// Attempts in a row before a peer counts as unreachable.
const MAX_ATTEMPTS: u32 = 3;
/// How long to wait before the second attempt; twice that before the third.
const BACK_OFF: Duration = Duration::from_millis(500);
/// How long the answerer waits for a connection: three attempts of 10 s, their back-offs, and slack.
const GIVE_UP: Duration = Duration::from_secs(40);
/// How long a leaver lets its last reliable messages get out.
const LINGER: Duration = Duration::from_millis(150);

/// What the caller asks of the driver.
pub(super) enum Command {
    /// Leave the room.
    Leave,
}

/// What the caller is told.
pub(super) enum Happening {
    /// Passed on as it is.
    Event(TransportEvent),
    /// A connection is open.
    LinkUp { peer: PeerKey, path: PathKind, attempts: u32, senders: Senders },
    /// A packet came.
    Packet { peer: PeerKey, at: Instant, channel: Channel, packet: Packet },
}

/// Joins a room and keeps a connection to every peer in it, until told to leave.
pub(super) async fn drive(
    request: JoinRequest,
    commands: mpsc::UnboundedReceiver<Command>,
    mut inbox: mpsc::Sender<Happening>,
) {
    let reason = match Driver::join(request, inbox.clone()).await {
        Ok((driver, stream)) => driver.run(stream, commands).await,
        Err(reason) => reason,
    };
    // A caller that dropped the transport does not want to know.
    let _ = inbox.send(Happening::Event(TransportEvent::Left(reason))).await;
}

struct Driver {
    request: JoinRequest,
    /// None once signaling is lost.
    sink: Option<TextSink>,
    inbox: mpsc::Sender<Happening>,
    ice_servers: Vec<IceServer>,
    roster: Roster,
    remotes: BTreeMap<PeerKey, Remote>,
    attempts_started: u64,
    reports: Reports,
    signals: mpsc::UnboundedReceiver<Outgoing>,
    attempt_events: mpsc::UnboundedReceiver<(PeerKey, ConnectionId, AttemptEvent)>,
}

/// What the driver knows of one other peer.
struct Remote {
    attempt: Option<Attempt>,
    /// Attempts since the connection was last open.
    tries: u32,
    retry_at: Option<Instant>,
    give_up_at: Option<Instant>,
    last_failure: String,
}

impl Remote {
    fn is_open(&self) -> bool {
        self.attempt.as_ref().is_some_and(|attempt| attempt.open)
    }
}

impl Driver {
    async fn join(
        request: JoinRequest,
        inbox: mpsc::Sender<Happening>,
    ) -> Result<(Self, TextStream), LeaveReason> {
        if request.policy == PathPolicy::Relay {
            return Err(LeaveReason::Policy(
                "the server of this version relays no datagrams: use the policy any, direct or turn",
            ));
        }
        let url = format!("{}{PATH}", address(&request.server)?);
        let unreachable =
            |detail| LeaveReason::Unreachable { server: request.server.clone(), detail };
        let joined = {
            let handshake = std::pin::pin!(connect_and_join(&url, &request));
            match select(handshake, Delay::new(JOIN_DEADLINE)).await {
                Either::Left((joined, _)) => Some(joined),
                Either::Right(_) => None,
            }
        };
        let (sink, stream, ice_servers) = match joined {
            Some(Ok(joined)) => joined,
            Some(Err(JoinError::Socket(detail))) => return Err(unreachable(detail)),
            Some(Err(JoinError::Left(reason))) => return Err(reason),
            None => {
                let seconds = JOIN_DEADLINE.as_secs();
                return Err(unreachable(format!("no answer within {seconds} s")));
            }
        };
        let (signals_tx, signals) = mpsc::unbounded();
        let (events_tx, attempt_events) = mpsc::unbounded();
        let reports = Reports { signals: signals_tx, events: events_tx, packets: inbox.clone() };
        let roster = Roster { size: request.size, members: Vec::new() };
        let driver = Self {
            request,
            sink: Some(sink),
            inbox,
            ice_servers,
            roster,
            remotes: BTreeMap::new(),
            attempts_started: 0,
            reports,
            signals,
            attempt_events,
        };
        Ok((driver, stream))
    }

    async fn run(
        mut self,
        stream: TextStream,
        mut commands: mpsc::UnboundedReceiver<Command>,
    ) -> LeaveReason {
        self.tell(TransportEvent::Joined).await;
        let mut stream = stream.fuse();
        loop {
            let mut timer = std::pin::pin!(self.timer().fuse());
            let step = select_biased! {
                command = commands.next() => match command {
                    Some(Command::Leave) | None => {
                        self.send(&ClientMessage::Leave).await;
                        Delay::new(LINGER).await;
                        Err(LeaveReason::Asked)
                    }
                },
                text = stream.next() => match text {
                    Some(Ok(text)) => self.server_text(&text).await,
                    Some(Err(detail)) => self.signaling_lost(detail).await,
                    None if self.sink.is_some() => {
                        self.signaling_lost("the server closed the connection".into()).await
                    }
                    None => Ok(()),
                },
                signal = self.signals.select_next_some() => {
                    let (to, connection, signal) = signal;
                    self.send(&ClientMessage::Signal { to, connection, signal }).await;
                    Ok(())
                }
                event = self.attempt_events.select_next_some() => {
                    self.attempt_event(event).await;
                    Ok(())
                }
                _ = timer => {
                    self.time_out().await;
                    Ok(())
                }
            };
            if let Err(reason) = step {
                return reason;
            }
        }
    }

    async fn tell(&mut self, event: TransportEvent) {
        // A caller that dropped the transport drops this task as well.
        let _ = self.inbox.send(Happening::Event(event)).await;
    }

    async fn send(&mut self, message: &ClientMessage) {
        let Some(sink) = &mut self.sink else { return };
        let Ok(text) = serde_json::to_string(message) else { return };
        if let Err(error) = sink.send(text).await {
            // The receiving half notices too, and that is where it is handled.
            log::warn!("could not send to the signaling server: {error}");
        }
    }

    async fn server_text(&mut self, text: &str) -> Result<(), LeaveReason> {
        match read(text) {
            Ok(ServerMessage::Roster(roster)) => {
                self.roster = roster.clone();
                self.tell(TransportEvent::Roster(roster)).await;
                self.meet_roster().await;
                Ok(())
            }
            Ok(ServerMessage::Signal { from, connection, signal }) => {
                self.peer_signal(from, connection, signal).await;
                Ok(())
            }
            Ok(ServerMessage::Refused { reason }) if self.somebody_is_connected() => {
                self.signaling_lost(reason.to_string()).await
            }
            Ok(ServerMessage::Refused { reason }) => Err(LeaveReason::Refused(reason)),
            Ok(ServerMessage::Welcome { .. }) => Ok(()),
            Err(detail) => {
                log::warn!("dropping a message of the signaling server: {detail}");
                Ok(())
            }
        }
    }

    /// Losing the server ends a room in which nobody is connected. With a connection, whether the game
    /// can do without the server is the caller's to judge.
    async fn signaling_lost(&mut self, reason: String) -> Result<(), LeaveReason> {
        self.sink = None;
        if !self.somebody_is_connected() {
            return Err(LeaveReason::ServerGone(reason));
        }
        self.tell(TransportEvent::SignalingLost { reason }).await;
        Ok(())
    }

    fn somebody_is_connected(&self) -> bool {
        self.remotes.values().any(Remote::is_open)
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
            if peer != self.request.key && !self.remotes.contains_key(&peer) {
                self.remotes.insert(peer, Remote::new());
                if self.role(peer) == Role::Offerer {
                    let connection = self.new_connection();
                    self.start_attempt(peer, connection);
                }
            }
        }
    }

    /// Of two peers, the one with the lower key offers.
    fn role(&self, peer: PeerKey) -> Role {
        if self.request.key < peer { Role::Offerer } else { Role::Answerer }
    }

    fn new_connection(&mut self) -> ConnectionId {
        self.attempts_started += 1;
        // A golden-ratio sequence: no id repeats, and the seed is the caller's randomness.
        let step = self.attempts_started.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ConnectionId(self.request.seed.wrapping_add(step))
    }

    fn start_attempt(&mut self, peer: PeerKey, connection: ConnectionId) {
        let role = self.role(peer);
        let Some(remote) = self.remotes.get_mut(&peer) else { return };
        remote.tries += 1;
        remote.retry_at = None;
        let spec = AttemptSpec {
            local: self.request.key,
            remote: peer,
            role,
            connection,
            number: remote.tries,
            policy: self.request.policy,
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
            if role != Role::Answerer || !matches!(signal, Signal::Offer(_)) {
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
                if !self.roster.members.contains(&peer) || self.sink.is_none() {
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

    /// Waits for the earliest retry or the earliest giving up.
    fn timer(&self) -> impl Future<Output = ()> + use<> {
        let deadlines =
            self.remotes.values().flat_map(|remote| [remote.retry_at, remote.give_up_at]);
        let wait = deadlines.flatten().min().map(|at| at.saturating_duration_since(now()));
        async move {
            match wait {
                Some(wait) => Delay::new(wait).await,
                None => std::future::pending().await,
            }
        }
    }

    async fn time_out(&mut self) {
        let now = now();
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
    }
}

impl Remote {
    fn new() -> Self {
        Self {
            attempt: None,
            tries: 0,
            retry_at: None,
            give_up_at: Some(now() + GIVE_UP),
            last_failure: "nobody answered".to_owned(),
        }
    }

    /// An attempt failed or an open connection closed: the offerer tries again, the answerer waits.
    fn closed(&mut self, role: Role, reason: String) {
        let was_open = self.is_open();
        self.attempt = None;
        self.last_failure = reason;
        if was_open {
            self.give_up_at = Some(now() + GIVE_UP);
        }
        if role == Role::Offerer {
            if self.tries < MAX_ATTEMPTS {
                self.retry_at = Some(now() + BACK_OFF * self.tries);
            } else {
                self.give_up_at = Some(now());
            }
        }
    }
}

enum JoinError {
    Socket(String),
    Left(LeaveReason),
}

async fn connect_and_join(
    url: &str,
    request: &JoinRequest,
) -> Result<(TextSink, TextStream, Vec<IceServer>), JoinError> {
    let (mut sink, mut stream) = platform::connect(url).await.map_err(JoinError::Socket)?;
    let join = ClientMessage::Join {
        version: VERSION,
        room: request.room.to_string(),
        size: request.size,
        key: request.key,
    };
    let text =
        serde_json::to_string(&join).map_err(|error| JoinError::Socket(error.to_string()))?;
    sink.send(text).await.map_err(JoinError::Socket)?;
    let gone = |detail: &str| JoinError::Left(LeaveReason::ServerGone(detail.into()));
    match stream.next().await {
        Some(Ok(text)) => match read(&text) {
            Ok(ServerMessage::Welcome { ice_servers, .. }) => Ok((sink, stream, ice_servers)),
            Ok(ServerMessage::Refused { reason }) => {
                Err(JoinError::Left(LeaveReason::Refused(reason)))
            }
            _ => Err(gone("it does not speak this game's signaling")),
        },
        Some(Err(detail)) => Err(gone(&detail)),
        None => Err(gone("it closed the connection")),
    }
}

fn read(text: &str) -> Result<ServerMessage, String> {
    if text.len() > MAX_SIGNALING_BYTES {
        return Err(format!("{} bytes", text.len()));
    }
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// The server's address without a trailing slash, if it is one.
fn address(server: &str) -> Result<&str, LeaveReason> {
    let bad = || LeaveReason::BadAddress(server.to_owned());
    let rest =
        server.strip_prefix("ws://").or_else(|| server.strip_prefix("wss://")).ok_or_else(bad)?;
    if rest.trim_matches('/').is_empty() || rest.contains(char::is_whitespace) {
        return Err(bad());
    }
    Ok(server.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_refused_with_a_hint() {
        assert_eq!(address("ws://127.0.0.1:3536/"), Ok("ws://127.0.0.1:3536"));
        assert_eq!(address("wss://play.example.org"), Ok("wss://play.example.org"));
        for bad in ["", "127.0.0.1:3536", "http://example.org", "ws://", "ws:// x"] {
            let refused = address(bad).unwrap_err();
            assert!(refused.to_string().contains("ws://host:port"), "{refused}");
        }
    }
}
