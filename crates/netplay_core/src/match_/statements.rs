//! What the players of a match have signed of their inputs, and what shows that one of them lies.
//!
//! About once a second each player signs the digest of all of its inputs. Statements travel in the datagrams of the
//! match, in the order of their frames: the next one is sent again until it is acknowledged, so that no peer can leave
//! out the one that would give it away. A statement is checked before anything of its payload counts, and compared with
//! the inputs that its player has sent as soon as these are here.
//!
//! Peers also tell each other, in short, which statements of all players they have. Two peers who differ exchange these
//! statements, and two of the same player and frame with different digests prove that it told them different inputs.
//!
//! What can be wrong with a player is a [`Violation`]. What follows from it is for the room to decide.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use netplay_protocol::{
    Accusation, Identity, InputDigest, InputStatement, MatchId, PeerKey, PublicKey,
    StatementSignature,
};

use super::NULL_FRAME;
use super::digests::{Digests, STATEMENT_INTERVAL, is_stated, last_stated};
use super::input_log::InputLog;
use super::payload::PayloadError;
use super::payload_statements::{PayloadStatements, StatementSummary};

/// By how much longer a statement waits for its acknowledgement every third time.
const STAGGER: Duration = Duration::from_millis(17);
/// In how many datagrams in a row a summary or an acknowledgement is sent.
const SENDS: u8 = 3;
/// How many statements of each player are kept.
const KEPT: usize = 4;
/// For how many frames the inputs of a player may lack the statement that is due.
const MAX_OVERDUE: i32 = 2 * STATEMENT_INTERVAL;

/// Who plays a match, and what it is.
#[derive(Clone, Debug)]
pub struct Signatures {
    /// The match.
    pub id: MatchId,
    /// The identity of the local player.
    pub identity: Identity,
    /// The public keys of the players, in their order.
    pub players: Vec<PublicKey>,
}

impl Signatures {
    /// The other peers who play.
    pub fn others(&self) -> impl Iterator<Item = PeerKey> {
        let local = self.identity.peer_key();
        self.players.iter().map(|key| key.peer_key()).filter(move |peer| *peer != local)
    }
}

/// Something that no player does whose game and peer are honest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// The inputs that it has sent are not those that it has signed.
    Contradiction,
    /// It does not sign its inputs.
    Unsigned,
}

/// What a match knows of the statements of its players. See the [module](self).
#[derive(Debug)]
pub(super) struct Statements {
    signatures: Signatures,
    /// In the order of the players.
    players: Vec<PeerKey>,
    local: Digests,
    /// The last statements of the local player.
    own: VecDeque<InputStatement>,
    peers: BTreeMap<PeerKey, PeerStatements>,
    violations: VecDeque<(PeerKey, Violation)>,
    differences: VecDeque<(PeerKey, i32)>,
}

/// The statements of one peer.
#[derive(Debug, Default)]
pub(super) struct PeerStatements {
    digests: Digests,
    /// Its last statements, which its inputs agree with.
    agreed: VecDeque<InputStatement>,
    /// Its next statement, some inputs of which are not here.
    pending: Option<InputStatement>,
    /// In how many more datagrams its last statement is acknowledged.
    owed_acks: u8,
    /// The frame of the last local statement that it has.
    acked: Option<i32>,
    /// The frame of the last local statement that was sent to it, when, and how often.
    sent: Option<(i32, Duration, u32)>,
    /// The summary that it is sent, and how many more times.
    summary: Option<(StatementSummary, u8)>,
    /// The last summary of it that could not be compared yet.
    compared: Option<StatementSummary>,
    reported: bool,
}

impl Statements {
    pub(super) fn new(signatures: Signatures) -> Self {
        let peers = signatures.others().map(|peer| (peer, PeerStatements::default()));
        Self {
            peers: peers.collect(),
            players: signatures.players.iter().map(|key| key.peer_key()).collect(),
            signatures,
            local: Digests::default(),
            own: VecDeque::new(),
            violations: VecDeque::new(),
            differences: VecDeque::new(),
        }
    }

    /// Checks the signature in a peer's payload, before anything of the payload counts.
    ///
    /// # Errors
    ///
    /// [`PayloadError::Signature`] if the peer has not signed it.
    pub(super) fn check(
        &self,
        from: PeerKey,
        part: &PayloadStatements,
    ) -> Result<(), PayloadError> {
        let Some((statement, peer)) = part.statement.as_ref().zip(self.peers.get(&from)) else {
            return Ok(());
        };
        if !is_stated(statement.frame) {
            return Err(PayloadError::Frame);
        }
        // One that is known costs nothing, and one that is not next does not count.
        if peer.pending.as_ref() == Some(statement) || statement.frame != peer.next_frame() {
            return Ok(());
        }
        if self.has_signed(from, statement) { Ok(()) } else { Err(PayloadError::Signature) }
    }

    /// Whether a player of the match has signed a statement.
    pub(super) fn has_signed(&self, player: PeerKey, statement: &InputStatement) -> bool {
        let key = self.public_key(player);
        key.is_some_and(|key| key.has_signed(&self.signatures.id, statement))
    }

    /// The local player signs that it has lost a player, or hears it again.
    pub(super) fn accuse(&self, accused: PeerKey, revision: u32) -> StatementSignature {
        self.signatures.identity.accuse(&self.signatures.id, accused, revision)
    }

    /// Whether a player has signed an accusation of another one.
    pub(super) fn has_accused(&self, accuser: PeerKey, accused: PeerKey, it: &Accusation) -> bool {
        let key = self.public_key(accuser);
        key.is_some_and(|key| key.has_accused(&self.signatures.id, accused, it))
    }

    /// The public key of a player.
    pub(super) fn public_key(&self, player: PeerKey) -> Option<PublicKey> {
        let place = self.players.iter().position(|peer| *peer == player)?;
        self.signatures.players.get(place).copied()
    }

    /// Takes the part of a peer's payload that was [checked](Self::check), after its inputs were logged.
    pub(super) fn handle_part(&mut self, from: PeerKey, part: PayloadStatements, log: &InputLog) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        if let Some(frame) = part.ack {
            peer.acked = peer.acked.max(Some(frame));
        }
        if let Some(statement) = part.statement {
            peer.owed_acks = SENDS;
            if statement.frame == peer.next_frame() {
                peer.pending = Some(statement);
            }
        }
        if part.summary.is_some() {
            peer.compared = part.summary;
        }
        self.handle_inputs(from, log);
        self.compare(from);
    }

    /// The log of a peer's inputs has grown.
    pub(super) fn handle_inputs(&mut self, of: PeerKey, log: &InputLog) {
        let Some(peer) = self.peers.get_mut(&of) else { return };
        let last_frame = log.last_frame().unwrap_or(NULL_FRAME);
        let violation = match peer.pending {
            Some(pending) if pending.frame <= last_frame => {
                peer.pending = None;
                let agrees = peer.digests.at(pending.frame, log) == Some(pending.digest);
                if agrees {
                    push(&mut peer.agreed, pending);
                    self.summarize(pending.frame);
                    return;
                }
                Violation::Contradiction
            }
            None if last_frame >= peer.next_frame() + MAX_OVERDUE => Violation::Unsigned,
            _ => return,
        };
        if !std::mem::replace(&mut peer.reported, true) {
            self.violations.push_back((of, violation));
        }
    }

    /// Whether the next statement of a peer, whose inputs end with this frame, should have come.
    pub(super) fn is_late(&self, of: PeerKey, last_frame: i32) -> bool {
        let peer = self.peers.get(&of);
        peer.is_some_and(|peer| last_frame >= peer.next_frame() + STATEMENT_INTERVAL)
    }

    /// A statement of a peer, which it has signed, came from another one.
    pub(super) fn handle_statement(&mut self, of: PeerKey, statement: InputStatement) {
        if let Some(peer) = self.peers.get_mut(&of)
            && statement.frame == peer.next_frame()
        {
            peer.pending = Some(statement);
        }
    }

    /// The statements of a player after that of a frame, oldest first; of the local player for none.
    pub(super) fn after(
        &self,
        of: Option<PeerKey>,
        frame: Option<i32>,
        most: usize,
    ) -> Vec<InputStatement> {
        let statements = match of {
            Some(peer) => self.peers.get(&peer).map(|peer| &peer.agreed),
            None => Some(&self.own),
        };
        let later = |it: &&InputStatement| frame.is_none_or(|frame| it.frame > frame);
        statements.into_iter().flatten().filter(later).take(most).copied().collect()
    }

    /// The inputs of a peer after a frame are forgotten, and come again.
    pub(super) fn begin_after(&mut self, of: PeerKey, last_frame: i32) {
        self.truncate(of, last_frame);
        if let Some(peer) = self.peers.get_mut(&of) {
            (peer.pending, peer.reported) = (None, false);
        }
    }

    /// What the next datagram to a peer is to carry. `log`: the inputs of the local player.
    pub(super) fn due(
        &mut self,
        to: PeerKey,
        now: Duration,
        repeat: Duration,
        log: &InputLog,
    ) -> PayloadStatements {
        self.sign(log);
        let Some(peer) = self.peers.get(&to) else { return PayloadStatements::default() };
        let next = peer.acked.map_or(NULL_FRAME, |acked| acked + STATEMENT_INTERVAL);
        let is_due = match peer.sent {
            // Not always after the same time: what is lost at regular times must not be lost for ever.
            Some((frame, at, times)) => {
                let later = if times % 3 == 2 { STAGGER } else { Duration::ZERO };
                frame != next || now.saturating_sub(at) >= repeat + later
            }
            None => true,
        };
        let statement = if is_due { self.own(next, log) } else { None };
        let Some(peer) = self.peers.get(&to) else { return PayloadStatements::default() };
        PayloadStatements {
            ack: peer.last_frame().filter(|_| peer.owed_acks > 0),
            statement,
            summary: peer.summary.map(|(summary, _)| summary),
        }
    }

    /// A datagram with what was [due](Self::due) to a peer was sent.
    pub(super) fn handle_sent(&mut self, to: PeerKey, now: Duration, part: &PayloadStatements) {
        let Some(peer) = self.peers.get_mut(&to) else { return };
        if part.ack.is_some() {
            peer.owed_acks = peer.owed_acks.saturating_sub(1);
        }
        if let Some(statement) = part.statement {
            let before = peer.sent.filter(|(frame, _, _)| *frame == statement.frame);
            let times = before.map_or(0, |(_, _, times)| times + 1);
            peer.sent = Some((statement.frame, now, times));
        }
        if part.summary.is_some() {
            peer.summary =
                peer.summary.and_then(|(summary, left)| Some((summary, left.checked_sub(1)?)));
        }
    }

    /// Adds a statement about the local inputs, if another one is due.
    fn sign(&mut self, log: &InputLog) {
        let stated = last_stated(log.last_frame().unwrap_or(NULL_FRAME));
        if self.own.back().is_none_or(|last| last.frame < stated)
            && let Some(digest) = self.local.at(stated, log)
        {
            let Signatures { id, identity, .. } = &self.signatures;
            push(&mut self.own, identity.sign_inputs(id, stated, digest));
            self.summarize(stated);
        }
    }

    /// The statement of the local player of a frame. A peer that lacks an old one is rare: it is signed again.
    fn own(&mut self, frame: i32, log: &InputLog) -> Option<InputStatement> {
        let kept = self.own.iter().find(|statement| statement.frame == frame).copied();
        kept.or_else(|| {
            let digest = self.local.at(frame, log)?;
            Some(self.signatures.identity.sign_inputs(&self.signatures.id, frame, digest))
        })
    }

    /// The last statement of a player which its inputs agree with, or of the local one.
    pub(super) fn last(&self, player: PeerKey) -> Option<InputStatement> {
        match self.peers.get(&player) {
            Some(peer) => peer.agreed.back().copied(),
            None => self.own.back().copied(),
        }
    }

    /// The statement of a player of a frame, if it is kept.
    pub(super) fn get(&self, player: PeerKey, frame: i32) -> Option<InputStatement> {
        let statements = match self.peers.get(&player) {
            Some(peer) => &peer.agreed,
            None => &self.own,
        };
        statements.iter().find(|statement| statement.frame == frame).copied()
    }

    /// Tells the peers of a frame, once the statement of each player is here.
    fn summarize(&mut self, frame: i32) {
        let Some(summary) = self.summary(frame).filter(|_| frame > NULL_FRAME) else { return };
        for peer in self.peers.values_mut() {
            peer.summary = Some((summary, SENDS - 1));
        }
        for peer in self.peers.keys().copied().collect::<Vec<_>>() {
            self.compare(peer);
        }
    }

    fn summary(&self, frame: i32) -> Option<StatementSummary> {
        let (mut bits, mut digests) = (0, Vec::new());
        for (player, key) in self.players.iter().enumerate() {
            if self.is_compared(*key) {
                bits |= 1 << player;
                digests.extend_from_slice(&self.get(*key, frame)?.digest.0);
            }
        }
        Some(StatementSummary { frame, players: bits, hash: seahash::hash(&digests) })
    }

    /// Compares the last summary of a peer with the local one of its frame, once that is known.
    fn compare(&mut self, with: PeerKey) {
        let Some(theirs) = self.peers.get(&with).and_then(|peer| peer.compared) else { return };
        let Some(ours) = self.summary(theirs.frame) else { return };
        if let Some(peer) = self.peers.get_mut(&with) {
            peer.compared = None;
        }
        if ours.players == theirs.players && ours.hash != theirs.hash {
            self.differences.push_back((with, theirs.frame));
        }
    }

    fn is_compared(&self, player: PeerKey) -> bool {
        self.peers.get(&player).is_none_or(|peer| !peer.reported)
    }

    /// Nothing more is taken from a peer: it is about to be dropped.
    pub(super) fn freeze(&mut self, peer: PeerKey) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            (peer.pending, peer.reported) = (None, true);
        }
    }

    /// The inputs of a peer after a frame are others now.
    pub(super) fn truncate(&mut self, peer: PeerKey, last_frame: i32) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.digests.truncate(last_frame);
            peer.agreed.retain(|statement| statement.frame <= last_frame);
        }
    }

    /// A statement of a peer that came otherwise than from the peer, and that the log of its inputs agrees with.
    pub(super) fn adopt(&mut self, of: PeerKey, statement: InputStatement) {
        if let Some(peer) = self.peers.get_mut(&of)
            && peer.last_frame().is_none_or(|last| last < statement.frame)
        {
            push(&mut peer.agreed, statement);
        }
    }

    /// The digests of a peer's inputs, as far as they are known.
    pub(super) fn digests(&self, of: PeerKey) -> Digests {
        self.peers.get(&of).map(|peer| peer.digests.clone()).unwrap_or_default()
    }

    /// The digest of a peer's inputs up to a frame.
    pub(super) fn digest(
        &mut self,
        of: PeerKey,
        frame: i32,
        log: &InputLog,
    ) -> Option<InputDigest> {
        self.peers.get_mut(&of)?.digests.at(frame, log)
    }

    /// The process of a peer restarted: it has no statement of the local player.
    pub(super) fn handle_restart(&mut self, peer: PeerKey) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            (peer.acked, peer.sent, peer.owed_acks) = (None, None, SENDS);
        }
    }

    /// The next player that something is wrong with, once for each.
    #[must_use = "what is taken out and not handled is lost"]
    pub(super) fn poll_violation(&mut self) -> Option<(PeerKey, Violation)> {
        self.violations.pop_front()
    }

    /// The next peer that has other statements of a frame than the local one.
    #[must_use = "what is taken out and not handled is lost"]
    pub(super) fn poll_difference(&mut self) -> Option<(PeerKey, i32)> {
        self.differences.pop_front()
    }
}

impl PeerStatements {
    fn last_frame(&self) -> Option<i32> {
        self.agreed.back().map(|statement| statement.frame)
    }

    /// The frame of the statement that comes next.
    fn next_frame(&self) -> i32 {
        self.last_frame().map_or(NULL_FRAME, |last| last + STATEMENT_INTERVAL)
    }
}

fn push(statements: &mut VecDeque<InputStatement>, statement: InputStatement) {
    statements.push_back(statement);
    if statements.len() > KEPT {
        statements.pop_front();
    }
}

#[cfg(test)]
#[path = "statements_tests.rs"]
mod tests;
