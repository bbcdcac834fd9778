//! How the survivors of a match agree on the last frame of a player who is dropped.
//!
//! When a player disconnects, each survivor may have received another last input of it. To continue with the
//! same state, all survivors must use its inputs up to the same frame. A survivor that loses a player therefore
//! *freezes* it: it accepts nothing more from that player and proposes to drop it, with the last frame that it
//! has, to every other survivor over ordered channels. A survivor that receives a proposal freezes the player
//! too and sends its own proposal; a survivor that learns of a later frame proposes that one. When every
//! survivor has sent a proposal for every frozen player, all have the same information, and the player's last
//! frame is the highest that was proposed.
//!
//! The agreement also holds when survivors are lost meanwhile, because the channels keep their order: a survivor
//! proposes to drop another survivor after everything that it learned from it. All frozen players are decided
//! together, so no survivor decides before it has every proposal for each of them. This is the flush protocol of
//! virtual synchrony (Birman and Joseph, "Exploiting virtual synchrony in distributed systems", 1987).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::NULL_FRAME;

/// The drop consensus of one match, on one survivor.
///
/// It exchanges frames only. The caller transfers the inputs: a proposal carries the inputs that other survivors
/// may lack, and the receiver merges them into its log before it calls
/// [`handle_proposal`](Self::handle_proposal).
#[derive(Debug)]
pub struct DropConsensus {
    local_player: usize,
    progress: Vec<Progress>,
    decided: VecDeque<DroppedPlayer>,
}

/// How far a player is from having left the match.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Progress {
    Playing,
    /// Nothing more is accepted from the player: the last frame that each survivor has proposed, the local
    /// player's among them.
    Frozen(BTreeMap<usize, i32>),
    /// The survivors have decided: the player's last frame.
    Disconnected(i32),
    /// The player was dropped before this one entered the match: the survivors who have proposed it since, and were
    /// answered.
    DroppedBefore(BTreeSet<usize>),
}

/// A player that the survivors have agreed to drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DroppedPlayer {
    /// The player.
    pub player: usize,
    /// The last frame of which the player's own input counts; -1 if there is none.
    pub last_frame: i32,
}

impl DropConsensus {
    /// A match of `players` players; those in `disconnected` were dropped before the local player entered it.
    pub fn new(
        players: usize,
        local_player: usize,
        disconnected: impl IntoIterator<Item = usize>,
    ) -> Self {
        let mut progress = vec![Progress::Playing; players];
        for player in disconnected {
            if let Some(progress) = progress.get_mut(player) {
                *progress = Progress::DroppedBefore(BTreeSet::new());
            }
        }
        Self { local_player, progress, decided: VecDeque::new() }
    }

    /// Whether nothing more is accepted from this player: it is dropped, or about to be.
    pub fn is_frozen(&self, player: usize) -> bool {
        self.progress.get(player).is_some_and(|progress| *progress != Progress::Playing)
    }

    /// Whether nobody is frozen who is not dropped yet.
    pub fn is_settled(&self) -> bool {
        !self.progress.iter().any(|progress| matches!(progress, Progress::Frozen(_)))
    }

    /// The last frame of a player who was dropped; -1 if it was dropped before this one entered the match.
    pub fn dropped_after(&self, player: usize) -> Option<i32> {
        match self.progress.get(player)? {
            Progress::Disconnected(last_frame) => Some(*last_frame),
            Progress::DroppedBefore(_) => Some(NULL_FRAME),
            Progress::Playing | Progress::Frozen(_) => None,
        }
    }

    /// The players who are not frozen, the local player among them.
    pub fn survivors(&self) -> impl Iterator<Item = usize> {
        (0..self.progress.len()).filter(|player| !self.is_frozen(*player))
    }

    /// The players who were dropped: in this match or before it.
    pub fn dropped(&self) -> impl Iterator<Item = usize> {
        (0..self.progress.len()).filter(|player| self.dropped_after(*player).is_some())
    }

    /// Freezes a player whose inputs are known up to `last_frame`; -1 is none.
    ///
    /// Returns whether it was not frozen before: then the caller sends a proposal to every survivor.
    pub fn freeze(&mut self, player: usize, last_frame: i32) -> bool {
        if player == self.local_player {
            return false;
        }
        let Some(progress @ Progress::Playing) = self.progress.get_mut(player) else {
            return false;
        };
        *progress = Progress::Frozen(BTreeMap::from([(self.local_player, last_frame)]));
        true
    }

    /// Whether the inputs of a proposal are to be merged: not those that a frozen player has, because the other
    /// survivors may not receive them, nor those of a player who is dropped.
    pub fn takes_inputs(&self, from: usize, player: usize) -> bool {
        !self.is_frozen(from) && self.dropped_after(player).is_none()
    }

    /// A survivor proposes to drop a player whose inputs it has up to `last_frame`, and has sent those inputs.
    ///
    /// `local_frame` is the frame up to which the local log had inputs of that player before. Returns whether the
    /// caller is to send a proposal to every survivor: it has learned something, or it rejoined, and the other one
    /// has lost what was sent before.
    pub fn handle_proposal(
        &mut self,
        from: usize,
        player: usize,
        last_frame: i32,
        local_frame: i32,
    ) -> bool {
        // A frozen player has no vote.
        if self.is_frozen(from) {
            return false;
        }
        let newly_frozen = self.freeze(player, local_frame.max(last_frame));
        let proposed = match self.progress.get_mut(player) {
            Some(Progress::Frozen(proposed)) => proposed,
            Some(Progress::DroppedBefore(answered)) => return answered.insert(from),
            Some(Progress::Playing | Progress::Disconnected(_)) | None => return false,
        };
        proposed.insert(from, last_frame);
        let known = proposed.entry(self.local_player).or_insert(local_frame);
        let learned = last_frame > *known;
        *known = last_frame.max(*known);
        newly_frozen || learned
    }

    /// The next player to drop, once all survivors have the same information.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_dropped(&mut self) -> Option<DroppedPlayer> {
        self.decide();
        self.decided.pop_front()
    }

    fn decide(&mut self) {
        let survivors: Vec<usize> = self.survivors().collect();
        let unanimous = self.progress.iter().all(|progress| match progress {
            Progress::Frozen(proposed) => {
                survivors.iter().all(|survivor| proposed.contains_key(survivor))
            }
            Progress::Playing | Progress::Disconnected(_) | Progress::DroppedBefore(_) => true,
        });
        if !unanimous {
            return;
        }
        for (player, progress) in self.progress.iter_mut().enumerate() {
            if let Progress::Frozen(proposed) = progress
                && let Some(last_frame) =
                    survivors.iter().filter_map(|survivor| proposed.get(survivor)).copied().max()
            {
                *progress = Progress::Disconnected(last_frame);
                self.decided.push_back(DroppedPlayer { player, last_frame });
            }
        }
    }
}

#[cfg(test)]
#[path = "drop_consensus_tests.rs"]
mod tests;
