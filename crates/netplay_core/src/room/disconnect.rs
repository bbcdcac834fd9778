//! Players who are disconnected, while the others play on.
//!
//! The survivors agree on the player's last frame ([`DropConsensus`](crate::match_::DropConsensus)), exchange the
//! inputs that some of them lack, and drop it after the same frame.

use std::time::Duration;

use log::{debug, info};
use netplay_protocol::{ControlMessage, DropProposal, PeerKey};

use super::hello::printable;
use super::votes::next_epoch;
use super::{EndReason, Room, RoomEvent};
use crate::match_::DroppedPlayer;
use crate::transport::TransportRequest;

/// How long a path to a disconnected player stays open, for what was said to it last.
const LINGER: Duration = Duration::from_secs(1);
/// How many proposals are kept of a match that has not begun here.
const MAX_EARLY: usize = 64;

/// Why a player is disconnected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Disconnect {
    /// It said that it leaves, and why.
    Left(String),
    /// The connection to it is lost, and how.
    Lost(String),
    /// Its simulation stood still for too long.
    Stalled(String),
}

impl Disconnect {
    pub(super) fn lost(detail: &str) -> Self {
        Self::Lost(detail.to_owned())
    }

    fn detail(&self) -> &str {
        match self {
            Self::Left(detail) | Self::Lost(detail) | Self::Stalled(detail) => detail,
        }
    }

    fn end_reason(self, player: usize) -> EndReason {
        match self {
            Self::Left(detail) => EndReason::PeerLeft { player, detail },
            Self::Lost(detail) => EndReason::PeerLost { player, detail },
            Self::Stalled(detail) => EndReason::PeerStalled { player, detail },
        }
    }
}

impl Room {
    /// Disconnects a player of the match. Before a match, that ends the room.
    pub(super) fn disconnect_player(&mut self, now: Duration, player: usize, why: Disconnect) {
        let Some(active) = self.phase.active_match_mut() else {
            return self.end(now, why.end_reason(player));
        };
        let Some(key) = active.start.players.get(player).copied() else { return };
        let last = active.traffic.lock().last_frame(key);
        if active.consensus.freeze(player, last) {
            active.disconnects.insert(player, why);
            active.traffic.lock().freeze(key);
            self.propose_drop(now, player);
        }
        self.drop_decided(now);
    }

    /// Sends every peer what the local one has of a player that is to be dropped; to that player as well, so that it
    /// does not wait for the local peer.
    pub(super) fn propose_drop(&mut self, now: Duration, player: usize) {
        let Some(active) = self.phase.active_match() else { return };
        let Some(key) = active.start.players.get(player).copied() else { return };
        let traffic = active.traffic.lock();
        let proposal = ControlMessage::DropProposal(DropProposal {
            epoch: active.start.epoch,
            player: u8::try_from(player).unwrap_or(u8::MAX),
            last_frame: traffic.last_frame(key),
            inputs: traffic.recent_inputs(key),
            reason: active.disconnects.get(&player).map_or("it is lost", Disconnect::detail).into(),
        });
        drop(traffic);
        self.send_control_to_all(now, &proposal);
    }

    /// A survivor sends what it has of a player that is to be dropped.
    pub(super) fn handle_drop_proposal(
        &mut self,
        now: Duration,
        from: PeerKey,
        proposal: DropProposal,
    ) {
        let Some(from_player) = self.player_before(from) else { return };
        let player = usize::from(proposal.player);
        let active = self.phase.active_match_mut();
        let Some(active) = active.filter(|active| active.start.epoch == proposal.epoch) else {
            return self.keep_early(now, from, proposal);
        };
        if player == active.start.local_player {
            let why = format!("it dropped us ({})", printable(&proposal.reason));
            let why = Disconnect::Lost(why);
            return self.disconnect_player(now, from_player, why);
        }
        let Some(key) = active.start.players.get(player).copied() else { return };
        let ours = active.traffic.lock().last_frame(key);
        if active.consensus.takes_inputs(from_player, player) {
            let DropProposal { last_frame, inputs, .. } = &proposal;
            let merged = active.traffic.lock().merge(key, *last_frame, inputs);
            if let Err(error) = merged {
                debug!("dropped what {from:?} has of player {}: {error}", player + 1);
                return self.count_malformed(now, from);
            }
        }
        if active.consensus.handle_proposal(from_player, player, proposal.last_frame, ours) {
            active.traffic.lock().freeze(key);
            let why = Disconnect::Lost(printable(&proposal.reason));
            active.disconnects.entry(player).or_insert(why);
            self.propose_drop(now, player);
        }
        self.drop_decided(now);
    }

    /// Keeps a proposal of a match that is not played here: the next one, or the one that the local peer rejoins, which
    /// it is about to play. Or it is of one that is over.
    fn keep_early(&mut self, now: Duration, from: PeerKey, proposal: DropProposal) {
        let epoch = self.phase.active_match().map(|active| active.start.epoch);
        if epoch.is_some_and(|epoch| proposal.epoch != next_epoch(epoch)) {
            return;
        }
        let local = self.roster.player(self.config.local_peer);
        if epoch.is_none() && local == Some(usize::from(proposal.player)) {
            let why = Disconnect::lost("the match goes on without us");
            let player = self.player_before(from).unwrap_or_default();
            return self.disconnect_player(now, player, why);
        }
        if self.early_proposals.len() < MAX_EARLY {
            self.early_proposals.push((from, proposal));
        }
    }

    /// Takes in what was proposed of this match before it began here.
    pub(super) fn handle_early_proposals(&mut self, now: Duration) {
        let Some(active) = self.phase.active_match() else { return };
        let epoch = active.start.epoch;
        self.early_proposals.retain(|(_, proposal)| proposal.epoch >= epoch);
        let due = self.early_proposals.extract_if(.., |(_, proposal)| proposal.epoch == epoch);
        for (from, proposal) in due.collect::<Vec<_>>() {
            self.handle_drop_proposal(now, from, proposal);
        }
    }

    /// Drops the players on whose last frame all survivors agree.
    fn drop_decided(&mut self, now: Duration) {
        while let Some(active) = self.phase.active_match_mut()
            && let Some(DroppedPlayer { player, last_frame: frame }) =
                active.consensus.poll_dropped()
        {
            let Some(key) = active.start.players.get(player).copied() else { continue };
            let why = active.disconnects.get(&player).cloned();
            let why = why.unwrap_or_else(|| Disconnect::lost("it is lost"));
            active.traffic.lock().disconnect(key);
            self.seed.forget(key);
            let alone = active.consensus.survivors().count() < 2;
            let reason = why.detail().to_owned();
            info!("player {} is dropped after frame {frame}: {reason}", player + 1);
            self.emit(RoomEvent::PeerLeft { peer: key, reason: reason.clone() });
            self.emit(RoomEvent::PlayerDisconnected { peer: key, player, frame, reason });
            if let Some(peer) = self.peers.get_mut(&key) {
                peer.progress.disconnected(now + LINGER);
            }
            if alone {
                return self.end(now, why.end_reason(player));
            }
        }
    }

    /// Has the driver close what leads to disconnected players, once the last messages to them had time to get out.
    pub(super) fn forget_disconnected(&mut self, now: Duration) {
        for peer in self.peers.values_mut() {
            if peer.progress.is_to_forget(now) {
                self.requests.push_back(TransportRequest::Forget(peer.key));
            }
        }
    }
}
