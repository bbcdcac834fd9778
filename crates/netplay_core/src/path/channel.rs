//! The two channels of a path.

use netplay_protocol::RelayChannel;

/// A channel of a path. Over WebRTC each is a data channel (RFC 8831).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Unordered, never retransmitted: inputs.
    Datagram,
    /// Ordered, retransmitted until it arrives or the path closes: everything else.
    Reliable,
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
