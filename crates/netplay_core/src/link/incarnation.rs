//! Which incarnation of the peer's process a packet is from, and which of the local one it is for.
//!
//! An incarnation is one run of a process, under a random number (the term is that of SWIM). A process that
//! restarts and rejoins its room knows nothing of the sequence numbers before. Packets that are still on their way
//! from its predecessor, or to it, would confuse it: they are stale and dropped.

use std::collections::VecDeque;

use netplay_protocol::ReliableHeader;

/// How many earlier incarnations of the peer are remembered, to tell them from a new one.
const REMEMBERED: usize = 8;

/// The incarnations of both ends of a link.
#[derive(Debug)]
pub(super) struct Incarnations {
    local: u32,
    peer: Peer,
    /// Earlier incarnations of the peer, oldest first.
    ended: VecDeque<u32>,
}

/// What is known of the peer's incarnation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    /// Nothing was received yet.
    Unknown,
    /// Only datagrams were received; they carry the lower half of the number.
    Unconfirmed { lower_half: u16 },
    /// A reliable message said which it is.
    Confirmed { incarnation: u32 },
}

/// Which incarnation of the peer sent a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// The present one.
    Known,
    /// Another one than that of the datagrams before, while no reliable message has confirmed either.
    Unconfirmed,
    /// A new one: the peer restarted.
    Restarted,
    /// An earlier one; or the packet is for an earlier one of the local process.
    Stale,
}

impl Incarnations {
    pub(super) fn new(local: u32) -> Self {
        Self { local, peer: Peer::Unknown, ended: VecDeque::new() }
    }

    /// The header of an outgoing reliable message.
    pub(super) fn header(&self, sequence: u32, ack: u32) -> ReliableHeader {
        let to = match self.peer {
            Peer::Confirmed { incarnation } => incarnation,
            Peer::Unknown | Peer::Unconfirmed { .. } => 0,
        };
        ReliableHeader { sequence, ack, from: self.local, to }
    }

    /// What an outgoing datagram carries of the local incarnation.
    pub(super) fn lower_half(&self) -> u16 {
        self.local as u16
    }

    /// The lower halves of the local incarnation and of the peer's, once a reliable message has said which it is.
    pub(super) fn lower_halves(&self) -> Option<(u16, u16)> {
        match self.peer {
            Peer::Confirmed { incarnation } => Some((self.lower_half(), incarnation as u16)),
            Peer::Unknown | Peer::Unconfirmed { .. } => None,
        }
    }

    /// Whether a packet with these lower halves is from the peer's present incarnation, and for the local one.
    pub(super) fn are_those_of(&self, from: u16, to: u16) -> bool {
        self.lower_halves() == Some((to, from))
    }

    /// Judges a reliable packet. Unless it is stale, its sender is the present incarnation from now on.
    pub(super) fn judge_message(&mut self, header: ReliableHeader) -> Sender {
        let ReliableHeader { from, to, .. } = header;
        let is_for_local = to == 0 || to == self.local;
        if !is_for_local || from == 0 || self.ended.contains(&from) {
            return Sender::Stale;
        }
        let before = std::mem::replace(&mut self.peer, Peer::Confirmed { incarnation: from });
        match before {
            Peer::Confirmed { incarnation } if incarnation != from => {
                self.ended.push_back(incarnation);
                if self.ended.len() > REMEMBERED {
                    self.ended.pop_front();
                }
                Sender::Restarted
            }
            Peer::Unconfirmed { lower_half } if lower_half != from as u16 => Sender::Unconfirmed,
            Peer::Unknown | Peer::Unconfirmed { .. } | Peer::Confirmed { .. } => Sender::Known,
        }
    }

    /// Judges a datagram by what it carries of its sender's incarnation. Before the peer's first reliable
    /// message, any incarnation may be the present one.
    pub(super) fn judge_datagram(&mut self, lower_half: u16) -> Sender {
        match self.peer {
            Peer::Confirmed { incarnation } if incarnation as u16 == lower_half => Sender::Known,
            Peer::Confirmed { .. } => Sender::Stale,
            Peer::Unknown | Peer::Unconfirmed { .. } => {
                let before = std::mem::replace(&mut self.peer, Peer::Unconfirmed { lower_half });
                let same = before == Peer::Unknown || before == self.peer;
                if same { Sender::Known } else { Sender::Unconfirmed }
            }
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
    fn a_restarted_peer_is_told_from_what_is_left_of_its_predecessor() {
        let mut incarnations = Incarnations::new(1);
        assert_eq!(incarnations.judge_message(header(5, 0)), Sender::Known);
        assert_eq!(incarnations.judge_message(header(5, 1)), Sender::Known);
        assert_eq!(incarnations.judge_message(header(6, 0)), Sender::Restarted);
        assert_eq!(incarnations.judge_message(header(5, 1)), Sender::Stale);
        assert_eq!(incarnations.judge_message(header(6, 1)), Sender::Known);
        assert_eq!(incarnations.judge_datagram(6), Sender::Known);
        assert_eq!(incarnations.judge_datagram(5), Sender::Stale);
    }

    #[test]
    fn datagrams_of_a_predecessor_before_the_first_message_are_not_the_senders_own() {
        let mut incarnations = Incarnations::new(1);
        assert_eq!(incarnations.judge_datagram(5), Sender::Known);
        assert_eq!(incarnations.judge_datagram(5), Sender::Known);
        assert_eq!(incarnations.judge_message(header(6, 0)), Sender::Unconfirmed);
        assert_eq!(incarnations.judge_message(header(6, 1)), Sender::Known);
        assert_eq!(incarnations.judge_datagram(5), Sender::Stale);

        let mut incarnations = Incarnations::new(1);
        assert_eq!(incarnations.judge_datagram(5), Sender::Known);
        assert_eq!(incarnations.judge_datagram(6), Sender::Unconfirmed);
        assert_eq!(incarnations.judge_message(header(6, 0)), Sender::Known);
    }

    #[test]
    fn a_message_for_a_predecessor_of_the_local_process_is_stale() {
        let mut incarnations = Incarnations::new(2);
        assert_eq!(incarnations.judge_message(header(5, 1)), Sender::Stale);
        let outgoing = incarnations.header(3, 4);
        assert_eq!(outgoing, ReliableHeader { sequence: 3, ack: 4, from: 2, to: 0 });
        assert_eq!(incarnations.judge_message(header(5, 2)), Sender::Known);
        assert_eq!(incarnations.header(3, 4).to, 5);
    }

    #[test]
    fn as_many_incarnations_as_are_remembered_are_not_taken_for_new_ones() {
        let mut incarnations = Incarnations::new(1);
        for from in 1..=100 {
            assert_ne!(incarnations.judge_message(header(from, 0)), Sender::Stale);
            for before in from.saturating_sub(REMEMBERED as u32).max(1)..from {
                assert_eq!(incarnations.judge_message(header(before, 0)), Sender::Stale);
            }
        }
    }
}
