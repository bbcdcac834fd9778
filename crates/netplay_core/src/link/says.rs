use std::time::Duration;

use netplay_protocol::{DatagramError, DatagramKind, ReliableError};

use super::{Backlog, Quality};

use crate::agent::SwitchReason;
use crate::path::{Channel, PathId, PathKind};

/// What a link counts, since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCounters {
    /// Datagrams sent. One that travels on two paths counts twice.
    pub datagrams_sent: u64,
    /// Well-formed, new datagrams received.
    pub datagrams_received: u64,
    /// Bytes sent, headers of the link included, headers below it not.
    pub bytes_sent: u64,
    /// Bytes of everything that came, even malformed.
    pub bytes_received: u64,
    /// Datagrams that came twice or so late that nobody can tell.
    pub duplicates: u64,
    /// What came and was no datagram or message of this version.
    pub malformed: u64,
    /// What came while the peer was muted, and was not looked at.
    pub muted: u64,
    /// Attempts at a connection, the peer's included.
    pub attempts: u64,
}

/// What a link knows about itself at a moment. Estimates are those of the path that carries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkStats {
    /// How packets travel; none while there is no path.
    pub path: Option<PathKind>,
    /// Smoothed round trip time; none before the first acknowledgement.
    pub rtt: Option<Duration>,
    /// The smallest round trip time of the sliding window.
    pub rtt_min: Option<Duration>,
    /// Mean deviation of the arrival spacing.
    pub jitter: Duration,
    /// The fraction of the peer's datagrams that did not arrive, 0 to 1, over the loss window.
    pub loss: f32,
    /// The verdict.
    pub quality: Quality,
    /// The counters.
    pub counters: LinkCounters,
}

/// What a link wants its driver to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkCommand {
    /// Send this.
    Transmit {
        /// On which path.
        path: PathId,
        /// On which of its channels.
        channel: Channel,
        /// What.
        packet: Vec<u8>,
    },
    /// Begin an attempt at a connection.
    Attempt,
    /// Ask the server to carry packets to the peer.
    OpenRelay,
    /// Close a path.
    Close(PathId),
    /// Nothing is heard: see whether the connection to the server still works.
    CheckServer,
}

/// What happened on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// The verdict changed.
    QualityChanged {
        /// What it was.
        from: Quality,
        /// What it is.
        to: Quality,
    },
    /// Another path carries.
    PathChanged {
        /// Which kind carried before; none for the first.
        from: Option<PathKind>,
        /// Which kind carries now.
        to: PathKind,
        /// Why.
        reason: SwitchReason,
    },
    /// Nothing has been heard for [`LinkConfig::silent_after`](super::LinkConfig::silent_after).
    Silent,
    /// Something was heard again.
    Heard {
        /// How long the silence lasted.
        after: Duration,
    },
    /// No way to the peer was found. Attempts go on.
    Unreachable {
        /// Why the last attempt failed, in words.
        reason: String,
    },
    /// The peer sends more than it may, again and again.
    Flooded,
}

/// A datagram that was opened: well-formed and not seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened<'a> {
    /// What the payload is.
    pub kind: DatagramKind,
    /// The match it belongs to.
    pub epoch: u16,
    /// The payload, not looked at.
    pub payload: &'a [u8],
}

/// Why a packet was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// It is no datagram; counted in [`LinkCounters::malformed`].
    #[error(transparent)]
    Datagram(#[from] DatagramError),
    /// It is no reliable message; counted in [`LinkCounters::malformed`].
    #[error(transparent)]
    Reliable(#[from] ReliableError),
    /// Its number is far from everything that the peer can have sent; counted as malformed.
    #[error("a sequence number out of nowhere")]
    WildSequence,
    /// It came before; counted in [`LinkCounters::duplicates`].
    #[error("a datagram that came before")]
    Duplicate,
    /// It is of a process of the peer that is no more, or meant for the one before ours.
    #[error("a packet of a game that was closed, or for one")]
    Stale,
    /// The peer has sent too much; counted in [`LinkCounters::muted`].
    #[error("the peer has sent too much and is not listened to for a while")]
    Muted,
}

/// A packet is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} bytes do not fit into a packet")]
pub struct TooLong(pub usize);

/// Why a reliable message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// It is too large.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// Too many wait.
    #[error(transparent)]
    Backlog(#[from] Backlog),
}
