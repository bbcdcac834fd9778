//! The client's place in a room, and how it is resumed.

use std::time::Duration;

use netplay_protocol::signaling::{ClientMessage, GameInfo, Resume, SignedRoster, VERSION};
use netplay_protocol::{PeerKey, RoomCode, Roster, Secret};

/// What a server needs to be shown when a client comes back to its room.
#[derive(Debug)]
pub(super) struct Membership {
    room: RoomCode,
    resume_token: Secret,
    grace: Duration,
    /// The last roster, for a server that restarted and knows nothing of the room.
    roster: Option<SignedRoster>,
}

impl Membership {
    /// The membership that a `Welcome` tells. The roster of the one before stays true until the next roster comes.
    pub(super) fn welcomed(
        before: Option<Self>,
        room: RoomCode,
        resume_token: Secret,
        grace: Duration,
    ) -> Self {
        let roster = before.and_then(|before| before.roster);
        Self { room, resume_token, grace, roster }
    }

    /// For how long the server keeps the membership without a connection.
    pub(super) fn grace(&self) -> Duration {
        self.grace
    }

    /// Keeps a roster with its signature.
    pub(super) fn keep_roster(&mut self, roster: Roster, signature: String, game: GameInfo) {
        self.roster = Some(SignedRoster { roster, signature, game });
    }

    /// The first message on a new connection.
    pub(super) fn hello(&self, key: PeerKey) -> ClientMessage {
        ClientMessage::Resume(Resume {
            version: VERSION,
            room: self.room.to_string(),
            key,
            resume: self.resume_token.clone(),
            roster: self.roster.clone(),
            restarted: false,
        })
    }
}
