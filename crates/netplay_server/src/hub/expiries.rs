//! When which room has to remove members that are away for too long.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use netplay_protocol::RoomCode;

/// At most one time for each room: a member that disconnects and resumes again and again changes it, and adds none.
#[derive(Debug, Default)]
pub(super) struct Expiries {
    by_room: HashMap<RoomCode, Duration>,
    in_order: BTreeSet<(Duration, RoomCode)>,
}

impl Expiries {
    /// Sets when a room is due. None: never. Returns whether something is due earlier than before.
    pub(super) fn set(&mut self, room: &RoomCode, at: Option<Duration>) -> bool {
        let first = self.next();
        let before = match at {
            Some(at) => self.by_room.insert(room.clone(), at),
            None => self.by_room.remove(room),
        };
        if let Some(before) = before {
            self.in_order.remove(&(before, room.clone()));
        }
        let Some(at) = at else { return false };
        self.in_order.insert((at, room.clone()));
        first.is_none_or(|first| at < first)
    }

    /// When the next room is due.
    pub(super) fn next(&self) -> Option<Duration> {
        self.in_order.first().map(|(at, _)| *at)
    }

    /// Removes and returns a room that is due.
    pub(super) fn pop_due(&mut self, now: Duration) -> Option<RoomCode> {
        self.in_order.first().filter(|(at, _)| *at <= now)?;
        let (_, room) = self.in_order.pop_first()?;
        self.by_room.remove(&room);
        Some(room)
    }

    /// How many rooms have a time.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.by_room.len(), self.in_order.len());
        self.in_order.len()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// For every sequence of changes there is one time for each room at most, and rooms become due in order.
        #[test]
        fn there_is_one_time_for_each_room(
            changes in proptest::collection::vec((0..5u64, proptest::option::of(0..50u64)), 0..300),
        ) {
            let (mut expiries, mut model) = (Expiries::default(), BTreeMap::new());
            let at = Duration::from_secs;
            for (step, (room, due)) in (0..).zip(changes) {
                let code = RoomCode::from_entropy(room);
                let first = model.values().min().copied();
                let due = due.map(|due| at(step + due));
                let earlier = expiries.set(&code, due);
                prop_assert_eq!(earlier, due.is_some_and(|due| first.is_none_or(|first| due < first)));
                match due {
                    Some(due) => model.insert(code, due),
                    None => model.remove(&code),
                };
                while let Some(code) = expiries.pop_due(at(step)) {
                    prop_assert_eq!(model.values().min(), model.get(&code));
                    prop_assert!(model.remove(&code).is_some_and(|due| due <= at(step)));
                }
                prop_assert!(model.values().all(|due| *due > at(step)));
                prop_assert_eq!((expiries.len(), expiries.next()), (model.len(), model.values().min().copied()));
            }
        }
    }
}
