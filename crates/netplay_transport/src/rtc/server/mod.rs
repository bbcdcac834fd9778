//! The connection to the signaling server: joining, being told, and coming back when it is lost.
//!
//! A lost socket is not a lost seat: the server keeps it for the grace period, and one that was started
//! anew makes the room again from the roster that the one before signed. So the connection is made again
//! ([`Reconnect`] says when and where), the seat resumed, and what was to be said meanwhile is said then.

mod address;
mod dial;
mod reconnect;

use std::collections::VecDeque;
use std::time::Duration;

use futures::future::{Either, select};
use futures::{SinkExt, StreamExt};
use futures_timer::Delay;
use netplay_protocol::signaling::{
    ClientMessage, Refusal, Resume, ServerMessage, SignedRoster, VERSION,
};
use netplay_protocol::{PeerKey, RelayChannel, RelayHeader, RoomCode, Secret};
use web_time::Instant;

use super::platform::{FrameSink, FrameStream, LocalFuture, SEES_PINGS, now};
use crate::{JoinRequest, LeaveReason};
use dial::{DialError, Dialed, dial, read};
use reconnect::{Reconnect, is_temporary};

/// After how long without any sign of life, be it a ping, the socket is taken for dead, where pings can
/// be seen. Servers ping every 10 s.
const SILENCE: Duration = Duration::from_secs(45);
/// How long the socket may take to accept something to send.
const SEND_DEADLINE: Duration = Duration::from_secs(10);
/// How long the server may take to answer when it is asked whether it is there.
const ANSWER: Duration = Duration::from_secs(2);
/// How many signals are kept while there is no connection. The server keeps as many for us.
const MAX_UNSENT: usize = 64;

/// A message on the WebSocket.
#[derive(Debug)]
pub(super) enum Frame {
    Text(String),
    Binary(Vec<u8>),
}

/// What happened on the connection.
#[derive(Debug)]
pub(super) enum ServerEvent {
    /// The server says something.
    Message(ServerMessage),
    /// It carried a packet of a peer.
    Packet { from: PeerKey, channel: RelayChannel, packet: Vec<u8> },
    /// The connection is lost. It is being made again.
    Lost(String),
    /// The seat is ours again. The roster follows.
    Restored,
    /// The connection is lost, and not made again.
    Gone(LeaveReason),
}

/// See the [module](self).
pub(super) struct Server {
    request: JoinRequest,
    state: State,
    reconnect: Reconnect,
    seat: Option<Seat>,
    /// What the server said before anybody asked.
    pending: VecDeque<ServerEvent>,
    unsent: VecDeque<ClientMessage>,
}

/// What proves that a seat is ours.
struct Seat {
    room: RoomCode,
    resume: Secret,
    grace: Duration,
    roster: Option<SignedRoster>,
}

struct Socket {
    sink: FrameSink,
    stream: FrameStream,
}

enum State {
    Online {
        socket: Socket,
        heard: Instant,
        /// Until when it has to answer, if it was asked.
        answer_by: Option<Instant>,
    },
    /// To which server, and what came of it.
    Dialing(LocalFuture<(String, Dialed)>),
    Gone,
}

impl Server {
    /// Joins on the first server that lets us in.
    pub(super) async fn join(mut request: JoinRequest) -> Result<Self, LeaveReason> {
        let mut failure = LeaveReason::BadAddress(String::new());
        for server in &request.servers.clone() {
            let mut dialed = dial(server.clone(), request.hello()).await;
            if let Err(DialError::Refused(Refusal::CannotResume)) = dialed {
                // We were away for too long: the seat is free, for us as well.
                request.seat = None;
                dialed = dial(server.clone(), request.hello()).await;
            }
            match dialed {
                Ok((socket, answer)) => {
                    let servers = request.servers.clone();
                    let reconnect = Reconnect::new(servers, server, request.seed);
                    let state = State::Online { socket, heard: now(), answer_by: None };
                    let (pending, unsent) = (VecDeque::new(), VecDeque::new());
                    let mut joined =
                        Self { request, state, reconnect, seat: None, pending, unsent };
                    joined.take_in(answer);
                    return Ok(joined);
                }
                // A typing error is not something to pass over.
                Err(DialError::Address(reason)) => return Err(reason),
                Err(DialError::Refused(reason)) if !is_temporary(&reason) => {
                    return Err(LeaveReason::Refused(reason));
                }
                Err(DialError::Refused(reason)) => failure = LeaveReason::Refused(reason),
                Err(DialError::Unreachable(detail)) => {
                    failure = LeaveReason::Unreachable { server: server.clone(), detail };
                }
                Err(DialError::Gone(detail)) => failure = LeaveReason::ServerGone(detail),
            }
            log::info!("not on {server}: {failure}");
        }
        Err(failure)
    }

    /// For how long the server keeps our seat when the connection is lost.
    pub(super) fn grace(&self) -> Duration {
        self.seat.as_ref().map_or(Duration::ZERO, |seat| seat.grace)
    }

    pub(super) fn is_online(&self) -> bool {
        matches!(self.state, State::Online { .. })
    }

    /// Says something. A signal that cannot be sent now is sent when the connection is there again; of
    /// everything else the caller knows better what is still true then.
    pub(super) async fn say(&mut self, message: ClientMessage) {
        if !self.is_online() {
            if matches!(message, ClientMessage::Signal { .. }) && self.unsent.len() < MAX_UNSENT {
                self.unsent.push_back(message);
            }
            return;
        }
        match serde_json::to_string(&message) {
            Ok(text) => self.send(Frame::Text(text)).await,
            Err(error) => log::error!("a message could not be written as JSON: {error}"),
        }
    }

    /// Asks the server whether it is there. If nothing is heard of it soon, the connection is lost.
    pub(super) async fn check(&mut self) {
        self.say(ClientMessage::Ping).await;
        if let State::Online { answer_by, .. } = &mut self.state {
            answer_by.get_or_insert(now() + ANSWER);
        }
    }

    /// Has a packet carried to a peer. Without a connection it is lost.
    pub(super) async fn carry(&mut self, to: PeerKey, channel: RelayChannel, packet: &[u8]) {
        self.send(Frame::Binary(RelayHeader::new(channel, to).frame(packet))).await;
    }

    async fn send(&mut self, frame: Frame) {
        let State::Online { socket, .. } = &mut self.state else { return };
        let sent = match select(socket.sink.send(frame), Delay::new(SEND_DEADLINE)).await {
            Either::Left((sent, _)) => sent,
            Either::Right(_) => Err("it takes nothing".to_owned()),
        };
        if let Err(reason) = sent {
            self.lost(reason);
        }
    }

    /// Waits for the next thing that happens. Cancel-safe: what is waited for stays in `self`.
    pub(super) async fn next(&mut self) -> ServerEvent {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return event;
            }
            match &mut self.state {
                State::Online { socket, heard, answer_by } => {
                    let asked = answer_by.is_some();
                    let until = answer_by.unwrap_or(*heard + SILENCE);
                    let patience = Delay::new(until.saturating_duration_since(now()));
                    let frame = match select(socket.stream.next(), patience).await {
                        Either::Left((frame, _)) => frame,
                        Either::Right(_) if SEES_PINGS || asked => {
                            Some(Err("nothing was heard of it".to_owned()))
                        }
                        Either::Right(_) => Some(Ok(None)),
                    };
                    (*heard, *answer_by) = (now(), None);
                    self.frame(frame);
                }
                State::Dialing(dialing) => {
                    let (server, dialed) = dialing.await;
                    self.dialed(server, dialed);
                }
                State::Gone => return std::future::pending().await,
            }
        }
    }

    fn frame(&mut self, frame: Option<Result<Option<Frame>, String>>) {
        match frame {
            Some(Ok(None)) => {}
            Some(Ok(Some(Frame::Text(text)))) => match read(&text) {
                Ok(message) => self.take_in(message),
                Err(error) => log::warn!("dropping a message of the signaling server: {error}"),
            },
            Some(Ok(Some(Frame::Binary(frame)))) => match RelayHeader::split(&frame) {
                Ok((channel, from, packet)) => {
                    let packet = packet.to_vec();
                    self.pending.push_back(ServerEvent::Packet { from, channel, packet });
                }
                Err(error) => log::warn!("dropping a packet of the signaling server: {error}"),
            },
            Some(Err(reason)) => self.lost(reason),
            None => self.lost("the server closed the connection".to_owned()),
        }
    }

    fn take_in(&mut self, message: ServerMessage) {
        match &message {
            ServerMessage::Welcome { room, resume, grace_ms, .. } => {
                let before = self.seat.take();
                self.seat = Some(Seat {
                    room: room.clone(),
                    resume: resume.clone(),
                    grace: Duration::from_millis((*grace_ms).into()),
                    roster: before.and_then(|seat| seat.roster),
                });
            }
            ServerMessage::Roster { roster, signature, .. } => {
                if let Some(seat) = &mut self.seat {
                    seat.roster = Some(SignedRoster {
                        roster: roster.clone(),
                        signature: signature.clone(),
                        game: self.request.game.clone(),
                    });
                }
            }
            ServerMessage::Draining { alternate_server: Some(server), .. } => {
                log::info!("the signaling server is about to stop, going to {server}");
                self.reconnect.prefer(server.clone());
                return self.lost("the server sends its players elsewhere".to_owned());
            }
            ServerMessage::Refused { reason } if is_temporary(reason) => {
                return self.lost(reason.to_string());
            }
            ServerMessage::Refused { reason } => {
                self.state = State::Gone;
                let reason = LeaveReason::Refused(reason.clone());
                return self.pending.push_back(ServerEvent::Gone(reason));
            }
            _ => {}
        }
        self.pending.push_back(ServerEvent::Message(message));
    }

    fn lost(&mut self, reason: String) {
        if !self.is_online() {
            return;
        }
        if self.seat.is_none() {
            // In a queue there is nothing to come back to.
            self.state = State::Gone;
            return self.pending.push_back(ServerEvent::Gone(LeaveReason::ServerGone(reason)));
        }
        self.pending.push_back(ServerEvent::Lost(reason));
        self.try_again();
    }

    fn try_again(&mut self) {
        let Some(seat) = &self.seat else { return };
        let hello = ClientMessage::Resume(Resume {
            version: VERSION,
            room: seat.room.to_string(),
            key: self.request.identity.peer_key(),
            resume: seat.resume.clone(),
            roster: seat.roster.clone(),
            restarted: false,
        });
        let (wait, server) = self.reconnect.next_try();
        self.state = State::Dialing(Box::pin(async move {
            Delay::new(wait).await;
            let dialed = dial(server.clone(), hello).await;
            (server, dialed)
        }));
    }

    fn dialed(&mut self, server: String, dialed: Dialed) {
        match dialed {
            Ok((socket, answer)) => {
                log::info!("back on the signaling server {server}");
                self.reconnect.succeeded(server);
                self.state = State::Online { socket, heard: now(), answer_by: None };
                self.take_in(answer);
                self.pending.push_back(ServerEvent::Restored);
            }
            Err(DialError::Refused(reason)) => {
                log::info!("not back on {server}: {reason}");
                if self.reconnect.refused(&reason) {
                    self.state = State::Gone;
                    self.pending.push_back(ServerEvent::Gone(LeaveReason::Refused(reason)));
                } else {
                    self.try_again();
                }
            }
            Err(error) => {
                log::debug!("not back on {server}: {error:?}");
                self.reconnect.unreachable();
                self.try_again();
            }
        }
    }

    /// Says what could not be said while the connection was lost.
    pub(super) async fn catch_up(&mut self) {
        for message in std::mem::take(&mut self.unsent) {
            self.say(message).await;
        }
    }
}
