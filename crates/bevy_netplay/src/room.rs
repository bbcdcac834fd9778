use bevy::prelude::*;
use netplay_protocol::{PeerKey, RoomCode, Secret};

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
    /// What brings us back to our seat when this process is gone: [`Room::seat`](crate::Room::seat) takes it.
    /// None where the server keeps no seats.
    pub seat: Option<Secret>,
}
