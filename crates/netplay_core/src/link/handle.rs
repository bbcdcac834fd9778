//! What happens to a link: events of the transport, results of sending, the passing of time.

use std::time::Duration;

use netplay_protocol::signaling::Presence;

use super::{Connection, Link, LinkEvent, LinkQuality};
use crate::agent::AgentEvent;
use crate::path::{Candidates, PathId, PathKind};
use crate::transport::{SendError, TransportEvent};

/// A longer time than this between two calls of [`Link::handle_timeout`] is a pause of the local process.
const PAUSE: Duration = Duration::from_millis(200);
/// How long the report of a connection waits for its candidates.
const CANDIDATES_WITHIN: Duration = Duration::from_secs(1);

impl Link {
    /// Takes an event of the transport. Events of other peers, of the room and of packets are ignored.
    pub fn handle_event(&mut self, now: Duration, event: &TransportEvent) {
        match *event {
            TransportEvent::PathUp { peer, path, kind } if peer == self.peer => {
                self.handle_path_up(now, path, kind);
            }
            TransportEvent::PathKnown { peer, path, kind, candidates } if peer == self.peer => {
                self.handle_path_known(path, kind, candidates);
            }
            TransportEvent::PathDown { peer, path, .. } if peer == self.peer => {
                self.handle_path_down(now, path);
            }
            TransportEvent::PeerAttempts { peer } if peer == self.peer => {
                self.agent.handle_peer_attempt(now);
            }
            TransportEvent::AttemptFailed { peer, ref reason, .. } if peer == self.peer => {
                self.agent.handle_attempt_failed(now, reason.clone());
            }
            // Whatever made attempts at the process before fail need not hold for the new one.
            TransportEvent::Presence { peer, presence: Presence::Restarted }
                if peer == self.peer =>
            {
                self.agent.handle_network_change();
            }
            TransportEvent::NetworkChanged => self.agent.handle_network_change(),
            TransportEvent::SignalingLost { .. } => self.agent.handle_server_change(false),
            TransportEvent::SignalingRestored => self.agent.handle_server_change(true),
            _ => {}
        }
    }

    /// Takes the result of sending a packet on a path: how many bytes wait to be sent on it now.
    pub fn handle_sent(&mut self, now: Duration, path: PathId, sent: Result<usize, SendError>) {
        match sent {
            Ok(buffered) => {
                if let Some(path) = self.agent.path_mut(path) {
                    path.buffered = buffered;
                }
            }
            // The event that says so is still to come.
            Err(SendError::NoPath) => self.handle_path_down(now, path),
            // What a link sends fits.
            Err(SendError::TooLarge(_)) => {}
        }
    }

    /// The transport tells how many bytes wait to be sent on a path at this moment.
    pub fn handle_buffered(&mut self, path: PathId, bytes: usize) {
        if let Some(path) = self.agent.path_mut(path) {
            path.buffered = bytes;
        }
    }

    /// Lets time pass: judges paths and quality, queues what is due.
    pub fn handle_timeout(&mut self, now: Duration) {
        let passed = now.saturating_sub(std::mem::replace(&mut self.last_timeout, now));
        let is_pause = passed > PAUSE;
        if is_pause {
            self.agent.exclude_pause(now, passed);
        }
        // After a pause, what came meanwhile may still be on its way through the local process, so the pause does not
        // count as silence yet. It does from the next call on, and so does a pause that follows another one.
        self.excused = match is_pause && self.excused.is_zero() {
            true => passed,
            false => Duration::ZERO,
        };
        self.messages.handle_timeout(now);
        self.agent.handle_messages_wait(self.messages.waits());
        self.agent.handle_timeout(now);
        self.take_agent_events();
        self.queue_keepalives(now);
        self.queue_reliable(now);
        let judged = now.saturating_sub(self.excused);
        if self.liveness.handle_timeout(judged, self.config.silent_after) {
            self.events.push_back(LinkEvent::Silent);
        }
        self.update_quality(now);
        self.report_connection(now);
    }

    pub(super) fn handle_path_up(&mut self, now: Duration, id: PathId, kind: PathKind) {
        self.agent.handle_path_up(now, id, kind);
        self.take_agent_events();
    }

    pub(super) fn handle_path_known(&mut self, id: PathId, kind: PathKind, pair: Candidates) {
        if let Some((guess, inputs)) = self.agent.handle_path_known(id, kind, pair) {
            self.inputs[guess as usize] -= inputs;
            self.inputs[kind as usize] += inputs;
        }
    }

    pub(super) fn handle_path_down(&mut self, now: Duration, id: PathId) {
        self.agent.handle_path_down(now, id);
        self.take_agent_events();
    }

    fn take_agent_events(&mut self) {
        while let Some(event) = self.agent.poll_event() {
            self.events.push_back(match event {
                AgentEvent::PathChanged(change) => {
                    self.reliable.handle_path_change();
                    LinkEvent::PathChanged(change)
                }
                AgentEvent::AttemptBegun(reason) => LinkEvent::AttemptBegun(reason),
                AgentEvent::RelayRequested(reason) => LinkEvent::RelayRequested(reason),
                AgentEvent::RelayClosed => LinkEvent::RelayClosed,
                AgentEvent::Unreachable(reason) => LinkEvent::Unreachable { reason },
            });
        }
    }

    /// Reports what the primary path is, once for each change. The candidates of a connection become known a moment
    /// after it has opened; some browsers never tell them.
    fn report_connection(&mut self, now: Duration) {
        let Some(primary) = self.agent.primary() else { return };
        let (path, kind, candidates) = (primary.id, primary.kind(), primary.candidates());
        let is_known = candidates.is_some()
            || matches!(kind, PathKind::Memory | PathKind::Relay)
            || self.agent.primary_for(now) >= CANDIDATES_WITHIN;
        let connection = Connection { path, kind, candidates };
        if is_known && self.reported_connection != Some(connection) {
            self.reported_connection = Some(connection);
            self.events.push_back(LinkEvent::ConnectionChanged(connection));
        }
    }

    fn update_quality(&mut self, now: Duration) {
        let sample = if self.liveness.is_silent() {
            LinkQuality::Lost
        } else {
            let estimator = self.agent.primary().map(|path| &path.estimator);
            let rtt = estimator.and_then(|path| path.rtt());
            let loss = estimator.map_or(0.0, |path| path.loss(now));
            LinkQuality::judge(&self.config, rtt, loss)
        };
        if let Some((from, to)) = self.quality.update(now, sample, self.config.recover_after) {
            self.events.push_back(LinkEvent::QualityChanged { from, to });
        }
    }
}
