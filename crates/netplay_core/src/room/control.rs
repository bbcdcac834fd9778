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
            ControlMessage::Desync { epoch, frame, checksum } => {
                let active = self.phase.active_match();
                if active.is_some_and(|active| active.start.epoch == epoch) {
                    let (peer, local, remote) = (from, None, checksum);
                    self.emit(RoomEvent::Desync { peer, player, frame, local, remote });
                }
            }
            ControlMessage::DropProposal(proposal) => {
                self.handle_drop_proposal(now, from, proposal);
            }
            ControlMessage::RejoinState(state) => self.handle_rejoin_state(now, from, state),
            ControlMessage::InputLogChunk(chunk) => self.handle_input_log(now, from, &chunk),
        }
    }

    /// The simulation found that a player's state differs from the local one at a frame.
    pub fn handle_desync(
        &mut self,
        now: Duration,
        peer: PeerKey,
        frame: i32,
        local: u64,
        remote: u64,
    ) {
        let (Some(active), Some(player)) = (self.phase.active_match(), self.player(peer)) else {
            return;
        };
        let epoch = active.start.epoch;
        self.emit(RoomEvent::Desync { peer, player, frame, local: Some(local), remote });
        self.send_control(now, peer, &ControlMessage::Desync { epoch, frame, checksum: local });
    }

    /// Sends a reliable message to a peer.
    pub(super) fn send_control(&mut self, now: Duration, to: PeerKey, message: &ControlMessage) {
        if self.phase.is_ended() {
            return;
        }
        let bytes = match message.encode() {
            Ok(bytes) => bytes,
            Err(error) => return error!("a message could not be encoded: {error}"),
        };
        let Some(peer) = self.peers.get_mut(&to) else { return };
        if let Err(error) = peer.link.send_reliable(now, bytes) {
            error!("a message could not be sent: {error}");
        }
    }

    /// Sends a reliable message to every peer.
    pub(super) fn send_control_to_all(&mut self, now: Duration, message: &ControlMessage) {
        for peer in self.peers.keys().copied().collect::<Vec<_>>() {
            self.send_control(now, peer, message);
        }
    }
}
