//! The players of one queue who wait for the same match.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{MatchTicket, MatchmakingConfig};

/// The tickets that wait under the same criteria.
///
/// Besides the order of arrival there is an index by skill. As long as no group can be formed, every skill
/// window holds fewer tickets than a group, so that a search in a window stays fast however long the
/// pool is.
#[derive(Debug, Default)]
pub(super) struct Pool {
    by_arrival: BTreeMap<u64, MatchTicket>,
    by_skill: BTreeSet<(i32, u64)>,
    /// Tickets without a skill, by arrival.
    unskilled: BTreeSet<u64>,
}

impl Pool {
    pub(super) fn len(&self) -> usize {
        self.by_arrival.len()
    }

    /// The arrival number of the ticket that has waited longest.
    pub(super) fn first(&self) -> Option<u64> {
        self.by_arrival.keys().next().copied()
    }

    pub(super) fn insert(&mut self, ticket: MatchTicket) {
        self.by_arrival.insert(ticket.arrival, ticket);
        match ticket.skill {
            Some(skill) => self.by_skill.insert((skill, ticket.arrival)),
            None => self.unskilled.insert(ticket.arrival),
        };
    }

    pub(super) fn remove(&mut self, ticket: MatchTicket) {
        self.by_arrival.remove(&ticket.arrival);
        match ticket.skill {
            Some(skill) => self.by_skill.remove(&(skill, ticket.arrival)),
            None => self.unskilled.remove(&ticket.arrival),
        };
    }

    /// The first possible group, in the order of arrival: the longest waiting ticket that has `others`
    /// tickets in its window, and these. With a `new` ticket, only windows that contain it are searched.
    pub(super) fn find_group(
        &self,
        now: Duration,
        config: &MatchmakingConfig,
        others: usize,
        new: Option<MatchTicket>,
    ) -> Option<Vec<MatchTicket>> {
        if self.len() <= others {
            return None;
        }
        self.by_arrival.values().find_map(|anchor| {
            let window = config.window_after(now.saturating_sub(anchor.since));
            if new.is_some_and(|new| !is_within(anchor, &new, window)) {
                return None;
            }
            let found = self.others_in(anchor, window, others);
            (found.len() == others).then(|| {
                let others = found.iter().filter_map(|arrival| self.by_arrival.get(arrival));
                std::iter::once(anchor).chain(others).copied().collect()
            })
        })
    }

    /// The longest waiting tickets that arrived after the anchor and are in its window, at most `most`.
    fn others_in(&self, anchor: &MatchTicket, window: u64, most: usize) -> BTreeSet<u64> {
        let Some(skill) = anchor.skill else {
            let later = self.by_arrival.range(anchor.arrival + 1..);
            return later.take(most).map(|(arrival, _)| *arrival).collect();
        };
        let window = u32::try_from(window).unwrap_or(u32::MAX);
        let least = skill.saturating_sub_unsigned(window);
        let greatest = skill.saturating_add_unsigned(window);
        let skilled = self.by_skill.range((least, 0)..=(greatest, u64::MAX));
        let later = skilled.map(|(_, arrival)| *arrival).filter(|it| *it > anchor.arrival);
        let unskilled = self.unskilled.range(anchor.arrival + 1..).take(most).copied();
        let all: BTreeSet<u64> = later.chain(unskilled).collect();
        all.into_iter().take(most).collect()
    }
}

/// Whether the skill of `other` is in the window of `anchor`. A ticket without a skill is in every window.
fn is_within(anchor: &MatchTicket, other: &MatchTicket, window: u64) -> bool {
    match (anchor.skill, other.skill) {
        (Some(a), Some(b)) => u64::from(a.abs_diff(b)) <= window,
        _ => true,
    }
}
