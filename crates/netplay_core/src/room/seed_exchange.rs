//! Commitments and reveals for the seed of the next match, on one peer. [`netplay_protocol::seed`] has the hashes.
//!
//! ```text
//!  Idle ──► Committed ──► Revealed ──► Idle (the match starts)
//!               ▲            │
//!               └────────────┘ somebody who takes part restarts, leaves or joins: the next round, another nonce
//! ```
//!
//! A nonce is revealed once, and only when the commitments of all others are here. If one of these changes afterwards,
//! its sender may know the local nonce already, so the local peer draws another one in the next round. A peer that
//! hears of a later round follows into it; so all end up in the same one, whichever of them notices a restart first.

use std::collections::{BTreeMap, VecDeque};

use netplay_protocol::seed::{self, SeedTerms};
use netplay_protocol::{PeerKey, SeedCommitment, SeedReveal, SeedReveals};

use super::Entropy;
use super::seed_round::{AgreedSeed, Hash, RevealedRound, SeedOutcome, SeedViolation};
use super::start_target::StartTarget;

/// How many rounds later than the local one a peer may be.
const MAX_STEP: u64 = 1 << 16;
/// How often one peer may have the local one follow into a later round, for one match and roster. Nobody is blamed for
/// more: a peer may only follow another one itself.
const MAX_RAISES: u32 = 32;
/// How often one peer may do so while it knows the local nonce and has not revealed its own: it could choose among the
/// seeds that come of it. That is one draw more each time.
const MAX_WITHHELD_RAISES: u32 = 2;
/// How often in a room the process of one peer may restart in such a moment, or the peer leave.
const MAX_WITHHELD: u32 = 4;
/// Of how many peers that is remembered.
const MAX_WITHHOLDERS: usize = 64;
/// How often the commitments of two peers may differ, for one match, without a pause.
const MAX_DISPUTES: u32 = 8;
/// How many rounds before the present one are kept.
const MAX_ROUNDS_KEPT: usize = 8;

/// The exchange on one peer. See the [module](self).
pub(super) struct SeedExchange {
    local: PeerKey,
    entropy: Entropy,
    /// How many nonces were drawn. None is drawn twice.
    drawn: u64,
    /// The round of the exchange before.
    last_round: u64,
    disputes: u32,
    /// How many rounds began for this match and roster.
    rounds: u32,
    /// Who had the present round begin.
    begun_by: Option<PeerKey>,
    state: State,
    /// Earlier rounds in which the local nonce was revealed, oldest first: another peer may have completed one of them
    /// and have started the match.
    before: VecDeque<RevealedRound>,
    /// What other peers have said last.
    told: BTreeMap<PeerKey, Told>,
    /// How often each of them was gone when it knew the local nonce and had not revealed its own.
    withheld: BTreeMap<PeerKey, u32>,
}

enum State {
    /// Nothing is to be played next.
    Idle,
    /// The nonce is drawn, and nobody else knows it.
    Committed { terms: SeedTerms, nonce: Hash },
    /// The commitments of all are here, and the nonce is revealed.
    Revealed(RevealedRound),
}

/// What a peer has not told in the present round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    /// What it commits to.
    Commitment,
    /// Its nonce, although it was told the local one.
    Reveal,
}

/// What a peer has said.
#[derive(Default)]
struct Told {
    commitment: Option<SeedCommitment>,
    reveal: Option<SeedReveal>,
    /// How often it had the local peer follow into a later round.
    raises: u32,
    /// How often of these it had not revealed its nonce, and knew the local one.
    withheld_raises: u32,
}

impl SeedExchange {
    pub(super) fn new(local: PeerKey, entropy: Entropy) -> Self {
        Self {
            local,
            entropy,
            drawn: 0,
            last_round: 0,
            disputes: 0,
            rounds: 0,
            begun_by: None,
            state: State::Idle,
            before: VecDeque::new(),
            told: BTreeMap::new(),
            withheld: BTreeMap::new(),
        }
    }

    /// Commits to a nonce for the next match. Nothing happens if that is done already.
    pub(super) fn commit(&mut self, roster: u64, epoch: u16) {
        match &self.state {
            State::Committed { terms, .. } | State::Revealed(RevealedRound { terms, .. })
                if (terms.roster, terms.epoch) == (roster, epoch) =>
            {
                return;
            }
            State::Revealed(_) => self.draw_again(),
            State::Idle => {
                let nonce = self.draw();
                let terms = SeedTerms { roster, epoch, round: self.last_round };
                self.state = State::Committed { terms, nonce };
            }
            State::Committed { .. } => {}
        }
        if self.terms().is_some_and(|terms| (terms.roster, terms.epoch) != (roster, epoch)) {
            self.reset_raises();
        }
        // A nonce that nobody knows serves as well for other terms.
        let told = self.told.values().filter_map(|told| told.commitment);
        let told = told.filter(|it| (it.terms.roster, it.terms.epoch) == (roster, epoch));
        let latest = told.map(|it| it.terms.round).max();
        if let State::Committed { terms, .. } = &mut self.state {
            let round = latest.map_or(terms.round, |latest| latest.max(terms.round));
            *terms = SeedTerms { roster, epoch, round };
        }
    }

    /// What the local nonce is for.
    pub(super) fn terms(&self) -> Option<SeedTerms> {
        match &self.state {
            State::Idle => None,
            State::Committed { terms, .. } | State::Revealed(RevealedRound { terms, .. }) => {
                Some(*terms)
            }
        }
    }

    /// The local commitment, for those who have not received it.
    pub(super) fn commitment(&self) -> Option<SeedCommitment> {
        let terms = self.terms()?;
        let (State::Committed { nonce, .. } | State::Revealed(RevealedRound { nonce, .. })) =
            &self.state
        else {
            return None;
        };
        Some(SeedCommitment { terms, hash: seed::commitment(terms, self.local, nonce) })
    }

    /// A peer commits to a nonce.
    pub(super) fn handle_commitment(
        &mut self,
        from: PeerKey,
        commitment: SeedCommitment,
    ) -> Result<(), SeedViolation> {
        if commitment.terms.round > self.round().saturating_add(MAX_STEP) {
            // Its sender may have been led there by another one.
            return Ok(());
        }
        let has_withheld = self.has_withheld(from);
        let told = self.told.entry(from).or_default();
        match told.commitment {
            Some(known) if known.terms == commitment.terms && known.hash != commitment.hash => {
                return Err(SeedViolation::Changed);
            }
            _ => told.commitment = Some(commitment),
        }
        let current = match &self.state {
            State::Committed { terms, .. } | State::Revealed(RevealedRound { terms, .. }) => *terms,
            State::Idle => return Ok(()),
        };
        let SeedTerms { roster, epoch, round } = commitment.terms;
        if (current.roster, current.epoch) != (roster, epoch) || round <= current.round {
            return Ok(());
        }
        told.raises += 1;
        told.withheld_raises += u32::from(has_withheld);
        if told.raises > MAX_RAISES || has_withheld && told.withheld_raises > MAX_WITHHELD_RAISES {
            return Ok(());
        }
        if self.is_revealed() {
            self.draw_again();
        } else {
            self.rounds += 1;
        }
        self.begun_by = Some(from);
        if let State::Committed { terms, .. } = &mut self.state {
            terms.round = round;
        }
        Ok(())
    }

    /// A peer reveals its nonce.
    pub(super) fn handle_reveal(
        &mut self,
        from: PeerKey,
        reveal: SeedReveal,
    ) -> Result<(), SeedViolation> {
        let told = self.told.entry(from).or_default();
        let SeedReveal { terms, nonce, .. } = reveal;
        let hash = seed::commitment(terms, from, &nonce);
        if told.commitment != Some(SeedCommitment { terms, hash }) {
            return Err(SeedViolation::Forged);
        }
        told.reveal = Some(reveal);
        Ok(())
    }

    /// A peer has all nonces. Returns the match that starts with them; none if the local peer lacks the commitments.
    pub(super) fn handle_reveals(
        &mut self,
        reveals: SeedReveals,
    ) -> Result<Option<AgreedSeed>, SeedViolation> {
        let present = match &self.state {
            State::Revealed(revealed) => Some(revealed),
            State::Idle | State::Committed { .. } => None,
        };
        let mut revealed = self.before.iter().chain(present);
        let Some(revealed) = revealed.find(|it| it.exchange == reveals.exchange) else {
            return Ok(None);
        };
        revealed.agreed(reveals.nonces).map(Some).ok_or(SeedViolation::Forged)
    }

    /// Reveals the local nonce if the commitments of all `others` are here. Returns what to send them, once.
    pub(super) fn reveal(
        &mut self,
        target: impl Into<StartTarget>,
        others: &[PeerKey],
    ) -> Option<SeedReveal> {
        if !self.is_committed(others) {
            return None;
        }
        let local = self.commitment()?;
        let State::Committed { terms, nonce, .. } = self.state else { return None };
        let takes_part = |peer: &&PeerKey| **peer == self.local || others.contains(peer);
        let target = target.into();
        let commitments = target.roster.members.iter().filter(takes_part).filter_map(|peer| {
            let told = self.told.get(peer).and_then(|told| told.commitment);
            let commitment = if *peer == self.local { Some(local) } else { told };
            Some((*peer, commitment?.hash))
        });
        let commitments = commitments.collect();
        let round = RevealedRound::new(terms, target, commitments, nonce);
        let reveal = round.reveal();
        self.state = State::Revealed(round);
        Some(reveal)
    }

    /// Whether the local nonce is not revealed, and the commitments of all these are here.
    pub(super) fn is_committed(&self, others: &[PeerKey]) -> bool {
        let State::Committed { terms, .. } = &self.state else { return false };
        let told = |peer| self.told.get(peer).and_then(|told| told.commitment);
        others.iter().all(|peer| told(peer).is_some_and(|it| it.terms == *terms))
    }

    /// Whether the local nonce is revealed.
    pub(super) fn is_revealed(&self) -> bool {
        matches!(self.state, State::Revealed(_))
    }

    /// How far the exchange is. After a dispute it begins again, at first: then it is up to the caller to have it
    /// [drawn again](Self::draw_again), for nobody knows who is to blame.
    pub(super) fn poll_outcome(&mut self) -> SeedOutcome {
        let State::Revealed(revealed) = &self.state else { return SeedOutcome::Pending };
        let mut nonces = Vec::new();
        let mut disputed = false;
        for peer in revealed.peers() {
            let told = self.told.get(&peer).and_then(|told| told.reveal);
            let reveal = told.filter(|reveal| reveal.terms == revealed.terms);
            match reveal {
                _ if peer == self.local => nonces.push(revealed.nonce),
                Some(reveal) if reveal.exchange == revealed.exchange => nonces.push(reveal.nonce),
                Some(_) => disputed = true,
                None => {}
            }
        }
        if let Some(agreed) = revealed.agreed(nonces) {
            return SeedOutcome::Agreed(Box::new(agreed));
        }
        if disputed {
            self.disputes += 1;
            if self.disputes > MAX_DISPUTES {
                return SeedOutcome::Disputed;
            }
            self.draw_again();
        }
        SeedOutcome::Pending
    }

    /// What a peer has not told, if that is its turn. None if it is in an earlier round and may have a reason: the local
    /// peer was led into later ones so often that others do not follow it.
    pub(super) fn lacks(&self, peer: PeerKey) -> Option<Lack> {
        let terms = self.terms()?;
        if self.is_revealed() {
            return self.has_withheld(peer).then_some(Lack::Reveal);
        }
        let commitment = self.told.get(&peer).and_then(|told| told.commitment);
        let theirs = commitment.map(|commitment| commitment.terms);
        let is_led = || {
            self.rounds > MAX_WITHHELD_RAISES && self.begun_by.is_some_and(|other| other != peer)
        };
        match theirs.filter(|it| (it.roster, it.epoch) == (terms.roster, terms.epoch)) {
            Some(theirs) if theirs == terms => None,
            Some(theirs) if theirs.round < terms.round && is_led() => None,
            _ => Some(Lack::Commitment),
        }
    }

    /// Whether a peer had the present round begin.
    pub(super) fn began_round(&self, peer: PeerKey) -> bool {
        self.begun_by == Some(peer)
    }

    /// Whether a peer takes part in the round in which the local nonce is revealed, and has not revealed its own.
    fn has_withheld(&self, peer: PeerKey) -> bool {
        let State::Revealed(revealed) = &self.state else { return false };
        let reveal = self.told.get(&peer).and_then(|told| told.reveal);
        revealed.peers().any(|it| it == peer)
            && reveal.is_none_or(|reveal| reveal.terms != revealed.terms)
    }

    /// The process of a peer restarts, or the peer leaves.
    ///
    /// # Errors
    ///
    /// [`SeedViolation::Withheld`] if it has done so too often when it knew the local nonce and its own was not known.
    pub(super) fn gone(&mut self, peer: PeerKey) -> Result<(), SeedViolation> {
        if self.has_withheld(peer)
            && (self.withheld.len() < MAX_WITHHOLDERS || self.withheld.contains_key(&peer))
        {
            *self.withheld.entry(peer).or_default() += 1;
        }
        self.forget(peer);
        match self.withheld.get(&peer) {
            Some(times) if *times > MAX_WITHHELD => Err(SeedViolation::Withheld),
            _ => Ok(()),
        }
    }

    /// Begins to count again how often others have begun the exchange again.
    fn reset_raises(&mut self) {
        for told in self.told.values_mut() {
            (told.raises, told.withheld_raises) = (0, 0);
        }
        (self.rounds, self.begun_by) = (0, None);
    }

    /// The process of a peer restarted, or left, that does not take part.
    pub(super) fn forget_told(&mut self, peer: PeerKey) {
        self.told.remove(&peer);
    }

    /// The process of a peer restarted, or the peer no longer takes part.
    pub(super) fn forget(&mut self, peer: PeerKey) {
        self.told.remove(&peer);
        if self.is_revealed() {
            self.draw_again();
            self.begun_by = Some(peer);
        }
    }

    /// The match starts.
    pub(super) fn started(&mut self) {
        self.last_round = self.round();
        self.state = State::Idle;
        self.before.clear();
        self.disputes = 0;
        self.reset_raises();
    }

    fn round(&self) -> u64 {
        self.terms().map_or(self.last_round, |terms| terms.round)
    }

    /// Begins the next round with another nonce, if the local one is known to others.
    pub(super) fn draw_again(&mut self) {
        if !self.is_revealed() {
            return;
        }
        let nonce = self.draw();
        if let State::Revealed(revealed) = std::mem::replace(&mut self.state, State::Idle) {
            let round = revealed.terms.round.saturating_add(1);
            let terms = SeedTerms { round, ..revealed.terms };
            self.state = State::Committed { terms, nonce };
            (self.rounds, self.begun_by) = (self.rounds + 1, None);
            if self.before.len() == MAX_ROUNDS_KEPT {
                self.before.pop_front();
            }
            self.before.push_back(revealed);
        }
    }

    fn draw(&mut self) -> Hash {
        self.drawn += 1;
        seed::nonce(&self.entropy.0, self.drawn)
    }
}

#[cfg(test)]
#[path = "seed_restart_tests.rs"]
mod restart_tests;
#[cfg(test)]
#[path = "seed_exchange_tests.rs"]
mod tests;
