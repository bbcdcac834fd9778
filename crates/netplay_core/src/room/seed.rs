//! The seed of the next match: exchanged before the first one starts, and while one is played for a rematch.

use std::time::Duration;

use log::{debug, warn};
use netplay_protocol::{ControlMessage, PeerKey, SeedReveals};

use super::disconnect::Disconnect;
use super::hello::roster_hash;
use super::peer::Peer;
use super::phase::Phase;
use super::seed_round::{AgreedSeed, SeedOutcome, SeedViolation};
use super::votes::{FIRST_EPOCH, next_epoch};
use super::{EndReason, Room, RoomEvent};

impl Room {
    /// Commits to a nonce for a match, and tells those who do not know it yet.
    pub(super) fn commit_to_seed(&mut self, now: Duration, epoch: u16) {
        self.seed.commit(roster_hash(&self.roster), epoch);
        let terms = self.seed.terms();
        let lacks_it = |peer: &Peer| !peer.is_disconnected() && peer.commitment_sent != terms;
        if !self.peers.values().any(lacks_it) {
            return;
        }
        let Some(commitment) = self.seed.commitment() else { return };
        for to in self.others() {
            let Some(peer) = self.peers.get_mut(&to).filter(|peer| lacks_it(peer)) else {
                continue;
            };
            peer.commitment_sent = terms;
            self.send_control(now, to, &ControlMessage::SeedCommitment(commitment));
        }
    }

    /// Whether everybody else has committed to a nonce, and the local one can be revealed.
    pub(super) fn is_seed_committed(&self) -> bool {
        self.seed.is_committed(&self.others())
    }

    /// Reveals the local nonce, once everybody else has committed to one.
    pub(super) fn reveal_seed(&mut self, now: Duration) {
        let others = self.others();
        if let Some(reveal) = self.seed.reveal(&self.roster, &others) {
            others.iter().for_each(|to| {
                self.send_control(now, *to, &ControlMessage::SeedReveal(reveal));
            });
        }
    }

    /// Starts the match whose seed is agreed on, if it is.
    pub(super) fn start_agreed(&mut self, now: Duration) {
        match self.seed.poll_outcome() {
            SeedOutcome::Pending => {}
            SeedOutcome::Agreed(agreed) => self.start_with_seed(now, agreed),
            SeedOutcome::Disputed => {
                let detail = "the players cannot agree on its seed".to_owned();
                self.end(now, EndReason::CannotStart { detail });
            }
        }
    }

    /// A peer starts a match with these nonces. Those who take part start it as well: some may lack the nonce of a
    /// player who was lost right after it revealed it.
    pub(super) fn handle_seed_reveals(
        &mut self,
        now: Duration,
        from: PeerKey,
        reveals: SeedReveals,
    ) {
        let active = self.phase.active_match();
        let player = self.player_before(from);
        if active.zip(player).is_some_and(|(active, player)| active.consensus.is_frozen(player)) {
            return;
        }
        let agreed = match self.seed.handle_reveals(reveals) {
            Ok(agreed) => agreed,
            Err(violation) => return self.seed_violation(now, from, violation),
        };
        let next = match &self.phase {
            Phase::Lobby | Phase::Synchronizing => FIRST_EPOCH,
            Phase::Playing(active) => next_epoch(active.start.epoch),
            Phase::Connecting | Phase::Queued | Phase::Rejoining(_) | Phase::Ended => return,
        };
        if let Some(agreed) = agreed.filter(|agreed| agreed.epoch == next) {
            debug!("{from:?} has started match {next}");
            self.start_with_seed(now, agreed);
        }
    }

    fn start_with_seed(&mut self, now: Duration, agreed: AgreedSeed) {
        let AgreedSeed { roster, epoch, seed, reveals } = agreed;
        if self.roster != roster {
            // Somebody left after it had revealed its nonce, and the match has started with it.
            self.set_roster(now, roster);
        }
        if self.phase.agreed() {
            self.emit(RoomEvent::Synchronizing);
        }
        let reveals = ControlMessage::SeedReveals(reveals);
        self.others().into_iter().for_each(|to| self.send_control(now, to, &reveals));
        self.start_match(now, self.match_start(epoch, seed));
    }

    /// A peer breaks the rules of the exchange: before a match, nothing is played with it; in one, it is dropped.
    pub(super) fn seed_violation(
        &mut self,
        now: Duration,
        from: PeerKey,
        violation: SeedViolation,
    ) {
        let Some(player) = self.player_before(from).filter(|_| self.others().contains(&from))
        else {
            return;
        };
        warn!("player {} is refused: {violation}", player + 1);
        match self.phase.active_match() {
            Some(_) => self.disconnect_player(now, player, Disconnect::Lost(violation.to_string())),
            None => {
                self.end(now, EndReason::SeedViolation { player, detail: violation.to_string() })
            }
        }
    }
}
