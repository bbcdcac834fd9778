//! [`PeerMessageCounters`]: what is counted of the messages with a peer.

use bevy::prelude::*;
use netplay_core::messages::LinkMessages;

/// What is counted of the messages with a peer, since the link began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Reflect)]
#[reflect(Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PeerMessageCounters {
    /// Messages that were taken to be sent.
    pub sent: u64,
    /// Reliable messages that the peer has acknowledged.
    pub delivered: u64,
    /// Messages of the peer that came.
    pub received: u64,
    /// Bytes of packets that were sent.
    pub bytes_sent: u64,
    /// Bytes of messages that came, as they travelled, those that came twice included.
    pub bytes_received: u64,
    /// Bytes of messages that were lost and sent again.
    pub bytes_resent: u64,
    /// How often the peer sent a type that this game does not know.
    pub unknown: u64,
    /// How often it sent something malformed.
    pub malformed: u64,
    /// How often it sent a message that is too long.
    pub oversized: u64,
    /// Packets that were not read, because the peer broke the rules or sends too many.
    pub unread: u64,
    /// Whether nothing more is taken from it, because it broke the rules.
    pub is_muted: bool,
}

impl From<&LinkMessages> for PeerMessageCounters {
    fn from(messages: &LinkMessages) -> Self {
        let counters = messages.counters();
        Self {
            sent: counters.sent,
            delivered: counters.delivered,
            received: counters.received,
            bytes_sent: counters.bytes_sent,
            bytes_received: counters.bytes_received,
            bytes_resent: counters.bytes_resent,
            unknown: counters.unknown,
            malformed: counters.malformed,
            oversized: counters.oversized,
            unread: counters.muted,
            is_muted: messages.is_muted(),
        }
    }
}
