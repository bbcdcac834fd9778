//! The versions of a dropped player's inputs that survivors have, and merging them.
//!
//! Honest survivors differ in how much they received. If the player has told them different inputs, or one of them makes
//! some up, they differ in what they received as well: then all take the greater [`LogVersion`], and those who had
//! another one have inputs in their log that their simulation did not have.

use netplay_protocol::{
    Accusation, InputDigest, InputStatement, PeerKey, PublicKey, StatementSignature,
};

use super::NULL_FRAME;
use super::digests::Digests;
use super::drop_consensus::LogVersion;
use super::input_log::InputLog;
use super::payload::PayloadError;
use super::peer::PeerProgress;
use super::statements::Violation;
use super::traffic::MatchTraffic;

/// How much later than the latest input that can be merged one of a proposal may be. Two simulations are at most 48
/// frames apart: the widest window and the longest delay.
const MAX_EARLY: i32 = 128;

/// What a survivor proposes of a player's inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentInputs {
    /// The last frame whose input the player gave itself; -1 if there is none.
    pub last_frame: i32,
    /// The player's inputs of the last frames up to that one, oldest first, without separators.
    pub inputs: Vec<u8>,
    /// The last statement of the player that its inputs agree with.
    pub statement: Option<InputStatement>,
}

/// What merging the inputs of a survivor has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The version that the survivor has.
    pub theirs: LogVersion,
    /// The version that the local log has now.
    pub ours: LogVersion,
    /// Whether inputs were replaced that the local simulation had: it has to begin again.
    pub replaced: bool,
    /// Whether all inputs of the survivor were taken in. If not, the last ones are for frames that the local simulation
    /// is too far from, and are to be merged again when it has gone on: another survivor may be further and have taken
    /// them.
    pub is_whole: bool,
}

impl MatchTraffic {
    /// The version of a peer's inputs that the local log has.
    pub fn version(&mut self, of: PeerKey) -> LogVersion {
        let signed = self.statements.last(of).map(|statement| statement.frame);
        let last_frame = self.last_frame(of);
        let log = self.peers.get(&of).map(|peer| &peer.log);
        let digest = log.and_then(|log| self.statements.digest(of, last_frame, log));
        LogVersion { signed, last_frame, digest: digest.unwrap_or_else(InputDigest::first) }
    }

    /// What the local log has of a peer that other survivors may lack.
    pub fn recent(&self, of: PeerKey) -> RecentInputs {
        let peer = self.peers.get(&of);
        let inputs = peer.map(|peer| peer.log.recent_inputs(peer.last_own_frame()));
        RecentInputs {
            last_frame: self.last_frame(of),
            inputs: inputs.unwrap_or_default(),
            statement: self.statements.last(of),
        }
    }

    /// Whether nobody can have an input of this frame yet, but soon.
    pub fn is_early(&self, last_frame: i32) -> bool {
        let latest = self.latest_input();
        (latest + 1..=latest.saturating_add(MAX_EARLY)).contains(&last_frame)
    }

    /// Merges the recent inputs of a peer's player from another survivor.
    ///
    /// # Errors
    ///
    /// [`PayloadError`] if nobody can have these inputs; nothing changes then.
    pub fn merge(
        &mut self,
        of: PeerKey,
        last_frame: i32,
        inputs: &[u8],
        statement: Option<InputStatement>,
    ) -> Result<Merged, PayloadError> {
        let latest = self.latest_input();
        if !(NULL_FRAME..=latest.saturating_add(MAX_EARLY)).contains(&last_frame) {
            return Err(PayloadError::Frame);
        }
        // Who has no input has none of that frame.
        if inputs.is_empty() && last_frame > NULL_FRAME {
            return Err(PayloadError::Frame);
        }
        let until = last_frame.min(latest);
        let surplus = usize::try_from(last_frame - until).unwrap_or(0) * self.input_bytes();
        let inputs = &inputs[..inputs.len().saturating_sub(surplus)];
        let statement = statement.filter(|statement| statement.frame <= until);
        let peer = self.peers.get(&of).ok_or(PayloadError::Stranger)?;
        let own = peer.last_own_frame();
        // What the session was given may go on with synthesized inputs.
        let simulated = own.max(peer.delivered.min(until));
        let log = peer.log.until(own);
        let digests = self.statements.digests(of);
        let mut ours = Candidate { log, digests, statement: self.statements.last(of) };
        let mut theirs = ours.with_recent(until, inputs)?;
        if let Some(statement) = statement {
            theirs.state(&statement)?;
            if !self.statements.has_signed(of, &statement) {
                return Err(PayloadError::Signature);
            }
            // A statement that the log agrees with counts for it, from wherever it came.
            let _ = ours.state(&statement);
        }
        if let Some(known) = self.statements.last(of) {
            let _ = theirs.state(&known);
        }
        let (their_version, our_version) = (theirs.version(), ours.version());
        let same = ours.log.equal_until(&theirs.log);
        let (taken, replaced) = match their_version > our_version {
            true => (theirs, same < simulated),
            false => (ours, false),
        };
        if their_version > our_version {
            self.adopt(of, taken.log, same, replaced);
        }
        if let Some(statement) = taken.statement {
            self.statements.adopt(of, statement);
        }
        let ours = our_version.max(their_version);
        Ok(Merged { theirs: their_version, ours, replaced, is_whole: until == last_frame })
    }

    /// The last statement of a player that its log agrees with; of the local player, its last one.
    pub fn statement(&self, of: PeerKey) -> Option<InputStatement> {
        self.statements.last(of)
    }

    /// The statement of a player of a frame, if it is kept.
    pub fn statement_of_frame(&self, of: PeerKey, frame: i32) -> Option<InputStatement> {
        self.statements.get(of, frame)
    }

    /// Whether a player has signed a statement about its inputs in this match.
    pub fn has_signed(&self, player: PeerKey, statement: &InputStatement) -> bool {
        self.statements.has_signed(player, statement)
    }

    /// The local player signs that it has lost a player, or hears it again.
    pub fn accuse(&self, accused: PeerKey, revision: u32) -> StatementSignature {
        self.statements.accuse(accused, revision)
    }

    /// Whether a player has signed an accusation of another one, in this match.
    pub fn has_accused(&self, accuser: PeerKey, accused: PeerKey, it: &Accusation) -> bool {
        self.statements.has_accused(accuser, accused, it)
    }

    /// The public key of a player.
    pub fn public_key(&self, player: PeerKey) -> Option<PublicKey> {
        self.statements.public_key(player)
    }

    /// The next player that something is wrong with, once for each.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_violation(&mut self) -> Option<(PeerKey, Violation)> {
        self.statements.poll_violation()
    }

    /// The next peer that has other statements of a frame than the local one, and the frame.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_difference(&mut self) -> Option<(PeerKey, i32)> {
        self.statements.poll_difference()
    }

    /// Takes a log for that of a peer, with which it is equal up to a frame. `replaced`: the session had other inputs.
    fn adopt(&mut self, of: PeerKey, log: InputLog, same: i32, replaced: bool) {
        self.statements.truncate(of, same);
        let Some(peer) = self.peers.get_mut(&of) else { return };
        if let PeerProgress::Disconnected(frame) = &mut peer.progress {
            *frame = log.last_frame().unwrap_or(NULL_FRAME);
        }
        peer.log = log;
        // A replay delivers what is in the log, and a session with other inputs begins again.
        if !replaced && !self.is_replaying() {
            self.deliver(of, self.ack_of_everything(), None);
        }
    }
}

/// A log that may be that of a player, with the last statement of the player that it agrees with.
#[derive(Clone, Debug)]
pub struct VersionedLog {
    /// The log.
    pub log: InputLog,
    /// The last statement that it agrees with.
    pub statement: Option<InputStatement>,
    /// Its version, without what was synthesized.
    pub version: LogVersion,
}

impl VersionedLog {
    /// A log, and the statements that its player has signed, whether the log agrees with them or not.
    pub fn new(log: InputLog, statements: impl Iterator<Item = InputStatement>) -> Self {
        let own = log.until(log.last_own_frame());
        let mut candidate = Candidate { log: own, digests: Digests::default(), statement: None };
        for statement in statements {
            // One that it does not agree with is that of another version.
            let _ = candidate.state(&statement);
        }
        let version = candidate.version();
        Self { log, statement: candidate.statement, version }
    }
}

/// A log that may become that of a player, with its digests, and the last statement that it agrees with.
struct Candidate {
    log: InputLog,
    digests: Digests,
    statement: Option<InputStatement>,
}

impl Candidate {
    /// The log of a survivor that has these inputs up to a frame. Before them it is taken to be equal to this one, which
    /// a statement then shows.
    fn with_recent(&self, last_frame: i32, inputs: &[u8]) -> Result<Self, PayloadError> {
        let (log, first) = self.log.with_recent(last_frame, inputs)?;
        let mut digests = self.digests.clone();
        digests.truncate(first - 1);
        Ok(Self { log, digests, statement: None })
    }

    /// The player has signed this.
    ///
    /// # Errors
    ///
    /// [`PayloadError::Frame`] if the log does not agree with it.
    fn state(&mut self, statement: &InputStatement) -> Result<(), PayloadError> {
        if self.digests.at(statement.frame, &self.log) != Some(statement.digest) {
            return Err(PayloadError::Frame);
        }
        if self.statement.is_none_or(|known| known.frame < statement.frame) {
            self.statement = Some(*statement);
        }
        Ok(())
    }

    fn version(&mut self) -> LogVersion {
        let last_frame = self.log.last_frame().unwrap_or(NULL_FRAME);
        let digest = self.digests.at(last_frame, &self.log);
        LogVersion {
            signed: self.statement.map(|statement| statement.frame),
            last_frame,
            digest: digest.unwrap_or_else(InputDigest::first),
        }
    }
}
