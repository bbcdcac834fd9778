//! The local process restarted, as a page does that is loaded again, and the local peer rejoins its match.
//!
//! The simulation is lost with the process, but it follows from the inputs of all players, which the other peers have
//! logged. They wait where the prediction window ends and send their logs; the local peer simulates the match again
//! from its first frame, many frames per update ([`MatchTraffic::catch_up`](crate::match_::MatchTraffic::catch_up)).
//! For ggrs on the other peers, one input took long.
//!
//! What others say of a match is believed only by a process that resumes the place of an earlier one, only of a match
//! of members that the server lists or has listed, and only of peers that have said that they play the same. No single
//! one of several decides which match it is: what is rejoined is what most of them tell, once all who are connected
//! have told something.

use std::time::Duration;

use log::{debug, info};
use netplay_protocol::limits::MIN_PLAYERS;
use netplay_protocol::{ControlMessage, InputLogChunk, PeerKey, RejoinState, Roster};

use super::hello::roster_hash;
use super::peer::Peer;
use super::phase::Phase;
use super::progress::Vote;
use super::rejoin::{Rejoin, Version};
use super::votes::FIRST_EPOCH;
use super::{EndReason, MatchStart, Room, RoomEvent};

/// How many times the disconnect timeout may pass without anything new of the match to rejoin.
const MAX_WAIT: u32 = 2;
/// How many times it may pass altogether.
const MAX_TOTAL: u32 = 6;

impl Room {
    /// A peer says that a match runs that the local peer belongs to.
    pub(super) fn handle_rejoin_state(&mut self, now: Duration, from: PeerKey, state: RejoinState) {
        if self.phase.active_match().is_some() || !self.config.resumes {
            return debug!("dropped what {from:?} tells of a match: there is none to rejoin");
        }
        if let Err(why) = self.check_rejoin_state(from, &state) {
            debug!("dropped what {from:?} tells of a match: {why}");
            return self.count_malformed(now, from);
        }
        let epoch = state.epoch;
        if self.phase.rejoin(Rejoin::new(&self.config.default_input, now)) {
            info!("match {epoch} goes on without us: rejoining it");
            self.emit(RoomEvent::Synchronizing);
        }
        // A peer that has not started the match yet waits for this vote.
        let vote = Vote { roster: roster_hash(&state.roster), epoch };
        let local = state.roster.place(self.config.local_peer).unwrap_or_default();
        let Some(rejoin) = self.phase.rejoin_mut() else { return };
        if !rejoin.handle_state(now, from, local, state) {
            debug!("dropped what {from:?} tells of a match: the local player did not agree to it");
            return self.count_malformed(now, from);
        }
        let is_agreed = rejoin.agreed().is_some_and(|version| version.vote() == vote);
        if is_agreed && self.rejoin_vote != Some(vote) {
            self.rejoin_vote = Some(vote);
            let Vote { roster, epoch } = vote;
            self.others().into_iter().for_each(|to| self.send_hello(now, to));
            self.send_control_to_all(now, &ControlMessage::Ready { roster, epoch });
        }
    }

    /// Whether a peer may tell of this match.
    fn check_rejoin_state(&self, from: PeerKey, state: &RejoinState) -> Result<(), &'static str> {
        let Some(peer) = self.peers.get(&from) else { return Err("a stranger") };
        if peer.rejoin_failed {
            return Err("the match that it told of could not be rejoined");
        }
        if peer.progress.hello().is_none() {
            return Err("it has not said what it plays");
        }
        let Roster { size, .. } = &state.roster;
        let is_disconnected = |player: usize| {
            u8::try_from(player).is_ok_and(|player| state.disconnected.contains(&player))
        };
        let plays =
            |key: PeerKey| state.roster.place(key).is_some_and(|player| !is_disconnected(player));
        if !plays(self.config.local_peer) || !plays(from) {
            return Err("without one of us");
        }
        // A match that started in a lobby may have fewer players than the room.
        let fits = match self.keeps_waiting() || state.epoch != FIRST_EPOCH {
            true => (MIN_PLAYERS..=self.at_server.size).contains(size),
            false => *size == self.at_server.size,
        };
        if !fits || state.roster.check().is_err() || !state.roster.is_complete() {
            return Err("its players are not those of the room");
        }
        if self.config.host.is_some_and(|host| state.roster.place(host).is_none()) {
            return Err("without the host");
        }
        if state.epoch == 0 || !Rejoin::is_possible(state) {
            return Err("an impossible match");
        }
        Ok(())
    }

    /// A peer sends a part of a player's inputs, of the match that the local peer rejoins, or has rejoined.
    pub(super) fn handle_input_log(&mut self, now: Duration, from: PeerKey, chunk: &InputLogChunk) {
        let merged = match &mut self.phase {
            Phase::Playing(active) if active.start.epoch == chunk.epoch => {
                // A player speaks for itself.
                if active.player(from) != Some(usize::from(chunk.player)) {
                    return;
                }
                active.traffic.lock().merge_chunk(from, chunk.start_frame, &chunk.inputs)
            }
            Phase::Rejoining(rejoin) => rejoin.merge_chunk(now, from, chunk),
            _ => return,
        };
        if let Err(error) = merged {
            debug!("dropped a part of an input log from {from:?}: {error}");
            self.count_malformed(now, from);
        }
    }

    pub(super) fn is_rejoining(&self) -> bool {
        matches!(self.phase, Phase::Rejoining(_))
    }

    /// Starts the match that the local peer rejoins, once all who play it have sent everything.
    pub(super) fn finish_rejoin(&mut self, now: Duration) {
        let Phase::Rejoining(rejoin) = &self.phase else { return };
        let Some(version) = rejoin.agreed() else { return self.check_rejoin_time(now) };
        let leaving = version.leaving(&self.early_proposals.proposed(version.epoch()));
        // Who voted for the match and sent no state of it waits like this one: its process restarted as well.
        let waits = |key: &PeerKey| {
            let vote = self.peers.get(key).and_then(|peer| peer.progress.vote());
            vote == Some(version.vote()) && !rejoin.has_heard(*key)
        };
        // Who tells of another match has nothing to add to this one.
        let differs = |key: &PeerKey| rejoin.has_heard(*key) && !version.is_told_by(*key);
        let players = version.roster().members.iter().enumerate();
        // A player that the server has not listed can have left before the local peer joined, and in no other way be a player.
        let is_known = |(player, key): (usize, &PeerKey)| {
            leaving.contains(&player) || self.listed.contains(key)
        };
        let all_known = players.clone().all(is_known);
        let players = players.filter(|(player, key)| {
            **key != self.config.local_peer && !leaving.contains(player) && !differs(key)
        });
        let (waiting, awaited): (Vec<PeerKey>, Vec<PeerKey>) =
            players.map(|(_, key)| *key).partition(waits);
        // Nobody speaks for those who are connected and have told nothing yet, but not for long.
        let has_time = rejoin.waited(now).1 < self.config.disconnect_timeout / 2;
        let is_silent = |peer: &&Peer| {
            let is_there = peer.announced && peer.link.has_path() && !peer.is_refused();
            let plays = self.lobby.entries.get(&peer.key).is_none_or(|entry| entry.playing);
            is_there && plays && !rejoin.has_heard(peer.key) && !waits(&peer.key)
        };
        let is_told = !has_time || !self.peers.values().any(|peer| is_silent(&peer));
        let complete = awaited.iter().filter(|peer| version.has_all_of(**peer)).count();
        let is_complete = all_known && is_told && complete == awaited.len();
        let is_nearly = all_known && is_told && complete > 0;
        let Some(rejoin) = self.phase.rejoin_mut() else { return };
        // Nor is one waited for that has told of inputs and does not send them.
        let waited = rejoin.note_nearly_complete(now, is_nearly);
        if !is_complete && (!is_nearly || waited < self.config.disconnect_timeout / 2) {
            return self.check_rejoin_time(now);
        }
        let Phase::Rejoining(rejoin) = &self.phase else { return };
        let Some(version) = rejoin.agreed() else { return };
        let roster = version.roster().clone();
        let (epoch, seed, keys) = (version.epoch(), version.seed(), version.keys().to_vec());
        let values = version.lobby().clone();
        let logs = version.logs();
        let last_own_frame = |player: usize| Some((player, logs.get(player)?.version.last_frame));
        let dropped = version.disconnected().into_iter().filter_map(last_own_frame);
        let dropped: Vec<(usize, i32)> = dropped.collect();
        let local_player = roster.place(self.config.local_peer).unwrap_or(0);
        // The inputs of the log are given again for the frames that they were of: with the delay of the first one.
        let delay = logs.get(local_player).and_then(|it| it.log.start_frame());
        let delay = delay.and_then(|delay| usize::try_from(delay).ok());
        self.set_players(now, roster);
        for key in keys {
            if let Some(peer) = self.peers.get_mut(&key.peer_key()) {
                peer.public_key = Some(key);
            }
        }
        let start = self.match_start(now, epoch, seed, values);
        let start = MatchStart { input_delay: delay.unwrap_or(start.input_delay), ..start };
        let players = start.players.clone();
        // Those who wait may not know that a match runs: those who knew it may have restarted since.
        for peer in self.peers.values_mut().filter(|peer| waiting.contains(&peer.key)) {
            peer.restarts = peer.restarts.max(1);
        }
        self.start_match(now, start);
        // Those who rejoin as well may lack them, and would never receive them.
        for peer in self.others() {
            self.send_recent_inputs(now, peer);
        }
        for (player, frame) in dropped {
            let Some(peer) = players.get(player).copied() else { continue };
            let reason = "it was dropped before we came back".to_owned();
            let count = self.roster.players_of(peer).unwrap_or(1);
            self.emit(RoomEvent::PlayerDisconnected { peer, player, count, frame, reason });
        }
    }

    /// Gives the rejoining up when it takes too long.
    fn check_rejoin_time(&mut self, now: Duration) {
        let Phase::Rejoining(rejoin) = &self.phase else { return };
        let timeout = self.config.disconnect_timeout;
        let (quiet, total) = rejoin.waited(now);
        if rejoin.agreed().is_none() && total >= timeout / 2 {
            let detail = "the other players do not agree on which match is played".to_owned();
            return self.end(now, EndReason::CannotStart { detail });
        }
        if quiet < timeout * MAX_WAIT && total < timeout * MAX_TOTAL {
            return;
        }
        info!("the match could not be rejoined in time: back in the lobby");
        let tellers: Vec<PeerKey> = rejoin.tellers().collect();
        for peer in self.peers.values_mut().filter(|peer| tellers.contains(&peer.key)) {
            peer.rejoin_failed = true;
        }
        if self.phase.rejoin_failed() {
            self.leave_rejoining(now);
        }
    }

    /// The local peer is in the lobby again, after it had begun to rejoin a match.
    pub(super) fn leave_rejoining(&mut self, now: Duration) {
        self.rejoin_vote = None;
        self.emit(RoomEvent::Lobby);
        // It was not followed meanwhile.
        self.handle_roster(now, self.at_server.clone());
    }
}

impl Version {
    /// The vote of somebody who rejoins it.
    fn vote(&self) -> Vote {
        Vote { roster: roster_hash(self.roster()), epoch: self.epoch() }
    }
}
