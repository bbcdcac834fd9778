//! Why a packet or message was not taken.

use netplay_protocol::{DatagramError, MessagePacketError, ReliableError};

use super::reliable::Backlog;
use crate::messages::Violation;

/// Why a received packet was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// It is no datagram; counted in [`LinkCounters::malformed`](super::LinkCounters::malformed).
    #[error(transparent)]
    Datagram(#[from] DatagramError),
    /// It is no reliable message; counted in [`LinkCounters::malformed`](super::LinkCounters::malformed).
    #[error(transparent)]
    Reliable(#[from] ReliableError),
    /// It is no packet with messages; counted in [`LinkCounters::malformed`](super::LinkCounters::malformed).
    #[error(transparent)]
    MessagePacket(#[from] MessagePacketError),
    /// What is in it should not have been sent; counted in
    /// [`MessageCounters`](crate::messages::MessageCounters).
    #[error(transparent)]
    Message(#[from] Violation),
    /// Its sequence number is far from everything that the peer can have sent; counted as malformed.
    #[error("an implausible sequence number")]
    ImplausibleSequence,
    /// It came before; counted in [`LinkCounters::duplicates`](super::LinkCounters::duplicates).
    #[error("a duplicate of an earlier datagram")]
    Duplicate,
    /// It is from an earlier incarnation of the peer, or for an earlier one of the local process.
    #[error("a packet from or for a process that has ended")]
    Stale,
    /// The peer exceeded its rate limits; counted in [`LinkCounters::muted`](super::LinkCounters::muted).
    #[error("the peer sends too much and is muted for a while")]
    Muted,
}

/// Why a reliable message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// It is too large.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// Too many messages wait for their acknowledgement.
    #[error(transparent)]
    Backlog(#[from] Backlog),
}

/// A payload or message does not fit into a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} bytes do not fit into a packet")]
pub struct TooLong(pub usize);
