//! Reliable messages between the peers of a room.

use std::time::Duration;

use log::{debug, error};
use netplay_protocol::{ControlMessage, PeerKey};

use super::disconnect::Disconnect;
use super::hello::printable;
use super::progress::Vote;
use super::votes::next_epoch;
use super::{Room, RoomEvent};

impl Room {
    /// Handles a control message of a peer.
    pub(super) fn handle_control(&mut self, now: Duration, from: PeerKey, message: ControlMessage) {
        let Some(peer) = self.peers.get_mut(&from).filter(|peer| !peer.is_disconnected()) else {
            return;
        };
        let player = peer.player;
        match message {
            ControlMessage::Hello(hello) => {
                peer.name = Some(printable(&hello.name)).filter(|name| !name.is_empty());
                peer.progress.greeted(hello);
            }
            ControlMessage::Ready { roster, epoch } => {
                if !peer.progress.voted(Vote { roster, epoch }) {
                    return debug!("dropped a vote of {from:?}, which has not said what it plays");
                }
                let next = self.phase.active_match().map(|active| next_epoch(active.start.epoch));
                if next == Some(epoch) {
                    self.emit(RoomEvent::RematchWanted { peer: from, player });
                }
            }
            ControlMessage::Bye { reason } if self.phase.active_match().is_some() => {
                self.disconnect_player(now, player, Disconnect::Left(printable(&reason)));
            }
            // A peer that leaves before a match makes room for another one, unless it left because what it plays
            // differs: the local comparison says that better.
            ControlMessage::Bye { .. } => self.compare(now, from),
            ControlMessage::DropProposal(proposal) => {
                self.handle_drop_proposal(now, from, proposal);
            }
            ControlMessage::RejoinState(state) => self.handle_rejoin_state(now, from, state),
            ControlMessage::InputLogChunk(chunk) => self.handle_input_log(now, from, &chunk),
            // They were put together before.
            ControlMessage::Fragment { .. } => {}
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
        }
    }

    /// Sends a reliable message to a peer.
    pub(super) fn send_control(&mut self, now: Duration, to: PeerKey, message: &ControlMessage) {
        if self.phase.is_ended() {
            return;
        }
        let packets = match message.encode_fragments() {
            Ok(packets) => packets,
            Err(error) => return error!("a message could not be encoded: {error}"),
        };
        let Some(peer) = self.peers.get_mut(&to) else { return };
        for packet in packets {
            if let Err(error) = peer.link.send_reliable(now, packet) {
                return error!("a message could not be sent: {error}");
            }
        }
    }

    /// Sends a reliable message to every peer.
    pub(super) fn send_control_to_all(&mut self, now: Duration, message: &ControlMessage) {
        for peer in self.peers.keys().copied().collect::<Vec<_>>() {
            self.send_control(now, peer, message);
        }
    }
}
