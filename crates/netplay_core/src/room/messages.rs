//! Messages of the game between the peers of a room, in its lobby and during matches.

use std::time::Duration;

use log::debug;
use netplay_protocol::{ControlMessage, MessageDelivery, MessageTypes, PeerKey};

use super::peer::Peer;
use super::printable::printable;
use super::progress::Progress;
use super::{Room, Transmit};
use crate::link::ReceiveError;
use crate::log_limiter::log_limited;
use crate::messages::{EncodedMessage, MessageError, MessageEvent, TypeMismatch};
use crate::path::PathId;

impl Room {
    /// Takes a message for a peer, to be sent as soon as there is a way. `message_type` is the number of its type in
    /// [`RoomConfig::messages`](super::RoomConfig::messages); `id` names it in the [events](Self::poll_message_event) that
    /// follow.
    ///
    /// # Errors
    ///
    /// [`MessageError`] if it cannot be sent.
    pub fn send_message(
        &mut self,
        to: PeerKey,
        message_type: u8,
        id: u64,
        message: &EncodedMessage,
    ) -> Result<(), MessageError> {
        let peer = self.peers.get_mut(&to).filter(|peer| peer.takes_messages());
        let Some(peer) = peer.filter(|_| !self.phase.is_ended()) else {
            return Err(MessageError::NoSuchPeer);
        };
        peer.link.send_message(message_type, id, message)
    }

    /// The next thing that happened to messages, and the next message of a peer. While a game does not take them, few
    /// more are taken from the peers.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_message_event(&mut self) -> Option<(PeerKey, MessageEvent)> {
        if let Some(event) = self.message_events.pop_front() {
            return Some(event);
        }
        self.peers.values_mut().find_map(|peer| Some((peer.key, peer.link.poll_message_event()?)))
    }

    /// What is taken out next leaves at this moment: packets with messages say so. `buffered` tells how many bytes wait to
    /// be sent on a path at this moment, where the transport knows: it is not to be filled further than that.
    pub fn begin_transmits(
        &mut self,
        now: Duration,
        buffered: impl Fn(PeerKey, PathId) -> Option<usize>,
    ) {
        self.now = now;
        for peer in self.peers.values_mut() {
            if let Some(path) = peer.link.primary_path()
                && let Some(bytes) = buffered(peer.key, path)
            {
                peer.link.handle_buffered(path, bytes);
            }
        }
    }

    /// Whether messages are under way, so that it is worth while to take packets in as soon as they come.
    pub fn has_active_messages(&self, now: Duration) -> bool {
        self.peers.values().any(|peer| peer.link.messages().is_active(now))
    }

    /// The next packet with messages, one peer after the other. The present moment is that of the last call.
    pub(super) fn poll_message_packet(&mut self) -> Option<(PeerKey, Transmit)> {
        if self.phase.is_ended() {
            return None;
        }
        let (now, turn) = (self.now, self.message_turn);
        let after = |peer: &&mut Peer| turn.is_none_or(|turn| peer.key > turn);
        let next = |peer: &mut Peer| Some((peer.key, peer.link.poll_message_packet(now)?));
        let takes = |peer: &&mut Peer| peer.takes_messages();
        let mut packet = self.peers.values_mut().filter(takes).filter(after).find_map(next);
        if packet.is_none() {
            packet = self.peers.values_mut().filter(takes).find_map(next);
        }
        self.message_turn = packet.as_ref().map_or(turn, |(peer, _)| Some(*peer));
        packet
    }

    /// Takes a packet with messages that came at `at`.
    pub(super) fn handle_message_packet(
        &mut self,
        at: Duration,
        (from, path): (PeerKey, PathId),
        packet: &[u8],
    ) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        if peer.is_refused() {
            return;
        }
        match peer.link.handle_message_packet(at, path, packet) {
            Ok(()) | Err(ReceiveError::Stale) => {}
            Err(error @ ReceiveError::Message(_)) => {
                let player = self.roster.number(peer.player);
                log_limited!(
                    self.logs,
                    at,
                    "no more messages are taken from player",
                    player,
                    warn!(
                        "no more messages are taken from player {player}, whose game sent {error}"
                    )
                );
            }
            Err(error) => debug!("dropped a packet with messages of {from:?}: {error}"),
        }
    }

    /// Tells a peer which types of messages the local game knows.
    pub(super) fn send_message_types(&mut self, now: Duration, to: PeerKey) {
        let types = MessageTypes::clone(&self.config.messages);
        self.send_control(now, to, &ControlMessage::MessageTypes(types));
    }

    /// A peer tells which types its game knows.
    pub(super) fn handle_message_types(&mut self, from: PeerKey, types: &MessageTypes) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        for mismatch in peer.link.handle_message_types(types) {
            let TypeMismatch { name, local, peer: theirs } = mismatch;
            let (name, player) = (printable(&name), self.roster.number(peer.player));
            let (ours, theirs) = (kind(local), theirs.map_or("not at all".into(), kind));
            log_limited!(
                self.logs,
                self.now,
                "messages of a type are not exchanged with player",
                player,
                warn!(
                    "messages of the type {name:?} are not exchanged with player {player}: this game knows {ours}, and \
                 theirs {theirs}"
                )
            );
        }
    }

    /// Gives up the messages to peers that are not heard any more.
    pub(super) fn check_messages(&mut self, now: Duration) {
        for peer in self.peers.values_mut().filter(|peer| !peer.takes_messages()) {
            peer.link.fail_messages(now, MessageError::NoSuchPeer);
        }
    }

    /// A peer is removed: what happened to its messages is still told.
    pub(super) fn keep_message_events(&mut self, mut peer: Peer) {
        peer.link.fail_messages(self.now, MessageError::NoSuchPeer);
        let events = std::iter::from_fn(|| Some((peer.key, peer.link.poll_message_event()?)));
        self.message_events.extend(events);
    }
}

impl Peer {
    /// Whether messages are sent to it.
    fn takes_messages(&self) -> bool {
        !self.is_refused() && !self.is_disconnected() && !matches!(self.progress, Progress::Left(_))
    }
}

/// A version and a delivery, in words.
fn kind((version, delivery): (u16, MessageDelivery)) -> String {
    match delivery {
        MessageDelivery::Reliable => format!("version {version}"),
        MessageDelivery::Latest => format!("version {version}, of which only the latest counts"),
    }
}
