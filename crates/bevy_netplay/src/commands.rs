use bevy::prelude::*;
use netplay_protocol::signaling::Entry;
use netplay_protocol::{PeerKey, RoomCode, Secret};

use crate::session::Netplay;

/// The room to join: everybody who names the same code on the same server meets there, or everybody who
/// waits for the same match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    pub(crate) entry: Entry,
    pub(crate) players: u8,
    pub(crate) server: Option<String>,
    pub(crate) mode: String,
    pub(crate) password: Option<Secret>,
    pub(crate) token: Option<Secret>,
    pub(crate) host: Option<PeerKey>,
    pub(crate) name: String,
    pub(crate) seat: Option<Secret>,
}

impl Room {
    /// The room with this code, for two players. It is made if it is not there. A code that is not one ends
    /// in [`EndReason::BadRoom`](crate::EndReason::BadRoom).
    pub fn new(code: impl Into<String>) -> Self {
        Self::entering(Entry::Room(code.into()))
    }

    /// A room with a code that nobody else has, for two players.
    pub fn random() -> Self {
        Self::new(RoomCode::from_entropy(crate::session::entropy()).to_string())
    }

    /// A new room under a code that the server makes up, for two players. The code shows in
    /// [`CurrentRoom`](crate::CurrentRoom).
    pub fn create() -> Self {
        Self::entering(Entry::New)
    }

    /// The room with this code, for two players, which must be there already.
    pub fn existing(code: impl Into<String>) -> Self {
        Self::entering(Entry::Existing(code.into()))
    }

    /// A room with whoever else waits for the same game, [mode](Self::mode) and number of players; two,
    /// unless told otherwise.
    pub fn matchmaking() -> Self {
        Self::entering(Entry::Queue { skill: None })
    }

    fn entering(entry: Entry) -> Self {
        let (players, server, mode) = (2, None, String::new());
        let (password, token, host, name, seat) = (None, None, None, String::new(), None);
        Self { entry, players, server, mode, password, token, host, name, seat }
    }

    /// Who must be in the room, as the one who invited us said
    /// ([`CurrentRoom::us`](crate::CurrentRoom::us)). Names are fingerprints of keys, and a server cannot
    /// speak for one that is not its own: so one that leads us into another room is found out. Ends in
    /// [`EndReason::HostMissing`](crate::EndReason::HostMissing).
    pub fn host(mut self, host: PeerKey) -> Self {
        self.host = Some(host);
        self
    }

    /// What the player wants to be called. The others read it in [`PeerLink::name`](crate::PeerLink::name). At
    /// most 64 bytes; what is longer is cut off.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The seat that this player had in the room before its process ended
    /// ([`CurrentRoom::seat`](crate::CurrentRoom::seat)), as when a page is loaded again. If the room has kept it
    /// and [the identity](crate::NetplayConfig::identity) is the same, the player comes back to it, and to the
    /// match that is played: the others wait. Otherwise the room is joined as if this had not been said.
    pub fn seat(mut self, seat: impl Into<String>) -> Self {
        self.seat = Some(Secret::from(seat.into()));
        self
    }

    /// How many players the room is for, 2 to 8.
    pub fn players(mut self, players: u8) -> Self {
        self.players = players;
        self
    }

    /// The signaling server, instead of the one in [`NetplayConfig`](crate::NetplayConfig).
    pub fn server(mut self, server: impl Into<String>) -> Self {
        self.server = Some(server.into());
        self
    }

    /// What is played, where a game has several modes. Players with another one are refused. At most
    /// 64 bytes.
    pub fn mode(mut self, mode: impl Into<String>) -> Self {
        self.mode = mode.into();
        self
    }

    /// How good the player is, on any scale of the game: [matchmaking](Self::matchmaking) brings those
    /// together who are close. Means nothing otherwise.
    pub fn skill(mut self, skill: i32) -> Self {
        if let Entry::Queue { skill: told } = &mut self.entry {
            *told = Some(skill);
        }
        self
    }

    /// The password of the room. Whoever makes the room sets it.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(Secret::from(password.into()));
        self
    }

    /// The token (JWT) that lets this player in, for servers that want one.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Secret::from(token.into()));
        self
    }

    /// The code of the room, as it was given; none where the server makes it up.
    pub fn code(&self) -> Option<&str> {
        match &self.entry {
            Entry::Room(code) | Entry::Existing(code) => Some(code),
            Entry::New | Entry::Queue { .. } => None,
        }
    }
}

/// What a game asks for.
pub trait NetplayCommands {
    /// Joins a room, leaving the one we are in. What becomes of it shows in
    /// [`NetplayState`](crate::NetplayState).
    fn join_room(&mut self, room: Room);

    /// Leaves the room and ends the match for the others.
    fn leave_room(&mut self);

    /// Votes for another match with the same players. It starts when everybody has voted.
    fn rematch(&mut self);
}

impl NetplayCommands for Commands<'_, '_> {
    fn join_room(&mut self, room: Room) {
        self.queue(move |world: &mut World| world.resource_mut::<Netplay>().ask_join(room));
    }

    fn leave_room(&mut self) {
        self.queue(|world: &mut World| world.resource_mut::<Netplay>().ask_leave());
    }

    fn rematch(&mut self) {
        self.queue(|world: &mut World| world.resource_mut::<Netplay>().ask_rematch());
    }
}
