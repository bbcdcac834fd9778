//! One room: its members, what each of them receives, and which peers the room refuses.
//!
//! A room is a record without IO and without a clock. The `handle_*` methods change it and queue what the
//! members have to receive; [`Room::poll_transmit`] returns that in order. The keeper of the record
//! delivers everything before the next change, so that all members receive the same rosters in the same order.
//!
//! Members are identified by the [`SocketId`] that the server assigned to their connection. The room looks
//! up the [`PeerKey`] of the sender from it and takes no key from a later message. A message therefore
//! cannot leave its room, and no peer can act as another one.
//!
//! A room begins with the first member and ends with the last. A member whose socket broke stays a member
//! for the grace period; the room keeps signals to it in a [mailbox](Mailbox) until it resumes.

mod access;
mod mailbox;
mod membership;
mod presence;
mod statistics;
mod traffic;

use std::collections::VecDeque;
use std::time::Duration;

use axum::body::Bytes;
use netplay_protocol::signaling::{
    GameInfo, IceServer, KickRule, Presence, Refusal, RoomOptions, ServerMessage, SignedRoster,
    VERSION,
};
use netplay_protocol::{PeerKey, RoomCode, RoomNonce, Roster};

use crate::limits::{ClientAddress, RoomPermit};
use crate::password::PasswordDigest;
use crate::token_signer::{TokenClaims, TokenSigner};
use access::Access;
pub(crate) use access::KickOutcome;
use mailbox::Mailbox;
pub(crate) use membership::{JoinRequest, ResumeRequest};
use statistics::Statistics;
pub(crate) use traffic::SignalOutcome;

/// The server's own number of a connection. No client ever receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SocketId(pub(crate) u64);

/// Something to send, and the connections to send it to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) to: Vec<SocketId>,
    pub(crate) outgoing: Outgoing,
}

/// What a connection has to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outgoing {
    /// A signaling message.
    Message(ServerMessage),
    /// A WebSocket ping, which the client answers with the same payload.
    Ping(Bytes),
    /// The close of the connection, for this reason.
    Close(Refusal),
}

/// The time and the settings that every change of a room depends on.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// Now, on the server's clock.
    pub(crate) now: Duration,
    /// How long a disconnected member keeps its slot.
    pub(crate) grace: Duration,
    /// How many signals of one sender a mailbox holds.
    pub(crate) away_messages: usize,
    /// How many bytes of one sender a mailbox holds.
    pub(crate) away_bytes: usize,
    /// How many peers a room keeps out before it is closed for good.
    pub(crate) bans: usize,
    /// Makes the resume tokens and signs the rosters.
    pub(crate) signer: &'a TokenSigner,
    /// Now, in seconds since 1970, for the age of what is signed.
    pub(crate) unix_now: u64,
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Room {
    code: RoomCode,
    /// Tells it from every other room under this code.
    nonce: RoomNonce,
    size: u8,
    /// With how many players a match starts at least, once all are ready. None: when the room is full.
    least: Option<u8>,
    game: GameInfo,
    password: Option<PasswordDigest>,
    access: Access,
    /// Whether more than half of the members have played a match here, as they say. Not known of before a restart.
    has_played: bool,
    /// The revision of the signed roster that it was restored from, if it was. The password of the room is then not
    /// known, so it admits no new peers.
    restored_from: Option<u64>,
    /// Counts the changes of the roster, across restarts of the server.
    revision: u64,
    /// In the order they joined.
    members: Vec<Member>,
    statistics: Statistics,
    /// What [`Self::poll_transmit`] returns.
    transmits: VecDeque<Delivery>,
    /// Counts against the rooms of the address that created the room. None for rooms of the matchmaking.
    _permit: Option<RoomPermit>,
}

#[derive(Debug)]
struct Member {
    key: PeerKey,
    /// How many players it brings.
    players: u8,
    /// Where it connected from last. None if that was to a server that has restarted since.
    address: Option<ClientAddress>,
    connection: MemberConnection,
    /// Whether the member says that it is in a running match.
    playing: bool,
    /// The peers to which the member opened the relay.
    relays: Vec<PeerKey>,
}

#[derive(Debug)]
enum MemberConnection {
    Online(SocketId),
    Away { until: Duration, mailbox: Mailbox },
}

impl Member {
    fn online(key: PeerKey, players: u8, socket: SocketId, address: ClientAddress) -> Self {
        let (connection, address) = (MemberConnection::Online(socket), Some(address));
        Self { key, players, address, connection, playing: false, relays: Vec::new() }
    }

    fn away(key: PeerKey, players: u8, until: Duration) -> Self {
        let connection = MemberConnection::Away { until, mailbox: Mailbox::default() };
        Self { key, players, address: None, connection, playing: false, relays: Vec::new() }
    }

    fn socket(&self) -> Option<SocketId> {
        match self.connection {
            MemberConnection::Online(socket) => Some(socket),
            MemberConnection::Away { .. } => None,
        }
    }

    /// When a disconnected member loses its slot.
    fn expires_at(&self) -> Option<Duration> {
        match self.connection {
            MemberConnection::Online(_) => None,
            MemberConnection::Away { until, .. } => Some(until),
        }
    }
}

impl Room {
    /// A room without members. The caller adds the first one.
    pub(crate) fn new(
        code: RoomCode,
        nonce: RoomNonce,
        size: u8,
        game: GameInfo,
        password: Option<PasswordDigest>,
        options: RoomOptions,
        permit: Option<RoomPermit>,
    ) -> Self {
        Self {
            code,
            nonce,
            size,
            least: None,
            game,
            password,
            access: Access::new(options),
            has_played: false,
            restored_from: None,
            revision: 0,
            members: Vec::new(),
            statistics: Statistics::default(),
            transmits: VecDeque::new(),
            _permit: permit,
        }
    }

    /// The same room, with the least number of players with which a match starts.
    pub(crate) fn starting_with(mut self, least: Option<u8>) -> Self {
        self.least = least;
        self
    }

    /// The room that a signed roster describes, after a restart of the server. All members are disconnected.
    pub(crate) fn restored(
        rules: Rules<'_>,
        code: RoomCode,
        signed: &SignedRoster,
        permit: Option<RoomPermit>,
    ) -> Self {
        let SignedRoster { roster, nonce, revision, game, .. } = signed;
        // What its creator has chosen is not known any more, so its members decide together.
        let options = RoomOptions { kick: KickRule::Vote, public: None };
        let mut room = Self::new(code, *nonce, roster.size, game.clone(), None, options, permit);
        (room.restored_from, room.revision) = (Some(*revision), *revision);
        let until = rules.now + rules.grace;
        let members = roster.members.iter().zip(&roster.players);
        room.members.extend(members.map(|(key, players)| Member::away(*key, *players, until)));
        room
    }

    /// The game that is played in it.
    pub(crate) fn game(&self) -> &GameInfo {
        &self.game
    }

    /// Whether the room has no members, connected or disconnected. It is then over.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// When [`handle_timeout`](Self::handle_timeout) removes the next member.
    pub(crate) fn poll_timeout(&self) -> Option<Duration> {
        self.members.iter().filter_map(Member::expires_at).min()
    }

    /// The next thing to deliver because of the changes so far.
    pub(crate) fn poll_transmit(&mut self) -> Option<Delivery> {
        self.transmits.pop_front()
    }

    /// Queues a message for these connections.
    fn send(&mut self, to: Vec<SocketId>, message: ServerMessage) {
        self.transmits.push_back(Delivery { to, outgoing: Outgoing::Message(message) });
    }

    fn send_welcome(
        &mut self,
        rules: Rules<'_>,
        to: SocketId,
        key: PeerKey,
        ice_servers: Vec<IceServer>,
    ) {
        let claims = TokenClaims { nonce: self.nonce, issued: rules.unix_now };
        let welcome = ServerMessage::Welcome {
            version: VERSION,
            room: self.code.clone(),
            nonce: self.nonce,
            size: self.size,
            least: self.least,
            resume: rules.signer.resume_token(&self.code, key, claims),
            grace_ms: u32::try_from(rules.grace.as_millis()).unwrap_or(u32::MAX),
            ice_servers,
            state: self.state(),
        };
        self.send(vec![to], welcome);
    }

    fn send_roster(&mut self, rules: Rules<'_>, to: Vec<SocketId>) {
        let signed = SignedRoster {
            roster: self.roster(),
            nonce: self.nonce,
            revision: self.revision,
            issued: rules.unix_now,
            signature: String::new(),
            game: self.game.clone(),
        };
        let signature = rules.signer.sign_roster(&self.code, &signed);
        let SignedRoster { roster, revision, issued, .. } = signed;
        self.send(to, ServerMessage::Roster { revision, roster, issued, signature });
    }

    /// Sends the state of a member to all others.
    fn send_presence(&mut self, peer: PeerKey, presence: Presence) {
        let others = self.members.iter().filter(|member| member.key != peer);
        let others = others.filter_map(Member::socket).collect();
        self.send(others, ServerMessage::Presence { peer, presence });
    }

    /// Sends one connection which members are disconnected.
    fn send_absences(&mut self, to: SocketId) {
        let away = self.members.iter().filter(|member| member.socket().is_none());
        for peer in away.map(|member| member.key).collect::<Vec<_>>() {
            self.send(vec![to], ServerMessage::Presence { peer, presence: Presence::Away });
        }
    }

    fn roster(&self) -> Roster {
        let (members, players) = self.members.iter().map(|it| (it.key, it.players)).unzip();
        Roster { size: self.size, members, players }
    }

    /// How many players the members bring.
    fn player_count(&self) -> usize {
        self.members.iter().map(|member| usize::from(member.players)).sum()
    }

    fn all_sockets(&self) -> Vec<SocketId> {
        self.members.iter().filter_map(Member::socket).collect()
    }

    fn member(&self, key: PeerKey) -> Option<&Member> {
        self.members.iter().find(|member| member.key == key)
    }

    fn member_on(&mut self, socket: SocketId) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.socket() == Some(socket))
    }
}

#[cfg(test)]
mod tests;
