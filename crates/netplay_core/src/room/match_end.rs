//! The end of a match that the simulation has ended: everybody leaves it after the same confirmed frame.
//!
//! A peer that has come to the end leaves the match at once, but keeps it for those who have not: they may lack inputs. Who
//! does not come to the end although most of the others have, has simulated something else, or has lost them: it leaves
//! the match without a result.

use std::collections::BTreeSet;
use std::time::Duration;

use log::{debug, info};
use netplay_protocol::PeerKey;

use super::active_match::ActiveMatch;
use super::phase::Phase;
use super::{Room, RoomEvent};

/// A match that has ended here.
pub(super) struct FinishedMatch {
    pub(super) active: Box<ActiveMatch>,
    /// Those who may not have come to its end.
    stragglers: BTreeSet<PeerKey>,
}

/// Players who have ended the match that is played here.
#[derive(Debug, Default)]
pub(super) struct EndedPlayers {
    players: BTreeSet<usize>,
    /// Since when they are more than half of the others.
    since: Option<Duration>,
}

impl Room {
    /// The simulation has ended the match with this frame, which is confirmed. The room is in its lobby again.
    pub fn handle_match_ended(&mut self, now: Duration, frame: i32) {
        self.leave_match(now, Some(frame));
    }

    /// Leaves the match. `frame`: the one with which the simulation has ended it, if it has.
    pub(super) fn leave_match(&mut self, now: Duration, frame: Option<i32>) {
        let Some(active) = self.phase.match_left() else { return };
        let epoch = active.start.epoch;
        info!("match {epoch} is over");
        active.traffic.lock().handle_ended();
        let survivors = active.consensus.survivors();
        let survivors = survivors.filter_map(|player| active.start.players.get(player).copied());
        let local = self.config.local_peer;
        let has_ended = |key: &PeerKey| self.lobby.ended_epoch(key) == Some(epoch);
        let stragglers = survivors.filter(|key| *key != local && !has_ended(key)).collect();
        self.lobby.finished = Some(FinishedMatch { active, stragglers });
        let _ = self.early_proposals.take(epoch);
        self.forget_dropped();
        for peer in self.peers.values_mut() {
            peer.progress.match_left(peer.hello.as_ref());
            (peer.waits, peer.restarts, peer.log_sender) = (false, 0, None);
        }
        self.seed.draw_again();
        self.reset_seed_timers();
        self.emit(RoomEvent::MatchEnded { epoch, frame });
        self.emit(RoomEvent::Lobby);
        let at_server = self.at_server.clone();
        if at_server.place(local).is_some() {
            self.set_roster(now, at_server);
        }
        self.note_lobby_changed();
        self.advance(now);
    }

    /// A peer has come to the end of a match, or was never in it.
    pub(super) fn handle_match_left(&mut self, now: Duration, from: PeerKey, epoch: u16) {
        if let Some(finished) = &mut self.lobby.finished
            && finished.active.start.epoch == epoch
        {
            finished.stragglers.remove(&from);
        }
        match &mut self.phase {
            Phase::Playing(active) if active.start.epoch == epoch => {
                let player = active.player(from);
                active.ended.players.extend(player);
            }
            Phase::Rejoining(rejoin) => {
                let knew_of_it = rejoin.forget_ended(from, epoch);
                if knew_of_it && self.phase.rejoin_failed() {
                    debug!("the match to rejoin is over");
                    self.leave_rejoining(now);
                }
            }
            _ => {}
        }
    }

    /// A straggler does not come back to the match.
    pub(super) fn forget_straggler(&mut self, peer: PeerKey) {
        if let Some(finished) = &mut self.lobby.finished {
            finished.stragglers.remove(&peer);
        }
    }

    /// Leaves a match that most of the others have ended a while ago.
    pub(super) fn check_ended_players(&mut self, now: Duration) {
        let timeout = self.config.disconnect_timeout;
        let Phase::Playing(active) = &mut self.phase else { return };
        // Who has told it before the local peer was in the match again does not tell it another time.
        let epoch = active.start.epoch;
        let has_ended = |key: &PeerKey| self.lobby.ended_epoch(key) == Some(epoch);
        let players = active.start.players.iter().enumerate();
        let ended = players.filter(|(_, key)| has_ended(key)).map(|(player, _)| player);
        active.ended.players.extend(ended);
        if active.ended.players.is_empty() {
            return;
        }
        let local = active.start.local_player;
        let others = active.consensus.survivors().filter(|player| *player != local);
        let (ended, playing): (Vec<usize>, Vec<usize>) =
            others.partition(|player| active.ended.players.contains(player));
        let are_most = ended.len() > playing.len();
        active.ended.since = active.ended.since.filter(|_| are_most).or(are_most.then_some(now));
        let is_over = |since: Duration| now.saturating_sub(since) >= timeout;
        if active.ended.since.is_some_and(is_over) {
            info!("most of the others have ended the match, and it does not end here");
            self.leave_match(now, None);
        }
    }

    /// Sends those who have not come to the end of the match what they lack.
    pub(super) fn serve_finished(&mut self, now: Duration) {
        let timeout = self.config.disconnect_timeout;
        let length = self.config.frame_duration();
        let Some(finished) = &mut self.lobby.finished else { return };
        finished
            .stragglers
            .retain(|key| self.peers.get(key).is_some_and(|peer| peer.link.silence(now) < timeout));
        if finished.stragglers.is_empty() || self.phase.is_ended() {
            self.lobby.finished = None;
            return;
        }
        let epoch = finished.active.start.epoch;
        let mut traffic = finished.active.traffic.lock();
        for key in &finished.stragglers {
            let Some(peer) = self.peers.get_mut(key) else { continue };
            traffic.handle_rtt(*key, peer.link.stats(now).rtt);
            while let Some(due) = traffic.poll_transmit(now, *key, length) {
                if let Err(error) = peer.link.send(now, epoch, &due.payload, due.has_inputs) {
                    debug!("{error}");
                }
            }
        }
    }
}

impl FinishedMatch {
    /// A payload of a match. Returns whether it is of this one.
    pub(super) fn handle_payload(&self, from: PeerKey, epoch: u16, payload: &[u8]) -> bool {
        let is_of_it = self.active.start.epoch == epoch;
        // What is wrong with it concerns nobody any more.
        if is_of_it && let Err(error) = self.active.traffic.lock().handle_payload(from, payload) {
            debug!("dropped a payload of {from:?} of a match that is over: {error}");
        }
        is_of_it
    }
}
