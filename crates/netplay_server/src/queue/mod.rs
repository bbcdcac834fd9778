//! Matchmaking: who plays with whom.
//!
//! Peers wait in a line per game, version, mode and size. The one that has waited longest is served
//! first: it takes the longest waiting others whose skill is within its window. The window grows with the
//! time the peer has waited, so whoever is far from everybody waits longer, but not for ever. A peer that
//! tells no skill fits everybody.
//!
//! A socket that is half open looks like a peer that waits. So a group that has been found is asked for a
//! sign of life first; those who give none are dropped, and the others keep their places.
//!
//! Nothing is sent here and there is no clock: every call returns what is to be done.

mod config;
mod line;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use netplay_protocol::PeerKey;
use netplay_protocol::signaling::{GameInfo, Refusal};

use crate::room::SocketId;
pub use config::MatchmakingConfig;
use line::Line;

/// How often the windows of those who wait are looked at anew.
const WIDENING_STEP: Duration = Duration::from_secs(1);

/// Somebody who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) socket: SocketId,
    pub(crate) key: PeerKey,
    pub(crate) skill: Option<i32>,
    /// Since when.
    pub(crate) since: Duration,
    /// Who came before whom.
    arrival: u64,
}

/// What is played, and by how many.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wish {
    pub(crate) game: GameInfo,
    pub(crate) size: u8,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum QueueCommand {
    /// Ask these for a sign of life with this number.
    Probe { sockets: Vec<SocketId>, probe: u64 },
    /// Bring these together, in this order.
    Seat { wish: Wish, group: Vec<Ticket> },
    /// This one gave no sign of life.
    Drop { socket: SocketId },
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Queue {
    config: MatchmakingConfig,
    lines: HashMap<Wish, Line>,
    probes: BTreeMap<u64, Probe>,
    places: HashMap<SocketId, Place>,
    keys: HashSet<PeerKey>,
    arrivals: u64,
    last_probe: u64,
    /// When the windows are looked at next, as long as anybody waits.
    widen_at: Duration,
}

/// Where somebody is who has not been seated yet.
#[derive(Debug)]
enum Place {
    Waiting { wish: Wish, ticket: Ticket },
    Probed(u64),
}

/// A group that is asked for signs of life.
#[derive(Debug)]
struct Probe {
    wish: Wish,
    group: Vec<Ticket>,
    answered: HashSet<SocketId>,
    until: Duration,
}

impl Queue {
    pub(crate) fn new(config: &MatchmakingConfig) -> Self {
        Self {
            config: config.clone(),
            lines: HashMap::new(),
            probes: BTreeMap::new(),
            places: HashMap::new(),
            keys: HashSet::new(),
            arrivals: 0,
            last_probe: 0,
            widen_at: Duration::ZERO,
        }
    }

    /// How many wait, in all lines.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Somebody begins to wait. Also returns how many now wait for the same.
    pub(crate) fn join(
        &mut self,
        now: Duration,
        socket: SocketId,
        key: PeerKey,
        wish: Wish,
        skill: Option<i32>,
    ) -> Result<(usize, Vec<QueueCommand>), Refusal> {
        if self.places.contains_key(&socket) {
            return Err(Refusal::OutOfOrder);
        }
        if !self.keys.insert(key) {
            return Err(Refusal::AlreadyJoined);
        }
        if self.lines.is_empty() {
            self.widen_at = now + WIDENING_STEP;
        }
        self.arrivals += 1;
        let ticket = Ticket { socket, key, skill, since: now, arrival: self.arrivals };
        self.wait(wish.clone(), ticket);
        let waiting = self.lines.get(&wish).map_or(0, Line::len);
        Ok((waiting, self.group(now, &wish, Some(ticket))))
    }

    /// Somebody waits no longer.
    pub(crate) fn leave(&mut self, now: Duration, socket: SocketId) -> Vec<QueueCommand> {
        match self.places.remove(&socket) {
            Some(Place::Waiting { wish, ticket }) => {
                self.keys.remove(&ticket.key);
                self.unwait(&wish, ticket);
                Vec::new()
            }
            Some(Place::Probed(probe)) => {
                self.dissolve(now, probe, |ticket| ticket.socket != socket)
            }
            None => Vec::new(),
        }
    }

    /// Somebody gave the sign of life it was asked for.
    pub(crate) fn alive(&mut self, socket: SocketId, probe: u64) -> Vec<QueueCommand> {
        let Some(asked) = self.probes.get_mut(&probe) else { return Vec::new() };
        if asked.group.iter().any(|ticket| ticket.socket == socket) {
            asked.answered.insert(socket);
        }
        if asked.answered.len() < asked.group.len() {
            return Vec::new();
        }
        let Some(Probe { wish, group, .. }) = self.probes.remove(&probe) else { return Vec::new() };
        for ticket in &group {
            self.places.remove(&ticket.socket);
            self.keys.remove(&ticket.key);
        }
        vec![QueueCommand::Seat { wish, group }]
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now: Duration) -> Vec<QueueCommand> {
        let mut commands = Vec::new();
        let late = self.probes.iter().filter(|(_, probe)| probe.until <= now);
        for number in late.map(|(number, _)| *number).collect::<Vec<_>>() {
            let Some(probe) = self.probes.get(&number) else { continue };
            let answered = probe.answered.clone();
            let silent = probe.group.iter().filter(|ticket| !answered.contains(&ticket.socket));
            commands.extend(silent.map(|ticket| QueueCommand::Drop { socket: ticket.socket }));
            commands.extend(self.dissolve(now, number, |ticket| answered.contains(&ticket.socket)));
        }
        if self.widen_at <= now && !self.lines.is_empty() {
            self.widen_at = now + WIDENING_STEP;
            // In the order of who has waited longest in each line: nothing hangs on a hash.
            let mut wishes: Vec<_> =
                self.lines.iter().map(|(wish, line)| (line.first(), wish.clone())).collect();
            wishes.sort_by_key(|(first, _)| *first);
            for (_, wish) in wishes {
                commands.extend(self.group(now, &wish, None));
            }
        }
        commands
    }

    /// When [`tick`](Self::tick) has something to do next.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        let widen = (!self.lines.is_empty()).then_some(self.widen_at);
        self.probes.values().map(|probe| probe.until).chain(widen).min()
    }

    /// Takes groups out of a line and asks them for signs of life, for as long as there are any: all of
    /// them, or those that a newcomer makes possible.
    fn group(&mut self, now: Duration, wish: &Wish, newcomer: Option<Ticket>) -> Vec<QueueCommand> {
        let mut commands = Vec::new();
        let others = usize::from(wish.size).saturating_sub(1);
        while let Some(line) = self.lines.get(wish)
            && let Some(group) = line.group(now, &self.config, others, newcomer)
        {
            for ticket in &group {
                self.unwait(wish, *ticket);
            }
            self.last_probe += 1;
            let (probe, until) = (self.last_probe, now + self.config.probe_timeout);
            let sockets: Vec<_> = group.iter().map(|ticket| ticket.socket).collect();
            for socket in &sockets {
                self.places.insert(*socket, Place::Probed(probe));
            }
            let (wish, answered) = (wish.clone(), HashSet::new());
            self.probes.insert(probe, Probe { wish, group, answered, until });
            commands.push(QueueCommand::Probe { sockets, probe });
        }
        commands
    }

    /// Sends those of a group that stay back to their places, and sees what groups they make now.
    fn dissolve(
        &mut self,
        now: Duration,
        probe: u64,
        stays: impl Fn(&Ticket) -> bool,
    ) -> Vec<QueueCommand> {
        let Some(Probe { wish, group, .. }) = self.probes.remove(&probe) else { return Vec::new() };
        for ticket in group {
            if stays(&ticket) {
                self.wait(wish.clone(), ticket);
            } else {
                self.places.remove(&ticket.socket);
                self.keys.remove(&ticket.key);
            }
        }
        self.group(now, &wish, None)
    }

    fn wait(&mut self, wish: Wish, ticket: Ticket) {
        self.lines.entry(wish.clone()).or_default().insert(ticket);
        self.places.insert(ticket.socket, Place::Waiting { wish, ticket });
    }

    fn unwait(&mut self, wish: &Wish, ticket: Ticket) {
        if let Some(line) = self.lines.get_mut(wish) {
            line.remove(ticket);
            if line.len() == 0 {
                self.lines.remove(wish);
            }
        }
    }
}

#[cfg(test)]
mod tests;
