//! The path agent: which path of a link carries, when that changes, and when a new one is attempted.
//!
//! Paths are ranked: first by how fit they are, then by their kind (direct, TURN, the server's relay), then
//! by what they cost. The agent
//!
//! * leaves a path that is dead at once, for the best other one, and asks the server to relay when there
//!   is none;
//! * leaves one that is slow, lossy or clogged when another one has shown for a while that it is not;
//! * returns to a preferred kind when a path of it has proven itself, for longer each time that it did not
//!   keep what it promised;
//! * has both paths carry for a moment when it switches, so that nothing is lost between them;
//! * begins attempts at a direct connection beside whatever carries, and closes what is not needed.
//!
//! Each side decides for what it sends. Connections in surplus are closed by one side only, the one that
//! does not yield when attempts cross: otherwise each could close the one that the other keeps.

mod attempts;
mod config;
mod health;
mod path;

use std::collections::VecDeque;
use std::time::Duration;

use thiserror::Error;

use crate::path::{PathId, PathKind, PathPolicy};
use attempts::Attempts;
use health::Fitness;
use path::PEER_USES;

pub use config::AgentConfig;
pub(crate) use path::Path;

/// A path that fails within this after taking over has to prove itself for longer the next time.
const STRIKE_WITHIN: Duration = Duration::from_secs(60);
/// For how long the relay stays open without being wanted.
const RELAY_LINGERS: Duration = Duration::from_secs(2);
/// How long to wait before the server is asked again to relay.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// How many connections may be open at a time: one that carries, one that may come back, one that is new.
const MOST_CONNECTIONS: usize = 3;
/// After how long without ever having heard of a peer it counts as unreachable.
const GIVE_UP: Duration = Duration::from_secs(40);

/// Why another path carries. Each is half a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SwitchReason {
    /// Nothing carried before.
    #[error("it is the first path")]
    First,
    /// The path before was closed.
    #[error("the connection closed")]
    Closed,
    /// Nothing came on the path before.
    #[error("nothing was heard on the path before")]
    Silent,
    /// Nothing that was sent on the path before arrived.
    #[error("nothing arrived on the path before")]
    Unacknowledged,
    /// The round trips of the path before were too long for too long.
    #[error("the path before was too slow")]
    Slow,
    /// The path before lost too much for too long.
    #[error("the path before lost too much")]
    Lossy,
    /// What was to be sent on the path before piled up.
    #[error("the path before could not take what was sent")]
    Clogged,
    /// A path of a better kind has proven itself.
    #[error("a better kind of path works")]
    Preferred,
    /// A path of the same kind has been better for a while.
    #[error("the other path has been better")]
    Better,
}

/// What the agent wants to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Another path carries.
    Switched {
        from: Option<PathKind>,
        to: PathId,
        reason: SwitchReason,
    },
    Attempt,
    OpenRelay,
    Close(PathId),
    CheckServer,
    Unreachable(String),
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Agent {
    policy: PathPolicy,
    yields: bool,
    created: Duration,
    /// The path that carries.
    active: Option<PathId>,
    /// What carried before there was nothing to carry, and why it does not any more.
    lost: Option<(PathKind, SwitchReason)>,
    took_over: Duration,
    /// Whether the active path took over from another one.
    returned: bool,
    /// How often in a row a path has failed soon after taking over.
    strikes: u32,
    overlap: Option<(PathId, Duration)>,
    /// Which path of the same kind is cheaper, and since when.
    cheaper: Option<(PathId, Duration)>,
    had_connection: bool,
    heard: bool,
    relay_asked: Option<Duration>,
    relay_wanted: Duration,
    /// When an input of the peer last came through the relay.
    peer_used_relay: Option<Duration>,
    server: bool,
    checked: Duration,
    /// The network changed: no time to wait and see.
    eager: bool,
    told_unreachable: bool,
    attempts: Attempts,
}

impl Agent {
    pub(crate) fn new(policy: PathPolicy, yields: bool, now: Duration) -> Self {
        Self {
            policy,
            yields,
            created: now,
            active: None,
            lost: None,
            took_over: now,
            returned: false,
            strikes: 0,
            overlap: None,
            cheaper: None,
            had_connection: false,
            heard: false,
            relay_asked: None,
            relay_wanted: now,
            peer_used_relay: None,
            server: true,
            checked: now,
            eager: false,
            told_unreachable: false,
            attempts: Attempts::new(yields),
        }
    }

    /// The path that carries.
    pub(crate) fn active(&self) -> Option<PathId> {
        self.active
    }

    /// The paths that a datagram travels on now: the active one and, during a switch, the one before; all of
    /// them when none is known to work.
    pub(crate) fn carriers(&self, now: Duration, paths: &[Path]) -> impl Iterator<Item = PathId> {
        let works = paths.iter().any(|path| Some(path.id) == self.active && !path.health.is_dead());
        let beside = self.overlap.filter(|(_, until)| now < *until).map(|(path, _)| path);
        paths
            .iter()
            .map(|path| path.id)
            .filter(move |path| !works || Some(*path) == self.active || Some(*path) == beside)
    }

    pub(crate) fn opened(&mut self, path: PathId, kind: PathKind) {
        if kind.is_peer_to_peer() {
            self.had_connection = true;
            self.eager = false;
            self.attempts.succeeded();
        } else if path == PathId::RELAY {
            self.relay_asked = None;
        }
    }

    /// A path that is no longer among the paths.
    pub(crate) fn closed(&mut self, now: Duration, path: PathId, kind: PathKind) {
        if self.active == Some(path) {
            self.active = None;
            self.lost = Some((kind, SwitchReason::Closed));
            self.strike(now);
        }
        self.overlap = self.overlap.filter(|(beside, _)| *beside != path);
    }

    /// A datagram came.
    pub(crate) fn heard(&mut self) {
        self.heard = true;
    }

    /// An input came through the relay.
    pub(crate) fn peer_used_relay(&mut self, at: Duration) {
        self.peer_used_relay = Some(at);
    }

    pub(crate) fn peer_attempts(&mut self) {
        self.attempts.peer_began();
    }

    pub(crate) fn attempt_failed(&mut self, config: &AgentConfig, now: Duration, reason: String) {
        self.attempts.failed(config, now, reason);
    }

    pub(crate) fn network_changed(&mut self, now: Duration) {
        self.eager = true;
        self.attempts.encourage(now);
    }

    /// Whether there is a connection to the signaling server.
    pub(crate) fn server(&mut self, now: Duration, online: bool) {
        if online && !self.server {
            self.attempts.encourage(now);
        }
        self.server = online;
        self.relay_asked = None;
    }

    /// Judges every path and concludes.
    pub(crate) fn decide(
        &mut self,
        config: &AgentConfig,
        now: Duration,
        paths: &mut [Path],
        decisions: &mut VecDeque<Decision>,
    ) {
        for path in paths.iter_mut() {
            let signs = path.signs(now);
            path.health.judge(config, now, signs);
        }
        if let Some((to, reason)) = self.choose(config, now, paths) {
            self.switch(config, now, paths, to, reason, decisions);
        }
        self.ask_relay(config, now, paths, decisions);
        self.attempt(config, now, paths, decisions);
        self.close_surplus(config, now, paths, decisions);
        self.despair(config, now, paths, decisions);
    }

    /// The path that should carry instead of the active one, and why.
    fn choose(
        &mut self,
        config: &AgentConfig,
        now: Duration,
        paths: &[Path],
    ) -> Option<(PathId, SwitchReason)> {
        let alive = paths.iter().filter(|path| !path.health.is_dead());
        let best = alive.min_by(|a, b| a.standing(b, now))?;
        let Some(active) = paths.iter().find(|path| Some(path.id) == self.active) else {
            let reason = self.lost.map_or(SwitchReason::First, |(_, reason)| reason);
            return Some((best.id, reason));
        };
        if best.id == active.id {
            self.cheaper = None;
            return None;
        }
        // Where the peer trusts a path already, it need not prove itself to us for longer than any other.
        let proof = match best.is_used_by_peer(now) {
            true => config.proven_after,
            false => self.proof(config),
        };
        let (ours, theirs) = (active.health.fitness(), best.health.fitness());
        if ours == Fitness::Dead {
            return Some((best.id, active.health.complaint()));
        }
        // One that looks no better yet, but has not looked bad for long enough to say so, is no way out.
        if theirs < ours && !best.health.is_suspect() {
            let proven = best.health.alive_for(now) >= proof;
            return proven.then(|| (best.id, active.health.complaint()));
        }
        if ours == Fitness::Healthy && best.kind < active.kind {
            let proven = best.health.healthy_for(now) >= proof;
            return proven.then_some((best.id, SwitchReason::Preferred));
        }
        let bound = best.cost(now).mul_f32(1.0 + config.better_by) + config.better_by_time;
        if bound > active.cost(now) {
            self.cheaper = None;
            return None;
        }
        let since = match self.cheaper {
            Some((path, since)) if path == best.id => since,
            _ => now,
        };
        self.cheaper = Some((best.id, since));
        (now.saturating_sub(since) >= proof).then_some((best.id, SwitchReason::Better))
    }

    /// How long a path must have worked before it takes over from one that works.
    fn proof(&self, config: &AgentConfig) -> Duration {
        (config.proven_after * (1 << self.strikes.min(16))).min(config.proven_at_most)
    }

    fn switch(
        &mut self,
        config: &AgentConfig,
        now: Duration,
        paths: &[Path],
        to: PathId,
        reason: SwitchReason,
        decisions: &mut VecDeque<Decision>,
    ) {
        let before = paths.iter().find(|path| Some(path.id) == self.active);
        let from = before.map(|path| path.kind).or(self.lost.take().map(|(kind, _)| kind));
        if let Some(before) = before {
            self.overlap = Some((before.id, now + config.overlap));
            if before.health.is_dead() {
                self.strike(now);
            }
        }
        self.returned = from.is_some();
        self.active = Some(to);
        self.took_over = now;
        self.cheaper = None;
        decisions.push_back(Decision::Switched { from, to, reason });
    }

    /// The active path failed.
    fn strike(&mut self, now: Duration) {
        let soon = now.saturating_sub(self.took_over) < STRIKE_WITHIN;
        self.strikes = match self.returned && soon {
            true => self.strikes.saturating_add(1),
            false => 0,
        };
    }

    fn ask_relay(
        &mut self,
        config: &AgentConfig,
        now: Duration,
        paths: &[Path],
        decisions: &mut VecDeque<Decision>,
    ) {
        let open = paths.iter().any(|path| path.id == PathId::RELAY);
        if self.wants_relay(config, now, paths) {
            self.relay_wanted = now;
            let asked = self.relay_asked.is_some_and(|at| now.saturating_sub(at) < ASK_AGAIN);
            if !open && !asked && self.server {
                self.relay_asked = Some(now);
                decisions.push_back(Decision::OpenRelay);
            }
        } else if open && now.saturating_sub(self.relay_wanted) >= RELAY_LINGERS {
            decisions.push_back(Decision::Close(PathId::RELAY));
        }
    }

    fn wants_relay(&self, config: &AgentConfig, now: Duration, paths: &[Path]) -> bool {
        if self.policy == PathPolicy::Relay {
            return true;
        }
        let mut connections = paths.iter().filter(|path| path.is_peer_to_peer());
        let connected = connections.clone().any(|path| !path.health.is_dead());
        let overdue = self.had_connection
            || self.attempts.any_failed()
            || now.saturating_sub(self.created) >= config.relay_after;
        let carries = self.active == Some(PathId::RELAY)
            || self.overlap.is_some_and(|(path, until)| path == PathId::RELAY && now < until);
        let suspect =
            connections.any(|path| Some(path.id) == self.active && path.health.is_suspect());
        let used = self.peer_used_relay.is_some_and(|at| now.saturating_sub(at) < PEER_USES);
        self.policy.allows_relay() && ((!connected && overdue) || carries || suspect || used)
    }

    fn attempt(
        &mut self,
        config: &AgentConfig,
        now: Duration,
        paths: &[Path],
        decisions: &mut VecDeque<Decision>,
    ) {
        let patience = if self.eager { Duration::ZERO } else { config.attempt_after };
        let hopeless = |path: &Path| path.health.is_dead() && path.health.dead_for(now) >= patience;
        let missing = paths.iter().filter(|path| path.is_peer_to_peer()).all(hopeless);
        let wanted = self.policy.allows_attempts() && self.server && missing;
        if self.attempts.begin(config, now, wanted) {
            decisions.push_back(Decision::Attempt);
        }
    }

    fn close_surplus(
        &self,
        config: &AgentConfig,
        now: Duration,
        paths: &[Path],
        decisions: &mut VecDeque<Decision>,
    ) {
        if self.yields {
            return;
        }
        let settled = paths.iter().any(|path| {
            Some(path.id) == self.active
                && path.is_peer_to_peer()
                && path.health.healthy_for(now) >= config.surplus_after
                && now.saturating_sub(self.took_over) >= config.surplus_after
        });
        let connections = || paths.iter().filter(|path| path.is_peer_to_peer());
        let crowded = connections().count() > MOST_CONNECTIONS;
        let longest_dead = connections().max_by_key(|path| path.health.dead_for(now));
        for path in connections().filter(|path| Some(path.id) != self.active) {
            let worst = crowded && longest_dead.is_some_and(|dead| dead.id == path.id);
            let dead = path.health.dead_for(now) >= config.close_dead_after;
            if settled || worst || dead {
                decisions.push_back(Decision::Close(path.id));
            }
        }
    }

    /// Nothing is heard on any path: perhaps it is the connection to the server that is broken. Nothing was
    /// ever heard: perhaps there is no way.
    fn despair(
        &mut self,
        config: &AgentConfig,
        now: Duration,
        paths: &[Path],
        decisions: &mut VecDeque<Decision>,
    ) {
        let hopeless = paths.iter().all(|path| path.health.is_dead());
        let waited = now.saturating_sub(self.checked) >= config.check_every;
        if hopeless && !paths.is_empty() && waited && self.server {
            self.checked = now;
            decisions.push_back(Decision::CheckServer);
        }
        let no_way = !self.heard
            && ((paths.is_empty()
                && self.attempts.exhausted(config)
                && !self.policy.allows_relay())
                || now.saturating_sub(self.created) >= GIVE_UP);
        if no_way && !std::mem::replace(&mut self.told_unreachable, true) {
            let reason = self.attempts.last_failure().to_owned();
            decisions.push_back(Decision::Unreachable(reason));
        }
    }
}

#[cfg(test)]
mod tests;
