//! Peers of the lobby that cannot be played with: what one of them does ends nobody else's room.

use std::time::Duration;

use netplay_protocol::PeerKey;

use super::disconnect::Disconnect;
use super::{EndReason, Room, RoomEvent};
use crate::log_limiter::log_limited;

/// The size of a room in which nobody is left to play with when one peer is refused.
const PAIR: u8 = 2;

impl Room {
    /// A peer cannot be played with. In a match it is dropped. Before one it is left out: nothing is taken from it any
    /// more. The room stays, because it may leave and make room for another one; it ends if there is nobody else to
    /// play with, or if the peer is the host, whose game it is.
    pub(super) fn refuse(&mut self, now: Duration, key: PeerKey, reason: EndReason) {
        if let Some(active) = self.phase.active_match() {
            let why = Disconnect::Lost(reason.detail());
            let Some(player) = active.player(key) else { return };
            return self.accuse(now, player, why);
        }
        if self.roster.place(key).is_none() {
            // It left already.
            return;
        }
        if self.is_needed(key) {
            return self.end(now, reason);
        }
        let Some(peer) = self.peers.get_mut(&key) else { return };
        let player = peer.player;
        if !peer.progress.refused() {
            return;
        }
        self.seed.forget(key);
        self.early_proposals.forget(key);
        let number = self.roster.number(player);
        log_limited!(
            self.logs,
            now,
            "left out again: player",
            number,
            warn!("player {number} is left out, and the room waits for another one: {reason}")
        );
        self.emit(RoomEvent::PeerRefused { peer: key, player, reason });
        let forgotten = self.phase.rejoin_mut().is_some_and(|rejoin| rejoin.forget(key));
        if forgotten && self.phase.rejoin_failed() {
            self.leave_rejoining(now);
        } else if self.phase.disagreed() {
            self.emit(RoomEvent::Lobby);
        }
    }

    /// No connection to a peer could be made yet. Attempts go on, so it is not left out.
    pub(super) fn cannot_connect(&mut self, now: Duration, key: PeerKey, reason: EndReason) {
        let Some(player) = self.player(key) else { return };
        if self.is_needed(key) {
            return self.end(now, reason);
        }
        let number = self.roster.number(player);
        log_limited!(
            self.logs,
            now,
            "there is no connection to player",
            number,
            warn!("there is no connection to player {number}, and the room waits: {reason}")
        );
        self.emit(RoomEvent::PeerRefused { peer: key, player, reason });
    }

    /// Whether there is nothing to play without a peer.
    pub(super) fn is_needed(&self, key: PeerKey) -> bool {
        self.roster.size <= PAIR || self.config.host == Some(key)
    }
}
