//! The state machine of the client. See the [module](super).

use std::collections::VecDeque;
use std::time::Duration;

use netplay_protocol::signaling::ClientMessage;
use netplay_protocol::{PeerKey, RelayChannel, RelayHeader};

use super::backoff::Backoff;
use super::dial::{DIAL_TIMEOUT, Dial, DialError};
use super::membership::Membership;
use super::outbox::Outbox;
use super::{Frame, SignalingEvent, SocketCommand, SocketEvent};
use crate::log_limiter::LogLimiter;
use crate::transport::{JoinRequest, LeaveReason};

/// After how long without any sign of life, be it a ping, the socket counts as lost, where pings can be seen.
/// Servers ping every 10 s.
pub(super) const SILENCE_TIMEOUT: Duration = Duration::from_secs(45);
/// How long the server may take to answer a ping of the client.
pub(super) const PING_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the socket may take to accept a frame.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// The client of the signaling server. See the [module](super).
#[derive(Debug)]
pub struct SignalingClient {
    pub(super) request: JoinRequest,
    /// Whether the driver sees the server's pings.
    sees_pings: bool,
    pub(super) state: State,
    pub(super) backoff: Backoff,
    /// The server that let the client in last.
    pub(super) server: String,
    /// None until the server welcomes the client: in a queue there is nothing to resume.
    pub(super) membership: Option<Membership>,
    pub(super) outbox: Outbox,
    /// The lines of the log that a server can repeat.
    pub(super) logs: LogLimiter,
    pub(super) commands: VecDeque<SocketCommand>,
    pub(super) events: VecDeque<SignalingEvent>,
}

#[derive(Debug)]
pub(super) enum State {
    /// Tries one server after the other for the first time.
    Joining { dial: Dial, untried: VecDeque<String> },
    /// The server has answered the hello.
    Online {
        /// When the last frame or ping came.
        heard: Duration,
        /// Until when the server has to answer a ping of the client.
        answer_by: Option<Duration>,
    },
    /// The connection is lost; this server is dialed at this moment.
    Waiting { at: Duration, server: String },
    /// Dials a server to resume there.
    Resuming(Dial),
    /// For good.
    Closed,
}

impl SignalingClient {
    /// A client that begins to join. `sees_pings` says whether the driver can report the server's pings
    /// ([`SocketEvent::Alive`]); where it cannot, silence alone does not count as a loss.
    pub fn new(request: JoinRequest, sees_pings: bool, now: Duration) -> Self {
        let backoff = Backoff::new(request.servers.clone(), request.seed);
        let untried = request.servers.clone().into();
        let mut client = Self {
            request,
            sees_pings,
            state: State::Closed,
            backoff,
            server: String::new(),
            membership: None,
            outbox: Outbox::default(),
            logs: LogLimiter::default(),
            commands: VecDeque::new(),
            events: VecDeque::new(),
        };
        client.join_next(now, untried, LeaveReason::BadAddress(String::new()));
        client
    }

    /// Whether no server has answered yet.
    pub fn is_joining(&self) -> bool {
        matches!(self.state, State::Joining { .. })
    }

    /// Whether there is a connection on which the server has answered.
    pub fn is_online(&self) -> bool {
        matches!(self.state, State::Online { .. })
    }

    /// Whether the client has given up: it is on no server and will not be.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// For how long the server keeps the client's place in the room when the connection is lost.
    pub fn grace(&self) -> Duration {
        self.membership.as_ref().map_or(Duration::ZERO, Membership::grace)
    }

    /// Sends a message. Without a connection, a signal waits for the next one and everything else is dropped.
    pub fn send(&mut self, message: ClientMessage) {
        if self.is_online() {
            self.outbox.send(message);
        } else {
            self.outbox.keep_signal(message);
        }
    }

    /// Has the server relay a packet to a peer. Without a connection it is lost.
    pub fn relay(&mut self, to: PeerKey, channel: RelayChannel, packet: &[u8]) {
        if self.is_online() {
            self.outbox.relay(RelayHeader::new(channel, to).frame(packet));
        }
    }

    /// Pings the server. If it does not answer soon, the connection counts as lost.
    pub fn check(&mut self, now: Duration) {
        if let State::Online { answer_by, .. } = &mut self.state {
            answer_by.get_or_insert(now + PING_TIMEOUT);
            self.outbox.send(ClientMessage::Ping);
        }
    }

    /// Takes in what happened on the socket.
    pub fn handle_socket(&mut self, now: Duration, event: SocketEvent) {
        if let State::Online { heard, answer_by } = &mut self.state
            && matches!(event, SocketEvent::Received(_) | SocketEvent::Alive)
        {
            (*heard, *answer_by) = (now, None);
        }
        match event {
            // The server speaks first.
            SocketEvent::Connected | SocketEvent::Alive => {}
            SocketEvent::DialFailed(detail) => {
                self.dial_failed(now, DialError::Unreachable(detail));
            }
            SocketEvent::Received(frame) if self.is_online() => self.handle_frame(now, frame),
            SocketEvent::Received(frame) => self.handle_answer(now, frame),
            SocketEvent::Disconnected(reason) if self.is_online() => {
                let closed = || "the server closed the connection".to_owned();
                self.lose(now, reason.unwrap_or_else(closed));
            }
            SocketEvent::Disconnected(reason) => {
                let closed = || "it closed the connection".to_owned();
                self.dial_failed(now, DialError::NotSignaling(reason.unwrap_or_else(closed)));
            }
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Duration) {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return;
        }
        match &mut self.state {
            State::Joining { .. } | State::Resuming(_) => {
                self.commands.push_back(SocketCommand::Close);
                let detail = format!("no answer within {} s", DIAL_TIMEOUT.as_secs());
                self.dial_failed(now, DialError::Unreachable(detail));
            }
            State::Online { heard, answer_by: None } if !self.sees_pings => *heard = now,
            State::Online { .. } => {
                self.commands.push_back(SocketCommand::Close);
                self.lose(now, "nothing was heard of it".to_owned());
            }
            State::Waiting { server, .. } => {
                let server = std::mem::take(server);
                self.resume_on(now, server);
            }
            State::Closed => {}
        }
    }

    /// When [`Self::handle_timeout`] is to be called.
    pub fn poll_timeout(&self) -> Option<Duration> {
        match &self.state {
            State::Joining { dial, .. } | State::Resuming(dial) => Some(dial.deadline),
            State::Online { heard, answer_by } => {
                Some(answer_by.unwrap_or(*heard + SILENCE_TIMEOUT))
            }
            State::Waiting { at, .. } => Some(*at),
            State::Closed => None,
        }
    }

    /// Logs what has repeated itself, and is [due](Self::log_due).
    pub fn log_repeated(&mut self, now: Duration) {
        self.logs.log_repeated(now);
    }

    /// When [`Self::log_repeated`] is to be called.
    pub fn log_due(&self) -> Option<Duration> {
        self.logs.poll_timeout()
    }

    /// Logs what has repeated itself until now: there is nothing more to come.
    pub fn finish_logs(&mut self, now: Duration) {
        self.logs.finish(now);
    }

    /// The next thing to do with the socket.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_command(&mut self) -> Option<SocketCommand> {
        self.commands.pop_front()
    }

    /// The next frame to send on the socket.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_transmit(&mut self) -> Option<Frame> {
        self.outbox.poll()
    }

    /// The next thing that happened.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_event(&mut self) -> Option<SignalingEvent> {
        self.events.pop_front()
    }
}
