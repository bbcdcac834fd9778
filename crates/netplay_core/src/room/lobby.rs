//! The lobby: what each peer tells the others of itself before, between and after matches.
//!
//! An entry has everything that a peer says there, and every change sends it again; so nothing follows from the order of
//! changes. A peer keeps one entry of each other one, which that one alone writes. `ready` says what follows from them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use netplay_protocol::limits::MAX_LOBBY_VALUE_BYTES;
use netplay_protocol::{ControlMessage, LobbyEntry, LobbyHash, LobbyStart, PeerKey};

use super::countdown::Countdown;
use super::match_end::FinishedMatch;
use super::phase::Phase;
use super::{Room, RoomEvent};

/// How many messages may wait for their acknowledgement before an entry waits as well: the next one has all that changed
/// meanwhile.
const MAX_UNACKNOWLEDGED: usize = 4;

/// What a room knows of its lobby.
#[derive(Default)]
pub(super) struct Lobby {
    /// Counts the changes of the local values, from the incarnation on.
    pub(super) revision: u32,
    /// The value of the local player.
    pub(super) player: Vec<u8>,
    /// The room's value, as the local peer knows or sets it.
    pub(super) room: Vec<u8>,
    /// The local player wants to be ready as soon as nothing is missing.
    pub(super) wants_ready: bool,
    /// The local player is ready again when something changes, until it takes that back.
    pub(super) stays_ready: bool,
    /// What the local player is ready for.
    pub(super) ready: Option<LobbyHash>,
    /// The start that the local player asks for, if it is the first one.
    pub(super) start: Option<LobbyStart>,
    /// The members of the room when it asked.
    pub(super) start_members: Vec<PeerKey>,
    /// The last match that was played here, or that is played.
    pub(super) last_epoch: u16,
    /// What the others have told last.
    pub(super) entries: BTreeMap<PeerKey, LobbyEntry>,
    /// What the local peer tells, and how often that has changed.
    told: (LobbyEntry, u64),
    pub(super) countdown: Option<Countdown>,
    /// Who is ready, as the game was told.
    pub(super) ready_shown: BTreeSet<PeerKey>,
    /// The match that ended here, for those who have not come to its end.
    pub(super) finished: Option<FinishedMatch>,
}

impl Lobby {
    /// The lobby of a process with this incarnation. Its revisions are others than those of the process before, so that
    /// its restart is a change.
    pub(super) fn new(incarnation: u32) -> Self {
        Self { revision: incarnation, ..Self::default() }
    }

    /// A match starts: what was said before it is over.
    pub(super) fn started(&mut self, epoch: u16) {
        self.last_epoch = epoch;
        (self.ready, self.wants_ready, self.stays_ready) = (None, false, false);
        self.start = None;
        (self.countdown, self.finished) = (None, None);
        self.ready_shown.clear();
    }

    /// The last match that a peer has played, if it is in it no more. None if it has told of none.
    pub(super) fn ended_epoch(&self, peer: &PeerKey) -> Option<u16> {
        let entry = self.entries.get(peer)?;
        (entry.epoch > 0 && !entry.playing).then_some(entry.epoch)
    }
}

/// A value of the lobby is too long: it has so many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a value of the lobby has {0} bytes, and at most {MAX_LOBBY_VALUE_BYTES} can be sent")]
pub struct LobbyValueTooLong(pub usize);

/// What the game sees of the lobby.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LobbyOverview {
    /// With how many players a match starts at least. None where the first match starts when the room is full.
    pub least: Option<u8>,
    /// The room's first player, who sets its value and can start a match.
    pub first: Option<PeerKey>,
    /// The room's value. None as long as it is not known.
    pub room: Option<Vec<u8>>,
    /// The members of the room, in their order.
    pub members: Vec<LobbyMember>,
}

/// What the game sees of a member of the lobby.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LobbyMember {
    /// The peer.
    pub peer: PeerKey,
    /// How many players it brings.
    pub players: u8,
    /// The value of its player. None as long as it is not known.
    pub value: Option<Vec<u8>>,
    /// Another one whenever it changes a value that it sets, or its process restarts.
    pub revision: u32,
    /// Whether it is ready for all that is seen here.
    pub ready: bool,
    /// Whether it plays a match. Not while it only comes to the end of one that is over here.
    pub playing: bool,
}

impl Room {
    /// Sets the value of the local player. It is ready no more if that is another one.
    ///
    /// # Errors
    ///
    /// [`LobbyValueTooLong`] if it has too many bytes; nothing changes then.
    pub fn set_lobby_player(&mut self, value: Vec<u8>) -> Result<(), LobbyValueTooLong> {
        check(&value)?;
        if self.lobby.player != value {
            self.lobby.player = value;
            self.lobby_changed();
        }
        Ok(())
    }

    /// Sets the room's value, if the local player is the room's first one.
    ///
    /// # Errors
    ///
    /// [`LobbyValueTooLong`] if it has too many bytes; nothing changes then.
    pub fn set_lobby_room(&mut self, value: Vec<u8>) -> Result<(), LobbyValueTooLong> {
        check(&value)?;
        let is_first = self.first_member().is_none_or(|first| first == self.config.local_peer);
        if is_first && self.lobby.room != value {
            self.lobby.room = value;
            self.lobby_changed();
        }
        Ok(())
    }

    fn lobby_changed(&mut self) {
        self.lobby.revision = self.lobby.revision.wrapping_add(1);
        (self.lobby.ready, self.lobby.wants_ready) = (None, false);
        self.note_lobby_changed();
    }

    /// What the game sees of the lobby.
    pub fn lobby(&self) -> LobbyOverview {
        let member = |key: &PeerKey| {
            let ready = self.lobby.ready_shown.contains(key);
            let (peer, players) = (*key, self.at_server.players_of(*key).unwrap_or(1));
            if peer == self.config.local_peer {
                let playing = self.is_in_match();
                let (value, revision) = (Some(self.lobby.player.clone()), self.lobby.revision);
                return LobbyMember { peer, players, value, revision, ready, playing };
            }
            let entry = self.lobby.entries.get(key);
            let is_over = |epoch| !self.is_in_match() && epoch == self.lobby.last_epoch;
            LobbyMember {
                peer,
                players,
                value: entry.map(|entry| entry.player.clone()),
                revision: entry.map_or(0, |entry| entry.revision),
                ready,
                playing: entry.is_some_and(|entry| entry.playing && !is_over(entry.epoch)),
            }
        };
        let first = self.first_member();
        LobbyOverview {
            least: match self.rule {
                super::StartRule::Full => None,
                super::StartRule::Ready { least } => Some(least),
            },
            first,
            room: first.and_then(|first| self.room_value(first)),
            members: self.at_server.members.iter().map(member).collect(),
        }
    }

    /// Whether the local peer plays a match, or is about to again.
    pub(super) fn is_in_match(&self) -> bool {
        matches!(self.phase, Phase::Playing(_) | Phase::Rejoining(_))
    }

    /// Has the game look at the lobby again.
    pub(super) fn note_lobby_changed(&mut self) {
        if self.events.back() != Some(&RoomEvent::LobbyChanged) {
            self.emit(RoomEvent::LobbyChanged);
        }
    }

    /// A peer tells of itself.
    pub(super) fn handle_lobby_entry(&mut self, now: Duration, from: PeerKey, entry: LobbyEntry) {
        let has_ended = !entry.playing;
        let epoch = entry.epoch;
        if let Some(room) = &entry.room
            && self.first_member() == Some(from)
        {
            // Kept for the case that the local peer is the first one next.
            self.lobby.room.clone_from(room);
        }
        self.lobby.entries.insert(from, entry);
        self.note_lobby_changed();
        if has_ended {
            self.handle_match_left(now, from, epoch);
        }
    }

    /// A peer left, or its process restarted: what it told no longer holds.
    pub(super) fn forget_entry(&mut self, peer: PeerKey) {
        if self.lobby.entries.remove(&peer).is_some() {
            self.note_lobby_changed();
        }
    }

    /// What the local peer tells the others of itself.
    pub(super) fn lobby_entry(&self) -> LobbyEntry {
        let is_first = self.first_member() == Some(self.config.local_peer);
        LobbyEntry {
            revision: self.lobby.revision,
            epoch: self.lobby.last_epoch,
            playing: self.is_in_match(),
            ready: self.lobby.ready,
            start: self.lobby.start,
            player: self.lobby.player.clone(),
            room: is_first.then(|| self.lobby.room.clone()),
        }
    }

    /// Tells everybody what the local peer has to tell, as far as they do not know it.
    pub(super) fn send_entries(&mut self, now: Duration) {
        let entry = self.lobby_entry();
        let (told, count) = &mut self.lobby.told;
        if *told != entry || *count == 0 {
            (*told, *count) = (entry, *count + 1);
        }
        let count = *count;
        let lacks_it = |peer: &&mut super::Peer| {
            peer.lobby_told != count
                && peer.hello_sent.is_some()
                && !peer.is_disconnected()
                && !peer.is_refused()
                && peer.link.unacknowledged_messages() <= MAX_UNACKNOWLEDGED
        };
        let mut to = Vec::new();
        for peer in self.peers.values_mut().filter(lacks_it) {
            peer.lobby_told = count;
            to.push(peer.key);
        }
        if to.is_empty() {
            return;
        }
        let message = ControlMessage::Lobby(self.lobby.told.0.clone());
        to.into_iter().for_each(|peer| self.send_control(now, peer, &message));
    }
}

fn check(value: &[u8]) -> Result<(), LobbyValueTooLong> {
    if value.len() > MAX_LOBBY_VALUE_BYTES {
        return Err(LobbyValueTooLong(value.len()));
    }
    Ok(())
}
