//! Bounds how often codes and passwords are guessed: by one address, and of one room by all addresses.

use std::hash::{BuildHasher, RandomState};

use netplay_protocol::RoomCode;
use netplay_protocol::signaling::Refusal;

use super::budget::Budget;
use super::network::Spent;
use super::{LimitsConfig, MINUTE, limited};

/// How many budgets there are for all rooms. Two rooms share one by chance only: which ones, nobody outside knows.
const ROOM_BUDGETS: usize = 4096;

/// The budgets of rooms. Their number is fixed, whether rooms exist or not: a budget for each code would let clients
/// fill the memory, and one for each room would tell them which rooms exist.
pub(super) struct RoomGuesses {
    hash: RandomState,
    budgets: Vec<Budget>,
}

/// An attempt to join or to resume. It counts as a failure of the address unless it [succeeds](Self::succeeded), also
/// if the client closes its socket in the meantime.
#[must_use = "an attempt that is dropped counts as a failure"]
pub(crate) struct JoinAttempt {
    pub(super) failure: Spent,
    /// Where the join creates a room under its code if there is none, which tells the client that there was none.
    pub(super) creation: Option<Spent>,
}

impl RoomGuesses {
    pub(super) fn new(config: &LimitsConfig) -> Self {
        let budget = |_| Budget::new(config.failures_per_room, MINUTE);
        Self { hash: RandomState::new(), budgets: (0..ROOM_BUDGETS).map(budget).collect() }
    }

    /// Counts a guess before it is checked.
    pub(super) fn take(&self, room: &RoomCode) -> Result<(), Refusal> {
        self.budget(room).take().map_err(|wait| limited("failed joins of this room", wait))
    }

    /// Gives back what was no wrong guess.
    pub(super) fn give_back(&self, room: &RoomCode) {
        self.budget(room).give_back();
    }

    #[cfg(test)]
    pub(super) fn budget_for_tests(&self, room: &RoomCode) -> &Budget {
        self.budget(room)
    }

    fn budget(&self, room: &RoomCode) -> &Budget {
        &self.budgets[self.hash.hash_one(room) as usize % ROOM_BUDGETS]
    }
}

impl JoinAttempt {
    /// The attempt was no wrong guess. `created`: it created a room under a code of its own.
    pub(crate) fn succeeded(self, created: bool) {
        self.failure.give_back();
        if let Some(creation) = self.creation
            && !created
        {
            creation.give_back();
        }
    }
}
