//! Attempts: signals out and in, what crosses, and what becomes of them.

use std::time::Duration;

use netplay_protocol::identity::{SignalContext, Signed};
use netplay_protocol::signaling::{ClientMessage, ConnectionType, Signal};
use netplay_protocol::{ConnectionId, PeerKey};

use super::negotiator::is_relay;
use super::peer::{AttemptState, UnderWay};
use super::{AttemptCommand, AttemptSignal, Negotiator, Role};
use crate::log_limiter::log_limited;
use crate::path::{CandidateKind, Candidates, PathId, PathKind, PathPolicy};
use crate::transport::TransportEvent;

impl Negotiator {
    /// An attempt found a description or a candidate of the local peer: it is signed and sent.
    pub fn handle_local_signal(
        &mut self,
        peer: PeerKey,
        connection: ConnectionId,
        signal: AttemptSignal,
    ) {
        // An attempt is with a peer of the room.
        let Some(room) = self.room else { return };
        if let Some(attempt) = self.under_way_mut(peer, connection) {
            attempt.evidence.note_local(&signal);
        }
        let from = self.key;
        let sign = |what, text: &str| {
            let context = SignalContext { what, connection, from, to: peer, room };
            self.identity.sign_signal(&context, text)
        };
        let signal = match signal {
            AttemptSignal::Offer(sdp) => Signal::Offer(sign(Signed::Offer, &sdp)),
            AttemptSignal::Answer(sdp) => Signal::Answer(sign(Signed::Answer, &sdp)),
            AttemptSignal::Candidate(json) => Signal::Candidate(sign(Signed::Candidate, &json)),
        };
        self.signaling.send(ClientMessage::Signal { to: peer, connection, signal });
    }

    /// An attempt has become a connection.
    pub fn handle_attempt_opened(&mut self, peer: PeerKey, connection: ConnectionId) {
        let opened = self.peers.get_mut(&peer).is_some_and(|peer| peer.attempt_opened(connection));
        if opened {
            let path = PathId(connection.0);
            // A guess, until the pair of candidates is known.
            let kind = match self.policy {
                PathPolicy::Turn => PathKind::Turn,
                PathPolicy::Any | PathPolicy::Direct | PathPolicy::Relay => PathKind::Direct,
            };
            self.events.push_back(TransportEvent::PathUp { peer, path, kind });
        }
    }

    /// The pair of candidates that a connection uses became known or changed.
    pub fn handle_candidates(
        &mut self,
        peer: PeerKey,
        connection: ConnectionId,
        candidates: Candidates,
    ) {
        if self.is_open(peer, connection) {
            let relayed = [candidates.local, candidates.remote].contains(&CandidateKind::Relay);
            let kind = if relayed { PathKind::Turn } else { PathKind::Direct };
            let path = PathId(connection.0);
            self.events.push_back(TransportEvent::PathKnown { peer, path, kind, candidates });
        }
    }

    /// Tells the server how packets to a peer travel: the impolite peer does, so that both are not counted, and once for
    /// each type.
    pub(super) fn report_connection(&mut self, to: PeerKey, path: ConnectionType) {
        if self.key.is_polite_to(to) || !self.is_online() {
            return;
        }
        let peer = self.peers.get_mut(&to).filter(|peer| peer.is_member);
        if peer.is_some_and(|peer| peer.admit_report(path)) {
            self.signaling.send(ClientMessage::Connected { to, path });
        }
    }

    /// An attempt was broken off, or its connection closed, for this reason.
    pub fn handle_attempt_ended(
        &mut self,
        peer: PeerKey,
        connection: ConnectionId,
        reason: String,
    ) {
        self.end(peer, connection, reason, None);
    }

    /// No candidates of both sides reached each other in the time of an attempt. `troubles` is what went wrong at STUN
    /// and TURN servers, each with the URL in front.
    pub fn handle_checks_failed(
        &mut self,
        peer: PeerKey,
        connection: ConnectionId,
        reason: String,
        troubles: &[String],
    ) {
        self.end(peer, connection, reason, Some(troubles));
    }

    /// Tells what became of an attempt or a connection. `troubles` is there if the checks of an attempt failed.
    fn end(
        &mut self,
        peer: PeerKey,
        connection: ConnectionId,
        reason: String,
        troubles: Option<&[String]>,
    ) {
        let ended = self.peers.get_mut(&peer).and_then(|peer| peer.attempt_ended(connection));
        let path = PathId(connection.0);
        self.events.extend(ended.map(|ended| match ended {
            AttemptState::Open => TransportEvent::PathDown { peer, path, reason },
            AttemptState::UnderWay(attempt) => {
                let finding = troubles.and_then(|troubles| attempt.evidence.diagnose(troubles));
                TransportEvent::AttemptFailed { peer, reason, finding }
            }
        }));
    }

    fn under_way_mut(&mut self, peer: PeerKey, connection: ConnectionId) -> Option<&mut UnderWay> {
        self.peers.get_mut(&peer)?.under_way_mut(connection)
    }

    fn is_open(&self, peer: PeerKey, connection: ConnectionId) -> bool {
        self.peers.get(&peer).is_some_and(|peer| peer.is_open(connection))
    }

    /// Begins an attempt, unless one is under way.
    pub(super) fn attempt(&mut self, peer: PeerKey) {
        let Some(state) = self.peers.get_mut(&peer) else {
            let reason = "the other player is not in the room".to_owned();
            let failed = TransportEvent::AttemptFailed { peer, reason, finding: None };
            return self.events.push_back(failed);
        };
        state.is_forgotten = false;
        if state.attempt_under_way().is_none() {
            let connection = self.new_connection();
            self.begin(peer, connection, Role::Offerer);
        }
    }

    /// Begins an attempt in place of the one under way.
    fn begin(&mut self, peer: PeerKey, connection: ConnectionId, role: Role) {
        let Some(state) = self.peers.get_mut(&peer) else { return };
        let before = state.abort_attempt();
        let ice_servers = self.options.ice_servers(&self.ice_servers);
        state.begin_attempt(connection, role, self.policy, &ice_servers);
        self.close_all(peer, before);
        self.commands.push_back(AttemptCommand::Start { peer, connection, role, ice_servers });
    }

    /// The attempt with a peer cannot succeed any more.
    pub(super) fn fail_attempt(&mut self, peer: PeerKey, reason: &str) {
        let under_way = self.peers.get_mut(&peer).and_then(|peer| peer.abort_attempt());
        if under_way.is_some() {
            self.close_all(peer, under_way);
            let reason = reason.to_owned();
            self.events.push_back(TransportEvent::AttemptFailed { peer, reason, finding: None });
        }
    }

    /// Closes a connection.
    pub(super) fn close(&mut self, peer: PeerKey, connection: ConnectionId) {
        if self.is_open(peer, connection) {
            self.peers.get_mut(&peer).and_then(|peer| peer.attempt_ended(connection));
            self.close_all(peer, [connection]);
        }
    }

    /// Closes everything that leads to a peer, and hears nothing more of it.
    pub(super) fn forget(&mut self, peer: PeerKey) {
        self.close_relay(peer);
        if let Some(state) = self.peers.get_mut(&peer) {
            state.is_forgotten = true;
            let attempts = state.take_attempts();
            self.close_all(peer, attempts);
        }
    }

    pub(super) fn close_all(
        &mut self,
        peer: PeerKey,
        connections: impl IntoIterator<Item = ConnectionId>,
    ) {
        let close = |connection| AttemptCommand::Close { peer, connection };
        self.commands.extend(connections.into_iter().map(close));
    }

    /// Takes what the server passed on: a signal of an attempt, or of the handshake.
    pub(super) fn handle_signal(
        &mut self,
        now: Duration,
        from: PeerKey,
        connection: ConnectionId,
        signal: Signal,
    ) {
        let Some(peer) = self.peers.get_mut(&from) else {
            log_limited!(
                self.logs,
                now,
                "dropping a signal of a peer that is not in the room:",
                from.short(),
                warn!("dropping a signal of {from:?}, who is not in the room")
            );
            return;
        };
        if peer.is_forgotten {
            return;
        }
        if !peer.admit_signal(now) {
            return self.report_malformed(from, "too many signals");
        }
        if is_relay(connection) {
            return self.report_malformed(from, "an attempt under the number of the relay");
        }
        let (Some(room), to) = (self.room, self.key) else { return };
        let verify = |what, signed: &str| {
            let context = SignalContext { what, connection, from, to, room };
            context.verify(signed).map(str::to_owned)
        };
        let verified = match signal {
            Signal::Offer(sdp) => verify(Signed::Offer, &sdp).map(AttemptSignal::Offer),
            Signal::Answer(sdp) => verify(Signed::Answer, &sdp).map(AttemptSignal::Answer),
            Signal::Candidate(json) => {
                verify(Signed::Candidate, &json).map(AttemptSignal::Candidate)
            }
            Signal::Handshake(message) => {
                return self.handle_handshake(now, from, connection, &message);
            }
        };
        match verified {
            Ok(signal) => self.handle_attempt_signal(now, from, connection, signal),
            Err(error) => self.report_malformed(from, error.to_string()),
        }
    }

    fn handle_attempt_signal(
        &mut self,
        now: Duration,
        from: PeerKey,
        connection: ConnectionId,
        signal: AttemptSignal,
    ) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        if peer.under_way_mut(connection).is_none() {
            // An offer begins an attempt. Everything else belongs to one that was given up, or is open.
            if !matches!(signal, AttemptSignal::Offer(_)) || !self.policy.allows_attempts() {
                return;
            }
            if !peer.admit_offer(now, connection) {
                return self.report_malformed(from, "an offer too many, or one that came before");
            }
            let offering = matches!(peer.attempt_under_way(), Some((_, Role::Offerer)));
            if offering && !self.key.is_polite_to(from) {
                // The peer gives its own up as soon as it hears of the local one.
                return;
            }
            self.begin(from, connection, Role::Answerer);
            self.events.push_back(TransportEvent::PeerAttempts { peer: from });
        }
        let Some(attempt) = self.under_way_mut(from, connection) else { return };
        match attempt.filter.accept(signal) {
            Ok(signals) => {
                signals.iter().for_each(|signal| attempt.evidence.note_remote(signal));
                let pass = |signal| AttemptCommand::Signal { peer: from, connection, signal };
                self.commands.extend(signals.into_iter().map(pass));
            }
            Err(error) => self.report_malformed(from, error.to_string()),
        }
    }
}
