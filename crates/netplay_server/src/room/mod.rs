//! One room: who sits where, who is told what, who is refused.
//!
//! A room is a record, and nothing is sent here: every change returns what is to be delivered because of
//! it, and whoever keeps the record delivers that before the next change. That is what gives every peer
//! of a room the same roster in the same order. Members are known by the [`SocketId`] that the server
//! gave their connection; the key that a peer named itself by is looked up from it, and never taken from
//! a later message. So a message cannot cross rooms, and nobody can speak as somebody else.
//!
//! A room comes into being with the first who joins it and ends with the last who leaves. Who loses the
//! socket stays a member for the grace period, away: signals are kept in a [mailbox](Mailbox) meanwhile.

mod mailbox;
mod membership;
mod presence;
mod traffic;

use std::time::Duration;

use axum::body::Bytes;
use netplay_protocol::signaling::{
    GameInfo, IceServer, Presence, Refusal, ServerMessage, SignedRoster, VERSION,
};
use netplay_protocol::{PeerKey, RoomCode, Roster};

use crate::limits::RoomPermit;
use crate::password::PasswordDigest;
use crate::seals::Seals;
use mailbox::Mailbox;
pub(crate) use membership::{Newcomer, Returner};
pub(crate) use traffic::Signaled;

/// The server's own name for a connection, never told to anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SocketId(pub(crate) u64);

/// Something for connections, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) to: Vec<SocketId>,
    pub(crate) parcel: Parcel,
}

/// What is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parcel {
    /// A message for the peer.
    Message(ServerMessage),
    /// A ping that asks for a sign of life.
    Ping(Bytes),
    /// The connection is no longer wanted, for this reason.
    Dismissal(Refusal),
}

/// What every change goes by.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// Now, on the server's clock.
    pub(crate) now: Duration,
    /// For how long a seat is kept for somebody who lost the socket.
    pub(crate) grace: Duration,
    /// How many signals are kept for somebody who is away.
    pub(crate) away_messages: usize,
    /// How many bytes these may have in all.
    pub(crate) away_bytes: usize,
    /// What signs rosters.
    pub(crate) seals: &'a Seals,
}

/// The record of a room.
#[derive(Debug)]
pub(crate) struct Room {
    code: RoomCode,
    size: u8,
    game: GameInfo,
    password: Option<PasswordDigest>,
    /// Made again from a signed roster. Whether it had a password is not known: it takes nobody new.
    revived: bool,
    /// Counts the rosters that were told.
    revision: u64,
    /// In the order they joined.
    members: Vec<Member>,
    /// Counts against the rooms of the address that made it, until the room ends. None for rooms that
    /// matchmaking made.
    _permit: Option<RoomPermit>,
}

#[derive(Debug)]
struct Member {
    key: PeerKey,
    place: Place,
    /// Whether the member says that it is in a running match.
    playing: bool,
    /// For whom it asked the server to carry packets.
    relays: Vec<PeerKey>,
}

#[derive(Debug)]
enum Place {
    Online(SocketId),
    Away { until: Duration, mailbox: Mailbox },
}

impl Member {
    fn online(key: PeerKey, socket: SocketId) -> Self {
        Self { key, place: Place::Online(socket), playing: false, relays: Vec::new() }
    }

    fn socket(&self) -> Option<SocketId> {
        match self.place {
            Place::Online(socket) => Some(socket),
            Place::Away { .. } => None,
        }
    }
}

impl Room {
    /// An empty room: somebody joins next.
    pub(crate) fn new(
        code: RoomCode,
        size: u8,
        game: GameInfo,
        password: Option<PasswordDigest>,
        permit: Option<RoomPermit>,
    ) -> Self {
        let (members, revived, revision) = (Vec::new(), false, 0);
        Self { code, size, game, password, revived, revision, members, _permit: permit }
    }

    /// The room as a server remembered it before it was started anew. Everybody is away.
    pub(crate) fn revived(
        rules: Rules<'_>,
        code: RoomCode,
        signed: &SignedRoster,
        permit: Option<RoomPermit>,
    ) -> Self {
        let mut room = Self::new(code, signed.roster.size, signed.game.clone(), None, permit);
        room.revived = true;
        room.members.extend(signed.roster.members.iter().map(|key| Member {
            key: *key,
            place: Place::Away { until: rules.now + rules.grace, mailbox: Mailbox::default() },
            playing: false,
            relays: Vec::new(),
        }));
        room
    }

    /// Whether nobody has a seat, neither present nor away: then the room is over.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// When the first of those who are away loses the seat.
    pub(crate) fn next_expiry(&self) -> Option<Duration> {
        let untils = self.members.iter().filter_map(|member| match member.place {
            Place::Online(_) => None,
            Place::Away { until, .. } => Some(until),
        });
        untils.min()
    }

    fn roster(&self) -> Roster {
        Roster { size: self.size, members: self.members.iter().map(|member| member.key).collect() }
    }

    /// Tells a peer that it has a place in the room.
    fn welcome(
        &self,
        rules: Rules<'_>,
        key: PeerKey,
        ice_servers: Vec<IceServer>,
    ) -> ServerMessage {
        ServerMessage::Welcome {
            version: VERSION,
            room: self.code.clone(),
            size: self.size,
            resume: rules.seals.resume_token(&self.code, key),
            grace_ms: u32::try_from(rules.grace.as_millis()).unwrap_or(u32::MAX),
            ice_servers,
        }
    }

    /// Who is in the room, for these.
    fn told(&self, rules: Rules<'_>, to: Vec<SocketId>) -> Delivery {
        let roster = self.roster();
        let signature = rules.seals.sign_roster(&self.code, &self.game, &roster);
        let message = ServerMessage::Roster { revision: self.revision, roster, signature };
        Delivery { to, parcel: Parcel::Message(message) }
    }

    /// Where a member is, for everybody else.
    fn presence(&self, peer: PeerKey, presence: Presence) -> Delivery {
        let others = self.members.iter().filter(|member| member.key != peer);
        Delivery {
            to: others.filter_map(Member::socket).collect(),
            parcel: Parcel::Message(ServerMessage::Presence { peer, presence }),
        }
    }

    /// Who is away, for one.
    fn absences(&self, to: SocketId) -> impl Iterator<Item = Delivery> {
        let away = self.members.iter().filter(|member| member.socket().is_none());
        away.map(move |member| Delivery {
            to: vec![to],
            parcel: Parcel::Message(ServerMessage::Presence {
                peer: member.key,
                presence: Presence::Away,
            }),
        })
    }

    fn everybody(&self) -> Vec<SocketId> {
        self.members.iter().filter_map(Member::socket).collect()
    }

    fn member(&self, key: PeerKey) -> Option<&Member> {
        self.members.iter().find(|member| member.key == key)
    }

    fn at(&mut self, socket: SocketId) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.socket() == Some(socket))
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
