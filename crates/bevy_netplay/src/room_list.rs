//! [`RoomList`]: the list of public rooms, page by page.

use bevy::prelude::*;
use netplay_protocol::RoomCode;
use netplay_protocol::signaling::{ListRooms, PublicRoom, VERSION};

use crate::NetplayConfig;
use crate::reflect::ReflectedRoomCode;

/// Which public rooms to read, for [`list_rooms`](crate::NetplayCommands::list_rooms): those of this
/// [game](NetplayConfig::game) that admit another player, the newest first.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::messages::RoomsListed;
/// use bevy_netplay::prelude::*;
///
/// fn look(mut commands: Commands) {
///     commands.list_rooms(RoomList::new().mode("duel"));
/// }
///
/// fn show(mut pages: MessageReader<RoomsListed>, mut commands: Commands) {
///     for page in pages.read() {
///         if let Some(room) = page.rooms.first() {
///             commands.join_room(JoinRoom::listed(room));
///         }
///     }
/// }
/// # App::new().add_systems(Startup, look).add_systems(Update, show);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Reflect)]
#[reflect(Debug, Default, PartialEq)]
#[must_use = "the list is read by `Commands::list_rooms`"]
pub struct RoomList {
    server: Option<String>,
    mode: Option<String>,
    after: Option<RoomListCursor>,
}

/// Where the next page of the list begins. Of use on the server that it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Reflect)]
#[reflect(opaque)]
#[reflect(Debug, PartialEq, Hash)]
pub struct RoomListCursor(pub(crate) u64);

impl RoomList {
    /// The first page, of all modes.
    pub fn new() -> Self {
        Self::default()
    }

    /// The signaling server, instead of the one in [`NetplayConfig`].
    pub fn server(mut self, server: impl Into<String>) -> Self {
        self.server = Some(server.into());
        self
    }

    /// Only rooms with this [mode](crate::JoinRoom::mode).
    pub fn mode(mut self, mode: impl Into<String>) -> Self {
        self.mode = Some(mode.into());
        self
    }

    /// The page after one that was read: [`RoomsListed::next`](crate::messages::RoomsListed::next).
    pub fn after(mut self, page: RoomListCursor) -> Self {
        self.after = Some(page);
        self
    }

    /// The servers to ask, and what to ask them.
    pub(crate) fn request(self, config: &NetplayConfig) -> (Vec<String>, ListRooms) {
        let servers = self.server.as_ref().unwrap_or(&config.server);
        let servers = servers.split(',').map(|server| server.trim().to_owned()).collect();
        let request = ListRooms {
            version: VERSION,
            game: config.game.clone(),
            game_version: String::new(),
            mode: self.mode,
            before: self.after.map(|after| after.0),
        };
        (servers, request)
    }
}

/// A room of the list of public rooms. What its creator wrote is a stranger's text.
#[derive(Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Debug, PartialEq)]
#[non_exhaustive]
pub struct ListedRoom {
    /// Its code: everybody who reads the list can join it.
    #[reflect(remote = ReflectedRoomCode)]
    pub code: RoomCode,
    /// Its name ([`JoinRoom::public`](crate::JoinRoom::public)), without characters that cannot be seen.
    pub name: String,
    /// What the game of its creator says about it ([`JoinRoom::public_info`](crate::JoinRoom::public_info)), as it was
    /// sent: at most 256 bytes of any text, for the game to read and not to be shown as it is.
    pub info: String,
    /// Its mode.
    pub mode: String,
    /// How many players are in it.
    pub players: u8,
    /// How many players it is for.
    pub size: u8,
    /// Whether it has a password.
    pub has_password: bool,
}

impl From<PublicRoom> for ListedRoom {
    fn from(room: PublicRoom) -> Self {
        let PublicRoom { room: code, listing, mode, players, size, password } = room;
        let (name, info, has_password) = (listing.name, listing.info, password);
        Self { code, name, info, mode, players, size, has_password }
    }
}
