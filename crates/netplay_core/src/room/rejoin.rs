//! What the local peer was told of a match that it rejoins, after its process restarted.
//!
//! Each of the others tells it which match is played: epoch, seed and roster. They may differ, because a match ends
//! meanwhile or because somebody lies. A match that the process before this one has signed counts more than one that
//! nothing shows, and then what more of them tell than anything else.
//!
//! What each of them has of the inputs is kept apart as well. Of each player the log is taken that most of them agree
//! with, and of those the greatest [version](crate::match_::LogVersion): one that the player has signed counts more
//! than one that it has not.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use netplay_protocol::{
    InputLogChunk, InputStatement, LobbyValues, MatchId, PeerKey, PublicKey, RejoinState, Roster,
};

use crate::match_::{InputLog, PayloadError, STATEMENT_INTERVAL, VersionedLog};

/// How many frames a match may have that somebody rejoins: an hour at sixty a second.
const MAX_FRAMES: i32 = 3600 * 60;
/// How often one peer may tell of a match: once, and again when the next one starts.
const MAX_STATES: u32 = 8;

/// What the others have told of the match to rejoin.
pub(super) struct Rejoin {
    default_input: Vec<u8>,
    began: Duration,
    /// When the last new input came.
    progressed: Duration,
    /// The matches that the others play, as they say: each of them one.
    versions: Vec<Version>,
    /// Since when some of those who are awaited have sent everything.
    nearly_complete: Option<Duration>,
    /// How often each of them has told of one.
    states: BTreeMap<PeerKey, u32>,
    /// The peers of which nothing counts, because they told what cannot be.
    refused: BTreeSet<PeerKey>,
}

/// What shows that the local player has agreed to a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Agreement {
    /// Nothing.
    Unsigned,
    /// A statement that the process before this one has signed.
    Signed,
}

/// A match to rejoin, as some of the others have told of it.
pub(super) struct Version {
    id: MatchId,
    epoch: u16,
    seed: u64,
    roster: Roster,
    /// The values of the lobby that it started with.
    lobby: LobbyValues,
    /// The public keys of the players.
    keys: Vec<PublicKey>,
    agreement: Agreement,
    /// Those who tell of it.
    told: BTreeMap<PeerKey, Told>,
    default_input: Vec<u8>,
}

/// What one peer has told.
struct Told {
    disconnected: BTreeSet<usize>,
    /// The last frames that it has, by player.
    last_frames: Vec<i32>,
    /// The last statement of each player that its log agrees with, as it says.
    statements: Vec<Option<InputStatement>>,
    /// By player.
    logs: Vec<InputLog>,
}

/// What a player who rejoins begins with.
pub(super) struct RejoinedLogs {
    pub(super) local: InputLog,
    pub(super) others: Vec<RejoinedLog>,
}

/// The log of another player.
pub(super) struct RejoinedLog {
    pub(super) peer: PeerKey,
    pub(super) log: InputLog,
    /// The last statement that it agrees with.
    pub(super) statement: Option<InputStatement>,
    /// The last frame of the local player's inputs that this player has.
    pub(super) acked: i32,
}

impl Rejoin {
    /// Nothing is known yet.
    pub(super) fn new(default_input: &[u8], now: Duration) -> Self {
        let default_input = default_input.to_vec();
        Self {
            default_input,
            began: now,
            progressed: now,
            versions: Vec::new(),
            states: BTreeMap::new(),
            refused: BTreeSet::new(),
            nearly_complete: None,
        }
    }

    /// Whether frames that a peer tells of can be those of a match.
    pub(super) fn is_possible(state: &RejoinState) -> bool {
        state.last_frames.iter().all(|frame| (-1..MAX_FRAMES).contains(frame))
    }

    /// A peer tells the player `local` of the match. It replaces what that peer has told before. Returns whether it is
    /// taken: not if that peer tells too often, or of a match that the player cannot have agreed to.
    pub(super) fn handle_state(
        &mut self,
        now: Duration,
        from: PeerKey,
        local: usize,
        state: RejoinState,
    ) -> bool {
        let states = self.states.entry(from).or_default();
        *states += 1;
        let version = Version::new(local, &state, &self.default_input);
        let Some(version) = version.filter(|_| *states <= MAX_STATES) else {
            self.refuse(from);
            return false;
        };
        let id = version.id;
        for other in self.versions.iter_mut().filter(|it| it.id != id) {
            other.told.remove(&from);
        }
        self.versions.retain(|it| !it.told.is_empty() || it.id == id);
        if !self.versions.iter().any(|it| it.id == id) {
            self.versions.push(version);
        }
        if let Some(version) = self.versions.iter_mut().find(|it| it.id == id) {
            version.handle_state(local, from, state);
        }
        self.refused.remove(&from);
        self.progressed = now;
        true
    }

    /// A peer told what cannot be: nothing of it counts.
    pub(super) fn refuse(&mut self, peer: PeerKey) {
        self.forget(peer);
        self.refused.insert(peer);
    }

    /// The version that counts more than any other.
    pub(super) fn agreed(&self) -> Option<&Version> {
        self.agreed_place().and_then(|place| self.versions.get(place))
    }

    fn agreed_place(&self) -> Option<usize> {
        let weight = |version: &Version| {
            // Of two that the player has signed, the later one is played.
            let epoch = if version.agreement == Agreement::Signed { version.epoch } else { 0 };
            (version.agreement, version.told.len(), epoch)
        };
        let most = self.versions.iter().map(weight).max()?;
        let mut with_most = self.versions.iter().enumerate().filter(|(_, it)| weight(it) == most);
        let (place, _) = with_most.next()?;
        with_most.next().is_none().then_some(place)
    }

    /// Takes that version out.
    pub(super) fn into_agreed(mut self) -> Option<Version> {
        let place = self.agreed_place()?;
        Some(self.versions.swap_remove(place))
    }

    /// Whether a peer has told of any match, or something that cannot be.
    pub(super) fn has_heard(&self, peer: PeerKey) -> bool {
        self.refused.contains(&peer)
            || self.versions.iter().any(|version| version.told.contains_key(&peer))
    }

    /// Those who have told of a match.
    pub(super) fn tellers(&self) -> impl Iterator<Item = PeerKey> {
        self.versions.iter().flat_map(|version| version.told.keys().copied())
    }

    /// For how long nothing new has come, and how long it takes altogether.
    pub(super) fn waited(&self, now: Duration) -> (Duration, Duration) {
        (now.saturating_sub(self.progressed), now.saturating_sub(self.began))
    }

    /// Forgets what a peer has told, because its process restarted or it left. Returns whether nobody is left who knows
    /// a match.
    pub(super) fn forget(&mut self, peer: PeerKey) -> bool {
        self.refused.remove(&peer);
        for version in &mut self.versions {
            version.told.remove(&peer);
        }
        self.versions.retain(|version| !version.told.is_empty());
        self.versions.is_empty()
    }

    /// A peer has ended the match that it told of. Returns whether nobody is left who plays one.
    pub(super) fn forget_ended(&mut self, peer: PeerKey, epoch: u16) -> bool {
        let tells = |version: &Version| version.epoch == epoch && version.is_told_by(peer);
        self.versions.iter().any(tells) && self.forget(peer)
    }

    /// Takes note of whether some of those who are awaited have sent everything. Returns for how long that has been so.
    pub(super) fn note_nearly_complete(&mut self, now: Duration, is_so: bool) -> Duration {
        let since = self.nearly_complete.filter(|_| is_so).or(is_so.then_some(now));
        self.nearly_complete = since;
        since.map_or(Duration::ZERO, |since| now.saturating_sub(since))
    }

    /// Takes a part of a player's inputs from a peer, for the version that it tells of.
    ///
    /// # Errors
    ///
    /// [`PayloadError`] if it cannot be a part of the log.
    pub(super) fn merge_chunk(
        &mut self,
        now: Duration,
        from: PeerKey,
        chunk: &InputLogChunk,
    ) -> Result<(), PayloadError> {
        let version = self.versions.iter_mut().find(|it| it.told.contains_key(&from));
        let version = version.filter(|version| version.epoch == chunk.epoch);
        // A peer that has not told of the match has nothing to add.
        let Some(version) = version else { return Ok(()) };
        match version.merge_chunk(from, chunk) {
            Ok(true) => self.progressed = now,
            Ok(false) => {}
            Err(error) => {
                // The rest of its log would not fit.
                self.refuse(from);
                return Err(error);
            }
        }
        Ok(())
    }
}

impl Version {
    /// The match that a peer tells of. None if the player `local` cannot have agreed to it.
    fn new(local: usize, state: &RejoinState, default_input: &[u8]) -> Option<Self> {
        let keys = state.roster.members.iter().zip(&state.keys);
        let keys = keys.map(|(member, key)| {
            PublicKey::from_bytes(key).filter(|key| key.peer_key() == *member)
        });
        let version = Self {
            id: MatchId::new(state.epoch, state.seed, &state.roster).with_lobby(&state.lobby),
            lobby: state.lobby.clone(),
            epoch: state.epoch,
            seed: state.seed,
            roster: state.roster.clone(),
            keys: keys.collect::<Option<_>>()?,
            agreement: Agreement::Unsigned,
            told: BTreeMap::new(),
            default_input: default_input.to_vec(),
        };
        version.agreement(local, state).map(|_| version)
    }

    /// What shows that the player `local` has agreed to the match that a peer tells of. A match that has just begun may
    /// have no statement yet. None if there cannot be such a match.
    fn agreement(&self, local: usize, state: &RejoinState) -> Option<Agreement> {
        match state.statements.get(local).copied().flatten() {
            Some(statement) => self.has_signed(local, &statement).then_some(Agreement::Signed),
            None => {
                let last_frame = state.last_frames.get(local).copied();
                (last_frame < Some(STATEMENT_INTERVAL)).then_some(Agreement::Unsigned)
            }
        }
    }

    fn has_signed(&self, player: usize, statement: &InputStatement) -> bool {
        self.keys.get(player).is_some_and(|key| key.has_signed(&self.id, statement))
    }

    /// A peer tells the player `local` of this match, and sends the logs again.
    fn handle_state(&mut self, local: usize, from: PeerKey, state: RejoinState) {
        let agreement = self.agreement(local, &state).unwrap_or(Agreement::Unsigned);
        self.agreement = self.agreement.max(agreement);
        let statements = (0..).zip(&state.statements);
        let signed = |(player, it): (usize, &Option<InputStatement>)| {
            it.filter(|statement| self.has_signed(player, statement))
        };
        let told = Told {
            statements: statements.map(signed).collect(),
            disconnected: state.disconnected.into_iter().map(usize::from).collect(),
            last_frames: state.last_frames,
            logs: vec![InputLog::new(&self.default_input); self.keys.len()],
        };
        self.told.insert(from, told);
    }

    /// The public keys of the players, in their order.
    pub(super) fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    pub(super) fn epoch(&self) -> u16 {
        self.epoch
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    pub(super) fn roster(&self) -> &Roster {
        &self.roster
    }

    pub(super) fn lobby(&self) -> &LobbyValues {
        &self.lobby
    }

    /// Whether a peer tells of it.
    pub(super) fn is_told_by(&self, peer: PeerKey) -> bool {
        self.told.contains_key(&peer)
    }

    /// The players who were dropped from the match: those that more than half of the others say it of. One who was
    /// dropped by some of them only is about to be dropped by all, which their proposals tell.
    pub(super) fn disconnected(&self) -> BTreeSet<usize> {
        let is_disconnected = |player: &usize| {
            let key = self.roster.members.get(*player);
            let others = self.told.iter().filter(|(teller, _)| Some(*teller) != key);
            let says: Vec<bool> = others.map(|(_, it)| it.disconnected.contains(player)).collect();
            2 * says.iter().filter(|says| **says).count() > says.len()
        };
        (0..self.roster.members.len()).filter(is_disconnected).collect()
    }

    /// The players who are about to be dropped from the match, given each peer with the player that it proposes: those that more than
    /// half of the others do who tell of the match and stay.
    pub(super) fn leaving(&self, proposed: &[(PeerKey, usize)]) -> BTreeSet<usize> {
        let mut leaving = self.disconnected();
        loop {
            let stays = |key: &PeerKey| {
                self.roster.place(*key).is_some_and(|player| !leaving.contains(&player))
            };
            let tellers: Vec<PeerKey> = self.told.keys().copied().filter(stays).collect();
            let next = (0..self.roster.members.len()).find(|player| {
                let key = self.roster.members.get(*player);
                let others = tellers.iter().filter(|teller| Some(*teller) != key);
                let says = others.map(|teller| proposed.contains(&(*teller, *player)));
                let says: Vec<bool> = says.collect();
                !leaving.contains(player) && 2 * says.iter().filter(|it| **it).count() > says.len()
            });
            match next {
                Some(player) => leaving.insert(player),
                None => return leaving,
            };
        }
    }

    /// Returns whether there was anything new in it.
    fn merge_chunk(&mut self, from: PeerKey, chunk: &InputLogChunk) -> Result<bool, PayloadError> {
        let told = self.told.get_mut(&from).ok_or(PayloadError::Stranger)?;
        let log = told.logs.get_mut(usize::from(chunk.player)).ok_or(PayloadError::Frame)?;
        let before = log.last_frame();
        log.merge_chunk(chunk.start_frame, &chunk.inputs, MAX_FRAMES)?;
        Ok(log.last_frame() > before)
    }

    /// Whether a peer has told of this match, and all inputs that it says it has are here.
    pub(super) fn has_all_of(&self, peer: PeerKey) -> bool {
        self.told.get(&peer).is_some_and(Told::is_complete)
    }

    /// The log of each player that counts, with the last statement that it agrees with.
    pub(super) fn logs(&self) -> Vec<VersionedLog> {
        (0..self.keys.len()).map(|player| self.log(player)).collect()
    }

    fn log(&self, player: usize) -> VersionedLog {
        let any = self.told.values().any(Told::is_complete);
        let complete = || self.told.values().filter(move |told| !any || told.is_complete());
        let statements =
            || complete().filter_map(|told| told.statements.get(player).copied().flatten());
        let logs: Vec<&InputLog> = complete().filter_map(|told| told.logs.get(player)).collect();
        let last = |log: &InputLog| log.last_frame().unwrap_or(-1);
        let agreeing = |log: &InputLog| {
            let agrees = |it: &&&InputLog| log.equal_until(it) >= last(log).min(last(it));
            logs.iter().filter(agrees).count()
        };
        let versions =
            logs.iter().map(|log| (agreeing(log), VersionedLog::new((*log).clone(), statements())));
        let best = versions.max_by_key(|(agreeing, it)| (*agreeing, it.version));
        best.map(|(_, versioned)| versioned).unwrap_or_else(|| {
            VersionedLog::new(InputLog::new(&self.default_input), std::iter::empty())
        })
    }

    /// Takes the logs out that the player `local` begins with, in a match of these players.
    pub(super) fn into_logs(self, local: usize, players: &[PeerKey]) -> Option<RejoinedLogs> {
        let mut own = None;
        let mut others = Vec::new();
        for (player, (key, versioned)) in players.iter().zip(self.logs()).enumerate() {
            let VersionedLog { log, statement, .. } = versioned;
            if player == local {
                own = Some(log);
                continue;
            }
            let has = self.told.get(key).and_then(|told| told.last_frames.get(local));
            // A disconnected player needs nothing, and one that rejoins as well is told by the others.
            let acked = has.copied().unwrap_or(i32::MAX);
            others.push(RejoinedLog { peer: *key, log, statement, acked });
        }
        Some(RejoinedLogs { local: own?, others })
    }
}

impl Told {
    /// Whether all inputs that the peer has are here.
    fn is_complete(&self) -> bool {
        let mut logs = self.last_frames.iter().zip(&self.logs);
        logs.all(|(last, log)| log.last_frame().unwrap_or(-1) >= *last)
    }
}
