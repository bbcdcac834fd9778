//! The seed of the next match: exchanged before the first one starts, and while one is played for a rematch.

use std::time::Duration;

use log::debug;
use netplay_protocol::{ControlMessage, PeerKey, SeedReveals, SeedTerms};

use super::peer::Peer;
use super::phase::Phase;
use super::seed_round::{AgreedSeed, SeedOutcome, SeedViolation};
use super::votes::next_epoch;
use super::{EndReason, Room, RoomEvent};
use crate::log_limiter::log_limited;

/// How long the exchange pauses once it was disputed too often.
const DISPUTE_PAUSE: Duration = Duration::from_secs(1);

impl Room {
    /// Commits to a nonce for a match, and tells those who do not know it yet.
    pub(super) fn commit_to_seed(&mut self, now: Duration, epoch: u16) {
        self.seed.commit(self.start_hash(), epoch);
        let terms = self.seed.terms();
        let lacks_it = |peer: &Peer| !peer.is_disconnected() && peer.commitment_sent != terms;
        if !self.peers.values().any(lacks_it) {
            return;
        }
        let Some(commitment) = self.seed.commitment() else { return };
        for to in self.participants() {
            let Some(peer) = self.peers.get_mut(&to).filter(|peer| lacks_it(peer)) else {
                continue;
            };
            peer.commitment_sent = terms;
            self.send_control(now, to, &ControlMessage::SeedCommitment(commitment));
        }
    }

    /// Whether everybody else has committed to a nonce, and the local one can be revealed.
    pub(super) fn is_seed_committed(&self) -> bool {
        self.seed.is_committed(&self.participants())
    }

    /// Reveals the local nonce, once everybody else has committed to one.
    pub(super) fn reveal_seed(&mut self, now: Duration) {
        let others = self.participants();
        let target = self.start_target();
        if let Some(reveal) = self.seed.reveal(target, &others) {
            others.iter().for_each(|to| {
                self.send_control(now, *to, &ControlMessage::SeedReveal(reveal));
            });
        }
    }

    /// Starts the match whose seed is agreed on, if it is.
    pub(super) fn start_agreed(&mut self, now: Duration) {
        match self.seed.poll_outcome() {
            SeedOutcome::Pending => {}
            SeedOutcome::Agreed(agreed) => self.start_with_seed(now, *agreed),
            SeedOutcome::Disputed => self.seed_disputed(now),
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
        if let Some(active) = self.phase.active_match()
            && active.player(from).is_none_or(|player| active.consensus.is_frozen(player))
        {
            return;
        }
        let agreed = match self.seed.handle_reveals(reveals) {
            Ok(agreed) => agreed,
            Err(violation) => return self.seed_violation(now, from, violation),
        };
        let next = match &self.phase {
            // Of what was revealed since the last match, everything can start.
            Phase::Lobby | Phase::Synchronizing => None,
            Phase::Playing(active) => Some(next_epoch(active.start.epoch)),
            Phase::Connecting | Phase::Queued | Phase::Rejoining(_) | Phase::Ended => return,
        };
        if let Some(agreed) = agreed.filter(|it| next.is_none_or(|next| it.epoch == next)) {
            debug!("{from:?} has started match {}", agreed.epoch);
            self.start_with_seed(now, agreed);
        }
    }

    /// Two peers have received different commitments, time and again: somebody tells others different things, and nobody
    /// can know who. The match waits, and what is played goes on. Every now and then the exchange begins again.
    fn seed_disputed(&mut self, now: Duration) {
        if self.roster.members.len() <= 2 && !self.uses_lobby() {
            let detail = "the players cannot agree on its seed".to_owned();
            return self.end(now, EndReason::CannotStart { detail });
        }
        match self.seed_disputed_at {
            Some(at) if now.saturating_sub(at) < DISPUTE_PAUSE => return,
            Some(_) => {}
            None => log_limited!(
                self.logs,
                now,
                "the players cannot agree on the seed of the next match",
                "",
                warn!(
                    "the players cannot agree on the seed of the next match, which waits: one of them tells others \
                 different things"
                )
            ),
        }
        self.seed_disputed_at = Some(now);
        self.seed.draw_again();
    }

    fn start_with_seed(&mut self, now: Duration, agreed: AgreedSeed) {
        let AgreedSeed { target, epoch, seed, reveals } = agreed;
        if self.roster != target.roster {
            // Somebody left after it had revealed its nonce, and the match has started with it; or some of the lobby wait.
            self.set_players(now, target.roster);
        }
        if self.phase.agreed() {
            self.emit(RoomEvent::Synchronizing);
        }
        let reveals = ControlMessage::SeedReveals(reveals);
        self.others().into_iter().for_each(|to| self.send_control(now, to, &reveals));
        self.start_match(now, self.match_start(now, epoch, seed, target.values));
    }

    /// Whether a peer commits to a nonce for the next match and does not take part in it.
    pub(super) fn is_foreign(&self, from: PeerKey, terms: SeedTerms) -> bool {
        let is_next = |it: SeedTerms| (it.roster, it.epoch) == (terms.roster, terms.epoch);
        self.seed.terms().is_some_and(is_next) && !self.participants().contains(&from)
    }

    /// The process of a peer restarts, or the peer leaves: the exchange begins again if it takes part.
    pub(super) fn seed_partner_gone(&mut self, peer: PeerKey) -> Result<(), SeedViolation> {
        if self.peers.get(&peer).is_some_and(|peer| peer.waits) {
            self.seed.forget_told(peer);
            return Ok(());
        }
        self.seed.gone(peer)
    }

    /// A peer breaks the rules of the exchange: before a match, nothing is played with it; in one, it is dropped.
    pub(super) fn seed_violation(
        &mut self,
        now: Duration,
        from: PeerKey,
        violation: SeedViolation,
    ) {
        let is_in = self.others().contains(&from) || self.participants().contains(&from);
        let Some(player) = self.player(from).filter(|_| is_in) else {
            return;
        };
        let detail = violation.to_string();
        self.refuse(now, from, EndReason::SeedViolation { player, detail });
    }
}
