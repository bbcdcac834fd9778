//! What the server says, as far as it concerns negotiation: the room, its members and their presence.

use std::collections::VecDeque;
use std::time::Duration;

use netplay_protocol::signaling::{ClientMessage, Presence, RoomState, ServerMessage};
use netplay_protocol::{RoomScope, Roster};
use rand::SeedableRng;

use super::negotiator::Phase;
use super::noise::NoiseChannel;
use super::peer::PeerState;
use super::{Negotiator, ice};
use crate::log_limiter::log_limited;
use crate::signaling::SignalingEvent;
use crate::transport::{TransportEvent, TransportRequest};

impl Negotiator {
    /// Takes in what the client of the server reports.
    pub(super) fn handle_signaling(&mut self, now: Duration) {
        while let Some(event) = self.signaling.poll_event() {
            if self.has_left() {
                return;
            }
            let waiting = self.server_answered();
            match event {
                SignalingEvent::Message(message) => self.handle_message(now, message),
                SignalingEvent::Packet { from, channel, packet } => {
                    self.handle_relayed(now, from, channel, &packet);
                }
                SignalingEvent::Lost(reason) => {
                    self.lost = Some((now, reason.clone()));
                    self.relays_down(&reason);
                    self.events.push_back(TransportEvent::SignalingLost { reason });
                }
                SignalingEvent::Restored => {
                    self.lost = None;
                    let playing = self.playing;
                    self.signaling.send(ClientMessage::Playing { playing });
                    self.events.push_back(TransportEvent::SignalingRestored);
                }
                // With a connection, whether the game can do without the server is the room's to judge.
                SignalingEvent::Closed(reason) if self.has_connections() && !reason.is_kick() => {
                    let known = self.lost.take().is_some();
                    let reason = reason.to_string();
                    self.relays_down(&reason);
                    if !known {
                        self.events.push_back(TransportEvent::SignalingLost { reason });
                    }
                }
                SignalingEvent::Closed(reason) => return self.left(reason),
            }
            let (requests, leave) = waiting;
            for request in requests {
                self.handle_request(now, request);
            }
            if leave {
                self.handle_leave(now);
            }
        }
    }

    /// Takes what was asked for while no server had answered.
    fn server_answered(&mut self) -> (VecDeque<TransportRequest>, bool) {
        if self.signaling.is_joining() || !matches!(self.phase, Phase::Joining { .. }) {
            return Default::default();
        }
        match std::mem::replace(&mut self.phase, Phase::Queued) {
            Phase::Joining { requests, leave } => (requests, leave),
            _ => Default::default(),
        }
    }

    fn handle_message(&mut self, now: Duration, message: ServerMessage) {
        match message {
            ServerMessage::Queued { waiting } => {
                self.events.push_back(TransportEvent::Queued { waiting });
            }
            ServerMessage::Welcome {
                room, nonce, size, least, resume, ice_servers, state, ..
            } => {
                self.ice_servers = ice::usable(ice_servers, now, &mut self.logs);
                // The client of the server sees to it that it stays the same.
                self.room = Some(RoomScope::new(&room, nonce));
                if matches!(self.phase, Phase::Queued) {
                    self.phase = Phase::Member;
                    let resume_token = Some(resume);
                    let joined = TransportEvent::Joined { room, size, least, resume_token };
                    self.events.push_back(joined);
                }
                self.handle_state(state);
            }
            ServerMessage::Roster { roster, .. } => {
                self.handle_roster(now, &roster);
                self.events.push_back(TransportEvent::Roster(roster));
            }
            ServerMessage::RoomState(state) => self.handle_state(state),
            ServerMessage::Kicked { peer, banned } => {
                self.events.push_back(TransportEvent::Kicked { peer, banned });
            }
            ServerMessage::KickVotes { peer, votes, needed } => {
                self.events.push_back(TransportEvent::KickVotes { peer, votes, needed });
            }
            ServerMessage::Presence { peer, presence } => {
                if presence == Presence::Restarted {
                    self.fail_attempt(peer, "the other player's game restarted");
                    if let Some(state) = self.peers.get_mut(&peer) {
                        state.reset_reports();
                    }
                }
                if matches!(presence, Presence::Online | Presence::Restarted) {
                    // It may not have the keys that were agreed on.
                    self.begin_handshake(now, peer);
                }
                self.events.push_back(TransportEvent::Presence { peer, presence });
            }
            ServerMessage::Signal { from, connection, signal } => {
                self.handle_signal(now, from, connection, signal);
            }
            ServerMessage::IceServers { ice_servers } => {
                self.ice_servers = ice::usable(ice_servers, now, &mut self.logs);
            }
            ServerMessage::Draining { within_ms, .. } => {
                log_limited!(
                    self.logs,
                    now,
                    "the signaling server stops",
                    "",
                    info!("the signaling server stops in at most {} s", within_ms / 1000)
                );
            }
            // Whether a peer relays is between the server and that peer. The others are the client's.
            ServerMessage::Challenge { .. }
            | ServerMessage::Relay { .. }
            | ServerMessage::Refused { .. }
            | ServerMessage::Rooms(_)
            | ServerMessage::Pong => {}
        }
    }

    fn handle_state(&mut self, state: RoomState) {
        if std::mem::replace(&mut self.state, state) != state {
            self.events.push_back(TransportEvent::RoomState(state));
        }
    }

    /// Takes in who is in the room. What leads to a peer that is not in the room any more stays until it closes or
    /// the room forgets the peer: its socket to the server may be all that was lost.
    fn handle_roster(&mut self, now: Duration, roster: &Roster) {
        // Unreachable: the client of the server takes no roster before a welcome.
        let Some(room) = self.room else { return };
        for (key, peer) in &mut self.peers {
            peer.is_member &= roster.members.contains(key);
        }
        let stale = |peer: &PeerState| !peer.is_member && !peer.has_connection();
        let removed: Vec<_> = self.peers.extract_if(.., |_, peer| stale(peer)).collect();
        for (key, mut peer) in removed {
            self.close_all(key, peer.take_attempts());
        }
        for key in &roster.members {
            // A peer that comes into a room again has restarted.
            let new = self.peers.get(key).is_none_or(|peer| !peer.is_member);
            if new && *key != self.key {
                let random = self.random.fork();
                let state = PeerState::new(
                    NoiseChannel::new(self.identity.clone(), *key, room, random),
                    now,
                );
                if let Some(mut before) = self.peers.insert(*key, state) {
                    self.close_all(*key, before.take_attempts());
                }
                self.begin_handshake(now, *key);
            }
        }
    }
}
