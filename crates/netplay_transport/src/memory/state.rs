//! The state of a hub: rooms, their members, and what is under way between them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::DefaultHasher;
use std::time::Duration;

use netplay_core::emulator::NetworkConditions;
use netplay_core::path::{Channel, PathId};
use netplay_protocol::limits::{MAX_PLAYERS, MIN_PLAYERS};
use netplay_protocol::signaling::{
    DEFAULT_ROOM_SIZE, Entry, Refusal, RoomState, check_local_players,
};
use netplay_protocol::{PeerKey, RoomCode, Roster, Secret};

use super::wire::{Obstacles, Transmission, Wire};
use crate::{JoinRequest, LeaveReason, TransportEvent};

/// One stay of one peer in one room. A peer that comes back is another member.
pub(super) type MemberId = u64;

/// The state of a hub. Every collection is ordered, so that nothing depends on a hash.
#[derive(Debug)]
pub(super) struct State {
    pub(super) seed: u64,
    /// The latest time of any member.
    pub(super) now: Duration,
    pub(super) conditions: NetworkConditions,
    pub(super) overrides: BTreeMap<(PeerKey, PeerKey), NetworkConditions>,
    pub(super) obstacles: Obstacles,
    pub(super) rooms: BTreeMap<RoomCode, Room>,
    pub(super) members: BTreeMap<MemberId, Member>,
    /// By receiver, then sender and path: what a member polls is one range.
    pub(super) wires: BTreeMap<WireId, Wire>,
    /// How long an attempt takes.
    pub(super) attempts_take: Duration,
    /// Attempts under way: when each ends, the member that began it, and the other peer.
    pub(super) attempts: Vec<(Duration, MemberId, PeerKey)>,
    pub(super) next_member: MemberId,
    pub(super) wires_made: u64,
    pub(super) paths_made: u64,
    /// Of every packet that was sent, and when.
    pub(super) sent: DefaultHasher,
}

/// Receiver, sender and path.
pub(super) type WireId = (MemberId, MemberId, PathId);

#[derive(Debug)]
pub(super) struct Room {
    pub(super) size: u8,
    /// With how many players a match starts at least, once all are ready.
    pub(super) least: Option<u8>,
    pub(super) members: Vec<MemberId>,
    /// Whether it admits others.
    pub(super) open: bool,
    /// Whether more than half of the members have played a match.
    pub(super) has_played: bool,
    /// Who does not come in again.
    pub(super) banned: BTreeSet<PeerKey>,
}

impl Room {
    /// What its members know of it besides the roster.
    pub(super) fn state(&self) -> RoomState {
        RoomState { open: self.open, has_played: self.has_played, ..RoomState::default() }
    }
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) key: PeerKey,
    /// How many players it brings.
    pub(super) players: u8,
    /// Whether it says that it plays a match.
    pub(super) playing: bool,
    /// None after it left, or if it was refused.
    pub(super) room: Option<RoomCode>,
    /// The difference between the hub's clock and the member's. None before its first poll.
    pub(super) offset: Option<Duration>,
    pub(super) polled: Duration,
    pub(super) events: VecDeque<TransportEvent>,
    /// The paths that it can send on, and the receiver on each.
    pub(super) paths: BTreeMap<(PeerKey, PathId), MemberId>,
    pub(super) injected: Vec<(PeerKey, Channel, Vec<u8>)>,
}

impl State {
    pub(super) fn new(conditions: NetworkConditions, seed: u64) -> Self {
        Self {
            seed,
            now: Duration::ZERO,
            conditions,
            overrides: BTreeMap::new(),
            obstacles: Obstacles::default(),
            rooms: BTreeMap::new(),
            members: BTreeMap::new(),
            wires: BTreeMap::new(),
            attempts_take: Duration::ZERO,
            attempts: Vec::new(),
            next_member: 0,
            wires_made: 0,
            paths_made: 0,
            sent: DefaultHasher::new(),
        }
    }

    pub(super) fn join(&mut self, request: &JoinRequest) -> MemberId {
        let id = self.next_member;
        self.next_member += 1;
        let admitted = self.room(request).and_then(|room| self.admit(room, request));
        let mut member = Member {
            key: request.identity.peer_key(),
            players: request.players,
            playing: false,
            room: admitted.clone().ok(),
            offset: None,
            polled: Duration::ZERO,
            events: VecDeque::new(),
            paths: BTreeMap::new(),
            injected: Vec::new(),
        };
        match admitted {
            Err(refusal) => {
                let reason = LeaveReason::Refused(refusal);
                member.events.push_back(TransportEvent::Left(reason));
                self.members.insert(id, member);
            }
            Ok(room) => {
                let (size, least) = self.enter(id, &room, request);
                member.events.push_back(TransportEvent::Joined {
                    room: room.clone(),
                    size,
                    least,
                    // A hub keeps no places: a process with the key of a member takes over from it. The token tells only
                    // that there was a process before.
                    resume_token: Some(Secret::from("memory")),
                });
                let state = self.rooms.get(&room).map(Room::state).unwrap_or_default();
                if state != RoomState::default() {
                    member.events.push_back(TransportEvent::RoomState(state));
                }
                self.members.insert(id, member);
                self.tell_roster(&room);
            }
        }
        id
    }

    /// The room a request is about. A queue is one room per size.
    fn room(&self, request: &JoinRequest) -> Result<RoomCode, Refusal> {
        let read = |code: &str| code.parse::<RoomCode>().map_err(|_| Refusal::BadRoomCode);
        match &request.entry {
            Entry::Room(code) => read(code),
            Entry::Existing(code) => {
                let code = read(code)?;
                self.rooms.contains_key(&code).then_some(code).ok_or(Refusal::NoSuchRoom)
            }
            Entry::New => Ok(RoomCode::from_entropy(request.seed)),
            Entry::Queue { .. } => {
                read(&format!("QUEUE{}", request.size.unwrap_or(DEFAULT_ROOM_SIZE)))
            }
        }
    }

    /// Whether a server would let this request into a room.
    fn admit(&self, code: RoomCode, request: &JoinRequest) -> Result<RoomCode, Refusal> {
        if let Some(size) = request.size.filter(|size| !(MIN_PLAYERS..=MAX_PLAYERS).contains(size))
        {
            return Err(Refusal::BadRoomSize { size });
        }
        let most = request.size.unwrap_or(DEFAULT_ROOM_SIZE);
        if let Some(least) = request.least.filter(|least| !(MIN_PLAYERS..=most).contains(least)) {
            return Err(Refusal::BadRoomSize { size: least });
        }
        let Some(room) = self.rooms.get(&code) else {
            return check_local_players(request.players, most).map(|()| code);
        };
        check_local_players(request.players, room.size)?;
        let players = self.players_in(room) + usize::from(request.players);
        let key = request.identity.peer_key();
        let joined = |id: &MemberId| self.members.get(id).is_some_and(|m| m.key == key);
        if let Some(asked) = request.size.filter(|size| *size != room.size) {
            Err(Refusal::RoomSizeDiffers { size: room.size, asked })
        } else if request.size.is_some() && request.least != room.least {
            Err(Refusal::RoomStartDiffers { least: room.least, asked: request.least })
        } else if room.members.iter().any(joined) {
            Err(Refusal::AlreadyJoined)
        } else if room.banned.contains(&key) {
            Err(Refusal::Banned)
        } else if players > usize::from(room.size) {
            Err(Refusal::RoomFull { size: room.size })
        } else if !room.open {
            Err(Refusal::RoomClosed)
        } else {
            Ok(code)
        }
    }

    /// How many players the members of a room bring.
    fn players_in(&self, room: &Room) -> usize {
        let players = |id: &MemberId| self.members.get(id).map_or(0, |it| usize::from(it.players));
        room.members.iter().map(players).sum()
    }

    /// Adds a member to the room, which is created if it does not exist. Returns the size of the room and
    /// the least number of players.
    fn enter(&mut self, id: MemberId, code: &RoomCode, request: &JoinRequest) -> (u8, Option<u8>) {
        let (size, least) = (request.size.unwrap_or(DEFAULT_ROOM_SIZE), request.least);
        let room = self.rooms.entry(code.clone()).or_insert_with(|| Room {
            size,
            least,
            members: Vec::new(),
            open: true,
            has_played: false,
            banned: BTreeSet::new(),
        });
        room.members.push(id);
        (room.size, room.least)
    }

    pub(super) fn leave(&mut self, id: MemberId) {
        if self.depart(id, "the other player left the room")
            && let Some(member) = self.members.get_mut(&id)
        {
            member.events.push_back(TransportEvent::Left(LeaveReason::Requested));
        }
    }

    pub(super) fn crash(&mut self, peer: PeerKey) {
        let is = |(_, member): &(&MemberId, &Member)| member.key == peer && member.room.is_some();
        if let Some(id) = self.members.iter().find(is).map(|(id, _)| *id) {
            self.drop_member(id);
        }
    }

    pub(super) fn drop_member(&mut self, id: MemberId) {
        self.depart(id, "the other player's game closed");
        self.members.remove(&id);
    }

    /// Takes a member out of its room. False if it was in none.
    pub(super) fn depart(&mut self, id: MemberId, reason: &'static str) -> bool {
        let Some(member) = self.members.get_mut(&id) else { return false };
        let Some(code) = member.room.take() else { return false };
        member.paths.clear();
        member.injected.clear();
        if let Some(room) = self.rooms.get_mut(&code) {
            room.members.retain(|member| *member != id);
            if room.members.is_empty() {
                self.rooms.remove(&code);
            }
        }
        self.tell_roster(&code);
        self.attempts.retain(|(_, member, _)| *member != id);
        self.wires.retain(|(to, ..), _| *to != id);
        let outgoing: Vec<_> =
            self.wires.keys().copied().filter(|(_, from, _)| *from == id).collect();
        for wire in outgoing {
            self.put(wire, Transmission::Down(reason));
        }
        true
    }

    fn tell_roster(&mut self, code: &RoomCode) {
        let Some(room) = self.rooms.get(code) else { return };
        let member = |id: &MemberId| self.members.get(id).map(|it| (it.key, it.players));
        let (members, players) = room.members.iter().filter_map(member).unzip();
        let roster = Roster { size: room.size, members, players };
        for id in &room.members {
            if let Some(member) = self.members.get_mut(id) {
                member.events.push_back(TransportEvent::Roster(roster.clone()));
            }
        }
    }
}
