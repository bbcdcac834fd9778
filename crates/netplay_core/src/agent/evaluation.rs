//! What follows from the health of all paths: judged once a frame, and whenever a path opens or closes.

use std::time::Duration;

use super::attempts::Need;
use super::beside::Lack;
use super::relay::RelayAction;
use super::{Agent, AgentEvent, AttemptReason, Reachability, RelayReason};
use crate::path::{Path, PathHealth, PathId, PathKind, PathPolicy};
use crate::transport::TransportRequest;

/// How many connections may be open at a time: the primary one, one that may recover, one that is new.
const MOST_CONNECTIONS: usize = 3;
/// After how long without ever having heard of a peer it is reported as unreachable.
const GIVE_UP: Duration = Duration::from_secs(40);

impl Agent {
    /// Judges every path and draws the conclusions.
    pub(super) fn evaluate(&mut self, now: Duration) {
        self.judge_paths(now);
        if let Some(change) = self.selection.evaluate(&self.config, now, &self.paths) {
            self.events.push_back(AgentEvent::PathChanged(change));
        }
        if let Some(primary) = self.primary_mut() {
            primary.beside_since = now;
        }
        self.evaluate_relay(now);
        self.evaluate_attempts(now);
        self.close_surplus(now);
        self.check_server(now);
        self.report_unreachable(now);
    }

    fn judge_paths(&mut self, now: Duration) {
        let primary = self.selection.primary();
        let primary_since = now.saturating_sub(self.selection.primary_for(now));
        let primary_kind = self.primary().map(Path::kind);
        // A peer that moves to a path of a better kind need not have found the one before bad.
        let uses_another = self.paths.iter().any(|path| {
            Some(path.id) != primary
                && Some(path.kind()) >= primary_kind
                && path.peer_use.is_recent(now)
        });
        for path in self.paths.iter_mut() {
            if path.peer_use.is_recent(now) {
                path.left = false;
            } else if Some(path.id) == primary && uses_another {
                path.left |= path.peer_use.has_ended(primary_since, now);
            }
            path.judge(&self.path_config, now);
        }
    }

    fn evaluate_relay(&mut self, now: Duration) {
        let open = self.paths.get(PathId::RELAY).is_some();
        let reason = self.relay_reason(now);
        match self.relay.evaluate(now, reason.is_some(), open, self.server_online) {
            Some(RelayAction::Open) => {
                self.events.extend(reason.map(AgentEvent::RelayRequested));
                self.requests.push_back(TransportRequest::OpenRelay(self.peer));
            }
            Some(RelayAction::Close) => {
                if let Some(relay) = self.paths.remove(PathId::RELAY) {
                    self.close(now, &relay);
                    self.events.push_back(AgentEvent::RelayClosed);
                }
            }
            None => {}
        }
    }

    /// Why the relay is wanted; none if it is not.
    fn relay_reason(&self, now: Duration) -> Option<RelayReason> {
        if self.policy == PathPolicy::Relay {
            return Some(RelayReason::Policy);
        }
        if !self.policy.allows_relay() {
            return None;
        }
        let connected = self.paths.connections().any(|path| !path.health.is_dead());
        let overdue = self.messages_wait
            || self.attempts.has_outcome()
            || now.saturating_sub(self.created) >= self.config.relay_after;
        let sends_on_relay = self.selection.primary() == Some(PathId::RELAY)
            || self.selection.retiring(now) == Some(PathId::RELAY);
        let suspect =
            self.primary().is_some_and(|path| path.is_peer_to_peer() && path.health.is_suspect());
        let reasons = [
            (!connected && overdue, RelayReason::NoConnection),
            (sends_on_relay, RelayReason::InUse),
            (suspect, RelayReason::Suspect),
            (self.relay.is_wanted_by_peer(now), RelayReason::Peer),
        ];
        reasons.into_iter().find_map(|(holds, reason)| holds.then_some(reason))
    }

    fn evaluate_attempts(&mut self, now: Duration) {
        let need = self.need(now);
        let has_connected = self.attempts.has_connected();
        if self.attempts.begin(&self.config, now, need) {
            if need == Need::Beside {
                self.beside.handle_begun(now);
            }
            self.events.push_back(AgentEvent::AttemptBegun(match (need, self.lack(now)) {
                (Need::Beside, Some(Some(Lack::Directness))) => AttemptReason::Indirect,
                (Need::Beside, _) => AttemptReason::Unhealthy,
                _ if has_connected => AttemptReason::Lost,
                _ => AttemptReason::First,
            }));
            self.requests.push_back(TransportRequest::Attempt(self.peer));
        }
    }

    /// Why an attempt is needed now.
    fn need(&mut self, now: Duration) -> Need {
        let is_possible = self.policy.allows_attempts() && self.server_online;
        let need = match self.lack(now) {
            Some(lack) => {
                let urgent = self.attempts.is_urgent();
                match self.beside.is_due(&self.config, now, lack, urgent) {
                    true => Need::Beside,
                    false => Need::None,
                }
            }
            None => {
                self.beside.handle_disconnected();
                let patience = self.attempts.patience(&self.config);
                let mut connections = self.paths.connections();
                match connections.all(|path| path.health.dead_for(now) >= patience) {
                    true => Need::Connection,
                    false => Need::None,
                }
            }
        };
        if is_possible { need } else { Need::None }
    }

    /// What the connections lack of which at least one works; none if none does.
    fn lack(&self, now: Duration) -> Option<Option<Lack>> {
        let best = self.best_connection(now).filter(|path| !path.health.is_dead())?;
        Some(match (best.health.health(), best.kind()) {
            (PathHealth::Impaired | PathHealth::Dead, _) => Some(Lack::Health),
            (PathHealth::Healthy, PathKind::Turn) if self.policy == PathPolicy::Any => {
                Some(Lack::Directness)
            }
            (PathHealth::Healthy, _) => None,
        })
    }

    /// The best path that bypasses the signaling server.
    fn best_connection(&self, now: Duration) -> Option<&Path> {
        self.paths.connections().min_by(|a, b| a.rank(b, now))
    }

    /// Closes connections that are not needed beside another one, and those that have been dead for long.
    fn close_surplus(&mut self, now: Duration) {
        if self.polite {
            return;
        }
        let (config, primary) = (&self.config, self.selection.primary());
        let settled = self.primary().filter(|path| {
            path.is_peer_to_peer()
                && path.health.healthy_for(now) >= config.surplus_after
                && self.selection.primary_for(now) >= config.surplus_after
        });
        let settled = settled.map(Path::kind);
        // While the server relays, one connection is kept that may recover.
        let kept = match self.primary().filter(|path| path.is_peer_to_peer()) {
            Some(primary) => Some(primary),
            None => self.best_connection(now),
        };
        let kept = kept.map(|path| (path.id, path.health.is_dead()));
        let crowded = self.paths.connections().count() > MOST_CONNECTIONS;
        let others = self.paths.connections().filter(|path| Some(path.id) != primary);
        let worst = others.max_by(|a, b| a.rank(b, now)).map(|path| path.id);
        let surplus: Vec<Path> = self
            .paths
            .extract(|path| {
                if !path.is_peer_to_peer() || Some(path.id) == primary {
                    return false;
                }
                let beside_for = path.beside_for(now);
                let is_needless = settled.is_some_and(|kind| {
                    path.health.is_dead()
                        || (beside_for >= config.surplus_after && path.kind() >= kind)
                });
                let is_unused = beside_for >= config.close_unused_after
                    && kept.is_some_and(|(id, is_dead)| id != path.id && !is_dead);
                is_needless
                    || is_unused
                    || (crowded && Some(path.id) == worst)
                    || path.health.dead_for(now) >= config.close_dead_after
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
