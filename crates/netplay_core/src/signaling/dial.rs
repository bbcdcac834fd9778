//! An attempt to reach a server, and how it fails.

use std::time::Duration;

use netplay_protocol::ServerName;
use netplay_protocol::signaling::Refusal;

use super::backoff::is_temporary;
use crate::transport::LeaveReason;

/// How long it may take to open the socket and to get the server's first answer.
pub(super) const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that is being made.
#[derive(Debug)]
pub(super) struct Dial {
    pub(super) server: String,
    /// The name of the server, which the client's proof of key is for.
    pub(super) name: ServerName,
    pub(super) deadline: Duration,
    pub(super) step: DialStep,
}

/// What comes next from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DialStep {
    /// The challenge, which the client's first message answers.
    Challenge,
    /// The answer to that message.
    Answer,
}

/// Why a server did not let the client in.
#[derive(Debug)]
pub(super) enum DialError {
    /// There is no connection, or the address is none.
    Unreachable(String),
    /// The other end does not speak signaling, or closed.
    NotSignaling(String),
    /// The server refused.
    Refused(Refusal),
}

impl DialError {
    /// The reason for a player who waits to join.
    pub(super) fn into_leave_reason(self, server: &str) -> LeaveReason {
        match self {
            Self::Unreachable(detail) => {
                LeaveReason::Unreachable { server: server.to_owned(), detail }
            }
            Self::NotSignaling(detail) => LeaveReason::ServerGone(detail),
            Self::Refused(reason) => LeaveReason::Refused(reason),
        }
    }

    /// Whether a client that joins tries no other server.
    pub(super) fn ends_joining(&self) -> bool {
        matches!(self, Self::Refused(reason) if !is_temporary(reason))
    }
}
