//! [`JoinRoom`]: which room to join, and how.

use bevy::prelude::*;
use netplay_protocol::signaling::Entry;
use netplay_protocol::{PeerKey, Secret};

use crate::ResumeToken;
use crate::reflect::OptionalPeerKey;

/// The room to join, for [`join_room`](crate::NetplayCommands::join_room). One of
///
/// * [`JoinRoom::code`]: the room with a code, which all who name it on the same server join;
/// * [`JoinRoom::create`]: a new room, under a code that the server makes up;
/// * [`JoinRoom::matchmaking`]: a room with others who wait for the same.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
///
/// fn host(mut commands: Commands) {
///     commands.join_room(JoinRoom::create().players(4).name("Ann"));
/// }
///
/// // The creator sets the size; guests need not know it.
/// fn join(mut commands: Commands) {
///     commands.join_room(JoinRoom::code("FRIDAY").existing().name("Ben"));
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Debug, PartialEq)]
#[must_use = "a room is joined by `Commands::join_room`"]
pub struct JoinRoom {
    pub(crate) entry: RoomEntry,
    pub(crate) players: Option<u8>,
    pub(crate) server: Option<String>,
    pub(crate) mode: String,
    pub(crate) password: Option<HiddenText>,
    pub(crate) token: Option<HiddenText>,
    #[reflect(remote = OptionalPeerKey)]
    pub(crate) host: Option<PeerKey>,
    pub(crate) name: String,
    pub(crate) resume_token: Option<ResumeToken>,
}

/// Which room.
#[derive(Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Debug, PartialEq)]
pub(crate) enum RoomEntry {
    Code(String),
    Existing(String),
    New,
    Queue { skill: Option<i32> },
}

impl From<RoomEntry> for Entry {
    fn from(entry: RoomEntry) -> Self {
        match entry {
            RoomEntry::Code(code) => Self::Room(code),
            RoomEntry::Existing(code) => Self::Existing(code),
            RoomEntry::New => Self::New,
            RoomEntry::Queue { skill } => Self::Queue { skill },
        }
    }
}

/// A password or token. Neither its debug text nor its reflection shows it.
#[derive(Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(opaque)]
#[reflect(Debug, PartialEq)]
pub(crate) struct HiddenText(pub(crate) Secret);

impl JoinRoom {
    /// The room with this code. It is created if it does not exist. A text that is not a code ends in
    /// [`EndReason::BadRequest`](crate::EndReason::BadRequest).
    pub fn code(code: impl Into<String>) -> Self {
        Self::entering(RoomEntry::Code(code.into()))
    }

    /// A new room under a code that the server makes up and nobody can guess. The code is then in
    /// [`CurrentRoom`](crate::CurrentRoom).
    pub fn create() -> Self {
        Self::entering(RoomEntry::New)
    }

    /// A room with others who wait for the same game, [mode](Self::mode) and [number of players](Self::players).
    pub fn matchmaking() -> Self {
        Self::entering(RoomEntry::Queue { skill: None })
    }

    fn entering(entry: RoomEntry) -> Self {
        Self {
            entry,
            players: None,
            server: None,
            mode: String::new(),
            password: None,
            token: None,
            host: None,
            name: String::new(),
            resume_token: None,
        }
    }

    /// The room with this [code](Self::code) must exist. Without a code it changes nothing.
    pub fn existing(mut self) -> Self {
        if let RoomEntry::Code(code) = self.entry {
            self.entry = RoomEntry::Existing(code);
        }
        self
    }

    /// How many players the room is for, 2 to 8. Its creator sets it; without it a new room is for 2. A guest who
    /// sets another number is refused with [`EndReason::RoomSizeDiffers`](crate::EndReason::RoomSizeDiffers), one who
    /// sets none takes the room as it is and finds its size in [`CurrentRoom::players`](crate::CurrentRoom::players).
    pub fn players(mut self, players: u8) -> Self {
        self.players = Some(players);
        self
    }

    /// The signaling server, instead of the one in [`NetplayConfig`](crate::NetplayConfig).
    pub fn server(mut self, server: impl Into<String>) -> Self {
        self.server = Some(server.into());
        self
    }

    /// What is played, where a game has several modes. Players with another mode are refused. At most 64 bytes.
    pub fn mode(mut self, mode: impl Into<String>) -> Self {
        self.mode = mode.into();
        self
    }

    /// How good the player is, on any scale of the game: [matchmaking](Self::matchmaking) brings close players
    /// together. Without matchmaking it changes nothing.
    pub fn skill(mut self, skill: i32) -> Self {
        if let RoomEntry::Queue { skill: set } = &mut self.entry {
            *set = Some(skill);
        }
        self
    }

    /// The password of the room. Its creator sets it.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(HiddenText(Secret::from(password.into())));
        self
    }

    /// The token (JWT) that lets this player in, for servers that require one.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(HiddenText(Secret::from(token.into())));
        self
    }

    /// The player who sent the invitation, as that player's game told it
    /// ([`CurrentRoom::local_peer`](crate::CurrentRoom::local_peer)); must be in the room. Peer keys are
    /// fingerprints of public keys, so a server that leads elsewhere is found out. Ends in
    /// [`EndReason::HostMissing`](crate::EndReason::HostMissing).
    pub fn host(mut self, host: PeerKey) -> Self {
        self.host = Some(host);
        self
    }

    /// The name of the player. The others read it in [`PeerLink::name`](crate::PeerLink::name). At most 64 bytes;
    /// a longer name is cut off.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The token that this player had in the room before its process ended
    /// ([`CurrentRoom::resume_token`](crate::CurrentRoom::resume_token)), as when a page is reloaded. If the server
    /// has kept the place and [the identity](crate::NetplayConfig::identity) is the same, the player comes back to
    /// the room and rejoins the match that is played: the others wait. Otherwise the token changes nothing.
    pub fn resume_token(mut self, token: impl Into<ResumeToken>) -> Self {
        self.resume_token = Some(token.into());
        self
    }

    /// The code to look for; none where the server makes it up.
    pub(crate) fn given_code(&self) -> Option<&str> {
        match &self.entry {
            RoomEntry::Code(code) | RoomEntry::Existing(code) => Some(code),
            RoomEntry::New | RoomEntry::Queue { .. } => None,
        }
    }
}
