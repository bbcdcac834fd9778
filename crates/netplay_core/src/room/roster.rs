//! The roster: peers that join, leave and join again, as the server says.

use std::time::Duration;

use netplay_protocol::{PeerKey, Roster};

use super::away::Attendance;
use super::peer::Peer;
use super::progress::Progress;
use super::{EndReason, Room, RoomConfig, RoomEvent};
use crate::link::Link;
use crate::log_limiter::log_limited;
use crate::transport::TransportRequest;

/// Why a peer is gone that is no longer listed.
const LEFT: &str = "the other player left the room";
/// How many members of the room are remembered.
const MAX_LISTED: usize = 256;

impl Room {
    /// The player of a peer of the roster.
    pub fn player(&self, peer: PeerKey) -> Option<usize> {
        self.roster.place(peer)
    }

    /// Whether every player of the room is there.
    pub(super) fn is_complete(&self) -> bool {
        !self.roster.members.is_empty() && self.roster.is_complete()
    }

    /// The other peers of the roster, but for those who were dropped from a match.
    pub(super) fn others(&self) -> Vec<PeerKey> {
        let others = self.roster.members.iter().copied();
        let is_in = |peer: &PeerKey| {
            *peer != self.config.local_peer
                && !self.peers.get(peer).is_some_and(Peer::is_disconnected)
        };
        others.filter(is_in).collect()
    }

    /// Handles a roster of the server.
    pub(super) fn handle_roster(&mut self, now: Duration, roster: Roster) {
        self.at_server.clone_from(&roster);
        self.note_listed(&roster);
        // A running match has its players; who comes and goes at the server does not change them.
        if !self.phase.follows_the_server() || self.roster == roster {
            return self.update_waiting(now);
        }
        if roster.place(self.config.local_peer).is_none() {
            log_limited!(
                self.logs,
                now,
                "the server's roster is without us",
                "",
                warn!("the server's roster is without us")
            );
            return;
        }
        if let Some(host) = self.config.host
            && roster.place(host).is_none()
        {
            return self.end(now, EndReason::HostMissing);
        }
        log_limited!(
            self.logs,
            now,
            "again so many players in the room:",
            roster.player_count(),
            info!("{} of {} players are in the room", roster.player_count(), roster.size)
        );
        self.set_roster(now, roster);
        self.note_lobby_changed();
        if self.uses_lobby() {
            // Who plays the next match says the countdown.
            return;
        }
        self.seed.draw_again();
        self.reset_seed_timers();
        if self.phase.disagreed() {
            self.emit(RoomEvent::Lobby);
        }
    }

    /// Makes a link to each peer that is new in a roster. A peer that is no longer in it may still send its reason.
    pub(super) fn set_roster(&mut self, now: Duration, roster: Roster) {
        self.add_peers(now, &roster);
        for peer in self.peers.values_mut() {
            if !roster.members.contains(&peer.key) {
                peer.progress.left();
            }
        }
        self.roster = roster;
    }

    /// Makes a link to each peer that is new in a roster, whose players these are.
    pub(super) fn add_peers(&mut self, now: Duration, roster: &Roster) {
        let local = self.config.local_peer;
        for (player, key) in roster.members.iter().copied().enumerate() {
            if key == local {
                continue;
            }
            let left = |peer: &Peer| matches!(peer.progress, Progress::Left(_));
            if self.peers.get(&key).is_some_and(left) {
                // It is back, in another process: the driver has begun again with it, too.
                self.remove_peer(key, LEFT);
            }
            let RoomConfig { link, policy, incarnation, messages, .. } = &self.config;
            let peer = self.peers.entry(key).or_insert_with(|| {
                let link = Link::new(link.clone(), *policy, local, key, *incarnation, now);
                let link = link.with_message_types(messages.clone(), now);
                Peer::new(key, player, link, now)
            });
            peer.player = player;
        }
    }

    /// Removes the peers that left the lobby and are silent.
    pub(super) fn remove_silent_leavers(&mut self, now: Duration) {
        let patience = self.config.link.silent_after;
        self.remove_left(|peer| {
            peer.attendance == Attendance::Left
                || !peer.link.has_path()
                || peer.link.silence(now) >= patience
        });
    }

    /// Removes every peer that is not one of these players.
    pub(super) fn remove_outsiders(&mut self, players: &[PeerKey]) {
        let outside = self.peers.keys().copied().filter(|key| !players.contains(key));
        for key in outside.collect::<Vec<_>>() {
            self.remove_now(key, LEFT);
        }
    }

    /// Remembers who the server has listed: the players of a match that the local peer rejoins are among them.
    fn note_listed(&mut self, roster: &Roster) {
        for member in &roster.members {
            if self.listed.len() < MAX_LISTED {
                self.listed.insert(*member);
            }
        }
    }

    fn remove_left(&mut self, over: impl Fn(&Peer) -> bool) {
        let left = |peer: &&Peer| matches!(peer.progress, Progress::Left(_)) && over(peer);
        let keys: Vec<PeerKey> = self.peers.values().filter(left).map(|peer| peer.key).collect();
        for key in keys {
            self.remove_now(key, LEFT);
        }
    }

    /// Removes a peer that is out of the roster, and has the driver close what leads to it.
    pub(super) fn remove_now(&mut self, key: PeerKey, reason: &str) {
        self.remove_peer(key, reason);
        self.requests.push_back(TransportRequest::Forget(key));
    }

    fn remove_peer(&mut self, key: PeerKey, reason: &str) {
        // Who was gone too often is told so when it restarts next.
        let _ = self.seed_partner_gone(key);
        self.forget_entry(key);
        self.forget_straggler(key);
        self.early_proposals.forget(key);
        let Some(peer) = self.peers.remove(&key) else { return };
        if peer.announced {
            self.emit(RoomEvent::PeerLeft { peer: key, reason: reason.to_owned() });
        }
        self.keep_message_events(peer);
    }
}
