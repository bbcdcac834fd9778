//! Being ready: who plays the next match, and when it starts.
//!
//! A peer that is ready names the hash of all that it sees: the members of the room, their values, the room's value. When
//! something of that changes, it is ready no more. A match starts when every member of the room is ready for what all of
//! them see, or when the room's first player asks for it: with those who are there then, ready or not. Both lead to the
//! same countdown, and then to the exchange of the seed, which binds the view: only who sees the same starts the same match.

use std::time::Duration;

use log::debug;
use netplay_protocol::limits::MIN_PLAYERS;
use netplay_protocol::{LobbyHash, LobbyStart, LobbyValues, LobbyView, PeerKey};

use super::countdown::{Countdown, Counted};
use super::phase::Phase;
use super::start_target::StartTarget;
use super::votes::next_epoch;
use super::{Room, RoomEvent};

/// When the first match of a room starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartRule {
    /// When the room is full.
    #[default]
    Full,
    /// When all are ready, or the first player asks for it.
    Ready {
        /// With how many players at least.
        least: u8,
    },
}

/// Why the first player's request to start a match was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartRefused {
    /// No match starts on request.
    #[error("a match starts on request only in the lobby of a room with a least number of players")]
    NoLobby,
    /// Somebody else is the room's first player.
    #[error("only the first player of the room starts a match with those who are there")]
    NotFirst,
    /// Too few of the others are connected.
    #[error("{there} players are there, and {least} are needed")]
    TooFew {
        /// How many are there.
        there: usize,
        /// How many it takes at least.
        least: usize,
    },
}

/// Those who are to play, as they are seen here.
struct Seen {
    hash: LobbyHash,
    view: LobbyView,
}

impl Room {
    /// When the first match of the room starts.
    pub fn start_rule(&self) -> StartRule {
        self.rule
    }

    /// Whether players say that they are ready. Where the first match starts when the room is full, so does the next
    /// one after a match that ended.
    pub(super) fn uses_lobby(&self) -> bool {
        match self.rule {
            StartRule::Ready { .. } => true,
            StartRule::Full => self.lobby.last_epoch > 0 || self.resumes_after_match(),
        }
    }

    /// Whether this process takes the place of one that has played a match which has ended, as most of the others tell.
    fn resumes_after_match(&self) -> bool {
        let others = self.others();
        let has_played = |peer: &&PeerKey| self.lobby.ended_epoch(peer).is_some();
        self.config.resumes && 2 * others.iter().filter(has_played).count() > others.len()
    }

    /// The local peer has taken a place that became free in a room that starts when it is full, after a match of the
    /// others: it goes on with their next one. It came to play, so it is ready.
    ///
    /// It believes that there was one if players for half of its places tell it: that is more than half of the others
    /// before a first match, so that one who lies keeps nobody from it. Where the server knows of a match too, one who
    /// tells it is enough: the others may all have left.
    pub(super) fn follow_matches(&mut self) {
        if self.rule != StartRule::Full || self.lobby.last_epoch > 0 || self.config.resumes {
            return;
        }
        let others = self.others();
        let has_played = |key: &PeerKey| Some((*key, self.lobby.ended_epoch(key)?));
        let (played, epochs): (Vec<_>, Vec<_>) = others.iter().filter_map(has_played).unzip();
        let needed = match self.state.has_played {
            true => 1,
            false => usize::from(self.roster.size).div_ceil(2),
        };
        if self.roster.only(&played).player_count() < needed {
            return;
        }
        // The earliest: what one of them claims beyond that need not be so.
        let earlier = |a: u16, b: u16| if is_later(a, b) { b } else { a };
        self.lobby.last_epoch = epochs.into_iter().reduce(earlier).unwrap_or_default();
        self.lobby.stays_ready = true;
        self.seed.draw_again();
        self.reset_seed_timers();
        if self.phase.disagreed() {
            self.emit(RoomEvent::Lobby);
        }
    }

    /// The local player is ready for the next match with all that it sees, or no longer is. While somebody is still
    /// connecting, it becomes ready as soon as nothing is missing.
    pub fn set_ready(&mut self, now: Duration, ready: bool) {
        if !matches!(self.phase, Phase::Lobby | Phase::Synchronizing) || !self.uses_lobby() {
            return debug!("there is no lobby to be ready in");
        }
        self.lobby.wants_ready = ready;
        if !ready {
            (self.lobby.ready, self.lobby.stays_ready) = (None, false);
        }
        self.advance(now);
    }

    /// The room's first player starts a match with those who are connected, ready or not.
    ///
    /// # Errors
    ///
    /// [`StartRefused`] where that cannot be.
    pub fn ask_to_start(&mut self, now: Duration) -> Result<(), StartRefused> {
        let is_lobby = matches!(self.phase, Phase::Lobby | Phase::Synchronizing);
        if !is_lobby || !matches!(self.rule, StartRule::Ready { .. }) {
            return Err(StartRefused::NoLobby);
        }
        if self.first_member() != Some(self.config.local_peer) {
            return Err(StartRefused::NotFirst);
        }
        let patience = self.config.link.silent_after;
        let is_there = |key: &PeerKey| {
            *key == self.config.local_peer
                || self.counted(*key).is_some()
                    && self.lobby.entries.get(key).is_some_and(|entry| !entry.playing)
                    && self.peers.get(key).is_some_and(|peer| {
                        peer.link.has_path() && peer.link.silence(now) < patience
                    })
        };
        let mut there = self.lobby_members();
        there.retain(is_there);
        let Some(seen) = self.see(&there).filter(|_| self.are_enough(&there)) else {
            let count = self.at_server.only(&there).player_count();
            return Err(StartRefused::TooFew { there: count, least: self.least() });
        };
        let places = self.at_server.members.iter().enumerate();
        let places = places.filter(|(_, key)| there.contains(key));
        let members = places.fold(0, |bits, (place, _)| bits | bit(place));
        self.lobby.start = Some(LobbyStart { members, view: seen.hash });
        self.lobby.start_members = self.lobby_members();
        self.advance(now);
        Ok(())
    }

    /// The room's first player takes the start back.
    pub fn take_start_back(&mut self, now: Duration) {
        if self.lobby.start.take().is_some() {
            self.advance(now);
        }
    }

    /// With how many players a match starts at least.
    pub(super) fn least(&self) -> usize {
        match self.rule {
            StartRule::Full => MIN_PLAYERS.into(),
            StartRule::Ready { least } => least.max(MIN_PLAYERS).into(),
        }
    }

    /// Whether these members are enough for a match: with their players, and two of them at least.
    fn are_enough(&self, members: &[PeerKey]) -> bool {
        members.len() >= 2 && self.at_server.only(members).player_count() >= self.least()
    }

    /// The members of the room that can be played with, in their order.
    pub(super) fn lobby_members(&self) -> Vec<PeerKey> {
        let is_in = |key: &&PeerKey| !self.peers.get(key).is_some_and(|peer| peer.is_refused());
        self.at_server.members.iter().filter(is_in).copied().collect()
    }

    /// The room's first player.
    pub fn first_member(&self) -> Option<PeerKey> {
        self.lobby_members().first().copied()
    }

    /// What is known of a member; none as long as it has not said what it plays and what it has set.
    pub(super) fn counted(&self, key: PeerKey) -> Option<Counted> {
        if key == self.config.local_peer {
            let (revision, ready) = (self.lobby.revision, self.lobby.ready);
            return Some(Counted { key, revision, ready });
        }
        let _hello = self.peers.get(&key)?.progress.hello()?;
        let entry = self.lobby.entries.get(&key)?;
        Some(Counted { key, revision: entry.revision, ready: entry.ready })
    }

    /// What the local peer sees of some members. None if it does not see all of it, or one of them plays.
    fn see(&self, members: &[PeerKey]) -> Option<Seen> {
        let first = self.first_member()?;
        let mut players = Vec::with_capacity(members.len());
        let mut values = LobbyValues { room: self.room_value(first)?, players: Vec::new() };
        let mut played = Vec::with_capacity(members.len());
        for key in members {
            let counted = self.counted(*key)?;
            let value = match self.lobby.entries.get(key) {
                _ if *key == self.config.local_peer => {
                    played.push(self.lobby.last_epoch);
                    self.lobby.player.clone()
                }
                Some(entry) if !entry.playing => {
                    played.push(entry.epoch);
                    entry.player.clone()
                }
                _ => return None,
            };
            players.push((*key, self.at_server.players_of(*key)?, counted.revision));
            values.players.push(value);
        }
        let epoch = epoch_after(&played);
        // A match that all of them can tell from those that they have played.
        let own = self.lobby.last_epoch;
        if own != 0 && !is_later(epoch, own) {
            return None;
        }
        let least = match self.rule {
            StartRule::Full => 0,
            StartRule::Ready { least } => least,
        };
        let size = self.at_server.size;
        let view = LobbyView { size, least, epoch, players, values };
        Some(Seen { hash: view.hash(), view })
    }

    /// The room's value as its first player has set it.
    pub(super) fn room_value(&self, first: PeerKey) -> Option<Vec<u8>> {
        match first == self.config.local_peer {
            true => Some(self.lobby.room.clone()),
            false => self.lobby.entries.get(&first)?.room.clone(),
        }
    }

    /// Goes as far towards a match as the others in the lobby let the local peer.
    pub(super) fn advance_ready(&mut self, now: Duration) {
        self.update_own_entry();
        let others = self.others();
        let is_announced = |peer: &PeerKey| self.peers.get(peer).is_some_and(|it| it.announced);
        if !others.is_empty() && others.iter().all(is_announced) {
            self.times.connected(now);
        }
        let next = self.next_countdown(now);
        let is_over = self.update_countdown(now, next);
        self.update_ready_shown();
        if let Some(countdown) = &self.lobby.countdown {
            let epoch = countdown.epoch;
            self.commit_to_seed(now, epoch);
        }
        // The others are told first: who is ready is so before it reveals anything.
        self.send_entries(now);
        if !is_over {
            return;
        }
        if self.phase.agreed() {
            self.emit(RoomEvent::Synchronizing);
        }
        if matches!(self.phase, Phase::Synchronizing) {
            self.reveal_seed(now);
            self.start_agreed(now);
        }
    }

    /// Takes back what the local peer has said and what no longer fits to what it sees.
    fn update_own_entry(&mut self) {
        let members = self.lobby_members();
        let seen = self.see(&members).map(|seen| seen.hash);
        if self.lobby.ready.is_some() && self.lobby.ready != seen {
            debug!("no longer ready: the lobby changed");
            self.lobby.ready = None;
        }
        if (self.lobby.wants_ready || self.lobby.stays_ready) && seen.is_some() {
            self.lobby.wants_ready = false;
            self.lobby.ready = seen;
        }
        if let Some(start) = self.lobby.start {
            let is_valid = members == self.lobby.start_members
                && members.first() == Some(&self.config.local_peer)
                && self.asked_members(&start).is_some_and(|them| {
                    self.see(&them).is_some_and(|seen| seen.hash == start.view)
                });
            if !is_valid {
                self.lobby.start = None;
            }
        }
    }

    /// The members that a start of the first player names. None if there are no such members.
    fn asked_members(&self, start: &LobbyStart) -> Option<Vec<PeerKey>> {
        let members = &self.at_server.members;
        if members.len() < 8 && start.members >> members.len() != 0 {
            return None;
        }
        let named =
            members.iter().enumerate().filter(|(place, _)| start.members & bit(*place) != 0);
        let named: Vec<PeerKey> = named.map(|(_, key)| *key).collect();
        let can = self.lobby_members();
        named.iter().all(|key| can.contains(key)).then_some(named)
    }

    /// The start that the room's first player asks for.
    fn asked_start(&self) -> Option<LobbyStart> {
        let first = self.first_member()?;
        match first == self.config.local_peer {
            true => self.lobby.start,
            false => self.lobby.entries.get(&first)?.start,
        }
        .filter(|_| matches!(self.rule, StartRule::Ready { .. }))
    }

    /// The countdown that would begin now, if a match is to start.
    fn next_countdown(&self, now: Duration) -> Option<Countdown> {
        let (members, seen, is_asked) = match self.asked_start() {
            Some(start) => {
                let members = self.asked_members(&start)?;
                let seen = self.see(&members).filter(|seen| seen.hash == start.view)?;
                (members, seen, true)
            }
            None => {
                let members = self.lobby_members();
                let seen = self.see(&members)?;
                let is_ready = |key: &PeerKey| {
                    self.counted(*key).is_some_and(|it| it.ready == Some(seen.hash))
                };
                members.iter().all(is_ready).then_some((members, seen, false))?
            }
        };
        if !self.are_enough(&members) || !members.contains(&self.config.local_peer) {
            return None;
        }
        let Seen { hash, view } = seen;
        let length = match self.rule {
            StartRule::Full => Duration::ZERO,
            StartRule::Ready { .. } => self.config.countdown,
        };
        Some(Countdown {
            epoch: view.epoch,
            players: members.iter().filter_map(|key| self.counted(*key)).collect(),
            members: self.lobby_members(),
            is_asked,
            ends: now + length,
            target: StartTarget {
                roster: self.at_server.only(&members),
                values: view.values,
                view: Some(hash),
            },
        })
    }

    /// Tells the game who has become ready, and who no longer is.
    pub(super) fn update_ready_shown(&mut self) {
        let members = self.lobby_members();
        let seen = self.see(&members).map(|seen| seen.hash);
        for (place, key) in self.at_server.members.clone().into_iter().enumerate() {
            let ready = self.counted(key).and_then(|it| it.ready);
            let ready = ready.is_some() && ready == seen;
            let shown = match ready {
                true => self.lobby.ready_shown.insert(key),
                false => self.lobby.ready_shown.remove(&key),
            };
            if shown {
                let player = self.at_server.first_handle(place);
                self.emit(RoomEvent::ReadyChanged { peer: key, player, ready });
            }
        }
        let at_server = &self.at_server.members;
        self.lobby.ready_shown.retain(|key| at_server.contains(key));
    }
}

fn bit(place: usize) -> u8 {
    1_u8.checked_shl(place as u32).unwrap_or(0)
}

/// Whether a match comes after another one. Epochs wrap.
fn is_later(epoch: u16, than: u16) -> bool {
    (epoch.wrapping_sub(than) as i16) > 0
}

/// The epoch of the match after those that these have played last; 0 for those who have played none.
fn epoch_after(played: &[u16]) -> u16 {
    let mut played = played.iter().copied().filter(|epoch| *epoch != 0);
    let first = played.next().unwrap_or(0);
    next_epoch(played.fold(first, |last, epoch| if is_later(epoch, last) { epoch } else { last }))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_next_epoch_comes_after_all_that_were_played() {
        for (played, next) in [
            (&[0, 0][..], 1),
            (&[0, 3, 2], 4),
            (&[0, 40_000], 40_001),
            (&[65_535, 1, 0], 2),
            (&[65_535, 65_534], 1),
            (&[], 1),
        ] {
            assert_eq!(epoch_after(played), next, "{played:?}");
        }
    }
}
