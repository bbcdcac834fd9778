//! What each sender has in the queue of one receiver.

use std::collections::VecDeque;

use axum::body::Bytes;

use super::{
    KEPT_CAPACITY, MAX_NOTICES, MAX_RELAY_SHARES, MAX_SIGNAL_BYTES, MAX_SIGNAL_SHARES, SenderId,
};

/// The shares of the senders of which something waits.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// Those of which a datagram waits have their turn in this order.
    senders: Vec<Share>,
    signal_bytes: usize,
    reliable_bytes: usize,
    datagrams: usize,
    datagram_bytes: usize,
}

/// What becomes of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    Added,
    /// All that wait of the sender are too many: it stands for them.
    ReplacesEarlier,
    Dropped,
}

/// What waits of one sender.
#[derive(Debug)]
struct Share {
    from: SenderId,
    signal_bytes: usize,
    notices: usize,
    reliable_bytes: usize,
    datagrams: VecDeque<Bytes>,
}

impl Share {
    fn is_empty(&self) -> bool {
        self.signal_bytes == 0
            && self.notices == 0
            && self.reliable_bytes == 0
            && self.datagrams.is_empty()
    }
}

impl Shares {
    /// How many bytes wait.
    pub(super) fn bytes(&self) -> usize {
        self.signal_bytes + self.reliable_bytes + self.datagram_bytes
    }

    /// How many datagrams wait.
    pub(super) fn datagrams(&self) -> usize {
        self.datagrams
    }

    /// Counts a signal, unless it does not fit. Of a sender of which none waits, one fits even if the memory is full.
    pub(super) fn add_signal(&mut self, from: SenderId, bytes: usize, full: bool) -> bool {
        let total = self.signal_bytes;
        self.change(from, |share| {
            let sum = share.signal_bytes + bytes;
            let fits = (share.signal_bytes == 0 || !full && sum <= MAX_SIGNAL_BYTES)
                && total < MAX_SIGNAL_SHARES * MAX_SIGNAL_BYTES;
            share.signal_bytes += if fits { bytes } else { 0 };
            fits
        })
    }

    pub(super) fn remove_signal(&mut self, from: SenderId, bytes: usize) {
        self.change(from, |share| share.signal_bytes -= bytes);
    }

    /// Counts a notice, unless members that came and went have left too many.
    pub(super) fn add_notice(&mut self, from: SenderId) -> Notice {
        let total: usize = self.senders.iter().map(|share| share.notices).sum();
        self.change(from, |share| {
            if share.notices >= MAX_NOTICES {
                share.notices = 1;
                return Notice::ReplacesEarlier;
            }
            if share.notices == 0 && total >= MAX_RELAY_SHARES * MAX_NOTICES {
                return Notice::Dropped;
            }
            share.notices += 1;
            Notice::Added
        })
    }

    pub(super) fn remove_notice(&mut self, from: SenderId) {
        self.change(from, |share| share.notices -= 1);
    }

    /// Counts a reliable packet, unless it does not fit. Of a sender of which none waits, one fits even if the memory
    /// is full.
    pub(super) fn add_reliable(
        &mut self,
        from: SenderId,
        bytes: usize,
        most: usize,
        full: bool,
    ) -> bool {
        let total = self.reliable_bytes;
        self.change(from, |share| {
            let sum = share.reliable_bytes + bytes;
            let fits = (share.reliable_bytes == 0 || !full && sum <= most)
                && total < MAX_RELAY_SHARES.saturating_mul(most);
            share.reliable_bytes += if fits { bytes } else { 0 };
            fits
        })
    }

    pub(super) fn remove_reliable(&mut self, from: SenderId, bytes: usize) {
        self.change(from, |share| share.reliable_bytes -= bytes);
    }

    /// Adds a datagram, in place of the sender's oldest one if it has as many as it may. Returns whether one was
    /// dropped, which is the new one if all shares are in use. If the memory is full, one of each sender waits.
    pub(super) fn add_datagram(
        &mut self,
        from: SenderId,
        datagram: Bytes,
        most: usize,
        full: bool,
    ) -> bool {
        let none_left = self.datagrams >= MAX_RELAY_SHARES.saturating_mul(most);
        let most = if full { 1 } else { most };
        let (mut removed, added) = (0, datagram.len());
        let (queued, dropped) = self.change(from, |share| {
            let drops = none_left || share.datagrams.len() >= most;
            let oldest = if drops { share.datagrams.pop_front() } else { None };
            removed = oldest.as_ref().map_or(0, Bytes::len);
            let queued = !drops || oldest.is_some();
            if queued {
                share.datagrams.push_back(datagram);
            }
            (queued, drops)
        });
        self.datagram_bytes += if queued { added } else { 0 };
        self.datagram_bytes -= removed;
        dropped
    }

    /// The oldest datagram of the sender whose turn it is.
    pub(super) fn pop_datagram(&mut self) -> Option<Bytes> {
        let index = self.senders.iter().position(|share| !share.datagrams.is_empty())?;
        // The others are next.
        self.senders[index..].rotate_left(1);
        let from = self.senders.last()?.from;
        let datagram = self.change(from, |share| share.datagrams.pop_front())?;
        self.datagram_bytes -= datagram.len();
        Some(datagram)
    }

    /// Frees the capacity that a burst needed.
    pub(super) fn shrink(&mut self) {
        self.senders.shrink_to(KEPT_CAPACITY);
    }

    /// Changes the share of a sender, and the sums of all. A sender of which nothing waits is forgotten.
    fn change<T>(&mut self, from: SenderId, change: impl FnOnce(&mut Share) -> T) -> T {
        let known = self.senders.iter().rposition(|share| share.from == from);
        let index = known.unwrap_or_else(|| {
            let (notices, datagrams) = (0, VecDeque::new());
            self.senders.push(Share {
                from,
                signal_bytes: 0,
                notices,
                reliable_bytes: 0,
                datagrams,
            });
            self.senders.len() - 1
        });
        let share = &mut self.senders[index];
        self.signal_bytes -= share.signal_bytes;
        self.reliable_bytes -= share.reliable_bytes;
        self.datagrams -= share.datagrams.len();
        let outcome = change(share);
        self.signal_bytes += share.signal_bytes;
        self.reliable_bytes += share.reliable_bytes;
        self.datagrams += share.datagrams.len();
        if share.is_empty() {
            self.senders.remove(index);
        }
        outcome
    }
}
