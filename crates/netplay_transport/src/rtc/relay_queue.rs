//! The queue of packets for the signaling server to relay.
//!
//! Each peer has the server relay its own direction. While the connection to the server is lost, relayed packets are
//! lost; the link above sends reliable messages again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::StreamExt;
use futures::channel::mpsc;
use netplay_protocol::PeerKey;

use crate::{Channel, SendError};

/// How many datagrams may wait for the WebSocket. More are dropped.
const MAX_WAITING: usize = 256;

/// The end that packets are put in.
#[derive(Clone)]
pub(super) struct RelaySender {
    datagrams: mpsc::Sender<(PeerKey, Vec<u8>)>,
    reliable: mpsc::UnboundedSender<(PeerKey, Vec<u8>)>,
    /// Waiting bytes of all peers: they share one socket.
    waiting: Arc<AtomicUsize>,
}

/// A [`RelaySender`] for one peer.
pub(super) struct PeerSender {
    peer: PeerKey,
    sender: RelaySender,
}

/// The end that packets are taken from.
pub(super) struct RelayQueue {
    datagrams: mpsc::Receiver<(PeerKey, Vec<u8>)>,
    reliable: mpsc::UnboundedReceiver<(PeerKey, Vec<u8>)>,
    waiting: Arc<AtomicUsize>,
}

impl RelaySender {
    pub(super) fn to(&self, peer: PeerKey) -> PeerSender {
        PeerSender { peer, sender: self.clone() }
    }
}

impl PeerSender {
    /// How many bytes wait, for all peers.
    pub(super) fn buffered(&self) -> usize {
        self.sender.waiting.load(Ordering::Relaxed)
    }

    pub(super) fn send(&mut self, channel: Channel, packet: &[u8]) -> Result<usize, SendError> {
        let RelaySender { datagrams, reliable, waiting } = &mut self.sender;
        let length = packet.len();
        let packet = (self.peer, packet.to_vec());
        // Counted before the driver can take it.
        let before = waiting.fetch_add(length, Ordering::Relaxed);
        let sent = match channel {
            Channel::Datagram => datagrams.try_send(packet).map_err(|error| error.is_full()),
            Channel::Reliable => reliable.unbounded_send(packet).map_err(|_| false),
        };
        match sent {
            Ok(()) => Ok(before + length),
            Err(full) => {
                waiting.fetch_sub(length, Ordering::Relaxed);
                // A full queue loses datagrams, as a network does.
                if full { Ok(before) } else { Err(SendError::NoPath) }
            }
        }
    }
}

impl RelayQueue {
    /// Both ends of a new queue.
    pub(super) fn new() -> (RelaySender, Self) {
        let (datagrams_tx, datagrams) = mpsc::channel(MAX_WAITING);
        let (reliable_tx, reliable) = mpsc::unbounded();
        let waiting = Arc::new(AtomicUsize::new(0));
        let sender = RelaySender {
            datagrams: datagrams_tx,
            reliable: reliable_tx,
            waiting: waiting.clone(),
        };
        (sender, Self { datagrams, reliable, waiting })
    }

    /// The next packet.
    pub(super) async fn next(&mut self) -> (PeerKey, Channel, Vec<u8>) {
        let (channel, (to, packet)) = futures::select_biased! {
            packet = self.reliable.select_next_some() => (Channel::Reliable, packet),
            packet = self.datagrams.select_next_some() => (Channel::Datagram, packet),
        };
        self.waiting.fetch_sub(packet.len(), Ordering::Relaxed);
        (to, channel, packet)
    }
}
