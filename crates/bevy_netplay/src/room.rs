use bevy::prelude::*;
use netplay_protocol::{PeerKey, RoomCode};

/// The room we are in, or on the way to. Kept when a match ends, until another room is joined.
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq)]
pub struct CurrentRoom {
    /// Its code, to invite others. None before the server has taken us in.
    pub code: Option<RoomCode>,
    /// In [matchmaking](crate::Room::matchmaking): how many wait for the same, we included, when we
    /// began to wait.
    pub waiting: Option<u32>,
    /// Who we are, to be told with an invitation: [`Room::host`](crate::Room::host) takes it.
    pub us: Option<PeerKey>,
}
