//! What follows from the health of all paths: judged once a frame, and whenever a path opens or closes.

use std::time::Duration;

use super::relay::RelayAction;
use super::{Agent, AgentEvent, Reachability};
use crate::path::{Path, PathId, PathPolicy};
use crate::transport::TransportRequest;

/// How many connections may be open at a time: the primary one, one that may recover, one that is new.
const MOST_CONNECTIONS: usize = 3;
/// After how long without ever having heard of a peer it is reported as unreachable.
const GIVE_UP: Duration = Duration::from_secs(40);

impl Agent {
    /// Judges every path and draws the conclusions.
    pub(super) fn evaluate(&mut self, now: Duration) {
        for path in self.paths.iter_mut() {
            path.judge(&self.path_config, now);
        }
        if let Some(change) = self.selection.evaluate(&self.config, now, &self.paths) {
            self.events.push_back(AgentEvent::PathChanged(change));
        }
        self.evaluate_relay(now);
        self.evaluate_attempts(now);
        self.close_surplus(now);
        self.check_server(now);
        self.report_unreachable(now);
    }

    fn evaluate_relay(&mut self, now: Duration) {
        let open = self.paths.get(PathId::RELAY).is_some();
        let wanted = self.wants_relay(now);
        match self.relay.evaluate(now, wanted, open, self.server_online) {
            Some(RelayAction::Open) => {
                self.requests.push_back(TransportRequest::OpenRelay(self.peer));
            }
            Some(RelayAction::Close) => {
                if let Some(relay) = self.paths.remove(PathId::RELAY) {
                    self.close(now, &relay);
                }
            }
            None => {}
        }
    }

    fn wants_relay(&self, now: Duration) -> bool {
        if self.policy == PathPolicy::Relay {
            return true;
        }
        if !self.policy.allows_relay() {
            return false;
        }
        let connected = self.paths.connections().any(|path| !path.health.is_dead());
        let overdue = self.attempts.has_outcome()
            || now.saturating_sub(self.created) >= self.config.relay_after;
        let sends_on_relay = self.selection.primary() == Some(PathId::RELAY)
            || self.selection.retiring(now) == Some(PathId::RELAY);
        let suspect =
            self.primary().is_some_and(|path| path.is_peer_to_peer() && path.health.is_suspect());
        (!connected && overdue) || sends_on_relay || suspect || self.relay.peer_use.is_recent(now)
    }

    fn evaluate_attempts(&mut self, now: Duration) {
        let patience = self.attempts.patience(&self.config);
        let missing = self
            .paths
            .connections()
            .all(|path| path.health.is_dead() && path.health.dead_for(now) >= patience);
        let wanted = self.policy.allows_attempts() && self.server_online && missing;
        if self.attempts.begin(&self.config, now, wanted) {
            self.requests.push_back(TransportRequest::Attempt(self.peer));
        }
    }

    /// Closes connections beside a primary one that is good enough, and those that have been dead for long.
    fn close_surplus(&mut self, now: Duration) {
        if self.polite {
            return;
        }
        let (config, primary) = (&self.config, self.selection.primary());
        let settled = self.primary().is_some_and(|path| {
            path.is_peer_to_peer()
                && path.health.healthy_for(now) >= config.surplus_after
                && self.selection.primary_for(now) >= config.surplus_after
        });
        let crowded = self.paths.connections().count() > MOST_CONNECTIONS;
        let longest_dead = crowded
            .then(|| self.paths.connections().max_by_key(|path| path.health.dead_for(now)))
            .flatten()
            .map(|path| path.id);
        let surplus: Vec<Path> = self
            .paths
            .extract(|path| {
                path.is_peer_to_peer()
                    && Some(path.id) != primary
                    && (settled
                        || Some(path.id) == longest_dead
                        || path.health.dead_for(now) >= config.close_dead_after)
            })
            .collect();
        surplus.iter().for_each(|path| self.close(now, path));
    }

    /// Asks the driver to close a path that is no longer among the paths.
    fn close(&mut self, now: Duration, path: &Path) {
        self.selection.handle_closed(now, path);
        self.requests.push_back(TransportRequest::Close(self.peer, path.id));
    }

    /// While every path is dead, the connection to the server may be the broken one.
    fn check_server(&mut self, now: Duration) {
        let dead = self.paths.iter().all(|path| path.health.is_dead());
        let due = now.saturating_sub(self.server_checked) >= self.config.check_every;
        if dead && self.has_path() && due && self.server_online {
            self.server_checked = now;
            self.requests.push_back(TransportRequest::CheckServer);
        }
    }

    /// Reports, once, that nothing was ever heard of the peer.
    fn report_unreachable(&mut self, now: Duration) {
        if self.reachability != Reachability::Unproven {
            return;
        }
        let no_way = !self.has_path()
            && self.attempts.is_exhausted(&self.config)
            && !self.policy.allows_relay();
        if no_way || now.saturating_sub(self.created) >= GIVE_UP {
            self.reachability = Reachability::ReportedUnreachable;
            let reason = self.attempts.last_failure().to_owned();
            self.events.push_back(AgentEvent::Unreachable(reason));
        }
    }
}
