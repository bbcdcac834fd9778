//! What fuzz targets reach of messages: packets as a peer sends them. Part of the feature `fuzzing`.

use std::sync::Arc;
use std::time::Duration;

use netplay_protocol::{MessagePacket, MessageTypes};

use super::{EncodedMessage, LinkMessages, MessageEvent, MessagePath};
use crate::path::PathId;

/// One end of messages, of which the other end is the input.
#[derive(Debug)]
pub struct MessageEnd {
    messages: LinkMessages,
    now: Duration,
}

impl MessageEnd {
    /// An end with these types, to which a peer with these types has told them.
    pub fn new(types: &MessageTypes, theirs: &MessageTypes) -> Self {
        let mut messages = LinkMessages::new(Arc::new(types.clone()), Duration::ZERO);
        // What differs is what it is.
        let _ = messages.handle_types(theirs);
        Self { messages, now: Duration::ZERO }
    }

    /// Sends a message, if it can be sent.
    pub fn send(&mut self, types: &MessageTypes, number: u8, bytes: Vec<u8>) {
        if let Some(Ok(message)) = types.get(number).map(|it| EncodedMessage::new(it, bytes)) {
            // It is only to have something that can be acknowledged.
            let _ = self.messages.queue(number, 1, &message);
        }
    }

    /// Takes a packet, a while later. Returns the packets that follow.
    pub fn handle(&mut self, packet: &[u8]) -> Vec<Vec<u8>> {
        self.now += Duration::from_millis(40);
        if let Ok((header, frames)) = MessagePacket::split(packet) {
            // Who breaks the rules is muted, which is the end's own business.
            let _ = self.messages.handle_packet(self.now, header, frames);
        }
        self.messages.handle_timeout(self.now);
        let path = MessagePath { id: PathId(7), buffered: 0, incarnations: (1, 1) };
        std::iter::from_fn(|| self.messages.poll_packet(self.now, path)).collect()
    }

    /// The messages that are whole.
    pub fn received(&mut self) -> Vec<(u8, Vec<u8>)> {
        let events = std::iter::from_fn(|| self.messages.poll_event());
        let received = events.filter_map(|event| match event {
            MessageEvent::Received { message_type, message } => Some((message_type, message)),
            MessageEvent::Delivered { .. } | MessageEvent::Failed { .. } => None,
        });
        received.collect()
    }

    /// Whether the peer broke the rules.
    pub fn is_muted(&self) -> bool {
        self.messages.is_muted()
    }
}
