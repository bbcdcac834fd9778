//! One round of the exchange for a seed, in which the local nonce is revealed, and how it ends.

use netplay_protocol::seed::{self, HASH_BYTES, SeedTerms};
use netplay_protocol::{PeerKey, SeedReveal, SeedReveals};

use super::start_target::StartTarget;

pub(super) type Hash = [u8; HASH_BYTES];

/// A round of which all commitments are known. They do not change any more.
pub(super) struct RevealedRound {
    pub(super) terms: SeedTerms,
    target: StartTarget,
    /// Of those who take part, in the order of the roster.
    commitments: Vec<(PeerKey, Hash)>,
    /// The hash of all commitments.
    pub(super) exchange: Hash,
    /// The nonce of the local peer.
    pub(super) nonce: Hash,
}

/// A peer broke the rules of the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SeedViolation {
    #[error("it changed what it had committed to for the seed")]
    Changed,
    #[error("it revealed another number for the seed than it had committed to")]
    Forged,
    #[error("it was gone too often when its number for the seed was due")]
    Withheld,
    #[error(
        "it has not said that it plays with us for {0} s: its game hangs or is modified, so play without it"
    )]
    NoAgreement(u64),
    #[error(
        "it has kept back its commitment to a number for the seed for {0} s: its game hangs or is modified, so play without it"
    )]
    NoCommitment(u64),
    #[error(
        "it has kept back its number for the seed for {0} s: its game hangs or is modified, so play without it"
    )]
    NoReveal(u64),
    #[error(
        "it has waited for us for {0} s, although it has all that it needs: its game left us out, or is modified"
    )]
    WaitsForUs(u64),
    #[error("it does not take what it is sent")]
    Unacknowledged,
}

/// How far an exchange is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SeedOutcome {
    /// Commitments or nonces are still to come.
    Pending,
    /// All nonces are here.
    Agreed(Box<AgreedSeed>),
    /// Two peers have received different commitments, time and again.
    Disputed,
}

/// A match that starts with an agreed seed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AgreedSeed {
    pub(super) target: StartTarget,
    pub(super) epoch: u16,
    pub(super) seed: u64,
    /// For those who lack some of them.
    pub(super) reveals: SeedReveals,
}

impl RevealedRound {
    pub(super) fn new(
        terms: SeedTerms,
        target: StartTarget,
        commitments: Vec<(PeerKey, Hash)>,
        nonce: Hash,
    ) -> Self {
        let exchange = seed::exchange(terms, commitments.iter().copied());
        let exchange = match &target.view {
            Some(view) => seed::with_view(&exchange, view),
            None => exchange,
        };
        Self { terms, target, commitments, exchange, nonce }
    }

    /// What the local peer reveals.
    pub(super) fn reveal(&self) -> SeedReveal {
        SeedReveal { terms: self.terms, exchange: self.exchange, nonce: self.nonce }
    }

    /// Those who take part, in the order of the roster.
    pub(super) fn peers(&self) -> impl Iterator<Item = PeerKey> {
        self.commitments.iter().map(|(peer, _)| *peer)
    }

    /// The seed that these nonces make, of those who take part, in the order of the roster. None unless each is what
    /// its player has committed to.
    pub(super) fn agreed(&self, nonces: Vec<Hash>) -> Option<AgreedSeed> {
        let matches = |((of, hash), nonce): (&(PeerKey, Hash), &Hash)| {
            seed::commitment(self.terms, *of, nonce) == *hash
        };
        if nonces.len() != self.commitments.len()
            || !self.commitments.iter().zip(&nonces).all(matches)
        {
            return None;
        }
        let seed = seed::seed(&self.exchange, &nonces);
        let reveals = SeedReveals { exchange: self.exchange, nonces };
        Some(AgreedSeed { target: self.target.clone(), epoch: self.terms.epoch, seed, reveals })
    }
}
