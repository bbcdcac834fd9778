//! Packets that the server relays: keys, opening and closing, both directions.

use std::time::Duration;

use netplay_protocol::signaling::{ClientMessage, Signal};
use netplay_protocol::{ConnectionId, PeerKey, RelayChannel};

use super::Negotiator;
use super::noise::NoiseError;
use super::peer::RelayState;
use crate::log_limiter::log_limited;
use crate::path::{Channel, PathId, PathKind};
use crate::transport::TransportEvent;

impl Negotiator {
    /// Whether relayed packets of a peer are of use.
    pub(super) fn accepts_relayed(&self, from: PeerKey) -> bool {
        let accepts = self.peers.get(&from).is_some_and(|peer| !peer.is_forgotten);
        accepts && self.policy.allows_relay()
    }

    /// Whether the server relays packets to a peer.
    pub fn is_relay_open(&self, to: PeerKey) -> bool {
        self.peers.get(&to).is_some_and(|peer| peer.relay == RelayState::Open)
    }

    /// Encrypts a packet and has the server relay it. Without an open relay it is lost.
    pub fn send_relayed(&mut self, to: PeerKey, channel: Channel, packet: &[u8]) {
        let Some(peer) = self.peers.get_mut(&to) else { return };
        if peer.relay != RelayState::Open {
            return;
        }
        let channel = RelayChannel::from(channel);
        match peer.noise.encrypt(channel as u8, packet) {
            Ok(encrypted) => self.signaling.relay(to, channel, &encrypted),
            Err(error) => log_limited!(
                self.logs,
                self.now,
                "a packet could not be encrypted to",
                to.short(),
                error!("a packet to {to:?} could not be encrypted: {error}")
            ),
        }
    }

    /// Begins to agree on keys with a peer, if it is the local peer's to begin.
    pub(super) fn begin_handshake(&mut self, now: Duration, peer: PeerKey) {
        if !self.policy.allows_relay() || self.key.is_polite_to(peer) {
            return;
        }
        let connection = self.new_connection();
        let Some(state) = self.peers.get_mut(&peer) else { return };
        state.begin_handshake(now);
        match state.noise.begin(connection) {
            Ok(message) => self.send_handshake(peer, connection, message),
            Err(error) => log_limited!(
                self.logs,
                now,
                "no keys for",
                peer.short(),
                error!("no keys for {peer:?}: {error}")
            ),
        }
    }

    /// The keys of a peer differ from the local ones, or there are none: a part of a handshake was lost. The peer
    /// that does not begin asks the other to.
    fn renew_keys(&mut self, now: Duration, peer: PeerKey) {
        let Some(state) = self.peers.get_mut(&peer) else { return };
        if !state.admit_handshake(now) {
            return;
        }
        if self.key.is_polite_to(peer) {
            let connection = self.new_connection();
            self.send_handshake(peer, connection, String::new());
        } else {
            self.begin_handshake(now, peer);
        }
    }

    pub(super) fn handle_handshake(
        &mut self,
        now: Duration,
        from: PeerKey,
        connection: ConnectionId,
        message: &str,
    ) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        if !self.policy.allows_relay() {
            return;
        }
        if message.is_empty() {
            return self.renew_keys(now, from);
        }
        if !self.key.is_polite_to(from) && !peer.noise.expects(connection) {
            // The local peer began another handshake since, and never answers one.
            log::debug!("dropped an answer of {from:?} to a handshake that was given up");
            return;
        }
        match peer.noise.handshake(connection, message) {
            Ok(answer) => {
                if peer.noise.is_ready() && !peer.noise.is_under_way() {
                    peer.handshake_due = None;
                }
                if let Some(message) = answer {
                    self.send_handshake(from, connection, message);
                }
                self.open_relay(from);
            }
            Err(error) => self.report_malformed(from, error.to_string()),
        }
    }

    fn send_handshake(&mut self, to: PeerKey, connection: ConnectionId, message: String) {
        let signal = Signal::Handshake(message);
        self.signaling.send(ClientMessage::Signal { to, connection, signal });
    }

    /// The room wants the server to relay packets to a peer.
    pub(super) fn want_relay(&mut self, now: Duration, peer: PeerKey) {
        let Some(state) = self.peers.get_mut(&peer) else { return };
        state.is_forgotten = false;
        if !self.policy.allows_relay() {
            return;
        }
        if state.relay == RelayState::Closed {
            state.relay = RelayState::Wanted;
        }
        if !state.noise.is_ready() {
            self.renew_keys(now, peer);
        }
        self.open_relay(peer);
    }

    /// Opens the relay to a peer if it is wanted and everything is there.
    fn open_relay(&mut self, peer: PeerKey) {
        let online = self.signaling.is_online();
        let Some(state) = self.peers.get_mut(&peer) else { return };
        if state.relay != RelayState::Wanted || !online || !state.noise.is_ready() {
            return;
        }
        state.relay = RelayState::Open;
        self.signaling.send(ClientMessage::Relay { to: peer, open: true });
        let (path, kind) = (PathId::RELAY, PathKind::Relay);
        self.events.push_back(TransportEvent::PathUp { peer, path, kind });
    }

    pub(super) fn close_relay(&mut self, peer: PeerKey) {
        let Some(state) = self.peers.get_mut(&peer) else { return };
        if std::mem::replace(&mut state.relay, RelayState::Closed) == RelayState::Open {
            self.signaling.send(ClientMessage::Relay { to: peer, open: false });
        }
    }

    /// The server is lost, and with it what it relays.
    pub(super) fn relays_down(&mut self, reason: &str) {
        for (peer, state) in &mut self.peers {
            if std::mem::replace(&mut state.relay, RelayState::Closed) == RelayState::Open {
                let (peer, path, reason) = (*peer, PathId::RELAY, reason.to_owned());
                self.events.push_back(TransportEvent::PathDown { peer, path, reason });
            }
        }
    }

    /// Decrypts a packet that the server relayed.
    pub(super) fn handle_relayed(
        &mut self,
        now: Duration,
        from: PeerKey,
        channel: RelayChannel,
        encrypted: &[u8],
    ) {
        if !self.accepts_relayed(from) {
            return;
        }
        let Some(peer) = self.peers.get_mut(&from) else { return };
        match peer.noise.decrypt(channel as u8, encrypted) {
            Ok(packet) => {
                let (path, channel) = (PathId::RELAY, Channel::from(channel));
                let received =
                    TransportEvent::Received { peer: from, path, at: now, channel, packet };
                self.events.push_back(received);
            }
            Err(error) => {
                log::debug!("dropped a packet of {from:?}: {error}");
                if error != NoiseError::Replayed {
                    self.renew_keys(now, from);
                }
            }
        }
    }
}
