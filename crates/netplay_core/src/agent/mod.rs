//! The path agent: which path of a link is primary, when that changes, and when a new connection is
//! attempted.
//!
//! Paths are ranked: first by health, then by kind (direct, TURN, the server's relay), then by cost. That is the
//! idea of nominating an ICE candidate pair (RFC 8445) and of a primary path in MPTCP, carried on for as long
//! as the link lives. The agent
//!
//! * leaves a dead primary path at once for the best other one, and asks the server to relay if there is none;
//! * leaves an impaired one when another path has been healthier for a while;
//! * returns to a preferred kind when a path of it has proven itself, for longer each time such a path
//!   failed again soon;
//! * sends on both paths for a moment when it switches (make before break), so that nothing is lost between
//!   them;
//! * attempts connections while none works, and more rarely beside those that are merely bad or lead through a TURN
//!   server, and closes those that are not needed.
//!
//! Each peer decides for what it sends. Surplus connections are closed by the impolite peer only: otherwise
//! each peer could close the one that the other keeps.
//!
//! Paths and events come in through `handle_*`; `Agent::poll_request` and `Agent::poll_event` give out
//! what the driver is asked to do and what happened. `Agent::handle_timeout` is called once a frame.

mod attempts;
mod beside;
mod config;
mod evaluation;
mod event;
mod failures;
mod relay;
mod selection;

use std::collections::VecDeque;
use std::time::Duration;

use netplay_protocol::PeerKey;

use crate::path::{
    Candidates, InputCounts, Path, PathConfig, PathHealth, PathId, PathKind, PathPolicy, Paths,
};
use crate::transport::TransportRequest;
use attempts::Attempts;
use beside::Beside;
use relay::RelayDemand;
use selection::Selection;

pub use config::AgentConfig;
pub use event::{AttemptReason, PathChange, RelayReason, SwitchReason};
pub use failures::AttemptFailure;

pub(crate) use event::AgentEvent;

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Agent {
    config: AgentConfig,
    path_config: PathConfig,
    peer: PeerKey,
    policy: PathPolicy,
    /// Whether the local peer gives way when attempts cross.
    polite: bool,
    created: Duration,
    paths: Paths,
    selection: Selection,
    attempts: Attempts,
    beside: Beside,
    relay: RelayDemand,
    /// Whether messages of the game wait for a way to the peer.
    messages_wait: bool,
    reachability: Reachability,
    server_online: bool,
    /// When the connection to the server was last checked.
    server_checked: Duration,
    requests: VecDeque<TransportRequest>,
    events: VecDeque<AgentEvent>,
}

/// Whether the peer can be reached at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reachability {
    /// Nothing has been heard of it yet.
    Unproven,
    /// Something has been heard of it.
    Proven,
    /// Nothing has been heard of it, and that was reported.
    ReportedUnreachable,
}

impl Agent {
    pub(crate) fn new(
        config: AgentConfig,
        path_config: PathConfig,
        policy: PathPolicy,
        peer: PeerKey,
        polite: bool,
        now: Duration,
    ) -> Self {
        Self {
            config,
            path_config,
            peer,
            policy,
            polite,
            created: now,
            paths: Paths::default(),
            selection: Selection::new(),
            attempts: Attempts::new(polite),
            beside: Beside::default(),
            relay: RelayDemand::new(now),
            messages_wait: false,
            reachability: Reachability::Unproven,
            server_online: true,
            server_checked: now,
            requests: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// A path opened.
    pub(crate) fn handle_path_up(&mut self, now: Duration, id: PathId, kind: PathKind) {
        if self.paths.get(id).is_none() {
            self.paths.push(Path::new(&self.path_config, now, id, kind));
        }
        if kind.is_peer_to_peer() {
            self.attempts.handle_success();
        } else {
            self.relay.handle_opened();
        }
        self.evaluate(now);
    }

    /// The candidate pair of a path became known. Returns the kind that was guessed, and what was counted for it.
    pub(crate) fn handle_path_known(
        &mut self,
        id: PathId,
        kind: PathKind,
        candidates: Candidates,
    ) -> Option<(PathKind, InputCounts)> {
        let path = self.paths.get_mut(id)?;
        let guess = path.kind();
        Some((guess, path.set_kind(kind, candidates)))
    }

    /// A path closed.
    pub(crate) fn handle_path_down(&mut self, now: Duration, id: PathId) {
        if let Some(path) = self.paths.remove(id) {
            self.selection.handle_closed(now, &path);
            self.evaluate(now);
        }
    }

    /// The peer began an attempt.
    pub(crate) fn handle_peer_attempt(&mut self, now: Duration) {
        let beside = self.paths.connections().any(|path| !path.health.is_dead());
        if beside {
            self.beside.handle_begun(now);
        }
        self.attempts.handle_begun(beside);
    }

    /// An attempt of either peer failed.
    pub(crate) fn handle_attempt_failed(&mut self, now: Duration, reason: String) {
        self.attempts.handle_failure(&self.config, now, reason);
    }

    /// The machine is on another network than before, or the peer's process is another.
    pub(crate) fn handle_network_change(&mut self) {
        self.attempts.handle_network_change();
        self.beside.reset_backoff();
    }

    /// The connection to the signaling server was lost or restored.
    pub(crate) fn handle_server_change(&mut self, online: bool) {
        if online && !self.server_online {
            self.attempts.reset_backoff();
        }
        self.server_online = online;
        self.relay.handle_server_change();
    }

    /// Something of the peer was received.
    pub(crate) fn handle_heard(&mut self) {
        self.reachability = Reachability::Proven;
    }

    /// A datagram that is none of the match was received on a path.
    pub(crate) fn handle_probe(&mut self, at: Duration, id: PathId) {
        if id == PathId::RELAY && self.paths.get(id).is_none() {
            self.relay.handle_probe(at);
        }
    }

    /// A datagram of the match was received on a path.
    pub(crate) fn handle_peer_use(&mut self, at: Duration, id: PathId) {
        if id == PathId::RELAY {
            self.relay.peer_use.note(at);
        }
        if let Some(path) = self.paths.get_mut(id) {
            path.peer_use.note(at);
        }
    }

    /// A packet with messages of the game was received on a path. Where the relay is used for them, the peer needs it for
    /// the acknowledgements.
    pub(crate) fn handle_message(&mut self, at: Duration, id: PathId) {
        if id == PathId::RELAY {
            self.relay.peer_use.note(at);
        }
    }

    /// Whether messages of the game wait for a way to the peer: before there is a connection, the relay is one.
    pub(crate) fn handle_messages_wait(&mut self, wait: bool) {
        self.messages_wait = wait;
    }

    /// Lets time pass.
    pub(crate) fn handle_timeout(&mut self, now: Duration) {
        self.evaluate(now);
    }

    /// The local process was paused: that says nothing about the paths.
    pub(crate) fn exclude_pause(&mut self, now: Duration, pause: Duration) {
        self.paths.iter_mut().for_each(|path| path.estimator.exclude_pause(now, pause));
    }

    /// The next thing that the driver is asked to do.
    pub(crate) fn poll_request(&mut self) -> Option<TransportRequest> {
        self.requests.pop_front()
    }

    /// The next thing that happened.
    pub(crate) fn poll_event(&mut self) -> Option<AgentEvent> {
        self.events.pop_front()
    }

    /// The primary path.
    pub(crate) fn primary(&self) -> Option<&Path> {
        self.selection.primary().and_then(|id| self.paths.get(id))
    }

    /// The same, to count what is sent on it.
    pub(crate) fn primary_mut(&mut self) -> Option<&mut Path> {
        self.selection.primary().and_then(|id| self.paths.get_mut(id))
    }

    pub(crate) fn path_mut(&mut self, id: PathId) -> Option<&mut Path> {
        self.paths.get_mut(id)
    }

    pub(crate) fn paths_mut(&mut self) -> impl Iterator<Item = &mut Path> {
        self.paths.iter_mut()
    }

    pub(crate) fn has_path(&self) -> bool {
        !self.paths.is_empty()
    }

    /// The last attempts that failed, oldest first.
    pub(crate) fn attempt_failures(&self) -> impl ExactSizeIterator<Item = &AttemptFailure> {
        self.attempts.failed().iter()
    }

    /// How long the primary path has been primary.
    pub(crate) fn primary_for(&self, now: Duration) -> Duration {
        self.selection.primary_for(now)
    }

    /// How many attempts began, the peer's included.
    pub(crate) fn attempts(&self) -> u64 {
        self.attempts.begun()
    }

    /// The paths to send a datagram on: the primary one and, after a switch, the one before; all of them if
    /// the primary path is dead or there is none.
    pub(crate) fn send_paths(&mut self, now: Duration) -> impl Iterator<Item = &mut Path> {
        let primary = self.selection.primary();
        let retiring = self.selection.retiring(now);
        let works = self.primary().is_some_and(|path| !path.health.is_dead());
        self.paths
            .iter_mut()
            .filter(move |path| !works || Some(path.id) == primary || Some(path.id) == retiring)
    }

    /// The paths on which nothing was sent for so long that a keepalive or a probe is due.
    pub(crate) fn idle_paths(
        &mut self,
        now: Duration,
        keepalive_after: Duration,
    ) -> impl Iterator<Item = &mut Path> {
        let (primary, probe_every) = (self.selection.primary(), self.config.probe_every);
        // What may replace a primary path that is bad is measured in a shorter time, and so is what is of a better kind: of few
        // probes, a lossy path would lose several in a row before it has proven itself.
        let is_bad = self.primary().is_some_and(|path| path.health.health() != PathHealth::Healthy);
        let kind = self.primary().map(Path::kind);
        self.paths.iter_mut().filter(move |path| {
            let is_preferred = kind.is_some_and(|kind| path.kind() < kind);
            let interval = match path.id {
                id if Some(id) == primary => keepalive_after,
                // What comes there has to be acknowledged, though nothing else goes back.
                _ if is_bad || is_preferred || path.peer_use.is_recent(now) => probe_every / 3,
                _ => probe_every,
            };
            path.estimator.idle(now) >= interval
        })
    }
}
