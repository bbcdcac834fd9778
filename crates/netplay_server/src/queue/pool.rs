//! The players of one queue who wait for the same match.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use netplay_protocol::limits::MAX_LOCAL_PLAYERS;

use super::{MatchTicket, MatchmakingConfig};

/// How many tickets of one kind are looked at in a window of skill. Tickets that bring one player are never that many: they
/// would be a group.
const MAX_SEARCHED: usize = 64;

/// The tickets that wait under the same criteria.
#[derive(Debug, Default)]
pub(super) struct Pool {
    by_arrival: BTreeMap<u64, MatchTicket>,
    /// By how many players the peer brings, less one.
    kinds: [Kind; MAX_LOCAL_PLAYERS as usize],
}

/// The tickets of peers that bring the same number of players.
#[derive(Debug, Default)]
struct Kind {
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
        if let Some(kind) = self.kind(ticket) {
            match ticket.skill {
                Some(skill) => kind.by_skill.insert((skill, ticket.arrival)),
                None => kind.unskilled.insert(ticket.arrival),
            };
        }
    }

    pub(super) fn remove(&mut self, ticket: MatchTicket) {
        self.by_arrival.remove(&ticket.arrival);
        if let Some(kind) = self.kind(ticket) {
            match ticket.skill {
                Some(skill) => kind.by_skill.remove(&(skill, ticket.arrival)),
                None => kind.unskilled.remove(&ticket.arrival),
            };
        }
    }

    fn kind(&mut self, ticket: MatchTicket) -> Option<&mut Kind> {
        self.kinds.get_mut(usize::from(ticket.players).checked_sub(1)?)
    }

    /// The first possible group, in the order of arrival: the longest waiting ticket with which others in its window are
    /// exactly `size` players, and these. With a `new` ticket, only windows that contain it are searched.
    pub(super) fn find_group(
        &self,
        now: Duration,
        config: &MatchmakingConfig,
        size: u8,
        new: Option<MatchTicket>,
    ) -> Option<Vec<MatchTicket>> {
        self.by_arrival.values().find_map(|anchor| {
            let window = config.window_after(now.saturating_sub(anchor.since));
            if new.is_some_and(|new| !is_within(anchor, &new, window)) {
                return None;
            }
            let wanted = size.checked_sub(anchor.players).filter(|wanted| *wanted > 0)?;
            let others = self.others_in(anchor, window, wanted);
            let others = others.iter().filter_map(|arrival| self.by_arrival.get(arrival));
            let found = first_sum(others.copied(), usize::from(wanted))?;
            Some(std::iter::once(*anchor).chain(found).collect())
        })
    }

    /// The longest waiting tickets that arrived after the anchor and are in its window: of each kind as many as `wanted`
    /// players can be.
    fn others_in(&self, anchor: &MatchTicket, window: u64, wanted: u8) -> BTreeSet<u64> {
        let window = u32::try_from(window).unwrap_or(u32::MAX);
        let (least, greatest) = anchor.skill.map_or((i32::MIN, i32::MAX), |skill| {
            (skill.saturating_sub_unsigned(window), skill.saturating_add_unsigned(window))
        });
        let mut all = BTreeSet::new();
        for (kind, players) in self.kinds.iter().zip(1..) {
            let most = usize::from(wanted / players);
            let skilled = kind.by_skill.range((least, 0)..=(greatest, u64::MAX));
            let skilled = skilled.map(|(_, arrival)| *arrival);
            let skilled = skilled.filter(|it| *it > anchor.arrival).take(MAX_SEARCHED);
            let unskilled = kind.unskilled.range(anchor.arrival + 1..).take(most).copied();
            let found: BTreeSet<u64> = skilled.chain(unskilled).collect();
            all.extend(found.into_iter().take(most));
        }
        all
    }
}

/// The first tickets, in their order, that bring so many players together. None if there are none.
fn first_sum(
    tickets: impl Iterator<Item = MatchTicket>,
    wanted: usize,
) -> Option<Vec<MatchTicket>> {
    // By sum: the first tickets that were found with it.
    let mut sums: Vec<Option<Vec<MatchTicket>>> = vec![None; wanted + 1];
    sums[0] = Some(Vec::new());
    for ticket in tickets {
        let players = usize::from(ticket.players);
        for sum in (players..=wanted).rev() {
            if sums[sum].is_none()
                && let Some(before) = &sums[sum - players]
            {
                sums[sum] = Some(before.iter().copied().chain([ticket]).collect());
            }
        }
        if let Some(found) = sums[wanted].take() {
            return Some(found);
        }
    }
    None
}

/// Whether the skill of `other` is in the window of `anchor`. A ticket without a skill is in every window.
fn is_within(anchor: &MatchTicket, other: &MatchTicket, window: u64) -> bool {
    match (anchor.skill, other.skill) {
        (Some(a), Some(b)) => u64::from(a.abs_diff(b)) <= window,
        _ => true,
    }
}
