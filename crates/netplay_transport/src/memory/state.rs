use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use netplay_core::emulator::NetworkConditions;
use netplay_protocol::limits::{MAX_PLAYERS, MIN_PLAYERS};
use netplay_protocol::signaling::{Entry, Refusal};
use netplay_protocol::{PeerKey, RoomCode, Roster};

use super::wire::{Parcel, Wire};
use crate::{Channel, JoinRequest, LeaveReason, PathKind, TransportEvent};

/// One stay of one peer in one room. A peer that comes back is another member.
pub(super) type MemberId = u64;

/// What the hub knows. Every collection is ordered: nothing depends on a hash.
#[derive(Debug)]
pub(super) struct State {
    pub(super) seed: u64,
    /// The furthest that any member has come.
    pub(super) now: Duration,
    pub(super) conditions: NetworkConditions,
    pub(super) overrides: BTreeMap<(PeerKey, PeerKey), NetworkConditions>,
    pub(super) cut: BTreeSet<(PeerKey, PeerKey)>,
    pub(super) muted: BTreeSet<PeerKey>,
    pub(super) rooms: BTreeMap<RoomCode, Room>,
    pub(super) members: BTreeMap<MemberId, Member>,
    /// By receiver, then sender: what a member polls is one range.
    pub(super) wires: BTreeMap<(MemberId, MemberId), Wire>,
    pub(super) next_member: MemberId,
    pub(super) wires_made: u64,
}

#[derive(Debug)]
pub(super) struct Room {
    pub(super) size: u8,
    pub(super) members: Vec<MemberId>,
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) key: PeerKey,
    /// None after it left, or if it was refused.
    pub(super) room: Option<RoomCode>,
    /// What has to be added to the member's clock to get the hub's; none before its first poll.
    pub(super) offset: Option<Duration>,
    pub(super) polled: Duration,
    pub(super) events: VecDeque<TransportEvent>,
    pub(super) links: BTreeMap<PeerKey, MemberId>,
    pub(super) injected: Vec<(PeerKey, Channel, Vec<u8>)>,
}

impl State {
    pub(super) fn new(conditions: NetworkConditions, seed: u64) -> Self {
        Self {
            seed,
            now: Duration::ZERO,
            conditions,
            overrides: BTreeMap::new(),
            cut: BTreeSet::new(),
            muted: BTreeSet::new(),
            rooms: BTreeMap::new(),
            members: BTreeMap::new(),
            wires: BTreeMap::new(),
            next_member: 0,
            wires_made: 0,
        }
    }

    pub(super) fn join(&mut self, request: &JoinRequest) -> MemberId {
        let id = self.next_member;
        self.next_member += 1;
        let admitted = self.room(request).and_then(|room| self.admit(room, request));
        let mut member = Member {
            key: request.key,
            room: admitted.clone().ok(),
            offset: None,
            polled: Duration::ZERO,
            events: VecDeque::new(),
            links: BTreeMap::new(),
            injected: Vec::new(),
        };
        match admitted {
            Err(refusal) => {
                let reason = LeaveReason::Refused(refusal);
                member.events.push_back(TransportEvent::Left(reason));
                self.members.insert(id, member);
            }
            Ok(room) => {
                member.events.push_back(TransportEvent::Joined { room: room.clone() });
                self.members.insert(id, member);
                self.enter(id, room, request);
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
            Entry::Queue { .. } => read(&format!("QUEUE{}", request.size)),
        }
    }

    /// Whether a server would let this request into a room.
    fn admit(&self, code: RoomCode, request: &JoinRequest) -> Result<RoomCode, Refusal> {
        if !(MIN_PLAYERS..=MAX_PLAYERS).contains(&request.size) {
            return Err(Refusal::BadRoomSize { size: request.size });
        }
        let Some(room) = self.rooms.get(&code) else { return Ok(code) };
        let joined = |id: &MemberId| self.members.get(id).is_some_and(|m| m.key == request.key);
        if room.size != request.size {
            Err(Refusal::RoomSizeDiffers { size: room.size })
        } else if room.members.iter().any(joined) {
            Err(Refusal::AlreadyJoined)
        } else if room.members.len() >= usize::from(room.size) {
            Err(Refusal::RoomFull { size: room.size })
        } else {
            Ok(code)
        }
    }

    fn enter(&mut self, id: MemberId, code: RoomCode, request: &JoinRequest) {
        let size = request.size;
        let room =
            self.rooms.entry(code.clone()).or_insert_with(|| Room { size, members: Vec::new() });
        let others = room.members.clone();
        room.members.push(id);
        self.tell_roster(&code);
        for other in others {
            let Some(other_key) = self.members.get(&other).map(|member| member.key) else {
                continue;
            };
            self.connect(other, id, request.key);
            self.connect(id, other, other_key);
        }
    }

    /// Makes the wire that `to` sends to `from` on, and tells `to` that the link is up.
    fn connect(&mut self, to: MemberId, from: MemberId, from_key: PeerKey) {
        let Some(member) = self.members.get_mut(&to) else { return };
        member.links.insert(from_key, from);
        member.events.push_back(TransportEvent::LinkUp {
            peer: from_key,
            path: PathKind::Memory,
            attempts: 1,
        });
        let pair = (from_key, member.key);
        let conditions = self.overrides.get(&pair).unwrap_or(&self.conditions).clone();
        let seed = self.seed.wrapping_add(self.wires_made.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        self.wires_made += 1;
        self.wires.insert((to, from), Wire::new(pair, conditions, seed));
    }

    pub(super) fn leave(&mut self, id: MemberId) {
        if self.depart(id, "the other player left the room")
            && let Some(member) = self.members.get_mut(&id)
        {
            member.events.push_back(TransportEvent::Left(LeaveReason::Asked));
        }
    }

    pub(super) fn drop_member(&mut self, id: MemberId) {
        self.depart(id, "the other player's game closed");
        self.members.remove(&id);
    }

    /// Takes a member out of its room. False if it was in none.
    fn depart(&mut self, id: MemberId, reason: &'static str) -> bool {
        let Some(member) = self.members.get_mut(&id) else { return false };
        let Some(code) = member.room.take() else { return false };
        member.links.clear();
        member.injected.clear();
        if let Some(room) = self.rooms.get_mut(&code) {
            room.members.retain(|member| *member != id);
            if room.members.is_empty() {
                self.rooms.remove(&code);
            }
        }
        self.tell_roster(&code);
        self.wires.retain(|(to, _), _| *to != id);
        let outgoing: Vec<_> = self.wires.keys().copied().filter(|(_, from)| *from == id).collect();
        for wire in outgoing {
            self.put(wire, Parcel::Down(reason));
        }
        true
    }

    fn tell_roster(&mut self, code: &RoomCode) {
        let Some(room) = self.rooms.get(code) else { return };
        let key = |id: &MemberId| self.members.get(id).map(|member| member.key);
        let members = room.members.iter().filter_map(key).collect();
        let roster = Roster { size: room.size, members };
        for id in &room.members {
            if let Some(member) = self.members.get_mut(id) {
                member.events.push_back(TransportEvent::Roster(roster.clone()));
            }
        }
    }
}
