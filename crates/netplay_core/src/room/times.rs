//! When a room reached its milestones.

use std::time::Duration;

/// The milestones of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomTimes {
    joined_at: Duration,
    connected_after: Option<Duration>,
    first_confirmed_after: Option<Duration>,
    ended_after: Option<Duration>,
}

impl RoomTimes {
    pub(super) fn new(joined_at: Duration) -> Self {
        Self { joined_at, connected_after: None, first_confirmed_after: None, ended_after: None }
    }

    /// Everybody is connected.
    pub(super) fn connected(&mut self, now: Duration) {
        self.connected_after.get_or_insert(now.saturating_sub(self.joined_at));
    }

    /// A frame is confirmed.
    pub(super) fn first_confirmed(&mut self, now: Duration) {
        self.first_confirmed_after.get_or_insert(now.saturating_sub(self.joined_at));
    }

    /// The room ended, or was left.
    pub(super) fn ended(&mut self, now: Duration) {
        self.ended_after.get_or_insert(now.saturating_sub(self.joined_at));
    }

    /// When the local peer began to join the room.
    pub fn joined_at(&self) -> Duration {
        self.joined_at
    }

    /// From joining the room until everybody was connected.
    pub fn connected_after(&self) -> Option<Duration> {
        self.connected_after
    }

    /// From joining the room until the first frame of a match was confirmed.
    pub fn first_confirmed_after(&self) -> Option<Duration> {
        self.first_confirmed_after
    }

    /// From joining the room until now, or until its end.
    pub fn total(&self, now: Duration) -> Duration {
        self.ended_after.unwrap_or_else(|| now.saturating_sub(self.joined_at))
    }
}
