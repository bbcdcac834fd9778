//! [`CurrentRoom`]: what is known of the room, and the token that brings a restarted process back to it.

use bevy::prelude::*;
use netplay_protocol::{PeerKey, RoomCode, Secret};

use crate::KickRule;
use crate::reflect::{OptionalPeerKey, OptionalRoomCode};

/// The room that this peer is in, or on the way to. Kept when a match ends, until another room is joined.
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq, Reflect)]
#[reflect(Resource, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CurrentRoom {
    /// Its code, to invite others. None before the server has let this peer in.
    #[reflect(remote = OptionalRoomCode)]
    pub code: Option<RoomCode>,
    /// In [matchmaking](crate::JoinRoom::matchmaking): how many wait for the same, this peer included, at the
    /// time it began to wait.
    pub waiting: Option<u32>,
    /// The key of this peer, to be told with an invitation: [`JoinRoom::host`](crate::JoinRoom::host) takes it.
    #[reflect(remote = OptionalPeerKey)]
    pub local_peer: Option<PeerKey>,
    /// What brings this peer back into the room after its process was restarted:
    /// [`JoinRoom::resume_token`](crate::JoinRoom::resume_token) takes it. None where the server keeps no places.
    pub resume_token: Option<ResumeToken>,
    /// How many players the room is for, as its creator set it. None before the server has let this peer in.
    pub players: Option<u8>,
    /// Whether the room admits no new players, because its first player has
    /// [closed](crate::NetplayCommands::set_room_open) it.
    pub closed: bool,
    /// Who may [remove](crate::NetplayCommands::kick) players.
    pub kick_rule: KickRule,
    /// Whether the room is in the list of public rooms, as long as it admits another player.
    pub public: bool,
    /// With how many players a match starts at least, once all are ready. None if the first match starts when the room is
    /// full.
    pub least: Option<u8>,
}

/// Proves that a place in a room is this peer's. A secret: its debug text and its reflection do not show it.
#[derive(Clone, PartialEq, Eq, Reflect)]
#[reflect(opaque)]
#[reflect(Debug, PartialEq)]
pub struct ResumeToken(pub(crate) Secret);

impl ResumeToken {
    /// The token itself, to be kept where nobody else can read it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl std::fmt::Debug for ResumeToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResumeToken(…)")
    }
}

impl From<String> for ResumeToken {
    fn from(token: String) -> Self {
        Self(Secret::from(token))
    }
}

impl From<&str> for ResumeToken {
    fn from(token: &str) -> Self {
        Self(Secret::from(token))
    }
}
