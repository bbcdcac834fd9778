//! Joining and leaving.

use netplay_protocol::PeerKey;
use netplay_protocol::signaling::{GameInfo, IceServer, Presence, Refusal};

use super::{Delivery, Member, Parcel, Room, Rules, SocketId};
use crate::password::PasswordDigest;

/// Who wants to join, and what it says that it wants to join.
#[derive(Clone, Debug)]
pub(crate) struct Newcomer {
    pub(crate) socket: SocketId,
    pub(crate) key: PeerKey,
    /// None: the room's.
    pub(crate) size: Option<u8>,
    pub(crate) game: GameInfo,
    pub(crate) password: Option<PasswordDigest>,
    /// The STUN and TURN servers it is told, with its own credentials.
    pub(crate) ice_servers: Vec<IceServer>,
}

/// Who comes back to its seat.
#[derive(Clone, Debug)]
pub(crate) struct Returner {
    pub(crate) socket: SocketId,
    pub(crate) key: PeerKey,
    /// Its process restarted.
    pub(crate) restarted: bool,
    /// The STUN and TURN servers it is told, with its own credentials.
    pub(crate) ice_servers: Vec<IceServer>,
}

impl Room {
    /// Seats a peer. Everybody in the room is told.
    pub(crate) fn join(
        &mut self,
        rules: Rules<'_>,
        newcomer: Newcomer,
    ) -> Result<Vec<Delivery>, Refusal> {
        self.admits(&newcomer)?;
        let socket = newcomer.socket;
        self.members.push(Member::online(newcomer.key, socket));
        self.revision += 1;
        let welcome = self.welcome(rules, newcomer.key, newcomer.ice_servers);
        let welcome = Delivery { to: vec![socket], parcel: Parcel::Message(welcome) };
        let mut deliveries = vec![welcome, self.told(rules, self.everybody())];
        deliveries.extend(self.absences(socket));
        Ok(deliveries)
    }

    /// The password is looked at before anything else: who does not know it hears the same as if there
    /// were no such room, whatever else is wrong.
    fn admits(&self, newcomer: &Newcomer) -> Result<(), Refusal> {
        if !self.revived && self.password != newcomer.password {
            return Err(Refusal::NoSuchRoom);
        }
        if self.game != newcomer.game {
            return Err(Refusal::GameDiffers { game: self.game.clone() });
        }
        if let Some(asked) = newcomer.size.filter(|size| *size != self.size) {
            return Err(Refusal::RoomSizeDiffers { size: self.size, asked });
        }
        // Before the room is found full: who comes back too early is told so, and not that somebody
        // took the seat.
        if self.member(newcomer.key).is_some() {
            return Err(Refusal::AlreadyJoined);
        }
        if self.members.len() >= usize::from(self.size) {
            return Err(Refusal::RoomFull { size: self.size });
        }
        if self.revived || self.members.iter().any(|member| member.playing) {
            return Err(Refusal::Locked);
        }
        Ok(())
    }

    /// Frees the seat of a connection that leaves for good.
    pub(crate) fn leave(&mut self, rules: Rules<'_>, socket: SocketId) -> Vec<Delivery> {
        match self.at(socket).map(|member| member.key) {
            Some(key) => self.free(rules, &[key]),
            None => Vec::new(),
        }
    }

    /// Frees seats. Those who stay are told; those behind a free seat move up.
    pub(super) fn free(&mut self, rules: Rules<'_>, gone: &[PeerKey]) -> Vec<Delivery> {
        if gone.is_empty() {
            return Vec::new();
        }
        self.members.retain(|member| !gone.contains(&member.key));
        for member in &mut self.members {
            member.relays.retain(|to| !gone.contains(to));
        }
        self.revision += 1;
        let everybody = self.everybody();
        if everybody.is_empty() {
            return Vec::new();
        }
        let mut deliveries: Vec<_> =
            gone.iter().map(|key| self.presence(*key, Presence::Left)).collect();
        deliveries.push(self.told(rules, everybody));
        deliveries
    }
}
