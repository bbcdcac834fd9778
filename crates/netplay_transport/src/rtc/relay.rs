//! Packets that the signaling server carries, where no other path is allowed.
//!
//! The server carries nothing that it was not asked to. Each side asks for its own direction, and a link is
//! up when both have. While the connection to the server is lost, datagrams are lost with it, as they
//! would be on any network; reliable packets wait. One that the server had taken when the connection broke
//! is lost: nothing acknowledges it.

use futures::StreamExt;
use futures::channel::mpsc;
use netplay_protocol::{PeerKey, RelayChannel};

use crate::{Channel, SendError};

/// How many datagrams may wait for the WebSocket: more are dropped.
const MAX_WAITING: usize = 256;

/// How far the relay to a peer is open.
#[derive(Debug, Default)]
pub(super) struct Relay {
    /// We asked for our direction.
    pub(super) ours: bool,
    /// The peer asked for its direction.
    pub(super) theirs: bool,
    /// Both had; the caller knows.
    pub(super) up: bool,
}

impl Relay {
    /// Whether the link is up from now on.
    pub(super) fn comes_up(&mut self) -> bool {
        let comes = self.ours && self.theirs && !self.up;
        self.up |= comes;
        comes
    }
}

/// The end that packets are put into.
#[derive(Clone)]
pub(super) struct RelaySender {
    datagrams: mpsc::Sender<(PeerKey, Vec<u8>)>,
    reliable: mpsc::UnboundedSender<(PeerKey, Vec<u8>)>,
}

/// The same, for one peer.
pub(super) struct PeerSender {
    peer: PeerKey,
    sender: RelaySender,
}

/// The end that packets are taken from, to be handed to the server.
pub(super) struct RelayQueue {
    datagrams: mpsc::Receiver<(PeerKey, Vec<u8>)>,
    reliable: mpsc::UnboundedReceiver<(PeerKey, Vec<u8>)>,
}

impl RelaySender {
    pub(super) fn to(&self, peer: PeerKey) -> PeerSender {
        PeerSender { peer, sender: self.clone() }
    }
}

impl PeerSender {
    pub(super) fn send(&mut self, channel: Channel, packet: &[u8]) -> Result<(), SendError> {
        let packet = (self.peer, packet.to_vec());
        match channel {
            // A full queue loses datagrams, as a network does.
            Channel::Datagram => match self.sender.datagrams.try_send(packet) {
                Err(error) if error.is_disconnected() => Err(SendError::NoLink),
                _ => Ok(()),
            },
            Channel::Reliable => {
                self.sender.reliable.unbounded_send(packet).map_err(|_| SendError::NoLink)
            }
        }
    }
}

impl RelayQueue {
    /// Both ends.
    pub(super) fn new() -> (RelaySender, Self) {
        let (datagrams_tx, datagrams) = mpsc::channel(MAX_WAITING);
        let (reliable_tx, reliable) = mpsc::unbounded();
        let sender = RelaySender { datagrams: datagrams_tx, reliable: reliable_tx };
        (sender, Self { datagrams, reliable })
    }

    /// The next packet. While there is no connection none comes, and datagrams are thrown away.
    pub(super) async fn next(&mut self, online: bool) -> (PeerKey, RelayChannel, Vec<u8>) {
        loop {
            if !online {
                self.datagrams.select_next_some().await;
                continue;
            }
            futures::select_biased! {
                (to, packet) = self.reliable.select_next_some() => {
                    return (to, RelayChannel::Reliable, packet);
                }
                (to, packet) = self.datagrams.select_next_some() => {
                    return (to, RelayChannel::Datagram, packet);
                }
            }
        }
    }
}
