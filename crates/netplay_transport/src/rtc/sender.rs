//! The sending end of a path.

use super::attempt::Senders;
use super::relay_queue::PeerSender;
use crate::{Channel, SendError};

/// The sending end of a path.
pub(super) enum Sender {
    /// Over a WebRTC connection.
    Rtc(Senders),
    /// Over the signaling server.
    Relay(PeerSender),
}

impl Sender {
    /// Sends a packet; returns about how many bytes wait to be sent.
    pub(super) fn send(&mut self, channel: Channel, packet: &[u8]) -> Result<usize, SendError> {
        match self {
            Self::Rtc(senders) => senders.send(channel, packet),
            Self::Relay(sender) => sender.send(channel, packet),
        }
    }
}
