use std::collections::VecDeque;

use netplay_protocol::ReliableHeader;

/// How many earlier instances of the peer are remembered, to tell them from a new one.
const REMEMBERED: usize = 8;

/// Which run of the peer's process a packet is of, and which of ours it is meant for.
///
/// A process that is started anew and comes back to its seat knows nothing of the numbers before. Whatever is
/// still on its way from the one before, or to it, would confuse it.
#[derive(Debug)]
pub(super) struct Instances {
    us: u32,
    peer: Option<u32>,
    /// What marks the datagrams that we listen to, until a message says whose they are.
    heard: Option<u16>,
    before: VecDeque<u32>,
}

/// Whose packet one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// The peer's as we know it.
    Known,
    /// The peer's of whom we have heard no message yet, but not of the process whose datagrams came before.
    Renumbered,
    /// The peer's, which was started anew.
    Anew,
    /// Of a process that is no more, or for one.
    Stale,
}

impl Instances {
    pub(super) fn new(us: u32) -> Self {
        Self { us, peer: None, heard: None, before: VecDeque::new() }
    }

    /// The header of a message of ours.
    pub(super) fn header(&self, sequence: u32, ack: u32) -> ReliableHeader {
        ReliableHeader { sequence, ack, from: self.us, to: self.peer.unwrap_or(0) }
    }

    /// What marks a datagram of ours.
    pub(super) fn mark(&self) -> u16 {
        self.us as u16
    }

    /// Judges a reliable packet. From now on its sender is the peer as we know it.
    pub(super) fn message(&mut self, header: ReliableHeader) -> Whose {
        let ReliableHeader { from, to, .. } = header;
        let for_us = to == 0 || to == self.us;
        if !for_us || from == 0 || self.before.contains(&from) {
            return Whose::Stale;
        }
        match self.peer.replace(from) {
            Some(known) if known != from => {
                self.before.push_back(known);
                if self.before.len() > REMEMBERED {
                    self.before.pop_front();
                }
                Whose::Anew
            }
            None if self.heard.is_some_and(|heard| heard != from as u16) => Whose::Renumbered,
            _ => Whose::Known,
        }
    }

    /// Judges a datagram with this mark. Before the peer's first message nothing is known, and each of them may
    /// be.
    pub(super) fn datagram(&mut self, mark: u16) -> Whose {
        if let Some(peer) = self.peer {
            return if peer as u16 == mark { Whose::Known } else { Whose::Stale };
        }
        match self.heard.replace(mark) {
            Some(heard) if heard != mark => Whose::Renumbered,
            _ => Whose::Known,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn header(from: u32, to: u32) -> ReliableHeader {
        ReliableHeader { sequence: 1, ack: 0, from, to }
    }

    #[test]
    fn a_peer_that_was_started_anew_is_told_from_what_is_left_of_the_one_before() {
        let mut instances = Instances::new(1);
        assert_eq!(instances.message(header(5, 0)), Whose::Known);
        assert_eq!(instances.message(header(5, 1)), Whose::Known);
        assert_eq!(instances.message(header(6, 0)), Whose::Anew);
        assert_eq!(instances.message(header(5, 1)), Whose::Stale);
        assert_eq!(instances.message(header(6, 1)), Whose::Known);
        assert_eq!(instances.datagram(6), Whose::Known);
        assert_eq!(instances.datagram(5), Whose::Stale);
    }

    #[test]
    fn datagrams_of_the_process_before_the_first_that_we_hear_of_are_not_its_own() {
        let mut instances = Instances::new(1);
        assert_eq!(instances.datagram(5), Whose::Known);
        assert_eq!(instances.datagram(5), Whose::Known);
        assert_eq!(instances.message(header(6, 0)), Whose::Renumbered);
        assert_eq!(instances.message(header(6, 1)), Whose::Known);
        assert_eq!(instances.datagram(5), Whose::Stale);

        let mut instances = Instances::new(1);
        assert_eq!(instances.datagram(5), Whose::Known);
        assert_eq!(instances.datagram(6), Whose::Renumbered);
        assert_eq!(instances.message(header(6, 0)), Whose::Known);
    }

    #[test]
    fn what_is_meant_for_the_process_before_us_is_not_for_us() {
        let mut instances = Instances::new(2);
        assert_eq!(instances.message(header(5, 1)), Whose::Stale);
        assert_eq!(instances.header(3, 4), ReliableHeader { sequence: 3, ack: 4, from: 2, to: 0 });
        assert_eq!(instances.message(header(5, 2)), Whose::Known);
        assert_eq!(instances.header(3, 4).to, 5);
    }

    #[test]
    fn as_many_instances_as_are_remembered_are_not_taken_for_new_ones() {
        let mut instances = Instances::new(1);
        for from in 1..=100 {
            assert_ne!(instances.message(header(from, 0)), Whose::Stale);
            for before in from.saturating_sub(REMEMBERED as u32).max(1)..from {
                assert_eq!(instances.message(header(before, 0)), Whose::Stale);
            }
        }
    }
}
