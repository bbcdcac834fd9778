//! Reliable messages between the peers of a room.

use std::time::Duration;

use log::debug;
use netplay_protocol::{ControlMessage, PeerKey, PublicKey};

use super::disconnect::Disconnect;
use super::hello::roster_hash;
use super::peer::Peer;
use super::printable::printable;
use super::progress::Vote;
use super::votes::next_epoch;
use super::{Room, RoomEvent};
use crate::log_limiter::log_limited;

impl Room {
    /// Handles a control message of a peer.
    pub(super) fn handle_control(&mut self, now: Duration, from: PeerKey, message: ControlMessage) {
        let is_heard = |peer: &&mut Peer| !peer.is_disconnected() && !peer.is_refused();
        let Some(peer) = self.peers.get_mut(&from).filter(is_heard) else { return };
        let player = peer.player;
        match message {
            ControlMessage::Hello(hello) => {
                let public_key = PublicKey::from_bytes(&hello.key);
                let Some(public_key) = public_key.filter(|key| key.peer_key() == from) else {
                    debug!("dropped what {from:?} plays: it shows the key of somebody else");
                    return self.count_malformed(now, from);
                };
                peer.public_key = Some(public_key);
                peer.names = hello.names.iter().map(|name| printable(name)).collect();
                peer.hello = Some(hello.clone());
                peer.progress.greeted(hello);
            }
            ControlMessage::Ready { roster, epoch } => {
                if !peer.progress.voted(Vote { roster, epoch }) {
                    return debug!("dropped a vote of {from:?}, which has not said what it plays");
                }
                let next = self.phase.active_match().map(|active| next_epoch(active.start.epoch));
                if next == Some(epoch) && roster == roster_hash(&self.roster) {
                    self.emit(RoomEvent::RematchWanted { peer: from, player });
                }
            }
            ControlMessage::Bye { reason } if self.phase.active_match().is_some() => {
                self.disconnect_peer(now, from, Disconnect::Left(printable(&reason)));
            }
            // A peer that leaves before a match makes room for another one, unless it left because what it plays
            // differs: the local comparison says that better.
            ControlMessage::Bye { reason } => {
                self.compare(now, from);
                self.left_the_lobby(from, printable(&reason));
            }
            ControlMessage::DropProposal(proposal) => {
                self.handle_drop_proposal(now, from, proposal);
            }
            ControlMessage::RejoinState(state) => self.handle_rejoin_state(now, from, state),
            ControlMessage::InputLogChunk(chunk) => self.handle_input_log(now, from, &chunk),
            // They were put together before.
            ControlMessage::Fragment { .. } => {}
            ControlMessage::SeedCommitment(commitment)
                if self.is_foreign(from, commitment.terms) =>
            {
                debug!("dropped a commitment of {from:?}, which does not take part");
            }
            ControlMessage::SeedCommitment(commitment) => {
                if let Err(violation) = self.seed.handle_commitment(from, commitment) {
                    self.seed_violation(now, from, violation);
                }
            }
            ControlMessage::SeedReveal(reveal) => {
                if let Err(violation) = self.seed.handle_reveal(from, reveal) {
                    self.seed_violation(now, from, violation);
                }
            }
            ControlMessage::SeedReveals(reveals) => self.handle_seed_reveals(now, from, reveals),
            ControlMessage::GoingAway => self.went_away(now, from),
            ControlMessage::Back => self.came_back(now, from),
            ControlMessage::Lobby(entry) => self.handle_lobby_entry(now, from, entry),
            ControlMessage::SeedWait(wait) => self.handle_seed_wait(from, wait),
            ControlMessage::InputStatements(it) => self.handle_input_statements(now, from, &it),
            ControlMessage::Equivocation(proof) => self.handle_equivocation(now, from, &proof),
            ControlMessage::Accusations(it) => self.handle_accusations(now, from, &it),
            ControlMessage::InputRequest(request) => self.answer_request(now, from, request),
            ControlMessage::Kick(kick) => self.handle_kick(now, from, kick),
            ControlMessage::InputResponse(it) => self.handle_input_response(now, from, &it),
            ControlMessage::MessageTypes(types) => self.handle_message_types(from, &types),
        }
    }

    /// Sends a reliable message to a peer.
    pub(super) fn send_control(&mut self, now: Duration, to: PeerKey, message: &ControlMessage) {
        if self.phase.is_ended() || self.peers.get(&to).is_none_or(|peer| peer.is_congested) {
            return;
        }
        let packets = match message.encode_fragments() {
            Ok(packets) => packets,
            Err(error) => {
                log_limited!(
                    self.logs,
                    now,
                    "a message could not be encoded",
                    "",
                    error!("a message could not be encoded: {error}")
                );
                return;
            }
        };
        let Some(peer) = self.peers.get_mut(&to) else { return };
        for packet in packets {
            if let Err(error) = peer.link.send_reliable(now, packet) {
                // A message of which a part is missing would spoil the next one.
                peer.is_congested = true;
                log_limited!(
                    self.logs,
                    now,
                    "a message could not be sent to",
                    to.short(),
                    error!("a message could not be sent: {error}")
                );
                return;
            }
        }
    }

    /// Sends a reliable message to every peer; what is of a match to those who play it.
    pub(super) fn send_control_to_all(&mut self, now: Duration, message: &ControlMessage) {
        let is_for_all = matches!(message, ControlMessage::Bye { .. });
        let to = self.peers.values().filter(|peer| is_for_all || !peer.waits);
        for peer in to.map(|peer| peer.key).collect::<Vec<_>>() {
            self.send_control(now, peer, message);
        }
    }
}
