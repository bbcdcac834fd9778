//! The signals that a room keeps for a disconnected member.

use std::collections::VecDeque;

use netplay_protocol::PeerKey;
use netplay_protocol::limits::MAX_PLAYERS;
use netplay_protocol::signaling::{ServerMessage, Signal};

use super::Rules;

/// Signals to a disconnected member, in the order they arrived. Each sender has a share of its own, and a full share
/// drops new signals and not old ones, so that candidates never push out the offer that they belong to.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    messages: VecDeque<ServerMessage>,
    shares: Vec<Share>,
}

/// What the mailbox keeps of one sender.
#[derive(Debug)]
struct Share {
    from: PeerKey,
    messages: usize,
    bytes: usize,
}

/// How many shares there are: one for each other member, and as many again for those that left in the meantime. The
/// last one is for all senders beyond that.
const MAX_SENDERS: usize = 2 * MAX_PLAYERS as usize;

impl Mailbox {
    /// Keeps a signal. False when it does not fit into the share of its sender.
    pub(super) fn push(&mut self, rules: Rules<'_>, from: PeerKey, message: ServerMessage) -> bool {
        let index = self.shares.iter().position(|share| share.from == from);
        let index = index.unwrap_or_else(|| {
            if self.shares.len() < MAX_SENDERS {
                self.shares.push(Share { from, messages: 0, bytes: 0 });
            }
            self.shares.len() - 1
        });
        let share = &mut self.shares[index];
        let bytes = share.bytes + size(&message);
        let fits = share.messages < rules.away_messages && bytes <= rules.away_bytes;
        if fits {
            share.messages += 1;
            share.bytes = bytes;
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
