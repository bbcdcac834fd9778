//! Drop proposals that cannot be taken in yet: of a match that has not begun here, about a player that is not frozen here,
//! or about frames that the local simulation is too far from. Those of one peer stay in their order, and count for that
//! peer only.

use std::collections::{BTreeMap, VecDeque};

use netplay_protocol::{DropProposal, PeerKey};

/// How many proposals of one peer are kept. A survivor has one for each other player, and one more for each time that it
/// learned something.
const MAX_PROPOSALS: usize = 32;
/// How many bytes of inputs they have, at most.
const MAX_BYTES: usize = 512 * 1024;

/// The proposals that wait, by sender.
#[derive(Default)]
pub(super) struct EarlyProposals(BTreeMap<PeerKey, VecDeque<DropProposal>>);

impl EarlyProposals {
    /// Keeps a proposal. Returns whether there is room for it.
    pub(super) fn push(&mut self, from: PeerKey, proposal: DropProposal) -> bool {
        let kept = self.0.entry(from).or_default();
        let bytes: usize = kept.iter().map(|proposal| proposal.inputs.len()).sum();
        let fits = kept.len() < MAX_PROPOSALS && bytes + proposal.inputs.len() <= MAX_BYTES;
        if fits {
            kept.push_back(proposal);
        }
        fits
    }

    /// Whether one waits that this peer sent before, about the same player in the same match.
    pub(super) fn has(&self, from: PeerKey, proposal: &DropProposal) -> bool {
        let of = |it: &DropProposal| (it.epoch, it.player);
        let kept = self.0.get(&from);
        kept.is_some_and(|kept| kept.iter().any(|it| of(it) == of(proposal)))
    }

    /// Forgets the proposals of the matches before one.
    pub(super) fn begin(&mut self, epoch: u16) {
        for kept in self.0.values_mut() {
            kept.retain(|proposal| proposal.epoch >= epoch);
        }
    }

    /// Takes the proposals of a match out, of each sender in their order.
    pub(super) fn take(&mut self, epoch: u16) -> Vec<(PeerKey, DropProposal)> {
        let mut due = Vec::new();
        for (from, kept) in &mut self.0 {
            let (now, later) = kept.drain(..).partition(|proposal| proposal.epoch == epoch);
            *kept = later;
            let now: VecDeque<DropProposal> = now;
            due.extend(now.into_iter().map(|proposal| (*from, proposal)));
        }
        self.0.retain(|_, kept| !kept.is_empty());
        due
    }

    /// The proposals of a match: each sender and the player that it proposes to drop.
    pub(super) fn proposed(&self, epoch: u16) -> Vec<(PeerKey, usize)> {
        let of = |(from, kept): (&PeerKey, &VecDeque<DropProposal>)| {
            let kept = kept.iter().filter(|proposal| proposal.epoch == epoch);
            kept.map(|proposal| (*from, usize::from(proposal.player))).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of).collect()
    }

    /// Who proposes to drop a player from any match.
    pub(super) fn accusers(&self, player: usize) -> impl Iterator<Item = PeerKey> {
        let names = move |kept: &VecDeque<DropProposal>| {
            kept.iter().any(|proposal| usize::from(proposal.player) == player)
        };
        self.0.iter().filter(move |(_, kept)| names(kept)).map(|(from, _)| *from)
    }

    /// A peer left, or its process restarted.
    pub(super) fn forget(&mut self, from: PeerKey) {
        self.0.remove(&from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const A: PeerKey = PeerKey::from_bytes([1; 16]);
    const B: PeerKey = PeerKey::from_bytes([2; 16]);

    fn proposal(epoch: u16, player: u8, bytes: usize) -> DropProposal {
        let inputs = vec![0; bytes];
        let (statement, reason) = (None, String::new());
        DropProposal {
            epoch,
            player,
            last_frame: 1,
            inputs,
            statement,
            accusations: vec![],
            reason,
        }
    }

    #[test]
    fn no_peer_takes_the_room_of_another_one() {
        let mut early = EarlyProposals::default();
        let pushed = (0..200).filter(|_| early.push(A, proposal(1, 2, 0))).count();
        assert_eq!(pushed, MAX_PROPOSALS);
        let large = MAX_BYTES / 4 + 1;
        let pushed = (0..200).filter(|_| early.push(B, proposal(1, 2, large))).count();
        assert_eq!(pushed, 3);
    }

    #[test]
    fn each_match_has_its_own_in_the_order_of_each_sender() {
        let mut early = EarlyProposals::default();
        for (from, epoch, player) in [(A, 1, 0), (A, 2, 1), (B, 1, 2), (A, 1, 3)] {
            assert!(early.push(from, proposal(epoch, player, 0)));
        }
        assert_eq!(early.proposed(1), [(A, 0), (A, 3), (B, 2)]);
        assert_eq!(early.accusers(2).collect::<Vec<_>>(), [B]);
        let taken = early.take(1).into_iter().map(|(from, it)| (from, it.player));
        assert_eq!(taken.collect::<Vec<_>>(), [(A, 0), (A, 3), (B, 2)]);
        assert!(early.has(A, &proposal(2, 1, 0)) && !early.has(A, &proposal(1, 1, 0)));
        early.begin(3);
        assert_eq!(early.proposed(2), []);
    }
}
