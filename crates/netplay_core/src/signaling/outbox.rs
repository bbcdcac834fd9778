//! What the client sends: frames on the open connection, and signals that wait for the next one.

use std::collections::VecDeque;

use netplay_protocol::limits::MAX_PLAYERS;
use netplay_protocol::signaling::ClientMessage;

use super::Frame;

/// How many signals to one peer wait without a connection: an attempt's description and usual candidates.
pub(super) const MAX_UNSENT_TO_ONE: usize = 32;
/// How many to all peers: those of a full room and of one who left it. A server takes more at once.
const MAX_UNSENT: usize = MAX_UNSENT_TO_ONE * MAX_PLAYERS as usize;

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// For the open connection, oldest first.
    queued: VecDeque<Outgoing>,
    /// For the next connection, oldest first.
    unsent_signals: VecDeque<ClientMessage>,
}

#[derive(Debug)]
enum Outgoing {
    /// Boxed, because a join is much larger than the others.
    Message(Box<ClientMessage>),
    Relayed(Vec<u8>),
}

impl Outbox {
    /// Queues a message for the open connection.
    pub(super) fn send(&mut self, message: ClientMessage) {
        self.queued.push_back(Outgoing::Message(Box::new(message)));
    }

    /// Queues a relayed packet with its header for the open connection.
    pub(super) fn relay(&mut self, frame: Vec<u8>) {
        self.queued.push_back(Outgoing::Relayed(frame));
    }

    /// Keeps a message for the next connection if it is a signal and there is room. Everything else is dropped.
    pub(super) fn keep_signal(&mut self, message: ClientMessage) {
        let ClientMessage::Signal { to, .. } = &message else { return };
        let is_to_same =
            |it: &&ClientMessage| matches!(it, ClientMessage::Signal { to: it, .. } if it == to);
        let to_same = self.unsent_signals.iter().filter(is_to_same).count();
        if to_same < MAX_UNSENT_TO_ONE && self.unsent_signals.len() < MAX_UNSENT {
            self.unsent_signals.push_back(message);
        }
    }

    /// The connection is lost: signals that were not handed out yet wait for the next one.
    pub(super) fn connection_lost(&mut self) {
        for outgoing in std::mem::take(&mut self.queued) {
            if let Outgoing::Message(message) = outgoing {
                self.keep_signal(*message);
            }
        }
    }

    /// The membership is resumed: the signals that waited are sent.
    pub(super) fn connection_restored(&mut self) {
        let signals = self.unsent_signals.drain(..).map(Box::new);
        self.queued.extend(signals.map(Outgoing::Message));
    }

    /// The next frame to write.
    pub(super) fn poll(&mut self) -> Option<Frame> {
        while let Some(outgoing) = self.queued.pop_front() {
            match outgoing {
                Outgoing::Relayed(frame) => return Some(Frame::Binary(frame)),
                Outgoing::Message(message) => match serde_json::to_string(&message) {
                    Ok(text) => return Some(Frame::Text(text)),
                    Err(error) => {
                        log::error!("a message could not be written as JSON: {error}");
                    }
                },
            }
        }
        None
    }
}
