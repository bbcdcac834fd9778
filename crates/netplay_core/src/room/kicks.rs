//! Members that others remove from the room.
//!
//! The server decides who is in the room. In a match it decides nothing: there a player is dropped because the players
//! who may remove it say so to each other, each on its own link. Every peer that has heard enough of them accuses the
//! player at once, and it is dropped as any other one that is [accused](super::accusations). So a server alone ends
//! nobody's match, and a peer that does not hear the others is told by accusations.

use std::collections::BTreeMap;
use std::time::Duration;

use log::debug;
use netplay_protocol::signaling::{KickRule, Refusal, RoomState};
use netplay_protocol::{ControlMessage, Kick, PeerKey};

use super::active_match::ActiveMatch;
use super::disconnect::Disconnect;
use super::{Room, RoomEvent};
use crate::log_limiter::log_limited;
use crate::transport::{LeaveReason, TransportRequest};

/// What the others read of a player that was removed.
const REMOVED: &str = "it was removed from the room";

/// Who wants which player of a match removed, and whether for good.
#[derive(Debug, Default)]
pub(super) struct KickVotes(BTreeMap<(usize, usize), bool>);

impl KickVotes {
    /// A player wants another one removed.
    fn insert(&mut self, by: usize, player: usize, ban: bool) {
        *self.0.entry((by, player)).or_default() |= ban;
    }

    /// Whether a player is to be removed, by those who play in their order, and then whether for good.
    fn decide(&self, rule: KickRule, player: usize, playing: &[usize]) -> Option<bool> {
        let vote = |by: &usize| self.0.get(&(*by, player)).copied();
        match rule {
            KickRule::FirstPlayer => vote(playing.first()?),
            KickRule::Vote => {
                let others = playing.iter().filter(|by| **by != player);
                let needed = KickRule::votes_needed(others.clone().count());
                let votes: Vec<bool> = others.filter_map(vote).collect();
                let bans = votes.iter().filter(|ban| **ban).count();
                (votes.len() >= needed).then_some(bans >= needed)
            }
        }
    }
}

impl Room {
    /// Asks to remove a member from the room, or votes for it, as the room's [`KickRule`] says. `ban`: its key and its
    /// address are to be kept out from then on. Without the right to it this changes nothing.
    pub fn kick(&mut self, now: Duration, peer: PeerKey, ban: bool) {
        if peer == self.config.local_peer || self.player(peer).is_none() {
            log_limited!(
                self.logs,
                now,
                "there is no other player to remove from the room:",
                peer.short(),
                warn!("there is no other player {peer:?} to remove from the room")
            );
            return;
        }
        self.requests.push_back(TransportRequest::Kick { peer, ban });
        let rule = self.state.kick;
        let Some(active) = self.phase.active_match_mut() else { return };
        let (local, epoch) = (active.start.local_player, active.start.epoch);
        let Some(player) = active.player(peer) else { return };
        if rule == KickRule::FirstPlayer && active.consensus.survivors().next() != Some(local) {
            return;
        }
        active.kick_votes.insert(local, player, ban);
        if let Ok(number) = u8::try_from(player) {
            let kick = ControlMessage::Kick(Kick { epoch, player: number, ban });
            self.send_control_to_all(now, &kick);
        }
        self.check_kick(now, player);
    }

    /// Opens or closes the room for new peers. Only its first player can.
    pub fn set_open(&mut self, open: bool) {
        self.requests.push_back(TransportRequest::Open(open));
    }

    /// Whether the room is open, and who may remove members, as far as the server has said it.
    pub fn state(&self) -> RoomState {
        self.state
    }

    /// The server tells what the room is like.
    pub(super) fn handle_state(&mut self, state: RoomState) {
        // Who may remove members never changes: a match is played by what was so when it began.
        let kick = match self.phase.active_match() {
            Some(_) => self.state.kick,
            None => state.kick,
        };
        self.state = RoomState { kick, ..state };
        self.emit(RoomEvent::StateChanged(self.state));
    }

    /// The server has removed a member. In the lobby nothing more is taken from it, whatever paths lead to it.
    pub(super) fn handle_kicked(&mut self, peer: PeerKey, banned: bool) {
        if self.at_server.members.contains(&peer) {
            return debug!("the server says that {peer:?} was removed, and lists it");
        }
        log_limited!(
            self.logs,
            self.now,
            "removed from the room:",
            peer.short(),
            info!("{peer:?} was removed from the room")
        );
        self.emit(RoomEvent::PeerKicked { peer, banned });
        if self.phase.active_match().is_none() && self.roster.place(peer).is_none() {
            self.remove_now(peer, REMOVED);
        }
    }

    /// The server tells how many want a member removed.
    pub(super) fn handle_kick_votes(&mut self, peer: PeerKey, votes: u8, needed: u8) {
        if self.at_server.members.contains(&peer) && votes <= needed {
            self.emit(RoomEvent::KickVotes { peer, votes, needed });
        }
    }

    /// A player wants another one removed from the match.
    pub(super) fn handle_kick(&mut self, now: Duration, from: PeerKey, kick: Kick) {
        let Some(active) = self.phase.active_match_mut() else { return };
        if active.start.epoch != kick.epoch {
            return;
        }
        let player = usize::from(kick.player);
        let Some(by) = active.player(from).filter(|by| *by != player) else { return };
        if player >= active.start.players.len() {
            return self.count_malformed(now, from);
        }
        active.kick_votes.insert(by, player, kick.ban);
        self.check_kick(now, player);
    }

    /// Accuses a player that those who may remove it want removed.
    fn check_kick(&mut self, now: Duration, player: usize) {
        let rule = self.state.kick;
        let Some(active) = self.phase.active_match() else { return };
        let Some(banned) = active.is_kicked(rule, player) else { return };
        if player == active.start.local_player {
            // The others go on without the local peer, and its server says the same.
            let reason = LeaveReason::Refused(Refusal::Kicked { banned });
            return self.end(now, reason.into());
        }
        self.accuse(now, player, Disconnect::Left(REMOVED.to_owned()));
    }
}

impl ActiveMatch {
    /// Whether those who may remove a player want it removed, and then whether for good.
    fn is_kicked(&self, rule: KickRule, player: usize) -> Option<bool> {
        if self.consensus.is_frozen(player) {
            return None;
        }
        let playing: Vec<usize> = self.consensus.survivors().collect();
        self.kick_votes.decide(rule, player, &playing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_first_of_those_who_play_decides_alone() {
        let mut votes = KickVotes::default();
        votes.insert(1, 2, true);
        let rule = KickRule::FirstPlayer;
        assert_eq!(votes.decide(rule, 2, &[0, 1, 2]), None);
        assert_eq!(votes.decide(rule, 2, &[1, 2]), Some(true));
        votes.insert(0, 2, false);
        assert_eq!(votes.decide(rule, 2, &[0, 1, 2]), Some(false));
    }

    #[test]
    fn more_than_half_of_the_others_decide_together() {
        let (mut votes, rule) = (KickVotes::default(), KickRule::Vote);
        let all = &[0, 1, 2, 3, 4];
        for by in [1, 2, 2] {
            votes.insert(by, 0, by == 2);
            assert_eq!(votes.decide(rule, 0, all), None);
        }
        assert_eq!(votes.decide(rule, 0, &[0, 1, 2, 3]), Some(false), "two of three");
        votes.insert(3, 0, true);
        assert_eq!(votes.decide(rule, 0, all), Some(false), "two of four want it banned");
        votes.insert(1, 0, true);
        assert_eq!(votes.decide(rule, 0, all), Some(true));
        assert_eq!(votes.decide(rule, 0, &[0, 1]), None, "one vote is none");
        assert_eq!(votes.decide(rule, 1, all), None);
    }
}
