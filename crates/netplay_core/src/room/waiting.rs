//! Members of the room who do not play the match that is played: they joined later, or it started without them. They are
//! linked to everybody, and play the next one.

use std::time::Duration;

use netplay_protocol::Roster;

use super::phase::Phase;
use super::progress::Progress;
use super::ready::StartRule;
use super::{Room, TransportRequest};

impl Room {
    /// Whether members of the room may wait while others play.
    pub(super) fn keeps_waiting(&self) -> bool {
        matches!(self.rule, StartRule::Ready { .. })
    }

    /// These play the match that is about to start.
    pub(super) fn set_players(&mut self, now: Duration, roster: Roster) {
        if !self.keeps_waiting() {
            return self.set_roster(now, roster);
        }
        self.add_peers(now, &roster);
        self.roster = roster;
    }

    /// A match starts: parts those who play it from those who wait, and from those who are in the room no more.
    pub(super) fn part_players(&mut self) {
        let mut kept = self.roster.members.clone();
        if self.keeps_waiting() {
            kept.extend(&self.at_server.members);
        }
        // Who left the lobby is not in the match, whatever paths lead to it: it would speak for the player who took its
        // place.
        self.remove_outsiders(&kept);
        for peer in self.peers.values_mut() {
            peer.waits = !self.roster.members.contains(&peer.key);
        }
    }

    /// The server's roster changed while a match is played: those who are new wait.
    pub(super) fn update_waiting(&mut self, now: Duration) {
        if !self.keeps_waiting() || !matches!(self.phase, Phase::Playing(_)) {
            return;
        }
        let mut waiting = self.at_server.clone();
        waiting.members.retain(|key| !self.roster.members.contains(key));
        self.add_peers(now, &waiting);
        for peer in self.peers.values_mut().filter(|peer| is_waiting(peer, &self.roster)) {
            peer.waits = true;
            if !waiting.members.contains(&peer.key) {
                peer.progress.left();
            }
        }
        self.note_lobby_changed();
    }

    /// Talks to those who wait while a match is played.
    pub(super) fn advance_waiting(&mut self, now: Duration) {
        if !self.keeps_waiting() {
            return;
        }
        let waits = |peer: &&super::Peer| peer.waits && !matches!(peer.progress, Progress::Left(_));
        let waiting: Vec<_> = self.peers.values().filter(waits).map(|peer| peer.key).collect();
        for peer in waiting {
            self.send_hello(now, peer);
        }
        self.send_entries(now);
    }

    /// Has the driver close what leads to those who were dropped from the match that is over, and forgets them: who of
    /// them is in the room again is another process.
    pub(super) fn forget_dropped(&mut self) {
        let dropped = self.peers.values().filter(|peer| peer.is_disconnected());
        for key in dropped.map(|peer| peer.key).collect::<Vec<_>>() {
            if let Some(mut peer) = self.peers.remove(&key)
                && peer.progress.is_to_forget(Duration::MAX)
            {
                self.requests.push_back(TransportRequest::Forget(key));
            }
            self.forget_entry(key);
            // The peer may still know the link that was closed. From the next one on, this is another process for it.
            self.config.incarnation = self.config.incarnation.wrapping_add(1).max(1);
        }
    }
}

fn is_waiting(peer: &super::Peer, players: &Roster) -> bool {
    !players.members.contains(&peer.key)
}
