//! The two channels of a path.

use netplay_protocol::RelayChannel;
use netplay_protocol::limits::{MAX_CONTROL_BYTES, MAX_DATAGRAM_BYTES, SEAL_BYTES};

/// A channel of a path. Over WebRTC each is a data channel (RFC 8831).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Unordered, never retransmitted: inputs.
    Datagram,
    /// Ordered, retransmitted until it arrives or the path closes: everything else.
    Reliable,
}

impl Channel {
    /// The largest packet that every kind of path carries on this channel, in bytes.
    #[must_use]
    pub const fn max_packet_bytes(self) -> usize {
        match self {
            Self::Datagram => MAX_DATAGRAM_BYTES - SEAL_BYTES,
            Self::Reliable => MAX_CONTROL_BYTES - SEAL_BYTES,
        }
    }
}

impl From<RelayChannel> for Channel {
    fn from(channel: RelayChannel) -> Self {
        match channel {
            RelayChannel::Datagram => Self::Datagram,
            RelayChannel::Reliable => Self::Reliable,
        }
    }
}

impl From<Channel> for RelayChannel {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Datagram => Self::Datagram,
            Channel::Reliable => Self::Reliable,
        }
    }
}
