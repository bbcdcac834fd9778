//! How the survivors of a match agree on the last frame of a player who is gone.
//!
//! When a player is gone, each survivor may have received another last input of it. To go on with the same
//! state they must all use its inputs up to the same frame. So a survivor that loses a player freezes it: it
//! takes nothing more from it and announces what it has, to every other survivor, over channels that keep
//! their order. Whoever hears an announcement freezes that player as well and announces in turn; whoever
//! learns of a later frame announces that too. When every survivor has announced every frozen player, each
//! knows the same: the player's last frame is the highest that was announced.
//!
//! That this holds when survivors are lost in the middle of it follows from the order of the channels: a
//! survivor announces that it has frozen another one after everything that it learned from it. All frozen
//! players are decided on together, so nobody decides before it has heard of every one of these. It is the
//! flush of virtual synchrony (Birman and Joseph, "Exploiting virtual synchrony in distributed systems",
//! 1987).

use std::collections::BTreeMap;

/// What is known of the players who are gone, on one survivor.
///
/// The caller hands the inputs over itself: an announcement travels with the inputs that others may lack, and
/// is passed to [`Departures::announced`] after they were taken in.
#[derive(Debug)]
pub struct Departures {
    us: usize,
    players: usize,
    /// Who is frozen: what each survivor has announced to have of it, we included.
    frozen: BTreeMap<usize, BTreeMap<usize, i32>>,
    /// Who is gone, and its last frame.
    gone: BTreeMap<usize, i32>,
}

impl Departures {
    /// A match of so many players, of whom we are one, and some may be gone from the start.
    pub fn new(players: usize, us: usize, gone: impl IntoIterator<Item = usize>) -> Self {
        let gone = gone.into_iter().map(|player| (player, -1)).collect();
        Self { us, players, frozen: BTreeMap::new(), gone }
    }

    /// Whether nothing is taken from this player any more.
    pub fn is_frozen(&self, player: usize) -> bool {
        self.frozen.contains_key(&player) || self.gone.contains_key(&player)
    }

    /// The last frame of a player who is gone.
    pub fn gone_after(&self, player: usize) -> Option<i32> {
        self.gone.get(&player).copied()
    }

    /// The players who are neither gone nor about to be, we included.
    pub fn survivors(&self) -> impl Iterator<Item = usize> {
        (0..self.players).filter(|player| !self.is_frozen(*player))
    }

    /// Freezes a player of whom we have inputs up to `frame`; -1 is none. Returns whether that is news, and
    /// is to be announced to every survivor.
    pub fn freeze(&mut self, player: usize, frame: i32) -> bool {
        if player == self.us || player >= self.players || self.is_frozen(player) {
            return false;
        }
        self.frozen.insert(player, BTreeMap::from([(self.us, frame)]));
        true
    }

    /// A survivor announced that it has inputs of a player up to `frame`, and has handed them to us. Returns
    /// whether we have something to announce now.
    ///
    /// `ours` is the frame up to which we had inputs of that player before.
    pub fn announced(&mut self, from: usize, player: usize, frame: i32, ours: i32) -> bool {
        // What a frozen player says has no weight, and who is gone is decided on.
        if self.is_frozen(from) || self.gone.contains_key(&player) {
            return false;
        }
        let news = self.freeze(player, ours.max(frame));
        let Some(announced) = self.frozen.get_mut(&player) else { return false };
        announced.insert(from, frame);
        let known = announced.entry(self.us).or_insert(ours);
        let learned = frame > *known;
        *known = frame.max(*known);
        news || learned
    }

    /// The players who are gone from now on, each with its last frame, once all survivors know the same.
    pub fn decide(&mut self) -> Vec<(usize, i32)> {
        let survivors: Vec<usize> = self.survivors().collect();
        let heard = |announced: &BTreeMap<usize, i32>| {
            survivors.iter().all(|survivor| announced.contains_key(survivor))
        };
        if !self.frozen.values().all(heard) {
            return Vec::new();
        }
        let last = |announced: &BTreeMap<usize, i32>| {
            survivors.iter().filter_map(|survivor| announced.get(survivor)).copied().max()
        };
        let decided: Vec<(usize, i32)> = std::mem::take(&mut self.frozen)
            .into_iter()
            .filter_map(|(player, announced)| Some((player, last(&announced)?)))
            .collect();
        self.gone.extend(decided.iter().copied());
        decided
    }
}

#[cfg(test)]
#[path = "departure_tests.rs"]
mod tests;
