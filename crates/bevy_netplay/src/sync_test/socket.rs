//! The way between the two Apps of a sync test: messages are withheld for a while, which follows from a seed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ggrs::{Message, NonBlockingSocket};
use netplay_protocol::PeerKey;

/// How often ggrs polls in an update: to take in what has arrived, before a frame, and while it advances.
const POLLS_PER_FRAME: usize = 3;

/// One end of it.
pub(crate) struct WithheldSocket {
    sends: Arc<Mutex<Queue>>,
    receives: Arc<Mutex<Queue>>,
}

/// Messages in one direction.
struct Queue {
    messages: VecDeque<Message>,
    /// How many polls the messages are withheld for.
    withheld: u32,
    max_withheld: u32,
    random: u64,
}

/// Both ends.
pub(crate) fn pair(seed: u64) -> [WithheldSocket; 2] {
    let queue = |direction| {
        Arc::new(Mutex::new(Queue {
            messages: VecDeque::new(),
            withheld: 0,
            max_withheld: 0,
            random: seed ^ direction,
        }))
    };
    let (there, back) = (queue(1), queue(2));
    [
        WithheldSocket { sends: there.clone(), receives: back.clone() },
        WithheldSocket { sends: back, receives: there },
    ]
}

impl WithheldSocket {
    /// Withholds about half of the messages to this end for so many frames or longer.
    pub(crate) fn withholding(self, frames: usize) -> Self {
        lock(&self.receives).max_withheld = (2 * frames * POLLS_PER_FRAME) as u32;
        self
    }
}

impl NonBlockingSocket<PeerKey> for WithheldSocket {
    fn send_to(&mut self, message: &Message, _address: &PeerKey) {
        lock(&self.sends).messages.push_back(message.clone());
    }

    fn receive_all_messages(&mut self) -> Vec<(PeerKey, Message)> {
        let from = PeerKey::from_bytes([0; 16]);
        let messages = lock(&self.receives).poll();
        messages.into_iter().map(|message| (from, message)).collect()
    }
}

impl Queue {
    /// All messages, or none while they are withheld.
    fn poll(&mut self) -> Vec<Message> {
        if let Some(left) = self.withheld.checked_sub(1) {
            self.withheld = left;
            return Vec::new();
        }
        self.random = seahash::hash(&self.random.to_le_bytes());
        self.withheld = (self.random % (u64::from(self.max_withheld) + 1)) as u32;
        self.messages.drain(..).collect()
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}
