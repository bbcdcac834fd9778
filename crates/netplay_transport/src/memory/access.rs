//! Who is in a room of the hub, as a server whose rooms have the default options decides it: the member with the lowest
//! place removes others, and opens and closes the room. A ban is of the key, since nobody has an address here.

use netplay_protocol::signaling::{Refusal, RoomState};
use netplay_protocol::{PeerKey, RoomCode};

use super::state::{MemberId, State};
use crate::{LeaveReason, TransportEvent};

impl State {
    /// A member asks to remove another one.
    pub(super) fn kick(&mut self, by: MemberId, peer: PeerKey, banned: bool) {
        let Some(code) = self.led_by(by) else { return };
        let Some(target) = self.neighbour(by, peer).filter(|target| *target != by) else { return };
        if let Some(room) = self.rooms.get_mut(&code).filter(|_| banned) {
            room.banned.insert(peer);
        }
        self.depart(target, "it was removed from the room");
        if let Some(member) = self.members.get_mut(&target) {
            let reason = LeaveReason::Refused(Refusal::Kicked { banned });
            member.events.push_back(TransportEvent::Left(reason));
        }
        self.tell_members(by, &TransportEvent::Kicked { peer, banned });
    }

    /// A member opens or closes its room.
    pub(super) fn set_open(&mut self, by: MemberId, open: bool) {
        let Some(code) = self.led_by(by) else { return };
        let Some(room) = self.rooms.get_mut(&code).filter(|room| room.open != open) else { return };
        room.open = open;
        let state = room.state();
        self.tell_members(by, &TransportEvent::RoomState(state));
    }

    /// A member says whether it plays. Once more than half of the members do, all are told that there was a match.
    pub(super) fn set_playing(&mut self, by: MemberId, playing: bool) {
        let Some(member) = self.members.get_mut(&by) else { return };
        member.playing = playing;
        let room = member.room.as_ref().and_then(|code| self.rooms.get_mut(code));
        let Some(room) = room.filter(|room| !room.has_played) else { return };
        let plays = |id: &&MemberId| self.members.get(id).is_some_and(|member| member.playing);
        let players = room.members.iter().filter(plays).count();
        if RoomState::is_match(players, room.members.len()) {
            room.has_played = true;
            let state = room.state();
            self.tell_members(by, &TransportEvent::RoomState(state));
        }
    }

    /// The room of which this is the first player.
    fn led_by(&self, id: MemberId) -> Option<RoomCode> {
        let code = self.members.get(&id)?.room.clone()?;
        (self.rooms.get(&code)?.members.first() == Some(&id)).then_some(code)
    }

    /// Tells all members of the room of one of them.
    fn tell_members(&mut self, of: MemberId, event: &TransportEvent) {
        let code = self.members.get(&of).and_then(|member| member.room.as_ref());
        let Some(room) = code.and_then(|code| self.rooms.get(code)) else { return };
        for member in room.members.clone() {
            self.tell(member, event.clone());
        }
    }
}
