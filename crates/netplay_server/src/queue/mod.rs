//! Matchmaking: forms groups of the peers that wait for the same match.
//!
//! Peers wait in one pool per game, version, mode, size and least number of players. The queue serves the peer that has waited longest
//! first: it groups it with the longest waiting peers whose skill is within its window. The window grows
//! while a peer waits, so that a peer with an unusual skill waits longer, but not forever. A peer without a
//! skill is in every window. A peer may bring several players: a group has exactly as many as the match is for.
//!
//! A half-open socket looks like a waiting peer. The queue therefore probes a group before it matches it:
//! every member has to answer a ping. The queue disconnects those that do not answer in time, and returns the
//! others to their places in the pool.
//!
//! The queue has no IO and no clock. The `handle_*` methods take events, and [`Queue::poll_command`] returns
//! what the server has to do.

mod config;
mod pool;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use netplay_protocol::PeerKey;
use netplay_protocol::signaling::{GameInfo, Refusal};

use crate::room::SocketId;
pub use config::MatchmakingConfig;
use pool::Pool;

/// How often the queue looks at the growing windows.
const WIDENING_STEP: Duration = Duration::from_secs(1);

/// A peer that joins the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entrant {
    pub(crate) socket: SocketId,
    pub(crate) key: PeerKey,
    /// How many players it brings: at least one, and fewer than the match is for.
    pub(crate) players: u8,
    pub(crate) skill: Option<i32>,
}

/// A peer in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MatchTicket {
    pub(crate) socket: SocketId,
    pub(crate) key: PeerKey,
    pub(crate) players: u8,
    pub(crate) skill: Option<i32>,
    /// When it joined the queue.
    pub(crate) since: Duration,
    /// The order of joining.
    arrival: u64,
}

/// What the peers of a group must have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MatchCriteria {
    pub(crate) game: GameInfo,
    pub(crate) size: u8,
    /// With how many players a match in the room starts at least.
    pub(crate) least: Option<u8>,
}

/// What the server has to do for the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum QueueCommand {
    /// Send these connections a ping with the number of the probe as payload.
    Probe { sockets: Vec<SocketId>, probe: u64 },
    /// Create a room for this group, with its members in this order.
    CreateRoom { criteria: MatchCriteria, group: Vec<MatchTicket> },
    /// Close this connection: it did not answer the probe.
    Close { socket: SocketId },
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Queue {
    config: MatchmakingConfig,
    pools: HashMap<MatchCriteria, Pool>,
    probes: BTreeMap<u64, Probe>,
    states: HashMap<SocketId, TicketState>,
    keys: HashSet<PeerKey>,
    arrivals: u64,
    last_probe: u64,
    /// When the queue looks at the windows next, as long as any pool has tickets.
    widen_at: Duration,
    /// What [`Self::poll_command`] returns.
    commands: VecDeque<QueueCommand>,
}

#[derive(Debug)]
enum TicketState {
    /// In a pool.
    Waiting { criteria: MatchCriteria, ticket: MatchTicket },
    /// In a group that is being probed, by the number of the probe.
    Probed(u64),
}

/// A group whose members have to answer a ping.
#[derive(Debug)]
struct Probe {
    criteria: MatchCriteria,
    group: Vec<MatchTicket>,
    answered: HashSet<SocketId>,
    until: Duration,
}

impl Queue {
    pub(crate) fn new(config: &MatchmakingConfig) -> Self {
        Self {
            config: config.clone(),
            pools: HashMap::new(),
            probes: BTreeMap::new(),
            states: HashMap::new(),
            keys: HashSet::new(),
            arrivals: 0,
            last_probe: 0,
            widen_at: Duration::ZERO,
            commands: VecDeque::new(),
        }
    }

    /// How many peers are in the queue.
    pub(crate) fn len(&self) -> usize {
        self.states.len()
    }

    /// Adds a peer. Returns how many peers now wait in its pool.
    pub(crate) fn handle_join(
        &mut self,
        now: Duration,
        entrant: Entrant,
        criteria: MatchCriteria,
    ) -> Result<usize, Refusal> {
        let Entrant { socket, key, players, skill } = entrant;
        if self.states.contains_key(&socket) {
            return Err(Refusal::OutOfOrder);
        }
        if !self.keys.insert(key) {
            return Err(Refusal::AlreadyJoined);
        }
        if self.pools.is_empty() {
            self.widen_at = now + WIDENING_STEP;
        }
        self.arrivals += 1;
        let ticket =
            MatchTicket { socket, key, players, skill, since: now, arrival: self.arrivals };
        self.insert(criteria.clone(), ticket);
        let waiting = self.pools.get(&criteria).map_or(0, Pool::len);
        self.probe_groups(now, &criteria, Some(ticket));
        Ok(waiting)
    }

    /// Removes a peer that left or whose connection ended.
    pub(crate) fn handle_leave(&mut self, now: Duration, socket: SocketId) {
        match self.states.remove(&socket) {
            Some(TicketState::Waiting { criteria, ticket }) => {
                self.keys.remove(&ticket.key);
                self.remove_from_pool(&criteria, ticket);
            }
            Some(TicketState::Probed(probe)) => {
                self.dissolve(now, probe, |ticket| ticket.socket != socket);
            }
            None => {}
        }
    }

    /// A peer answered the ping of a probe.
    pub(crate) fn handle_pong(&mut self, socket: SocketId, probe: u64) {
        let Some(asked) = self.probes.get_mut(&probe) else { return };
        if asked.group.iter().any(|ticket| ticket.socket == socket) {
            asked.answered.insert(socket);
        }
        if asked.answered.len() < asked.group.len() {
            return;
        }
        let Some(Probe { criteria, group, .. }) = self.probes.remove(&probe) else { return };
        for ticket in &group {
            self.states.remove(&ticket.socket);
            self.keys.remove(&ticket.key);
        }
        self.commands.push_back(QueueCommand::CreateRoom { criteria, group });
    }

    /// Ends the probes that are over, and looks at the windows if they are due.
    pub(crate) fn handle_timeout(&mut self, now: Duration) {
        let late = self.probes.iter().filter(|(_, probe)| probe.until <= now);
        for number in late.map(|(number, _)| *number).collect::<Vec<_>>() {
            let Some(probe) = self.probes.get(&number) else { continue };
            let answered = probe.answered.clone();
            let silent = probe.group.iter().filter(|ticket| !answered.contains(&ticket.socket));
            let close = silent.map(|ticket| QueueCommand::Close { socket: ticket.socket });
            self.commands.extend(close);
            self.dissolve(now, number, |ticket| answered.contains(&ticket.socket));
        }
        if self.widen_at <= now && !self.pools.is_empty() {
            self.widen_at = now + WIDENING_STEP;
            // In the order of arrival and not of the hash map, so that the result is deterministic.
            let mut pools: Vec<_> = self
                .pools
                .iter()
                .map(|(criteria, pool)| (pool.first(), criteria.clone()))
                .collect();
            pools.sort_by_key(|(first, _)| *first);
            for (_, criteria) in pools {
                self.probe_groups(now, &criteria, None);
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do next.
    pub(crate) fn poll_timeout(&self) -> Option<Duration> {
        let widen = (!self.pools.is_empty()).then_some(self.widen_at);
        self.probes.values().map(|probe| probe.until).chain(widen).min()
    }

    /// The next thing that the server has to do.
    pub(crate) fn poll_command(&mut self) -> Option<QueueCommand> {
        self.commands.pop_front()
    }

    /// Takes all possible groups out of a pool and probes them. With a new ticket, only the groups that it
    /// makes possible.
    fn probe_groups(&mut self, now: Duration, criteria: &MatchCriteria, new: Option<MatchTicket>) {
        while let Some(pool) = self.pools.get(criteria)
            && let Some(group) = pool.find_group(now, &self.config, criteria.size, new)
        {
            for ticket in &group {
                self.remove_from_pool(criteria, *ticket);
            }
            self.last_probe += 1;
            let (probe, until) = (self.last_probe, now + self.config.probe_timeout);
            let sockets: Vec<_> = group.iter().map(|ticket| ticket.socket).collect();
            for socket in &sockets {
                self.states.insert(*socket, TicketState::Probed(probe));
            }
            let (criteria, answered) = (criteria.clone(), HashSet::new());
            self.probes.insert(probe, Probe { criteria, group, answered, until });
            self.commands.push_back(QueueCommand::Probe { sockets, probe });
        }
    }

    /// Ends a probe without a match. The tickets that stay return to their places in the pool, where they may
    /// form other groups; the others leave the queue.
    fn dissolve(&mut self, now: Duration, probe: u64, stays: impl Fn(&MatchTicket) -> bool) {
        let Some(Probe { criteria, group, .. }) = self.probes.remove(&probe) else { return };
        for ticket in group {
            if stays(&ticket) {
                self.insert(criteria.clone(), ticket);
            } else {
                self.states.remove(&ticket.socket);
                self.keys.remove(&ticket.key);
            }
        }
        self.probe_groups(now, &criteria, None);
    }

    fn insert(&mut self, criteria: MatchCriteria, ticket: MatchTicket) {
        self.pools.entry(criteria.clone()).or_default().insert(ticket);
        self.states.insert(ticket.socket, TicketState::Waiting { criteria, ticket });
    }

    fn remove_from_pool(&mut self, criteria: &MatchCriteria, ticket: MatchTicket) {
        if let Some(pool) = self.pools.get_mut(criteria) {
            pool.remove(ticket);
            if pool.len() == 0 {
                self.pools.remove(criteria);
            }
        }
    }
}

#[cfg(test)]
mod tests;
