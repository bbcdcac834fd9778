//! Messages of the game on a link: what is checked before they are read, and on which path they are sent.

use std::sync::Arc;
use std::time::Duration;

use netplay_protocol::{MessagePacket, MessageTypes};

use super::{Link, ReceiveError, Transmit};
use crate::messages::{
    EncodedMessage, LinkMessages, MessageError, MessageEvent, MessagePath, TypeMismatch,
};
use crate::path::{Channel, PathId};

impl Link {
    /// The link, with messages of these types of the local game. Without them there are none.
    #[must_use]
    pub fn with_message_types(mut self, types: Arc<MessageTypes>, now: Duration) -> Self {
        self.messages = LinkMessages::new(types, now);
        self
    }

    /// Takes a packet with messages that came at `at`. What is whole by that comes out of
    /// [`Self::poll_message_event`].
    ///
    /// # Errors
    ///
    /// [`ReceiveError`] says why it was dropped.
    pub fn handle_message_packet(
        &mut self,
        at: Duration,
        id: PathId,
        packet: &[u8],
    ) -> Result<(), ReceiveError> {
        self.counters.bytes_received += packet.len() as u64;
        let (header, frames) = match MessagePacket::split(packet) {
            Ok(split) => split,
            Err(error) => {
                self.count_malformed(at);
                return Err(error.into());
            }
        };
        if !self.incarnations.are_those_of(header.from, header.to) {
            return Err(ReceiveError::Stale);
        }
        self.agent.handle_message(at, id);
        if let Some(path) = self.agent.path_mut(id) {
            path.estimator.heard(at);
        }
        self.handle_heard(at);
        Ok(self.messages.handle_packet(at, header, frames)?)
    }

    /// The next packet with messages to send on the primary path. What [`Self::poll_transmit`] gives out goes first. None
    /// while much waits in the transport already, as the last [`Self::handle_sent`] or [`Self::handle_buffered`] said.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_message_packet(&mut self, now: Duration) -> Option<Transmit> {
        let incarnations = self.incarnations.lower_halves()?;
        let primary = self.agent.primary_mut().filter(|path| !path.health.is_dead())?;
        let (id, buffered) = (primary.id, primary.buffered);
        let packet = self.messages.poll_packet(now, MessagePath { id, buffered, incarnations })?;
        primary.count_sent(now, packet.len());
        self.counters.bytes_sent += packet.len() as u64;
        Some(Transmit { path: id, channel: Channel::Datagram, packet })
    }

    /// Takes a message to be sent, which `id` names in what follows.
    ///
    /// # Errors
    ///
    /// [`MessageError`] if it cannot be sent.
    pub fn send_message(
        &mut self,
        message_type: u8,
        id: u64,
        message: &EncodedMessage,
    ) -> Result<(), MessageError> {
        self.messages.queue(message_type, id, message)
    }

    /// The peer has told its types of messages. Returns those that are not the same.
    pub fn handle_message_types(&mut self, theirs: &MessageTypes) -> Vec<TypeMismatch> {
        self.messages.handle_types(theirs)
    }

    /// The peer is gone: what it has not acknowledged has failed.
    pub fn fail_messages(&mut self, now: Duration, reason: MessageError) {
        if self.messages.waits() {
            self.messages.reset(now, reason);
        }
    }

    /// The next thing that happened to messages, and the next message of the peer.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_message_event(&mut self) -> Option<MessageEvent> {
        self.messages.poll_event()
    }

    /// The lower halves of the incarnations, as they stand in a packet with messages.
    #[cfg(test)]
    pub(crate) fn message_incarnations(&self) -> Option<(u16, u16)> {
        self.incarnations.lower_halves()
    }

    /// The messages that are under way, and what is counted of them.
    pub fn messages(&self) -> &LinkMessages {
        &self.messages
    }
}
