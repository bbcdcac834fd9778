//! A player is lost, and the others play on: they agree on its last frame, hand each other the inputs that
//! some of them lack, and drop it after the same frame.

use std::time::Duration;

use bevy::prelude::*;
use netplay_core::match_::DroppedPlayer;
use netplay_protocol::{ControlMessage, DropProposal, PeerKey};
use netplay_transport::TransportRequest;

use super::lobby::tidy;
use super::netplay::{Joined, Message, Step};
use crate::EndReason;
use crate::messages::{PeerLeft, PlayerDisconnected};

/// How long a path to a player who is gone stays open.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How many announcements are kept of a match that has not begun for us.
const MOST_EARLY: usize = 64;

/// Why a player is dropped.
#[derive(Clone, Debug)]
pub(super) struct Loss {
    /// It said that it leaves; otherwise the connection to it is lost.
    left: bool,
    detail: String,
}

impl Loss {
    pub(super) fn left(detail: &str) -> Self {
        Self { left: true, detail: detail.to_owned() }
    }

    pub(super) fn lost(detail: &str) -> Self {
        Self { left: false, detail: detail.to_owned() }
    }

    fn ends(self, player: usize) -> EndReason {
        let Self { left, detail } = self;
        let player = player.into();
        match left {
            true => EndReason::PeerLeft { player, detail },
            false => EndReason::PeerLost { player, detail },
        }
    }
}

impl Joined {
    /// A player of the match is lost. Without a match, that ends the room.
    pub(super) fn lose(
        &mut self,
        now: Duration,
        player: usize,
        loss: Loss,
        steps: &mut Vec<Step>,
    ) -> Result<(), EndReason> {
        let Some(playing) = &mut self.game else { return Err(loss.ends(player)) };
        let Some(key) = self.roster.as_ref().and_then(|roster| roster.members.get(player)) else {
            return Ok(());
        };
        let newest = playing.traffic.lock().last_frame(*key);
        if playing.consensus.freeze(player, newest) {
            playing.losses.insert(player, loss);
            playing.traffic.lock().freeze(*key);
            self.announce(now, player);
        }
        self.drop_decided(now, steps)
    }

    /// Tells everybody else what we have of a player who is to be dropped: that player as well, so that it
    /// does not wait for us.
    pub(super) fn announce(&mut self, now: Duration, player: usize) {
        let Some(playing) = &self.game else { return };
        let Some(key) = self.key_of(player) else { return };
        let traffic = playing.traffic.lock();
        let reason = playing.losses.get(&player).map_or("it is lost", |loss| &loss.detail);
        let proposal = ControlMessage::DropProposal(DropProposal {
            epoch: playing.game.epoch,
            player: u8::try_from(player).unwrap_or(u8::MAX),
            last_frame: traffic.last_frame(key),
            inputs: traffic.recent_inputs(key),
            reason: reason.to_owned(),
        });
        drop(traffic);
        self.say_to_all(now, &proposal);
    }

    /// Another player announces what it has of one who is to be dropped.
    pub(super) fn drop_proposal(
        &mut self,
        now: Duration,
        from: PeerKey,
        proposal: DropProposal,
        steps: &mut Vec<Step>,
    ) -> Result<(), EndReason> {
        let player = usize::from(proposal.player);
        let from_player = self.seat(from);
        let Some(playing) = self.game.as_mut().filter(|it| it.game.epoch == proposal.epoch) else {
            return self.drop_proposal_early(now, from, proposal, steps);
        };
        if player == playing.game.local_player.index() {
            let loss = Loss::lost("it lost the connection to us");
            return self.lose(now, from_player, loss, steps);
        }
        let Some(key) = self.roster.as_ref().and_then(|roster| roster.members.get(player)) else {
            return Ok(());
        };
        let ours = playing.traffic.lock().last_frame(*key);
        if playing.consensus.takes_inputs(from_player, player)
            && let Err(error) =
                playing.traffic.lock().merge(*key, proposal.last_frame, &proposal.inputs)
        {
            debug!("dropped what {from:?} knows of player {player}: {error}");
            if let Some(peer) = self.peers.get_mut(&from) {
                peer.link.count_malformed(now);
            }
            return Ok(());
        }
        if playing.consensus.handle_proposal(from_player, player, proposal.last_frame, ours) {
            playing.traffic.lock().freeze(*key);
            let told = Loss::lost(&tidy(&proposal.reason));
            playing.losses.entry(player).or_insert(told);
            self.announce(now, player);
        }
        self.drop_decided(now, steps)
    }

    /// An announcement of a match that is not ours. It is the next one, or the one that we come back to, and we
    /// are about to play it; or it is one that is over.
    fn drop_proposal_early(
        &mut self,
        now: Duration,
        from: PeerKey,
        proposal: DropProposal,
        steps: &mut Vec<Step>,
    ) -> Result<(), EndReason> {
        let epoch = self.game.as_ref().map(|playing| playing.game.epoch);
        if epoch.is_some_and(|epoch| proposal.epoch != epoch.wrapping_add(1)) {
            return Ok(());
        }
        let us = self.roster.as_ref().and_then(|roster| roster.player(self.us));
        if epoch.is_none() && us == Some(usize::from(proposal.player)) {
            let loss = Loss::lost("the match goes on without us");
            return self.lose(now, self.seat(from), loss, steps);
        }
        if self.early.len() < MOST_EARLY {
            self.early.push((from, proposal));
        }
        Ok(())
    }

    /// Takes in what was announced of this match before it began for us.
    pub(super) fn hear_early(
        &mut self,
        now: Duration,
        steps: &mut Vec<Step>,
    ) -> Result<(), EndReason> {
        let Some(epoch) = self.game.as_ref().map(|playing| playing.game.epoch) else {
            return Ok(());
        };
        self.early.retain(|(_, proposal)| proposal.epoch >= epoch);
        let of_this = self.early.extract_if(.., |(_, proposal)| proposal.epoch == epoch);
        for (from, proposal) in of_this.collect::<Vec<_>>() {
            self.drop_proposal(now, from, proposal, steps)?;
        }
        Ok(())
    }

    /// Drops whoever everybody knows the same of.
    fn drop_decided(&mut self, now: Duration, steps: &mut Vec<Step>) -> Result<(), EndReason> {
        let Some(playing) = &mut self.game else { return Ok(()) };
        while let Some(dropped) = playing.consensus.poll_dropped() {
            let DroppedPlayer { player, last_frame: frame } = dropped;
            let loss = playing.losses.get(&player).cloned();
            let loss = loss.unwrap_or_else(|| Loss::lost("it is lost"));
            let Some(key) = self.roster.as_ref().and_then(|roster| roster.members.get(player))
            else {
                continue;
            };
            playing.traffic.lock().disconnect(*key);
            self.gone.insert(player);
            info!("player {player} is dropped after frame {frame}: {}", loss.detail);
            let reason = loss.detail.clone();
            let left = PeerLeft { peer: *key, reason: reason.clone() };
            steps.push(Step::Tell(Message::Left(left)));
            steps.push(Step::Tell(Message::Dropped(PlayerDisconnected {
                player: player.into(),
                peer: *key,
                frame,
                reason,
            })));
            if let Some(peer) = self.peers.get_mut(key) {
                peer.gone = true;
            }
            self.to_forget.push((now + LAST_WORDS, *key));
            if playing.consensus.survivors().count() < 2 {
                return Err(loss.ends(player));
            }
        }
        Ok(())
    }

    /// Closes what leads to players who are gone, once the last words to them have had time to get out.
    pub(super) fn forget_gone(&mut self, now: Duration) {
        for (_, key) in self.to_forget.extract_if(.., |(at, _)| *at <= now) {
            self.transport.request(TransportRequest::Forget(key));
        }
    }

    pub(super) fn key_of(&self, player: usize) -> Option<PeerKey> {
        self.roster.as_ref().and_then(|roster| roster.members.get(player)).copied()
    }
}
