use super::attempt::Senders;
use super::relay::PeerSender;
use crate::{Channel, SendError};

/// The sending end of a link.
pub(super) enum Sender {
    /// Over a WebRTC connection.
    Rtc(Senders),
    /// Over the signaling server.
    Relay(PeerSender),
}

impl Sender {
    pub(super) fn send(&mut self, channel: Channel, packet: &[u8]) -> Result<(), SendError> {
        match self {
            Self::Rtc(senders) => senders.send(channel, packet),
            Self::Relay(sender) => sender.send(channel, packet),
        }
    }
}
