//! The driver's part about packets that the server carries: keys, opening and closing, both directions.

use netplay_core::path::{PathId, PathKind};
use netplay_protocol::signaling::{ClientMessage, Signal};
use netplay_protocol::{ConnectionId, PeerKey, RelayChannel};

use super::driver::{Driver, Happening};
use super::platform::now;
use super::remote::Relay;
use super::seal::SealError;
use super::sender::Sender;
use crate::{Channel, TransportEvent};

impl Driver {
    /// Begins to agree on keys with a peer, if it is ours to begin.
    pub(super) async fn begin_handshake(&mut self, peer: PeerKey) {
        if !self.policy.allows_relay() || self.key > peer {
            return;
        }
        let connection = self.new_connection();
        let Some(remote) = self.remotes.get_mut(&peer) else { return };
        remote.handshake_begins(now());
        match remote.sealing.begin(connection) {
            Ok(message) => self.say_handshake(peer, connection, message),
            Err(error) => log::error!("no keys for {peer:?}: {error}"),
        }
    }

    /// The keys of a peer are not ours, or there are none: part of a handshake was lost. Whoever does not
    /// begin asks the other to.
    async fn agree_anew(&mut self, peer: PeerKey) {
        let Some(remote) = self.remotes.get_mut(&peer) else { return };
        if !remote.may_agree_anew(now()) {
            return;
        }
        if self.key < peer {
            self.begin_handshake(peer).await;
        } else {
            let connection = self.new_connection();
            self.say_handshake(peer, connection, String::new());
        }
    }

    pub(super) async fn peer_handshake(
        &mut self,
        from: PeerKey,
        connection: ConnectionId,
        message: &str,
    ) {
        let Some(remote) = self.remotes.get_mut(&from) else { return };
        if !self.policy.allows_relay() {
            return;
        }
        if message.is_empty() {
            return self.agree_anew(from).await;
        }
        match remote.sealing.handshake(connection, message) {
            Ok(answer) => {
                if remote.sealing.is_ready() && !remote.sealing.is_under_way() {
                    remote.handshake_at = None;
                }
                if let Some(message) = answer {
                    self.say_handshake(from, connection, message);
                }
                self.open_relay(from).await;
            }
            Err(error) => self.complain(from, &error.to_string()).await,
        }
    }

    fn say_handshake(&mut self, to: PeerKey, connection: ConnectionId, message: String) {
        let signal = Signal::Handshake(message);
        self.signaling.send(ClientMessage::Signal { to, connection, signal });
    }

    /// The caller wants the server to carry packets to a peer.
    pub(super) async fn want_relay(&mut self, peer: PeerKey) {
        let Some(remote) = self.remotes.get_mut(&peer) else { return };
        remote.ignored = false;
        if remote.relay == Relay::Closed && self.policy.allows_relay() {
            remote.relay = Relay::Wanted;
        }
        if !remote.sealing.is_ready() && self.policy.allows_relay() {
            self.agree_anew(peer).await;
        }
        self.open_relay(peer).await;
    }

    /// Opens the relay to a peer if it is wanted and everything is there.
    async fn open_relay(&mut self, peer: PeerKey) {
        let online = self.signaling.is_online();
        let Some(remote) = self.remotes.get_mut(&peer) else { return };
        if remote.relay != Relay::Wanted || !online || !remote.sealing.is_ready() {
            return;
        }
        remote.relay = Relay::Open;
        self.signaling.send(ClientMessage::Relay { to: peer, open: true });
        let sender = Sender::Relay(self.relay_sender.to(peer));
        let (path, kind) = (PathId::RELAY, PathKind::Relay);
        self.report(Happening::PathUp { peer, path, kind, sender }).await;
    }

    pub(super) async fn close_relay(&mut self, peer: PeerKey) {
        let Some(remote) = self.remotes.get_mut(&peer) else { return };
        if std::mem::replace(&mut remote.relay, Relay::Closed) == Relay::Open {
            self.signaling.send(ClientMessage::Relay { to: peer, open: false });
        }
    }

    /// The server is gone, and with it what it carried.
    pub(super) async fn relays_down(&mut self, reason: &str) {
        let mut down = Vec::new();
        for (peer, remote) in &mut self.remotes {
            if std::mem::replace(&mut remote.relay, Relay::Closed) == Relay::Open {
                down.push(*peer);
            }
        }
        for peer in down {
            let (path, reason) = (PathId::RELAY, reason.to_owned());
            self.tell(TransportEvent::PathDown { peer, path, reason }).await;
        }
    }

    /// Hands a packet to the server, sealed.
    pub(super) fn carry(&mut self, to: PeerKey, channel: RelayChannel, packet: &[u8]) {
        let Some(remote) = self.remotes.get_mut(&to) else { return };
        if remote.relay != Relay::Open {
            return;
        }
        match remote.sealing.seal(channel as u8, packet) {
            Ok(sealed) => self.signaling.relay(to, channel, &sealed),
            Err(error) => log::error!("a packet to {to:?} could not be sealed: {error}"),
        }
    }

    /// Opens a packet that the server carried.
    pub(super) async fn relayed_packet(
        &mut self,
        from: PeerKey,
        channel: RelayChannel,
        sealed: &[u8],
    ) {
        let Some(remote) = self.remotes.get_mut(&from) else { return };
        if remote.ignored || !self.policy.allows_relay() {
            return;
        }
        // Before it is opened: what a peer sends too much of costs nothing.
        let Some(ticket) = remote.quota.take() else { return };
        let packet = match remote.sealing.open(channel as u8, sealed) {
            Ok(packet) => packet,
            Err(error) => {
                log::debug!("dropped a packet of {from:?}: {error}");
                if error != SealError::Replayed {
                    self.agree_anew(from).await;
                }
                return;
            }
        };
        let (path, at) = (PathId::RELAY, now());
        let channel = Channel::from(channel);
        let arrived = Happening::Packet { peer: from, path, at, channel, packet, _ticket: ticket };
        // A caller that does not take it loses it; what is reliable is sent again.
        let _ = self.inbox.try_send(arrived);
    }
}
