//! Players who are disconnected, while the others play on.
//!
//! Once enough players have lost one (`accusations`), the survivors agree on the player's last frame
//! ([`DropConsensus`](crate::match_::DropConsensus)), exchange the inputs that some of them lack, and drop it after the
//! same frame.

use std::collections::BTreeSet;
use std::time::Duration;

use log::{debug, info};
use netplay_protocol::{ControlMessage, DropProposal, PeerKey};

use super::peer::Peer;
use super::phase::Phase;
use super::printable::printable;
use super::votes::{FIRST_EPOCH, next_epoch};
use super::{EndReason, Room, RoomEvent};
use crate::match_::{DroppedPlayer, Merged, RecentInputs};
use crate::transport::TransportRequest;

/// How long a path to a disconnected player stays open, for what was said to it last.
const LINGER: Duration = Duration::from_secs(1);

/// Why a player is disconnected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Disconnect {
    /// It said that it leaves, and why.
    Left(String),
    /// Nothing is heard of it, and for how long. It may be heard again.
    Silent(String),
    /// It cannot be played with any more, and why.
    Lost(String),
    /// Its simulation stood still for too long.
    Stalled(String),
    /// It said that it goes away, and did not come back in time. It may still come back.
    Away(String),
}

impl Disconnect {
    pub(super) fn lost(detail: &str) -> Self {
        Self::Lost(detail.to_owned())
    }

    pub(super) fn detail(&self) -> &str {
        match self {
            Self::Left(detail)
            | Self::Silent(detail)
            | Self::Lost(detail)
            | Self::Stalled(detail)
            | Self::Away(detail) => detail,
        }
    }

    pub(super) fn end_reason(self, player: usize) -> EndReason {
        match self {
            Self::Left(detail) | Self::Away(detail) => EndReason::PeerLeft { player, detail },
            Self::Silent(detail) | Self::Lost(detail) => EndReason::PeerLost { player, detail },
            Self::Stalled(detail) => EndReason::PeerStalled { player, detail },
        }
    }
}

impl Room {
    /// Nothing more is taken from a player: more than half of the others have lost it, or it is proven to lie.
    pub(super) fn freeze_player(&mut self, now: Duration, player: usize, why: Disconnect) {
        let Some(active) = self.phase.active_match_mut() else { return };
        let Some(key) = active.start.players.get(player).copied() else { return };
        let ours = active.traffic.lock().version(key);
        if active.consensus.freeze(player, ours) {
            active.disconnects.entry(player).or_insert(why);
            active.sign_accusation(player, true);
            active.frozen_at.insert(player, now);
            active.traffic.lock().freeze(key);
            self.propose_drop(now, player);
        }
        self.drop_decided(now);
    }

    /// A peer is lost: accuses it in the match, or leaves it out of the lobby.
    pub(super) fn disconnect_peer(&mut self, now: Duration, key: PeerKey, why: Disconnect) {
        if let Some(active) = self.phase.active_match() {
            let Some(player) = active.player(key) else { return };
            self.accuse(now, player, why);
        } else if let Some(player) = self.player(key) {
            self.refuse(now, key, why.end_reason(player));
        }
    }

    /// Sends every peer what the local one has of a player that it has frozen; to that player as well, so that it
    /// does not wait for the local peer.
    pub(super) fn propose_drop(&mut self, now: Duration, player: usize) {
        let Some(active) = self.phase.active_match() else { return };
        let Some(key) = active.start.players.get(player).copied() else { return };
        let RecentInputs { last_frame, inputs, statement } = active.traffic.lock().recent(key);
        let proposal = ControlMessage::DropProposal(DropProposal {
            epoch: active.start.epoch,
            player: u8::try_from(player).unwrap_or(u8::MAX),
            last_frame,
            inputs,
            statement,
            accusations: active.accusations.of(player),
            reason: active.disconnects.get(&player).map_or("it is lost", Disconnect::detail).into(),
        });
        self.send_control_to_all(now, &proposal);
    }

    /// A survivor sends what it has of a player that is to be dropped.
    pub(super) fn handle_drop_proposal(
        &mut self,
        now: Duration,
        from: PeerKey,
        proposal: DropProposal,
    ) {
        let epoch = self.phase.active_match().map(|active| active.start.epoch);
        if epoch != Some(proposal.epoch) || self.early_proposals.has(from, &proposal) {
            return self.keep_early(from, proposal);
        }
        if let Some(early) = self.take_drop_proposal(now, from, proposal) {
            self.keep_early(from, early);
        }
    }

    /// Takes in a proposal of the match that is played. Returns it if it has to wait: the player is not frozen here, or the
    /// local simulation is too far from its inputs.
    fn take_drop_proposal(
        &mut self,
        now: Duration,
        from: PeerKey,
        proposal: DropProposal,
    ) -> Option<DropProposal> {
        let active = self.phase.active_match_mut()?;
        let from_player = active.player(from)?;
        let player = usize::from(proposal.player);
        if player == active.start.local_player || player == from_player {
            // It plays without the local peer, or not at all.
            let why = match player == from_player {
                true => Disconnect::Left(printable(&proposal.reason)),
                false => {
                    Disconnect::Lost(format!("it dropped us ({})", printable(&proposal.reason)))
                }
            };
            self.accuse(now, from_player, why);
            return None;
        }
        let Some(key) = active.start.players.get(player).copied() else {
            self.count_malformed(now, from);
            return None;
        };
        if !active.consensus.takes_inputs(from_player) || active.consensus.is_absent(player) {
            return None;
        }
        // That one survivor has lost it is not enough.
        if !active.consensus.is_frozen(player) {
            let why = Disconnect::Lost(printable(&proposal.reason));
            let accusers = self.take_accusations(now, from, player, &proposal.accusations, why)?;
            self.freeze_decided(now, player, &accusers);
        }
        let active = self.phase.active_match_mut()?;
        if !active.consensus.is_frozen(player) {
            return Some(proposal);
        }
        let DropProposal { last_frame, inputs, statement, .. } = &proposal;
        let mut traffic = active.traffic.lock();
        // After the decision all of these inputs count, for everybody, or none.
        if active.consensus.is_dropped(player) && traffic.is_early(*last_frame) {
            return Some(proposal);
        }
        let merged = traffic.merge(key, *last_frame, inputs, *statement);
        drop(traffic);
        let Merged { theirs, ours, replaced, is_whole } = match merged {
            Ok(merged) => merged,
            Err(error) => {
                debug!(
                    "dropped what {from:?} has of player {}: {error}",
                    self.roster.number(player)
                );
                active.consensus.handle_invalid_proposal(from_player, player);
                self.count_malformed(now, from);
                self.drop_decided(now);
                return None;
            }
        };
        if replaced {
            self.simulate_again(player);
        }
        if !is_whole {
            return Some(proposal);
        }
        let active = self.phase.active_match_mut()?;
        if active.consensus.handle_proposal(from_player, player, theirs, ours) {
            self.propose_drop(now, player);
        }
        self.drop_decided(now);
        None
    }

    /// Keeps a proposal that cannot be taken in yet: of the next match, of the one that the local peer is about to
    /// play, about a player that is not frozen here, or about frames that the simulation has not come to.
    fn keep_early(&mut self, from: PeerKey, proposal: DropProposal) {
        let is_possible = match self.phase.active_match().map(|active| active.start.epoch) {
            Some(epoch) => proposal.epoch == epoch || proposal.epoch == next_epoch(epoch),
            // Without a match to rejoin, only the first one can have begun elsewhere.
            None => proposal.epoch == FIRST_EPOCH || self.config.resumes || self.uses_lobby(),
        };
        if !is_possible || !self.early_proposals.push(from, proposal) {
            // What is of a match that is over may still be on its way.
            debug!("dropped a proposal of {from:?} that is of no match, or one too many");
        }
    }

    /// The local player in the match that the others play, as far as that is known: its roster may be another one than
    /// that of the server, which some may have left.
    fn player_in_match(&self) -> Option<usize> {
        let roster = match &self.phase {
            Phase::Rejoining(rejoin) => rejoin.agreed()?.roster(),
            _ => Some(self.start_roster()).filter(|roster| roster.is_complete())?,
        };
        roster.place(self.config.local_peer)
    }

    /// Ends a room whose match goes on without the local peer: if more than half of the others say so. For a process that
    /// resumes a place, those of them count who are connected, once they have had time for that: others may be gone.
    pub(super) fn check_left_behind(&mut self, now: Duration) {
        if self.phase.active_match().is_some() || !self.config.resumes && !self.is_complete() {
            return;
        }
        if self.keeps_waiting() {
            // There is a next match.
            return;
        }
        let Some(local) = self.player_in_match() else { return };
        let is_there = |peer: &&Peer| {
            let patience = self.config.link.silent_after;
            self.roster.place(peer.key).is_some()
                && !peer.is_refused()
                && peer.link.has_path()
                && peer.link.silence(now) < patience
        };
        let joined = now.saturating_sub(self.times.joined_at());
        let there = match self.config.resumes && joined >= self.config.disconnect_timeout / 2 {
            true => self.peers.values().filter(is_there).count(),
            false => self.others().len(),
        };
        let accusers: Vec<PeerKey> = self.early_proposals.accusers(local).collect();
        if 2 * accusers.len() > there
            && let Some(player) = accusers.first().and_then(|accuser| self.player(*accuser))
        {
            let why = Disconnect::lost("the match goes on without us");
            self.end(now, why.end_reason(player));
        }
    }

    /// Takes in what was proposed of this match before it began here, or before the local simulation was far enough.
    pub(super) fn handle_early_proposals(&mut self, now: Duration) {
        let Some(active) = self.phase.active_match() else { return };
        let epoch = active.start.epoch;
        let mut waiting: BTreeSet<(PeerKey, u8)> = BTreeSet::new();
        for (from, proposal) in self.early_proposals.take(epoch) {
            // Those of one peer about one player are taken in their order.
            let early = match waiting.contains(&(from, proposal.player)) {
                true => Some(proposal),
                false => self.take_drop_proposal(now, from, proposal),
            };
            if let Some(early) = early {
                waiting.insert((from, early.player));
                self.early_proposals.push(from, early);
            }
        }
    }

    /// Drops the players on whose last frame all survivors agree.
    pub(super) fn drop_decided(&mut self, now: Duration) {
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
            info!("player {} is dropped after frame {frame}: {reason}", self.roster.number(player));
            self.emit(RoomEvent::PeerLeft { peer: key, reason: reason.clone() });
            let count = self.roster.players_of(key).unwrap_or(1);
            self.emit(RoomEvent::PlayerDisconnected { peer: key, player, count, frame, reason });
            if let Some(peer) = self.peers.get_mut(&key) {
                peer.progress.disconnected(now + LINGER);
            }
            if alone && self.keeps_waiting() {
                // Others may join, or wait already.
                return self.leave_match(now, None);
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
