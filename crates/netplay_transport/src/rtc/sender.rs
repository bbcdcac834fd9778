//! The sending end of a path.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::channel::mpsc;
use matchbox_socket::{Packet, PeerId};

use super::relay_queue::PeerSender;
use crate::{Channel, SendError};

/// How many datagrams may wait for a connection that is blocked: those of one second.
const MOST_WAITING: usize = 64;
/// How many bytes may wait inside a connection before datagrams are dropped: more than the link adds with messages of the
/// game, so that inputs still fit.
const MOST_BUFFERED: usize = 128 * 1024;

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

    /// About how many bytes wait to be sent.
    pub(super) fn buffered(&self) -> usize {
        match self {
            Self::Rtc(senders) => senders.buffered(),
            Self::Relay(sender) => sender.buffered(),
        }
    }
}

/// The sending ends of an open connection.
#[derive(Clone)]
pub(super) struct Senders {
    pub(super) peer: PeerId,
    pub(super) datagram: mpsc::UnboundedSender<(PeerId, Packet)>,
    pub(super) reliable: mpsc::UnboundedSender<(PeerId, Packet)>,
    /// Bytes that wait in the connection itself, when it was last polled.
    pub(super) buffered: Arc<AtomicUsize>,
    /// How many bytes the last datagram had.
    pub(super) last_datagram: usize,
}

impl Senders {
    /// Sends a packet. Returns about how many bytes wait: as many packets of this size as the channel has not taken
    /// yet. Datagrams are of no use when they are late: while many wait, more are dropped.
    pub(super) fn send(&mut self, channel: Channel, packet: &[u8]) -> Result<usize, SendError> {
        if channel == Channel::Datagram {
            self.last_datagram = packet.len();
        }
        let sender = match channel {
            Channel::Datagram => &self.datagram,
            Channel::Reliable => &self.reliable,
        };
        let buffered = self.buffered.load(Ordering::Relaxed);
        let clogged = sender.len() >= MOST_WAITING || buffered >= MOST_BUFFERED;
        if channel == Channel::Reliable || !clogged || sender.is_closed() {
            let copy = Packet::copy_from_slice(packet);
            sender.unbounded_send((self.peer, copy)).map_err(|_| SendError::NoPath)?;
        }
        Ok(buffered + sender.len() * packet.len())
    }

    /// About how many bytes wait: as many datagrams of the size of the last one as the channel has not taken yet.
    pub(super) fn buffered(&self) -> usize {
        self.buffered.load(Ordering::Relaxed) + self.datagram.len() * self.last_datagram
    }
}
