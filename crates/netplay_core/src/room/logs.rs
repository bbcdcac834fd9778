//! What a room logs of its links: which path packets take and why, what is attempted, what is wrong, and silences.

use std::time::Duration;

use netplay_protocol::PeerKey;

use super::{Room, RoomEvent};
use crate::agent::PathChange;
use crate::doctor::Finding;
use crate::link::LinkEvent;
use crate::log_limiter::log_limited;

impl Room {
    /// A peer, as the log names it.
    pub(super) fn label(&self, peer: PeerKey) -> String {
        match self.player(peer) {
            Some(player) => format!("player {}", self.roster.number(player)),
            None => format!("{peer:?}"),
        }
    }

    /// Tells the game and the log what is wrong with the network between the local peer and this one, unless they know.
    pub(super) fn diagnose(&mut self, now: Duration, peer: PeerKey, finding: &Finding) {
        let label = self.label(peer);
        let Some(state) = self.peers.get_mut(&peer) else { return };
        if state.finding.as_ref().map(Finding::code) == Some(finding.code()) {
            return;
        }
        state.finding = Some(finding.clone());
        log_limited!(
            self.logs,
            now,
            "there is no direct connection to",
            format!("{label}: {}", finding.code()),
            warn!("there is no direct connection to {label}: {finding}")
        );
        self.emit(RoomEvent::LinkDiagnosed { peer, finding: finding.clone() });
    }

    /// Logs what happened on the link to a peer.
    pub(super) fn log_link_event(&mut self, now: Duration, key: PeerKey, event: &LinkEvent) {
        let peer = self.label(key);
        let mut more = String::new();
        let (what, subject) = match event {
            // What is decided again for another reason is another line.
            LinkEvent::PathChanged(PathChange { from: Some(from), to, reason, .. }) => {
                ("the primary path to", format!("{peer} changes from {from} to {to}: {reason}"))
            }
            LinkEvent::ConnectionChanged(connection) => {
                ("packets to", format!("{peer} travel on a path: {connection}"))
            }
            LinkEvent::AttemptBegun(reason) => {
                ("attempting a connection to", format!("{peer}: {reason}"))
            }
            LinkEvent::RelayRequested(reason) => {
                ("asking the signaling server to relay packets to", format!("{peer}: {reason}"))
            }
            LinkEvent::RelayClosed => ("closing the relay, which is not needed any more, to", peer),
            LinkEvent::Silent => ("nothing is heard of", peer),
            LinkEvent::Heard { after } => {
                more = format!(" after {} ms", after.as_millis());
                ("heard again of", peer)
            }
            LinkEvent::Flooded => ("more is sent than may be by", peer),
            // The first path is a connection as well. The quality is shown to players, and the rest says what follows.
            LinkEvent::PathChanged(_)
            | LinkEvent::QualityChanged { .. }
            | LinkEvent::Unreachable { .. } => return,
        };
        log_limited!(self.logs, now, what, &subject, info!("{what} {subject}{more}"));
    }
}
