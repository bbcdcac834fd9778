//! Making a connection: the first one, and those after a loss.

use std::collections::VecDeque;
use std::time::Duration;

use netplay_protocol::signaling::{Refusal, ServerMessage, VERSION};
use netplay_protocol::{Challenge, Secret};

use super::address::{ServerAddress, read_address};
use super::client::{SignalingClient, State};
use super::dial::{DIAL_TIMEOUT, Dial, DialError, DialStep};
use super::messages::read;
use super::{Frame, SignalingEvent, SocketCommand};
use crate::log_limiter::log_limited;
use crate::transport::LeaveReason;

impl SignalingClient {
    /// Joins on the next server that was not tried yet. Without any, the client closes with the last failure.
    pub(super) fn join_next(
        &mut self,
        now: Duration,
        mut untried: VecDeque<String>,
        last_failure: LeaveReason,
    ) {
        match untried.pop_front() {
            Some(server) => self.join_on(now, server, untried),
            None => self.close(last_failure),
        }
    }

    fn join_on(&mut self, now: Duration, server: String, untried: VecDeque<String>) {
        match self.dial(now, server) {
            Ok(dial) => self.state = State::Joining { dial, untried },
            // A typing error is not to be passed over.
            Err(reason) => self.close(reason),
        }
    }

    /// Dials a server to resume the membership there.
    pub(super) fn resume_on(&mut self, now: Duration, server: String) {
        match self.dial(now, server.clone()) {
            Ok(dial) => self.state = State::Resuming(dial),
            Err(reason) => {
                self.resume_failed(now, &server, DialError::Unreachable(reason.to_string()))
            }
        }
    }

    fn dial(&mut self, now: Duration, server: String) -> Result<Dial, LeaveReason> {
        let ServerAddress { url, name } = read_address(&server)?;
        self.commands.push_back(SocketCommand::Dial { url });
        let (deadline, step) = (now + DIAL_TIMEOUT, DialStep::Challenge);
        Ok(Dial { server, name, deadline, step })
    }

    /// Takes a frame of a server that has not let the client in yet.
    pub(super) fn handle_answer(&mut self, now: Duration, frame: Frame) {
        let answer = match frame {
            Frame::Text(text) => read(&text).ok(),
            Frame::Binary(_) => None,
        };
        let error = match (self.dial_step(), answer) {
            (
                Some(DialStep::Challenge),
                Some(ServerMessage::Challenge { version: VERSION, challenge, issuer }),
            ) => match self.answer_challenge(challenge, &issuer) {
                Ok(()) => return,
                Err(error) => error,
            },
            (Some(DialStep::Challenge), Some(ServerMessage::Challenge { version: server, .. })) => {
                DialError::Refused(Refusal::Version { server, client: VERSION })
            }
            (Some(DialStep::Answer), Some(answer @ ServerMessage::Welcome { .. })) => {
                return self.let_in(now, answer);
            }
            (Some(DialStep::Answer), Some(answer @ ServerMessage::Queued { .. }))
                if self.membership.is_none() =>
            {
                return self.let_in(now, answer);
            }
            (Some(_), Some(ServerMessage::Refused { reason })) => DialError::Refused(reason),
            (Some(_), _) => {
                DialError::NotSignaling("it does not speak this game's signaling".into())
            }
            // Frames of a socket that was closed: the driver reports none.
            (None, _) => return,
        };
        self.commands.push_back(SocketCommand::Close);
        self.dial_failed(now, error);
    }

    fn dial_step(&self) -> Option<DialStep> {
        match &self.state {
            State::Joining { dial, .. } | State::Resuming(dial) => Some(dial.step),
            State::Online { .. } | State::Waiting { .. } | State::Closed => None,
        }
    }

    /// Sends the first message, with the proof that the server asks for.
    fn answer_challenge(&mut self, challenge: Challenge, issuer: &str) -> Result<(), DialError> {
        let (State::Joining { dial, .. } | State::Resuming(dial)) = &mut self.state else {
            return Ok(());
        };
        let token = match &self.membership {
            Some(membership) => Some(membership.resume_token()),
            None => self.request.resume_token.as_ref(),
        };
        if token.is_some_and(|token| !issued_by(token, issuer)) {
            // Another server has issued it, and this one is not to see it.
            return Err(DialError::Refused(Refusal::CannotResume));
        }
        dial.step = DialStep::Answer;
        let hello = match &self.membership {
            Some(membership) => membership.hello(&self.request.identity, &dial.name, challenge),
            None => self.request.hello(&dial.name, challenge),
        };
        self.outbox.send(hello);
        Ok(())
    }

    fn let_in(&mut self, now: Duration, answer: ServerMessage) {
        let online = State::Online { heard: now, answer_by: None };
        match std::mem::replace(&mut self.state, online) {
            State::Joining { dial, .. } => {
                self.backoff.start_at(&dial.server);
                self.server = dial.server;
                self.handle_message(now, answer);
            }
            State::Resuming(dial) => {
                log_limited!(
                    self.logs,
                    now,
                    "back on the signaling server",
                    &dial.server,
                    info!("back on the signaling server {}", dial.server)
                );
                self.server.clone_from(&dial.server);
                self.backoff.reset(dial.server);
                self.handle_message(now, answer);
                if self.is_online() {
                    self.outbox.connection_restored();
                    self.events.push_back(SignalingEvent::Restored);
                }
            }
            other => self.state = other,
        }
    }

    /// The server that is being dialed does not let the client in.
    pub(super) fn dial_failed(&mut self, now: Duration, error: DialError) {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Joining { dial, untried } => self.join_failed(now, dial.server, untried, error),
            State::Resuming(dial) => self.resume_failed(now, &dial.server, error),
            other => self.state = other,
        }
    }

    fn join_failed(
        &mut self,
        now: Duration,
        server: String,
        untried: VecDeque<String>,
        error: DialError,
    ) {
        if matches!(error, DialError::Refused(Refusal::CannotResume))
            && self.request.resume_token.is_some()
        {
            // The client was away for too long: it joins like any other.
            self.request.resume_token = None;
            return self.join_on(now, server, untried);
        }
        let ends = error.ends_joining();
        let reason = error.into_leave_reason(&server);
        if ends {
            return self.close(reason);
        }
        log_limited!(self.logs, now, "not on", &server, info!("not on {server}: {reason}"));
        self.join_next(now, untried, reason);
    }

    fn resume_failed(&mut self, now: Duration, server: &str, error: DialError) {
        match error {
            DialError::Refused(reason) => {
                log_limited!(
                    self.logs,
                    now,
                    "not back on",
                    server,
                    info!("not back on {server}: {reason}")
                );
                if self.backoff.report_refused(&reason) {
                    return self.close(LeaveReason::Refused(reason));
                }
            }
            error => {
                log::debug!("not back on {server}: {error:?}");
                self.backoff.report_unreachable();
            }
        }
        self.wait(now);
    }

    /// The connection is lost.
    pub(super) fn lose(&mut self, now: Duration, reason: String) {
        self.outbox.connection_lost();
        if self.membership.is_none() {
            return self.close(LeaveReason::ServerGone(reason));
        }
        self.events.push_back(SignalingEvent::Lost(reason));
        self.wait(now);
    }

    fn wait(&mut self, now: Duration) {
        let (wait, server) = self.backoff.next_dial();
        self.state = State::Waiting { at: now + wait, server };
    }

    pub(super) fn close(&mut self, reason: LeaveReason) {
        self.state = State::Closed;
        self.events.push_back(SignalingEvent::Closed(reason));
    }
}

/// Whether the servers with this name have issued the token.
fn issued_by(token: &Secret, issuer: &str) -> bool {
    token.expose().split_once('.').is_some_and(|(by, _)| by == issuer)
}
