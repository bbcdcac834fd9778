//! From a roster to a match: hellos, then votes.
//!
//! The local peer says hello to everybody in the roster, and commits to its part of the seed of the first match. Once
//! everybody has said the same hello back and committed, it votes for the match and reveals its part; once everybody
//! has revealed theirs, the match starts. A rematch is the same for the next epoch: who votes for it reveals, and all
//! have committed when the match before it started.

use std::time::Duration;

use netplay_protocol::{ControlMessage, LobbyValues, PeerKey};

use super::hello::{self, roster_hash};
use super::phase::Phase;
use super::{MatchStart, Room, RoomEvent};
use crate::log_limiter::log_limited;

/// The epoch of the first match of a room.
pub(super) const FIRST_EPOCH: u16 = 1;

/// The epoch of the match after one. 0 is none.
pub(super) fn next_epoch(epoch: u16) -> u16 {
    epoch.checked_add(1).unwrap_or(FIRST_EPOCH)
}

impl Room {
    /// Votes for another match with the same players; after the end of a match, says that the local player is
    /// [ready](Self::set_ready) for the next one. It starts when everybody who still plays has voted, and all of
    /// them have exchanged their parts of its seed.
    pub fn vote_rematch(&mut self, now: Duration) {
        if matches!(self.phase, Phase::Lobby | Phase::Synchronizing) && self.uses_lobby() {
            return self.set_ready(now, true);
        }
        match &mut self.phase {
            Phase::Playing(active) if active.rematch.is_none() => {
                let next = next_epoch(active.start.epoch);
                active.rematch = Some(next);
                self.vote(now, next);
            }
            Phase::Playing(_) => {}
            _ => log_limited!(
                self.logs,
                now,
                "there is no match to play again",
                "",
                warn!("there is no match to play again")
            ),
        }
    }

    /// Goes as far towards a match as the other peers let the local one.
    pub(super) fn advance(&mut self, now: Duration) {
        match &self.phase {
            Phase::Connecting | Phase::Queued | Phase::Ended => {}
            Phase::Lobby | Phase::Synchronizing | Phase::Rejoining(_) => self.advance_lobby(now),
            Phase::Playing(active) => {
                let epoch = next_epoch(active.start.epoch);
                // Who is about to be dropped may be in the next match for some of the survivors, and not for others.
                let starts = active.rematch.is_some() && active.consensus.is_settled();
                self.commit_to_seed(now, epoch);
                self.advance_waiting(now);
                if starts {
                    self.reveal_seed(now);
                    self.start_agreed(now);
                }
            }
        }
    }

    fn advance_lobby(&mut self, now: Duration) {
        let others = self.others();
        // Also while players are missing: a peer that plays a match with the local one, and does not know yet that
        // this process is a new one, learns it from this.
        for peer in others.iter().copied() {
            self.send_hello(now, peer);
        }
        for peer in others.iter().copied() {
            self.compare(now, peer);
        }
        // The match that the local peer rejoins may have more players than the server lists.
        if self.is_rejoining() {
            return self.finish_rejoin(now);
        }
        if self.phase.is_ended() {
            return;
        }
        self.follow_matches();
        if self.uses_lobby() {
            return self.advance_ready(now);
        }
        if !self.is_complete() {
            return;
        }
        if others.iter().all(|peer| self.peers.get(peer).is_some_and(|it| it.announced)) {
            self.times.connected(now);
        }
        self.commit_to_seed(now, FIRST_EPOCH);
        // Another peer has begun the exchange again.
        if !self.seed.is_revealed() && self.phase.disagreed() {
            self.emit(RoomEvent::Lobby);
        }
        if self.is_seed_committed()
            && others.iter().all(|peer| self.agrees(*peer))
            && self.phase.agreed()
        {
            self.vote(now, FIRST_EPOCH);
            self.reveal_seed(now);
            self.emit(RoomEvent::Synchronizing);
        }
        if matches!(self.phase, Phase::Synchronizing) {
            self.start_agreed(now);
        }
    }

    /// Tells everybody that the local peer is ready for a match. A vote never comes before the hello.
    pub(super) fn vote(&mut self, now: Duration, epoch: u16) {
        for peer in self.others() {
            self.send_hello(now, peer);
        }
        let roster = roster_hash(&self.roster);
        self.send_control_to_all(now, &ControlMessage::Ready { roster, epoch });
    }

    /// The input delay that fits the round trip to the farthest of the others, as far as it is known.
    pub(super) fn fitting_delay(&self, now: Duration) -> usize {
        let links = self.peers.values().filter(|peer| !peer.is_disconnected() && !peer.waits);
        let longest = links.filter_map(|peer| peer.link.stats(now).rtt).max().unwrap_or_default();
        let config = &self.config;
        config.input_delay.fit(longest, config.frame_duration(), config.max_prediction)
    }

    /// Tells a peer what the local one plays, once in each roster.
    pub(super) fn send_hello(&mut self, now: Duration, to: PeerKey) {
        let roster = Some(roster_hash(&self.roster));
        let Some(peer) = self.peers.get_mut(&to).filter(|peer| peer.hello_sent != roster) else {
            return;
        };
        let is_first = peer.hello_sent.is_none();
        peer.hello_sent = roster;
        let hello = hello::local(&self.config, &self.roster);
        self.send_control(now, to, &ControlMessage::Hello(hello));
        if is_first {
            self.send_message_types(now, to);
        }
    }

    /// Compares what a peer plays with what the local one plays, as far as it has said so.
    pub(super) fn compare(&mut self, now: Duration, peer: PeerKey) {
        let Some(peer) = self.peers.get(&peer) else { return };
        let Some(theirs) = peer.progress.hello() else { return };
        let ours = hello::local(&self.config, &self.roster);
        if let Err(reason) = hello::compare(peer.player, &ours, theirs) {
            let key = peer.key;
            // It sees the difference as well.
            self.send_hello(now, key);
            // It may have left for that reason, and there is nobody else to play with.
            if self.is_needed(key) && self.phase.active_match().is_none() {
                return self.end(now, reason);
            }
            self.refuse(now, key, reason);
        }
    }

    /// What a match of this roster starts with.
    pub(super) fn match_start(
        &self,
        now: Duration,
        epoch: u16,
        seed: u64,
        lobby: LobbyValues,
    ) -> MatchStart {
        MatchStart {
            epoch,
            players: self.roster.members.clone(),
            player_counts: self.roster.players.clone(),
            local_player: self.roster.place(self.config.local_peer).unwrap_or(0),
            seed,
            lobby,
            input_delay: self.fitting_delay(now),
        }
    }

    /// Whether a peer has said hello with the roster that the local peer has.
    pub(super) fn agrees(&self, peer: PeerKey) -> bool {
        let hello = self.peers.get(&peer).and_then(|peer| peer.progress.hello());
        hello.is_some_and(|hello| hello.roster == roster_hash(&self.roster))
    }
}
