//! Joining and leaving a room.

use netplay_protocol::signaling::{GameInfo, IceServer, Presence, Refusal, check_local_players};
use netplay_protocol::{PeerKey, RoomNonce};

use super::{Member, Room, Rules, SocketId};
use crate::limits::ClientAddress;
use crate::password::PasswordDigest;

/// A peer that wants to join, and the room that it expects.
#[derive(Clone, Debug)]
pub(crate) struct JoinRequest {
    pub(crate) socket: SocketId,
    pub(crate) key: PeerKey,
    /// Where it connects from.
    pub(crate) address: ClientAddress,
    /// The expected size. None accepts any.
    pub(crate) size: Option<u8>,
    /// How many players it brings.
    pub(crate) players: u8,
    /// With how many players it expects matches to start at least. It counts with a size only.
    pub(crate) least: Option<u8>,
    pub(crate) game: GameInfo,
    pub(crate) password: Option<PasswordDigest>,
    /// The STUN and TURN servers for its welcome, with credentials of its own.
    pub(crate) ice_servers: Vec<IceServer>,
}

/// A member that wants to return to its slot.
#[derive(Clone, Debug)]
pub(crate) struct ResumeRequest {
    pub(crate) socket: SocketId,
    pub(crate) key: PeerKey,
    /// Where it connects from.
    pub(crate) address: ClientAddress,
    /// The incarnation of the room that its token is for.
    pub(crate) nonce: RoomNonce,
    /// Whether its process restarted.
    pub(crate) restarted: bool,
    /// The STUN and TURN servers for its welcome, with credentials of its own.
    pub(crate) ice_servers: Vec<IceServer>,
}

impl Room {
    /// Adds a member and sends the new roster to all.
    pub(crate) fn handle_join(
        &mut self,
        rules: Rules<'_>,
        request: JoinRequest,
    ) -> Result<(), Refusal> {
        self.admit(&request)?;
        let JoinRequest { socket, key, address, players, ice_servers, .. } = request;
        self.members.push(Member::online(key, players, socket, address));
        self.revision += 1;
        self.send_welcome(rules, socket, key, ice_servers);
        self.send_roster(rules, self.all_sockets());
        self.send_absences(socket);
        Ok(())
    }

    /// Checks the password before anything else: a peer that does not know it must not learn whether the
    /// room exists, whatever else is wrong with its request.
    fn admit(&self, request: &JoinRequest) -> Result<(), Refusal> {
        if self.restored_from.is_none() && self.password != request.password {
            return Err(Refusal::NoSuchRoom);
        }
        if self.game != request.game {
            return Err(Refusal::GameDiffers { game: self.game.clone() });
        }
        if let Some(asked) = request.size.filter(|size| *size != self.size) {
            return Err(Refusal::RoomSizeDiffers { size: self.size, asked });
        }
        if request.size.is_some() && request.least != self.least && self.restored_from.is_none() {
            return Err(Refusal::RoomStartDiffers { least: self.least, asked: request.least });
        }
        // Before the check for a full room: a member that joins again must not be told that the room is full
        // when it is itself in it.
        if self.member(request.key).is_some() {
            return Err(Refusal::AlreadyJoined);
        }
        self.access.check(request.key, request.address)?;
        check_local_players(request.players, self.size)?;
        self.admits(request.players)
    }

    /// Whether there is a place for a peer that brings so many players and that nothing else keeps out.
    pub(super) fn admits(&self, players: u8) -> Result<(), Refusal> {
        if self.player_count() + usize::from(players) > usize::from(self.size) {
            return Err(Refusal::RoomFull { size: self.size });
        }
        if !self.access.is_open() {
            return Err(Refusal::RoomClosed);
        }
        if self.restored_from.is_some() || self.members.iter().any(|member| member.playing) {
            return Err(Refusal::Locked);
        }
        Ok(())
    }

    /// Removes the member on a connection that leaves.
    pub(crate) fn handle_leave(&mut self, rules: Rules<'_>, socket: SocketId) {
        if let Some(key) = self.member_on(socket).map(|member| member.key) {
            self.remove(rules, &[key]);
        }
    }

    /// Removes members that leave, and those that are outvoted without them.
    pub(super) fn remove(&mut self, rules: Rules<'_>, removed: &[PeerKey]) {
        if !removed.is_empty() {
            self.remove_members(rules, removed);
            self.kick_outvoted(rules);
        }
    }

    /// Removes members and sends that to the others, with the new roster.
    pub(super) fn remove_members(&mut self, rules: Rules<'_>, removed: &[PeerKey]) {
        self.access.forget(removed);
        self.members.retain(|member| !removed.contains(&member.key));
        removed.iter().for_each(|key| self.statistics.forget(*key));
        for member in &mut self.members {
            member.relays.retain(|to| !removed.contains(to));
        }
        self.revision += 1;
        let all = self.all_sockets();
        if all.is_empty() {
            return;
        }
        for key in removed {
            self.send_presence(*key, Presence::Left);
        }
        self.send_roster(rules, all);
    }
}
