//! The signals that a room keeps for a disconnected member.

use std::collections::VecDeque;

use netplay_protocol::signaling::{ServerMessage, Signal};

use super::Rules;

/// Signals to a disconnected member, in the order they arrived. A full mailbox drops new signals and not old
/// ones, so that candidates never push out the offer that they belong to.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    messages: VecDeque<ServerMessage>,
    bytes: usize,
}

impl Mailbox {
    /// Keeps a signal. False when it does not fit.
    pub(super) fn push(&mut self, rules: Rules<'_>, message: ServerMessage) -> bool {
        let bytes = self.bytes + size(&message);
        let fits = self.messages.len() < rules.away_messages && bytes <= rules.away_bytes;
        if fits {
            self.bytes = bytes;
            self.messages.push_back(message);
        }
        fits
    }

    /// All signals, oldest first.
    pub(super) fn into_messages(self) -> impl Iterator<Item = ServerMessage> {
        self.messages.into_iter()
    }
}

/// How much memory a message takes, in bytes, mostly for the text in it.
fn size(message: &ServerMessage) -> usize {
    let text = match message {
        ServerMessage::Signal { signal, .. } => match signal {
            Signal::Offer(text)
            | Signal::Answer(text)
            | Signal::Candidate(text)
            | Signal::Handshake(text) => text.len(),
        },
        _ => 0,
    };
    size_of::<ServerMessage>() + text
}
