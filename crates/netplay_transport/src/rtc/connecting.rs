//! The driver's part about attempts: signals out and in, what becomes of them.

use netplay_core::path::{PathId, PathKind};
use netplay_protocol::identity::DescriptionContext;
use netplay_protocol::signaling::{ClientMessage, Signal};
use netplay_protocol::{ConnectionId, PeerKey};

use super::attempt::{Attempt, AttemptEvent, AttemptSpec};
use super::driver::{Driver, Happening};
use super::gate::{Role, Step};
use super::platform::now;
use super::signaller::Outgoing;
use crate::{CandidateKind, TransportEvent};

impl Driver {
    /// Begins an attempt, unless one is under way.
    pub(super) async fn attempt(&mut self, peer: PeerKey) {
        let Some(remote) = self.remotes.get_mut(&peer) else {
            let reason = "the other player is not in the room".to_owned();
            return self.tell(TransportEvent::AttemptFailed { peer, reason }).await;
        };
        remote.ignored = false;
        if remote.attempt.is_none() {
            let connection = self.new_connection();
            self.start(peer, connection, Role::Offerer);
        }
    }

    fn start(&mut self, peer: PeerKey, connection: ConnectionId, role: Role) {
        let Some(remote) = self.remotes.get_mut(&peer) else { return };
        let spec = AttemptSpec {
            local: self.key,
            remote: peer,
            role,
            connection,
            policy: self.policy,
            ice_servers: &self.ice_servers,
        };
        remote.attempt = Some(Attempt::start(spec, self.reports.clone()));
    }

    /// The process that took part in an attempt is no more.
    pub(super) async fn give_up_attempt(&mut self, peer: PeerKey) {
        let under_way = self.remotes.get_mut(&peer).and_then(|remote| remote.attempt.take());
        if under_way.is_some() {
            let reason = "the other player's game was started anew".to_owned();
            self.tell(TransportEvent::AttemptFailed { peer, reason }).await;
        }
    }

    /// Sends a step of ours, signed.
    pub(super) fn signal(&mut self, outgoing: Outgoing) {
        let (to, connection, step) = outgoing;
        let context = |offers| DescriptionContext { offers, connection, from: self.key, to };
        let signal = match step {
            Step::Offer(sdp) => Signal::Offer(self.identity.sign_description(&context(true), &sdp)),
            Step::Answer(sdp) => {
                Signal::Answer(self.identity.sign_description(&context(false), &sdp))
            }
            Step::Candidate(json) => Signal::Candidate(json),
        };
        self.signaling.send(ClientMessage::Signal { to, connection, signal });
    }

    /// Takes what the server passed on: a step of an attempt, or of the handshake.
    pub(super) async fn peer_signal(
        &mut self,
        from: PeerKey,
        connection: ConnectionId,
        signal: Signal,
    ) {
        let Some(remote) = self.remotes.get_mut(&from) else {
            log::warn!("dropping a signal of {from:?}, who is not in the room");
            return;
        };
        if remote.ignored {
            return;
        }
        if !remote.may_signal(now()) {
            return self.complain(from, "too many signals").await;
        }
        let context = |offers| DescriptionContext { offers, connection, from, to: self.key };
        let step = match signal {
            Signal::Offer(sdp) => context(true).verify(&sdp).map(|sdp| Step::Offer(sdp.to_owned())),
            Signal::Answer(sdp) => {
                context(false).verify(&sdp).map(|sdp| Step::Answer(sdp.to_owned()))
            }
            Signal::Candidate(json) => Ok(Step::Candidate(json)),
            Signal::Handshake(message) => {
                return self.peer_handshake(from, connection, &message).await;
            }
        };
        match step {
            Ok(step) => self.peer_step(from, connection, step).await,
            Err(error) => self.complain(from, &error.to_string()).await,
        }
    }

    async fn peer_step(&mut self, from: PeerKey, connection: ConnectionId, step: Step) {
        let yields = self.key > from;
        let Some(remote) = self.remotes.get_mut(&from) else { return };
        let known = |attempt: &Attempt| attempt.connection == connection;
        if !remote.attempt.as_ref().is_some_and(known) {
            // An offer begins an attempt. Everything else belongs to one that was given up, or is open.
            if !matches!(step, Step::Offer(_)) || !self.policy.allows_attempts() {
                return;
            }
            if !remote.may_offer(now(), connection) {
                return self.complain(from, "an offer too many, or one that came before").await;
            }
            let ours = remote.attempt.as_ref().map(|attempt| attempt.role);
            if ours == Some(Role::Offerer) && !yields {
                // It yields to ours, as soon as it hears of it.
                return;
            }
            self.start(from, connection, Role::Answerer);
            self.tell(TransportEvent::PeerAttempts { peer: from }).await;
        }
        let attempt = self.remotes.get_mut(&from).and_then(|remote| remote.attempt.as_mut());
        if let Some(Err(error)) = attempt.map(|attempt| attempt.take(step)) {
            self.complain(from, &error.to_string()).await;
        }
    }

    /// Tells that something of a peer was dropped.
    pub(super) async fn complain(&mut self, peer: PeerKey, reason: &str) {
        let event = TransportEvent::MalformedSignal { peer, reason: reason.to_owned() };
        // A flood of these must not get in the way of what matters: some of them may be lost.
        let _ = self.inbox.try_send(Happening::Event(event));
    }

    pub(super) async fn attempt_event(&mut self, event: (PeerKey, ConnectionId, AttemptEvent)) {
        let (peer, connection, event) = event;
        let path = PathId(connection.0);
        let Some(remote) = self.remotes.get_mut(&peer) else { return };
        match event {
            AttemptEvent::Open => {
                let opened = remote.attempt.take_if(|attempt| attempt.connection == connection);
                if let Some(attempt) = opened {
                    remote.connections.insert(path, attempt);
                }
            }
            AttemptEvent::Pair(candidates) if remote.connections.contains_key(&path) => {
                let relayed = [candidates.local, candidates.remote].contains(&CandidateKind::Relay);
                let kind = if relayed { PathKind::Turn } else { PathKind::Direct };
                self.tell(TransportEvent::PathKnown { peer, path, kind, candidates }).await;
            }
            AttemptEvent::Pair(_) => {}
            AttemptEvent::Over(reason) => {
                if remote.connections.remove(&path).is_some() {
                    self.tell(TransportEvent::PathDown { peer, path, reason }).await;
                } else if remote
                    .attempt
                    .take_if(|attempt| attempt.connection == connection)
                    .is_some()
                {
                    self.tell(TransportEvent::AttemptFailed { peer, reason }).await;
                }
            }
        }
    }
}
