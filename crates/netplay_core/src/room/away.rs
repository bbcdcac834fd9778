//! Peers that say themselves that they are gone: for good, or because their page is closed or loaded again.
//!
//! A page cannot tell whether it is closed, loaded again or left for another one. Its last message is that it
//! [goes away](ControlMessage::GoingAway). The others tell their games at once, and keep the place of the player for the
//! away timeout, in the place of the disconnect timeout: then the player counts as one who left. Another process of the
//! peer that comes in time rejoins the match (`restart`); where a browser had kept the page (its back/forward cache), the
//! same process goes on, and says that it is [back](ControlMessage::Back).
//!
//! A browser may drop that last message with the connections of the page. It also closes the connection to the server as a
//! page that goes away does, which the server tells: that counts once nothing is heard from the peer, and as long as
//! nothing is. A server that tells so of a peer that is there changes nothing.
//!
//! What a peer says of itself counts only on its own link. That it goes away holds the others up no longer than the
//! timeout, which does not begin again while it is away, and a limited number of times in a match.

use std::time::Duration;

use log::{debug, info};
use netplay_protocol::signaling::Presence;
use netplay_protocol::{ControlMessage, PeerKey};

use super::disconnect::Disconnect;
use super::{Room, RoomEvent};
use crate::log_limiter::log_limited;

/// How often a player may go away in one match, and a peer of the lobby be reported to the game and in the log.
const MAX_ABSENCES: u32 = 8;

/// For how long nothing is heard from a peer whose page was closed, as the server tells, until that is believed.
const SILENT_FOR: Duration = Duration::from_millis(300);
/// What a page has sent before it was closed comes within this time after the server has told of it.
const UNDER_WAY: Duration = Duration::from_secs(1);

/// Whether a peer is there, as far as its link and its own word show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attendance {
    Present,
    /// Its link is silent, and the game was told so.
    Interrupted,
    /// Its page went away.
    Away {
        since: Duration,
        /// The game was told before that its link is silent, and not yet that it is heard again.
        interrupted: bool,
    },
    /// It has left the lobby.
    Left,
}

impl Attendance {
    /// Its link fell silent. Returns whether the game is to be told.
    pub(super) fn silent(&mut self) -> bool {
        let news = *self == Self::Present;
        if news {
            *self = Self::Interrupted;
        }
        news
    }

    /// Its link is heard again. Returns whether the game is to be told.
    pub(super) fn heard(&mut self) -> bool {
        match self {
            Self::Interrupted => *self = Self::Present,
            Self::Away { interrupted: interrupted @ true, .. } => *interrupted = false,
            Self::Present | Self::Away { .. } | Self::Left => return false,
        }
        true
    }

    /// Since when it is away.
    pub(super) fn away_since(self) -> Option<Duration> {
        match self {
            Self::Away { since, .. } => Some(since),
            Self::Present | Self::Interrupted | Self::Left => None,
        }
    }
}

impl Room {
    /// The page that the local peer runs in is closed, loaded again or left for another one. The others are told so, on
    /// every path: what is to be sent must be sent before this process ends.
    pub fn go_away(&mut self, now: Duration) {
        self.send_last_to_all(now, &ControlMessage::GoingAway);
    }

    /// The page that the local peer runs in is shown again, and its process goes on.
    pub fn come_back(&mut self, now: Duration) {
        self.peers.values_mut().for_each(|peer| peer.link.exclude_silence(now));
        self.send_control_to_all(now, &ControlMessage::Back);
    }

    /// Sends every peer a message that may be the last one of this process.
    pub(super) fn send_last_to_all(&mut self, now: Duration, message: &ControlMessage) {
        if self.phase.is_ended() {
            return;
        }
        let message = match message.encode() {
            Ok(message) => message,
            Err(error) => {
                log_limited!(
                    self.logs,
                    now,
                    "a message could not be encoded",
                    "",
                    error!("a message could not be encoded: {error}")
                );
                return;
            }
        };
        for peer in self.peers.values_mut().filter(|peer| !peer.is_congested) {
            if let Err(error) = peer.link.send_last(now, message.clone()) {
                debug!("a last message could not be sent to {:?}: {error}", peer.key);
            }
        }
    }

    /// A peer says that it goes away.
    pub(super) fn went_away(&mut self, now: Duration, from: PeerKey) {
        let time_left = self.config.away_timeout;
        let Some(peer) = self.peers.get_mut(&from) else { return };
        // The time does not begin again.
        let interrupted = match peer.attendance {
            Attendance::Present => false,
            Attendance::Interrupted => true,
            Attendance::Away { .. } | Attendance::Left => return,
        };
        let player = peer.player;
        peer.absences = peer.absences.saturating_add(1);
        let is_too_often = peer.absences > MAX_ABSENCES;
        match self.phase.active_match() {
            Some(_) if is_too_often => {
                return self.accuse(now, player, Disconnect::lost("it went away too often"));
            }
            None if is_too_often || self.roster.place(from).is_none() => return,
            Some(_) | None => {}
        }
        peer.attendance = Attendance::Away { since: now, interrupted };
        let (number, seconds) = (self.roster.number(player), time_left.as_secs_f32());
        info!(
            "the page of player {number} is closed or loaded again: its place is kept for {seconds} s"
        );
        self.emit(RoomEvent::PeerAway { peer: from, player, time_left });
    }

    /// The server tells whether a peer is connected to it.
    pub(super) fn note_closed_page(&mut self, now: Duration, of: PeerKey, presence: Presence) {
        let Some(peer) = self.peers.get_mut(&of) else { return };
        match presence {
            Presence::PageClosed => peer.page_closed = Some(now),
            // A page that the browser had frozen: the same process goes on. It is back once it is heard.
            Presence::Online if peer.attendance.away_since().is_some() => {}
            Presence::Online | Presence::Restarted | Presence::Left => peer.page_closed = None,
            Presence::Away => {}
        }
    }

    /// Whether a peer whose page was closed, as the server tells, is silent since then.
    pub(super) fn check_closed_page(&mut self, now: Duration, of: PeerKey) {
        let Some(peer) = self.peers.get_mut(&of) else { return };
        let Some(closed) = peer.page_closed else { return };
        let silence = peer.link.silence(now);
        let is_away = peer.attendance.away_since().is_some();
        if now.saturating_sub(silence) > closed + UNDER_WAY {
            peer.page_closed = None;
            if is_away {
                self.came_back(now, of);
            }
        } else if silence >= SILENT_FOR && !is_away {
            self.went_away(now, of);
        }
    }

    /// A peer says that it is back, or its process restarted.
    pub(super) fn came_back(&mut self, now: Duration, from: PeerKey) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        peer.page_closed = None;
        let player = peer.player;
        match peer.attendance {
            Attendance::Away { since, interrupted } => {
                peer.attendance = match interrupted {
                    true => Attendance::Interrupted,
                    false => Attendance::Present,
                };
                let after = now.saturating_sub(since);
                let number = self.roster.number(player);
                info!("player {number} is back after {} ms", after.as_millis());
                self.emit(RoomEvent::PeerBack { peer: from, player, after });
            }
            // It has joined again, and the server had not noticed that it was gone.
            Attendance::Left => {
                peer.attendance = Attendance::Present;
                if peer.announce() {
                    self.emit(RoomEvent::PeerJoined { peer: from });
                }
            }
            Attendance::Present | Attendance::Interrupted => {}
        }
    }

    /// Why a player is dropped from the match who went away at a time, once that is long ago.
    pub(super) fn stays_away(&self, now: Duration, since: Duration) -> Option<Disconnect> {
        let timeout = self.config.away_timeout;
        let is_over = now.saturating_sub(since) >= timeout;
        let seconds = timeout.as_secs_f32();
        is_over.then(|| {
            Disconnect::Away(format!(
                "they closed the page, or did not come back within {seconds} s"
            ))
        })
    }

    /// A peer says that it leaves the lobby. The server says so as well, and has the last word on who is in it.
    pub(super) fn left_the_lobby(&mut self, from: PeerKey, reason: String) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        peer.attendance = Attendance::Left;
        if std::mem::take(&mut peer.announced) {
            self.emit(RoomEvent::PeerLeft { peer: from, reason });
        }
    }

    /// A match starts: those who left the lobby when everything for it was agreed do not play it.
    pub(super) fn drop_who_left_the_lobby(&mut self, now: Duration) {
        let left = self.peers.values().filter(|peer| peer.attendance == Attendance::Left);
        for player in left.map(|peer| peer.player).collect::<Vec<_>>() {
            self.accuse(now, player, Disconnect::Left("they left the room".to_owned()));
        }
    }
}
