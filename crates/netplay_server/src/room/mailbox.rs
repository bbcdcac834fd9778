use std::collections::VecDeque;

use netplay_protocol::signaling::{ServerMessage, Signal};

use super::Rules;

/// What is kept for a member who is away, in the order it came. Bounded: what no longer fits is dropped,
/// and what was kept before stays, so that an offer is not lost to the candidates after it.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    messages: VecDeque<ServerMessage>,
    bytes: usize,
}

impl Mailbox {
    /// Keeps a signal, if it fits.
    pub(super) fn keep(&mut self, rules: Rules<'_>, message: ServerMessage) -> bool {
        let bytes = self.bytes + size(&message);
        let fits = self.messages.len() < rules.away_messages && bytes <= rules.away_bytes;
        if fits {
            self.bytes = bytes;
            self.messages.push_back(message);
        }
        fits
    }

    /// Everything that was kept, oldest first.
    pub(super) fn empty(self) -> impl Iterator<Item = ServerMessage> {
        self.messages.into_iter()
    }
}

/// What a message takes, in bytes: the text it carries decides.
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
