//! Reads a page of the list of public rooms.
//!
//! [`RoomListClient`] tries one server after the other, as a client that joins does: the rooms of a list are those of the
//! server that a join with the same servers reaches first. It keeps the contract of [`SignalingClient`](super::SignalingClient)
//! towards the driver: commands and frames are carried out after each call, and `handle_timeout` is called when it is
//! due. It ends with the first page, or with the failure of the last server.
//!
//! A page is checked before it is given out: it has no more rooms than a page has, and they come to an end. Names are
//! [made fit to be shown](crate::room).

use std::collections::VecDeque;
use std::time::Duration;

use netplay_protocol::signaling::{
    ClientMessage, ListRooms, Refusal, RoomPage, ServerMessage, VERSION,
};

use super::address::{ServerAddress, read_address};
use super::dial::{DIAL_TIMEOUT, DialError};
use super::messages::read;
use super::{Frame, SocketCommand, SocketEvent};
use crate::room::printable::printable;
use crate::transport::LeaveReason;

/// Asks servers, one after the other, for a page of their list of public rooms.
#[derive(Debug)]
pub struct RoomListClient {
    request: ListRooms,
    untried: VecDeque<String>,
    state: State,
    commands: VecDeque<SocketCommand>,
    frames: VecDeque<Frame>,
}

#[derive(Debug)]
enum State {
    /// Waits for a server.
    Asking {
        server: String,
        deadline: Duration,
        /// Whether the server has spoken, and was asked.
        asked: bool,
    },
    Done(Option<Result<RoomPage, LeaveReason>>),
}

impl RoomListClient {
    /// A client that begins to ask the first of these servers.
    pub fn new(servers: Vec<String>, request: ListRooms, now: Duration) -> Self {
        let mut client = Self {
            request: ListRooms { version: VERSION, ..request },
            untried: servers.into(),
            state: State::Done(None),
            commands: VecDeque::new(),
            frames: VecDeque::new(),
        };
        client.ask_next(now, LeaveReason::BadAddress(String::new()));
        client
    }

    /// Takes in what happened on the socket.
    pub fn handle_socket(&mut self, now: Duration, event: SocketEvent) {
        if matches!(self.state, State::Done(_)) {
            return;
        }
        match event {
            // The server speaks first.
            SocketEvent::Connected | SocketEvent::Alive => {}
            SocketEvent::DialFailed(detail) => self.failed(now, DialError::Unreachable(detail)),
            SocketEvent::Disconnected(reason) => {
                let closed = || "it closed the connection".to_owned();
                self.failed(now, DialError::NotSignaling(reason.unwrap_or_else(closed)));
            }
            SocketEvent::Received(frame) => self.handle_frame(now, frame),
        }
    }

    /// Gives up a server that does not answer in time.
    pub fn handle_timeout(&mut self, now: Duration) {
        if self.poll_timeout().is_some_and(|due| due <= now) {
            let detail = format!("no answer within {} s", DIAL_TIMEOUT.as_secs());
            self.failed(now, DialError::Unreachable(detail));
        }
    }

    /// When [`Self::handle_timeout`] is to be called.
    pub fn poll_timeout(&self) -> Option<Duration> {
        match &self.state {
            State::Asking { deadline, .. } => Some(*deadline),
            State::Done(_) => None,
        }
    }

    /// The next thing to do with the socket.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_command(&mut self) -> Option<SocketCommand> {
        self.commands.pop_front()
    }

    /// The next frame to send on the socket.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_transmit(&mut self) -> Option<Frame> {
        self.frames.pop_front()
    }

    /// The page, or why there is none. Once.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_outcome(&mut self) -> Option<Result<RoomPage, LeaveReason>> {
        match &mut self.state {
            State::Done(outcome) => outcome.take(),
            State::Asking { .. } => None,
        }
    }

    fn handle_frame(&mut self, now: Duration, frame: Frame) {
        let State::Asking { asked, .. } = &mut self.state else { return };
        let message = match frame {
            Frame::Text(text) => read(&text).ok(),
            Frame::Binary(_) => None,
        };
        let error = match message {
            Some(ServerMessage::Challenge { version: VERSION, .. }) if !*asked => {
                *asked = true;
                let request = ClientMessage::ListRooms(self.request.clone());
                // Texts and numbers can always be written.
                self.frames.extend(serde_json::to_string(&request).ok().map(Frame::Text));
                return;
            }
            Some(ServerMessage::Challenge { version: server, .. }) if !*asked => {
                DialError::Refused(Refusal::Version { server, client: VERSION })
            }
            Some(ServerMessage::Rooms(page)) if *asked && page.answers(self.request.before) => {
                return self.done(Ok(shown(page)));
            }
            Some(ServerMessage::Rooms(_)) if *asked => {
                DialError::NotSignaling("its list of rooms is none".into())
            }
            Some(ServerMessage::Refused { reason }) => DialError::Refused(reason),
            // It is about to stop, and says so to everybody.
            Some(ServerMessage::Draining { .. }) => return,
            _ => DialError::NotSignaling("it does not speak this game's signaling".into()),
        };
        self.failed(now, error);
    }

    fn failed(&mut self, now: Duration, error: DialError) {
        let State::Asking { server, .. } = &self.state else { return };
        let ends = error.ends_joining();
        let reason = error.into_leave_reason(server);
        if ends {
            return self.done(Err(reason));
        }
        self.commands.push_back(SocketCommand::Close);
        self.frames.clear();
        self.ask_next(now, reason);
    }

    /// Asks the next server. Without any, the outcome is the last failure.
    fn ask_next(&mut self, now: Duration, last_failure: LeaveReason) {
        let Some(server) = self.untried.pop_front() else { return self.done(Err(last_failure)) };
        match read_address(&server) {
            Ok(ServerAddress { url, .. }) => {
                self.commands.push_back(SocketCommand::Dial { url });
                let deadline = now + DIAL_TIMEOUT;
                self.state = State::Asking { server, deadline, asked: false };
            }
            // A typing error is not to be passed over.
            Err(reason) => self.done(Err(reason)),
        }
    }

    fn done(&mut self, outcome: Result<RoomPage, LeaveReason>) {
        self.commands.push_back(SocketCommand::Close);
        self.state = State::Done(Some(outcome));
    }
}

/// The page with names that can be shown.
fn shown(mut page: RoomPage) -> RoomPage {
    for room in &mut page.rooms {
        room.listing.name = printable(&room.listing.name);
    }
    page
}

#[cfg(test)]
#[path = "room_list_tests.rs"]
mod tests;
