//! How the survivors of a match agree on the last frame of a player who is dropped.
//!
//! When a player disconnects, each survivor may have received another last input of it. To continue with the
//! same state, all survivors must use its inputs up to the same frame. A survivor that learns that a player is to be dropped
//! ([`Accusations`](super::Accusations)) therefore *freezes* it: it accepts nothing more from that player and proposes to
//! drop it, with the last frame that it has, to every other survivor over ordered channels. A survivor that takes in a
//! proposal freezes the player too and sends its own proposal; a survivor that learns of a later frame proposes that one. When every
//! survivor has sent a proposal for every frozen player, all have the same information, and the player's last
//! frame is the highest that was proposed.
//!
//! The agreement also holds when survivors are lost meanwhile, because the channels keep their order: a survivor
//! proposes to drop another survivor after everything that it learned from it. All frozen players are decided
//! together, so no survivor decides before it has every proposal for each of them. This is the flush protocol of
//! virtual synchrony (Birman and Joseph, "Exploiting virtual synchrony in distributed systems", 1987).
//!
//! A player may have sent different inputs to different survivors, and a survivor may propose different ones to
//! different others. So what is proposed is a [`LogVersion`], and of two versions every survivor takes the same one:
//! the greater. A survivor that receives a greater one proposes it to everybody, also after the decision, and all survivors
//! end with the greatest that any of them received. A survivor who has simulated another one simulates the match again
//! from the input logs. Without a liar nothing comes after the decision.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use netplay_protocol::InputDigest;

use super::NULL_FRAME;

/// The inputs that a survivor has of a player, in short. Of two versions, the one that the player has signed further is
/// greater, then the longer one; that of two different ones of the same length one is greater is all that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogVersion {
    /// The frame of the last statement of the player that the inputs agree with; none if there is none.
    pub signed: Option<i32>,
    /// The last frame whose input the player gave itself; -1 if there is none.
    pub last_frame: i32,
    /// The digest of the inputs up to that frame.
    pub digest: InputDigest,
}

impl LogVersion {
    /// The version of a survivor that has no input of the player.
    pub fn nothing() -> Self {
        Self { signed: None, last_frame: NULL_FRAME, digest: InputDigest::first() }
    }
}

/// The drop consensus of one match, on one survivor.
///
/// It exchanges versions only. The caller transfers the inputs: a proposal carries the inputs that other survivors
/// may lack, and the receiver merges them into its log before it calls
/// [`handle_proposal`](Self::handle_proposal).
#[derive(Debug)]
pub struct DropConsensus {
    local_player: usize,
    progress: Vec<Progress>,
    /// Which survivor has proposed to drop which player with inputs that cannot be: a vote that drops nobody and adds
    /// nothing.
    invalid: BTreeSet<(usize, usize)>,
    decided: VecDeque<DroppedPlayer>,
}

/// How far a player is from having left the match.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Progress {
    Playing,
    /// Nothing more is accepted from the player: what each survivor has proposed, the local player's among them.
    Frozen(BTreeMap<usize, LogVersion>),
    /// The survivors have decided.
    Disconnected(LogVersion),
    /// The player was dropped before this one entered the match: what this one was told, and the survivors who have
    /// proposed it since, and were answered.
    DroppedBefore(LogVersion, BTreeSet<usize>),
    /// The player was dropped in an earlier match of the room: it has no inputs in this one, whatever is proposed.
    Absent,
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
    /// A match of `players` players; those in `dropped` were dropped before the local player entered it: with a version
    /// in this match, without one in an earlier match of the room.
    pub fn new(
        players: usize,
        local_player: usize,
        dropped: impl IntoIterator<Item = (usize, Option<LogVersion>)>,
    ) -> Self {
        let mut progress = vec![Progress::Playing; players];
        for (player, version) in dropped {
            if let Some(progress) = progress.get_mut(player) {
                *progress = match version {
                    Some(version) => Progress::DroppedBefore(version, BTreeSet::new()),
                    None => Progress::Absent,
                };
            }
        }
        Self { local_player, progress, invalid: BTreeSet::new(), decided: VecDeque::new() }
    }

    /// Whether nothing more is accepted from this player: it is dropped, or about to be.
    pub fn is_frozen(&self, player: usize) -> bool {
        self.progress.get(player).is_some_and(|progress| *progress != Progress::Playing)
    }

    /// Whether nobody is frozen who is not dropped yet.
    pub fn is_settled(&self) -> bool {
        !self.progress.iter().any(|progress| matches!(progress, Progress::Frozen(_)))
    }

    /// Whether a player was dropped: in this match or before it.
    pub fn is_dropped(&self, player: usize) -> bool {
        let progress = self.progress.get(player);
        progress.is_some_and(|it| !matches!(it, Progress::Playing | Progress::Frozen(_)))
    }

    /// Whether a player was dropped in an earlier match of the room.
    pub fn is_absent(&self, player: usize) -> bool {
        self.progress.get(player) == Some(&Progress::Absent)
    }

    /// The players who are not frozen, the local player among them.
    pub fn survivors(&self) -> impl Iterator<Item = usize> {
        (0..self.progress.len()).filter(|player| !self.is_frozen(*player))
    }

    /// The survivors who have not proposed to drop a frozen player.
    pub fn missing(&self, player: usize) -> Vec<usize> {
        let Some(Progress::Frozen(proposed)) = self.progress.get(player) else { return Vec::new() };
        self.survivors().filter(|survivor| !proposed.contains_key(survivor)).collect()
    }

    /// The players who were dropped: in this match or before it.
    pub fn dropped(&self) -> impl Iterator<Item = usize> {
        (0..self.progress.len()).filter(|player| self.is_dropped(*player))
    }

    /// Freezes a player. `ours` is the version of its inputs that the local log has.
    ///
    /// Returns whether it was not frozen before: then the caller sends a proposal to every survivor.
    pub fn freeze(&mut self, player: usize, ours: LogVersion) -> bool {
        if player == self.local_player {
            return false;
        }
        let Some(progress @ Progress::Playing) = self.progress.get_mut(player) else {
            return false;
        };
        let invalid = self.invalid.iter().filter(|(_, about)| *about == player);
        let mut proposed: BTreeMap<usize, LogVersion> =
            invalid.map(|(from, _)| (*from, LogVersion::nothing())).collect();
        proposed.insert(self.local_player, ours);
        *progress = Progress::Frozen(proposed);
        true
    }

    /// Whether the inputs of a proposal are to be merged: not those that a frozen player has, because the other
    /// survivors may not receive them.
    pub fn takes_inputs(&self, from: usize) -> bool {
        !self.is_frozen(from)
    }

    /// A survivor proposes to drop a player, with the version `theirs` of its inputs. `ours` is the version of the local log
    /// after the inputs of the proposal were merged into it.
    ///
    /// Returns whether the caller is to send a proposal to every survivor: it has learned something, or it rejoined,
    /// and the other one has lost what was sent before.
    pub fn handle_proposal(
        &mut self,
        from: usize,
        player: usize,
        theirs: LogVersion,
        ours: LogVersion,
    ) -> bool {
        // A frozen player has no vote.
        if self.is_frozen(from) {
            return false;
        }
        let newly_frozen = self.freeze(player, ours);
        match self.progress.get_mut(player) {
            Some(Progress::Frozen(proposed)) => {
                proposed.insert(from, theirs);
                let known = proposed.insert(self.local_player, ours);
                newly_frozen || known.is_none_or(|known| ours > known)
            }
            Some(Progress::Disconnected(known)) => std::mem::replace(known, ours) < ours,
            Some(Progress::DroppedBefore(known, answered)) => {
                let is_news = std::mem::replace(known, ours) < ours;
                answered.insert(from) || is_news
            }
            Some(Progress::Playing | Progress::Absent) | None => false,
        }
    }

    /// A survivor proposes to drop a player, with inputs that the player cannot have given. That freezes nobody; but it
    /// has nothing to say of the player then.
    pub fn handle_invalid_proposal(&mut self, from: usize, player: usize) {
        if self.is_frozen(from) {
            return;
        }
        self.invalid.insert((from, player));
        if let Some(Progress::Frozen(proposed)) = self.progress.get_mut(player) {
            proposed.entry(from).or_insert(LogVersion::nothing());
        }
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
            Progress::Playing
            | Progress::Disconnected(_)
            | Progress::DroppedBefore(..)
            | Progress::Absent => true,
        });
        if !unanimous {
            return;
        }
        for (player, progress) in self.progress.iter_mut().enumerate() {
            if let Progress::Frozen(proposed) = progress
                && let Some(version) =
                    survivors.iter().filter_map(|survivor| proposed.get(survivor)).copied().max()
            {
                *progress = Progress::Disconnected(version);
                let last_frame = version.last_frame;
                self.decided.push_back(DroppedPlayer { player, last_frame });
            }
        }
    }
}

#[cfg(test)]
#[path = "drop_consensus_tests.rs"]
mod tests;
