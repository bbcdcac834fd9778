use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many packets of one path may wait for the caller: 8 s of datagrams.
const MOST: usize = 1024;

/// Keeps the packets of one path from taking all the room there is for packets.
#[derive(Clone, Debug, Default)]
pub(super) struct Quota(Arc<AtomicUsize>);

/// Room for a packet, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Ticket(Arc<AtomicUsize>);

impl Quota {
    /// Room for one more packet, if there is any.
    pub(super) fn take(&self) -> Option<Ticket> {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        let ticket = Ticket(self.0.clone());
        (before < MOST).then_some(ticket)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_that_is_given_back_can_be_taken_again() {
        let quota = Quota::default();
        let mut tickets: Vec<_> = (0..MOST).map(|_| quota.take().unwrap()).collect();
        assert!(quota.take().is_none());
        tickets.pop();
        assert!(quota.take().is_some());
    }
}
