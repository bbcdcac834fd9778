//! [`JoinRoom`]: which room to join, and how.

use std::ops::RangeInclusive;

use bevy::prelude::*;
use netplay_protocol::limits::MAX_LOCAL_PLAYERS;
use netplay_protocol::signaling::{Entry, Listing};
use netplay_protocol::{PeerKey, Secret};

use crate::reflect::OptionalPeerKey;
use crate::{EndReason, KickRule, ListedRoom, ResumeToken};

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
    /// With how many players a match starts at least, once all are ready.
    pub(crate) least: Option<u8>,
    pub(crate) server: Option<String>,
    pub(crate) mode: String,
    pub(crate) password: Option<HiddenText>,
    pub(crate) token: Option<HiddenText>,
    #[reflect(remote = OptionalPeerKey)]
    pub(crate) host: Option<PeerKey>,
    /// How many players this peer brings.
    pub(crate) local_players: u8,
    /// Of its players, in their order.
    pub(crate) names: Vec<String>,
    pub(crate) resume_token: Option<ResumeToken>,
    pub(crate) kick_rule: KickRule,
    pub(crate) public: Option<PublicListing>,
}

/// What the list of public rooms says of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Reflect)]
#[reflect(Debug, Default, PartialEq)]
pub(crate) struct PublicListing {
    name: String,
    info: String,
}

impl From<PublicListing> for Listing {
    fn from(PublicListing { name, info }: PublicListing) -> Self {
        Self { name, info }
    }
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
            least: None,
            host: None,
            local_players: 1,
            names: Vec::new(),
            resume_token: None,
            kick_rule: KickRule::default(),
            public: None,
        }
    }

    /// A room of the [list of public rooms](crate::NetplayCommands::list_rooms). It must still exist.
    pub fn listed(room: &ListedRoom) -> Self {
        Self::code(room.code.as_str()).existing().mode(room.mode.clone())
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
        (self.least, self.players) = (None, Some(players));
        self
    }

    /// A room with a lobby: it is for so many players at most, and a match starts when all who are there are ready, if
    /// these are enough, or when the room's first player [starts](crate::NetplayCommands::start_match) it. A countdown of
    /// [`NetplayConfig::countdown`](crate::NetplayConfig::countdown) leads to it. Who joins while a match is played waits in
    /// the lobby and plays the next one. The creator of the room sets the numbers; a guest who sets others is refused, one
    /// who sets none takes the room as it is.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_netplay::prelude::*;
    ///
    /// fn host(mut commands: Commands) {
    ///     commands.join_room(JoinRoom::create().players_between(2..=4));
    /// }
    ///
    /// fn toggle_ready(keys: Res<ButtonInput<KeyCode>>, lobby: Res<CurrentLobby>, mut commands: Commands) {
    ///     if keys.just_pressed(KeyCode::Space) {
    ///         commands.set_ready(lobby.local().is_some_and(|local| !local.ready));
    ///     }
    /// }
    ///
    /// App::new().add_systems(Startup, host).add_systems(Update, toggle_ready.run_if(in_lobby));
    /// ```
    pub fn players_between(mut self, players: RangeInclusive<u8>) -> Self {
        (self.least, self.players) = (Some(*players.start()), Some(*players.end()));
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

    /// Who may remove players from the room: its first player, which is the default, or a vote. Its creator sets it. The
    /// players of [matchmaking](Self::matchmaking) vote.
    pub fn kick_rule(mut self, rule: KickRule) -> Self {
        self.kick_rule = rule;
        self
    }

    /// Puts the room under this name, which may be empty, into the list of public rooms as long as it admits another
    /// player. Its creator sets it. The list has the code of the room, so that everybody can join it, unless it has a
    /// password; and everybody who reaches the server reads the list. A name has at most 64 bytes.
    pub fn public(mut self, name: impl Into<String>) -> Self {
        self.public.get_or_insert_default().name = name.into();
        self
    }

    /// What else the list says of the room, for the game of who reads it, such as the map: a text of at most 256 bytes.
    /// The room is then [public](Self::public).
    pub fn public_info(mut self, info: impl Into<String>) -> Self {
        self.public.get_or_insert_default().info = info.into();
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

    /// How many players play on this machine: 1 to as many as the game
    /// [allows](crate::NetplayPlugins::local_players). Each has a [`PlayerHandle`](crate::PlayerHandle) in the match and an
    /// input of its own ([`LocalInput::set`](crate::LocalInput::set)). They come, go and are dropped together, and count for
    /// the size of the room, in which at least one other peer must fit.
    pub fn local_players(mut self, players: u8) -> Self {
        self.local_players = players;
        self
    }

    /// The name of the player. The others read it in [`PeerLink::name`](crate::PeerLink::name). At most 64 bytes;
    /// a longer name is cut off.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.names([name])
    }

    /// The names of the [players of this machine](Self::local_players), in their order; empty for none.
    pub fn names<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        let most = usize::from(MAX_LOCAL_PLAYERS);
        self.names = names.into_iter().take(most).map(Into::into).collect();
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

    /// How many players this peer brings, in a game in which they are so many at most.
    ///
    /// # Errors
    ///
    /// [`EndReason::BadRequest`] where that is too many.
    pub(crate) fn check_local_players(&self, most: usize) -> Result<(), EndReason> {
        match (1..=most).contains(&usize::from(self.local_players)) {
            true => Ok(()),
            false => Err(EndReason::BadRequest {
                detail: format!(
                    "JoinRoom::local_players is {}, and this game takes 1 to {most}: \
                     NetplayPlugins::local_players sets how many",
                    self.local_players
                ),
            }),
        }
    }

    /// The code to look for; none where the server makes it up.
    pub(crate) fn given_code(&self) -> Option<&str> {
        match &self.entry {
            RoomEntry::Code(code) | RoomEntry::Existing(code) => Some(code),
            RoomEntry::New | RoomEntry::Queue { .. } => None,
        }
    }
}
