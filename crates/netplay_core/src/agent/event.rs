//! What the agent reports.

use std::time::Duration;

use thiserror::Error;

use crate::path::{PathKind, UnhealthyReason};

/// Another path became primary. The same value travels from the agent to the game.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathChange {
    /// When, on the clock of `now`.
    pub at: Duration,
    /// The kind of the primary path before; none for the first one.
    pub from: Option<PathKind>,
    /// The kind of the primary path from now on.
    pub to: PathKind,
    /// Why.
    pub reason: SwitchReason,
}

/// Why another path became primary. Each is half a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum SwitchReason {
    /// There was no primary path before.
    #[error("it is the first path")]
    First,
    /// The primary path before was closed.
    #[error("the connection closed")]
    Closed,
    /// The primary path before was impaired or dead.
    #[error(transparent)]
    Unhealthy(#[from] UnhealthyReason),
    /// A path of a preferred kind has proven itself.
    #[error("a better kind of path works")]
    Preferred,
    /// A path of the same kind has had a lower cost for a while.
    #[error("the other path has been better")]
    Better,
}

/// Why a connection is attempted. Each is half a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum AttemptReason {
    /// There was none before.
    #[error("there is none")]
    First,
    /// There was one before.
    #[error("none works any more")]
    Lost,
    /// Those that work are impaired.
    #[error("the one in use is bad")]
    Unhealthy,
    /// Those that work lead through a TURN server.
    #[error("the one in use leads through a TURN server")]
    Indirect,
}

/// Why the signaling server is asked to relay. Each is half a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum RelayReason {
    /// The path policy allows nothing else.
    #[error("the path policy allows nothing else")]
    Policy,
    /// No connection works.
    #[error("no connection works")]
    NoConnection,
    /// Packets travel through it.
    #[error("packets travel through it")]
    InUse,
    /// The connection that is the primary path seems to fail.
    #[error("the connection seems to fail")]
    Suspect,
    /// The peer sends through it, or is about to.
    #[error("the other player uses it")]
    Peer,
}

/// What happened at the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AgentEvent {
    PathChanged(PathChange),
    /// An attempt at a connection begins.
    AttemptBegun(AttemptReason),
    /// The signaling server is asked to relay.
    RelayRequested(RelayReason),
    /// The signaling server need not relay any more.
    RelayClosed,
    /// No path to the peer was found. Holds why the last attempt failed.
    Unreachable(String),
}
