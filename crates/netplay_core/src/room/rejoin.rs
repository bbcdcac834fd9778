//! What the local peer was told of a match that it rejoins, after its process restarted.

use std::collections::{BTreeMap, BTreeSet};

use netplay_protocol::{InputLogChunk, PeerKey, RejoinState};

use crate::match_::{InputLog, PayloadError};

/// How many frames a match may have that somebody rejoins: an hour at sixty a second.
const MAX_FRAMES: i32 = 3600 * 60;

/// A match to rejoin, as far as the others have told of it. The roster of the room is that of the match meanwhile.
pub(super) struct Rejoin {
    epoch: u16,
    seed: u64,
    disconnected: BTreeSet<usize>,
    /// For each peer that told of the match: the last frames that it has, by player.
    last_frames: BTreeMap<PeerKey, Vec<i32>>,
    /// By player.
    logs: Vec<InputLog>,
    /// Up to which frame each player, as far as its process has not restarted since, has sent the logs: by player.
    sent: BTreeMap<usize, Vec<i32>>,
}

impl Rejoin {
    /// A match of so many players with this seed, of which nothing else is known yet.
    pub(super) fn new(epoch: u16, seed: u64, players: usize, default_input: &[u8]) -> Self {
        Self {
            epoch,
            seed,
            disconnected: BTreeSet::new(),
            last_frames: BTreeMap::new(),
            logs: vec![InputLog::new(default_input); players],
            sent: BTreeMap::new(),
        }
    }

    pub(super) fn epoch(&self) -> u16 {
        self.epoch
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// The players who were dropped from the match.
    pub(super) fn disconnected(&self) -> &BTreeSet<usize> {
        &self.disconnected
    }

    /// Whether frames that a peer tells of can be those of a match.
    pub(super) fn is_possible(state: &RejoinState) -> bool {
        state.last_frames.iter().all(|frame| (-1..MAX_FRAMES).contains(frame))
    }

    /// A peer tells of the match.
    pub(super) fn handle_state(&mut self, from: PeerKey, state: RejoinState) {
        self.disconnected.extend(state.disconnected.into_iter().map(usize::from));
        self.last_frames.insert(from, state.last_frames);
    }

    /// Whether a peer has told of the match.
    pub(super) fn has_heard(&self, peer: PeerKey) -> bool {
        self.last_frames.contains_key(&peer)
    }

    /// The process of a peer restarted, and with it is lost what only this one knew: the player whose inputs they are
    /// may have restarted as well, and gives others for these frames. Returns whether nobody is left who knows the
    /// match.
    pub(super) fn forget(&mut self, player: usize, peer: PeerKey) -> bool {
        self.last_frames.remove(&peer);
        self.sent.remove(&player);
        for (player, log) in self.logs.iter_mut().enumerate() {
            let known = self.sent.values().filter_map(|frames| frames.get(player)).max();
            log.truncate(known.copied().unwrap_or(-1));
        }
        self.last_frames.is_empty()
    }

    /// Takes a part of a player's inputs, from a peer who is the player `sender`.
    pub(super) fn merge_chunk(
        &mut self,
        sender: usize,
        chunk: &InputLogChunk,
    ) -> Result<(), PayloadError> {
        let player = usize::from(chunk.player);
        let log = self.logs.get_mut(player).filter(|_| chunk.start_frame < MAX_FRAMES);
        let log = log.ok_or(PayloadError::Frame)?;
        let last_frame = log.merge_chunk(chunk.start_frame, &chunk.inputs)?;
        let sent = self.sent.entry(sender).or_insert_with(|| vec![-1; self.logs.len()]);
        if let Some(known) = sent.get_mut(player) {
            *known = last_frame.max(*known);
        }
        Ok(())
    }

    /// Whether each of these peers has told of the match, and all inputs that it has are here.
    pub(super) fn is_complete(&self, awaited: impl IntoIterator<Item = PeerKey>) -> bool {
        let is_here = |last_frames: &Vec<i32>| {
            let mut logs = last_frames.iter().zip(&self.logs);
            logs.all(|(last, log)| log.last_frame().unwrap_or(-1) >= *last)
        };
        awaited.into_iter().all(|peer| self.last_frames.get(&peer).is_some_and(is_here))
    }

    /// The delay that the first input of a player had, in frames; none if it had given none.
    pub(super) fn input_delay(&self, player: usize) -> Option<usize> {
        usize::try_from(self.logs.get(player)?.start_frame()?).ok()
    }

    /// The last frame whose input a player gave itself; -1 if it gave none.
    pub(super) fn last_own_frame(&self, player: usize) -> i32 {
        self.logs.get(player).map_or(-1, InputLog::last_own_frame)
    }

    /// Takes the logs out: the log of the local player; and of each other one its key, its log and the last
    /// frame of the local player's inputs that it has.
    pub(super) fn into_logs(
        self,
        local_player: usize,
        players: &[PeerKey],
    ) -> (Option<InputLog>, Vec<(PeerKey, InputLog, i32)>) {
        let (mut local, mut others) = (None, Vec::new());
        for (player, (key, log)) in players.iter().zip(self.logs).enumerate() {
            if player == local_player {
                local = Some(log);
                continue;
            }
            let has = self.last_frames.get(key).and_then(|last| last.get(local_player)).copied();
            // A disconnected player needs nothing, and one that rejoins as well is told by the others.
            others.push((*key, log, has.unwrap_or(i32::MAX)));
        }
        (local, others)
    }
}
