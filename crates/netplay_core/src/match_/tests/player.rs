//! A player in a match: what a room does with the parts of this module, and no more.

use std::collections::{BTreeMap, BTreeSet};

use netplay_protocol::{ControlMessage, DropProposal, InputLogChunk, PeerKey, RejoinState, Roster};

use super::super::{
    DropConsensus, DroppedPlayer, EncodedInputs, InputLog, MatchTraffic, Merged, RecentInputs,
    VersionedLog,
};
use super::session::Session;
use super::settings::Settings;
use super::{EPOCH, identity, key, signatures};

/// A player whose process is in the match.
#[derive(Debug)]
pub(super) struct Player {
    pub(super) local: usize,
    pub(super) players: usize,
    pub(super) settings: Settings,
    pub(super) traffic: MatchTraffic,
    pub(super) consensus: DropConsensus,
    pub(super) session: Session,
    /// Control messages to send, with their receivers.
    pub(super) outgoing: Vec<(usize, ControlMessage)>,
    /// Whether the others drop this player.
    pub(super) is_dropped: bool,
    /// The players whose processes restarted, and who have not come back.
    restarted: BTreeSet<usize>,
}

/// A player whose process restarted, and who collects the input logs.
#[derive(Debug)]
pub(super) struct Rejoin {
    local: usize,
    settings: Settings,
    states: BTreeMap<usize, RejoinState>,
    logs: Vec<InputLog>,
    /// For each player, up to which frame others than itself have sent its log.
    confirmed: Vec<i32>,
    /// The players who rejoin as well.
    waiting: BTreeSet<usize>,
    /// The players whose processes restarted meanwhile: they may learn of the match from this one only.
    restarted: BTreeSet<usize>,
    early: Vec<(usize, DropProposal)>,
}

fn others(local: usize, players: usize) -> impl Iterator<Item = usize> {
    (0..players).filter(move |player| *player != local)
}

impl Player {
    /// A player whose session begins with this input delay.
    pub(super) fn new(local: usize, players: usize, settings: &Settings, delay: usize) -> Self {
        let keys: Vec<PeerKey> = others(local, players).map(key).collect();
        Self {
            local,
            players,
            settings: settings.clone(),
            traffic: MatchTraffic::new(settings.config(players, delay), signatures(players, local)),
            consensus: DropConsensus::new(players, local, []),
            session: Session::new(delay, settings, keys.into_iter()),
            outgoing: Vec::new(),
            is_dropped: false,
            restarted: BTreeSet::new(),
        }
    }

    pub(super) fn handle_control(&mut self, from: usize, message: ControlMessage) {
        if self.consensus.is_dropped(from) {
            return;
        }
        match message {
            ControlMessage::Hello(_) => self.peer_restarted(from),
            ControlMessage::DropProposal(proposal) => self.handle_proposal(from, &proposal),
            ControlMessage::InputLogChunk(chunk) if usize::from(chunk.player) == from => {
                let merged = self.traffic.merge_chunk(key(from), chunk.start_frame, &chunk.inputs);
                merged.unwrap();
            }
            _ => {}
        }
    }

    /// The connection to a player is lost.
    pub(super) fn disconnect(&mut self, player: usize) {
        if self.consensus.freeze(player, self.traffic.version(key(player))) {
            self.traffic.freeze(key(player));
            self.propose(player);
        }
    }

    fn propose(&mut self, player: usize) {
        let RecentInputs { last_frame, inputs, statement } = self.traffic.recent(key(player));
        let proposal = DropProposal {
            epoch: EPOCH,
            player: player as u8,
            last_frame,
            inputs,
            statement,
            accusations: vec![],
            reason: String::new(),
        };
        for other in others(self.local, self.players) {
            self.outgoing.push((other, ControlMessage::DropProposal(proposal.clone())));
        }
    }

    fn handle_proposal(&mut self, from: usize, proposal: &DropProposal) {
        let player = usize::from(proposal.player);
        if player == self.local {
            self.is_dropped = true;
            return;
        }
        if !self.consensus.takes_inputs(from) {
            return;
        }
        let DropProposal { last_frame, inputs, statement, .. } = proposal;
        let merged = self.traffic.merge(key(player), *last_frame, inputs, *statement);
        let Merged { theirs, ours, replaced, is_whole } = merged.unwrap();
        assert!(is_whole && !replaced, "nobody lies");
        if self.consensus.handle_proposal(from, player, theirs, ours) {
            self.traffic.freeze(key(player));
            self.propose(player);
        }
    }

    /// Drops the players that the survivors have agreed to drop.
    pub(super) fn drop_decided(&mut self) {
        while let Some(DroppedPlayer { player, last_frame }) = self.consensus.poll_dropped() {
            assert!(last_frame >= self.traffic.last_frame(key(player)), "an input is lost");
            self.traffic.disconnect(key(player));
        }
    }

    /// A peer's process restarted: it receives every input, and the others the recent ones of that player.
    fn peer_restarted(&mut self, from: usize) {
        if self.consensus.is_frozen(from) {
            return self.propose(from);
        }
        self.traffic.handle_restart(key(from));
        self.send_input_log(from);
        self.restarted.insert(from);
        let frozen = (0..self.players).filter(|player| self.consensus.is_frozen(*player));
        frozen.collect::<Vec<_>>().into_iter().for_each(|player| self.propose(player));
    }

    /// A payload of a player came, who may have rejoined with it.
    pub(super) fn handle_payload(&mut self, from: usize, payload: &[u8]) {
        // One who does not play any more is refused.
        if self.traffic.handle_payload(key(from), payload).is_ok() && self.restarted.remove(&from) {
            self.send_recent_inputs(from);
        }
        assert_eq!(self.traffic.poll_violation(), None, "nobody lies");
        assert_eq!(self.traffic.poll_difference(), None, "nobody lies");
    }

    fn send_recent_inputs(&mut self, to: usize) {
        let chunks = self.traffic.log(None).unwrap().recent_chunks();
        self.outgoing.extend(chunks.map(|chunk| (to, chunk_message(self.local, chunk))));
    }

    pub(super) fn send_input_log(&mut self, to: usize) {
        let log = |player| {
            let other = (player != self.local).then(|| key(player));
            self.traffic.log(other).unwrap()
        };
        let members = (0..self.players).map(key).collect();
        let state = RejoinState {
            epoch: EPOCH,
            roster: Roster::new(self.players as u8, members),
            disconnected: self.consensus.dropped().map(|player| player as u8).collect(),
            last_frames: (0..self.players).map(|it| log(it).last_frame().unwrap_or(-1)).collect(),
            seed: 0,
            keys: (0..self.players).map(|it| identity(it).public().to_bytes()).collect(),
            statements: (0..self.players).map(|it| self.traffic.statement(key(it))).collect(),
            lobby: netplay_protocol::LobbyValues::default(),
        };
        self.outgoing.push((to, ControlMessage::RejoinState(state)));
        for player in 0..self.players {
            let chunks = log(player).chunks().map(|chunk| (to, chunk_message(player, chunk)));
            self.outgoing.extend(chunks);
        }
    }
}

fn chunk_message(player: usize, chunk: EncodedInputs) -> ControlMessage {
    let EncodedInputs { start_frame, bytes: inputs } = chunk;
    let player = player as u8;
    ControlMessage::InputLogChunk(InputLogChunk { epoch: EPOCH, player, start_frame, inputs })
}

impl Rejoin {
    pub(super) fn new(local: usize, players: usize, settings: &Settings) -> Self {
        Self {
            local,
            settings: settings.clone(),
            states: BTreeMap::new(),
            logs: vec![InputLog::new(&settings.default_input); players],
            confirmed: vec![-1; players],
            waiting: BTreeSet::new(),
            restarted: BTreeSet::new(),
            early: Vec::new(),
        }
    }

    /// Takes a message of a peer. Returns what to send to all others, or none if the match goes on without this
    /// player.
    pub(super) fn handle_control(
        &mut self,
        from: usize,
        message: ControlMessage,
    ) -> Option<Option<ControlMessage>> {
        match message {
            ControlMessage::Hello(_) => {
                self.states.remove(&from);
                // It gives other inputs for the frames that nobody else has.
                self.logs[from].truncate(self.confirmed[from]);
                self.restarted.insert(from);
            }
            ControlMessage::Ready { .. } => drop(self.waiting.insert(from)),
            ControlMessage::RejoinState(state) => {
                let is_first = self.states.is_empty();
                self.states.insert(from, state);
                return Some(is_first.then_some(ControlMessage::Ready { roster: 0, epoch: EPOCH }));
            }
            ControlMessage::InputLogChunk(chunk) if self.states.contains_key(&from) => {
                let player = usize::from(chunk.player);
                let log = &mut self.logs[player];
                let last_frame =
                    log.merge_chunk(chunk.start_frame, &chunk.inputs, i32::MAX).unwrap();
                if player != from {
                    self.confirmed[player] = self.confirmed[player].max(last_frame);
                }
            }
            ControlMessage::DropProposal(proposal)
                if usize::from(proposal.player) == self.local =>
            {
                return None;
            }
            ControlMessage::DropProposal(proposal) => self.early.push((from, proposal)),
            _ => {}
        }
        Some(None)
    }

    pub(super) fn describe(&self) -> String {
        let told: Vec<_> = self.states.keys().collect();
        let last: Vec<_> = self.logs.iter().map(InputLog::last_frame).collect();
        let Self { waiting, restarted, .. } = self;
        format!(
            "rejoining, told by {told:?} to {last:?}, {waiting:?} wait, {restarted:?} restarted"
        )
    }

    /// Enters the match once everybody who plays it has sent everything.
    pub(super) fn finish(&mut self) -> Option<Player> {
        let players = self.logs.len();
        let disconnected: BTreeSet<usize> = self
            .states
            .values()
            .flat_map(|state| &state.disconnected)
            .map(|it| (*it).into())
            .collect();
        let leaving: BTreeSet<u8> =
            self.early.iter().map(|(_, proposal)| proposal.player).collect();
        let mut awaited = others(self.local, players).filter(|other| {
            let waits = self.waiting.contains(other) && !self.states.contains_key(other);
            !disconnected.contains(other) && !leaving.contains(&(*other as u8)) && !waits
        });
        let has_sent_all = |other| {
            let Some(state) = self.states.get(&other) else { return false };
            let logs = state.last_frames.iter().zip(&self.logs);
            logs.into_iter().all(|(last, log)| log.last_frame().unwrap_or(-1) >= *last)
        };
        if self.states.is_empty() || !awaited.all(has_sent_all) {
            return None;
        }
        let local = self.logs[self.local].clone();
        let delay = local.start_frame().map_or(self.settings.delay, |frame| frame as usize);
        let mut player = Player::new(self.local, players, &self.settings, delay);
        disconnected.iter().for_each(|dropped| player.traffic.disconnect(key(*dropped)));
        let logs = others(self.local, players).map(|other| {
            let acked = self.states.get(&other).map_or(i32::MAX, |it| it.last_frames[self.local]);
            let statements = self.states.values().filter_map(|state| state.statements[other]);
            let versioned = VersionedLog::new(self.logs[other].clone(), statements);
            (key(other), versioned.log, versioned.statement, acked)
        });
        player.traffic.catch_up(logs.collect::<Vec<_>>(), local);
        let mut version = |dropped: &usize| player.traffic.version(key(*dropped));
        let versions = disconnected.iter().map(|dropped| (*dropped, Some(version(dropped))));
        player.consensus = DropConsensus::new(players, self.local, versions.collect::<Vec<_>>());
        others(self.local, players).for_each(|other| player.send_recent_inputs(other));
        for other in &self.restarted {
            player.send_input_log(*other);
            player.restarted.insert(*other);
        }
        for (from, proposal) in std::mem::take(&mut self.early) {
            player.handle_control(from, ControlMessage::DropProposal(proposal));
        }
        Some(player)
    }
}
