//! The client's place in a room, and how it is resumed.

use std::time::Duration;

use netplay_protocol::join_proof::{JoinAction, JoinContext};
use netplay_protocol::signaling::{ClientMessage, Resume, SignedRoster, VERSION};
use netplay_protocol::{Challenge, Identity, RoomCode, RoomNonce, Secret, ServerName};

/// What a server needs to be shown when a client comes back to its room.
#[derive(Debug)]
pub(super) struct Membership {
    room: RoomCode,
    nonce: RoomNonce,
    resume_token: Secret,
    grace: Duration,
    /// The last roster, for a server that restarted and knows nothing of the room.
    roster: Option<SignedRoster>,
}

impl Membership {
    /// The membership that the first `Welcome` tells.
    pub(super) fn new(
        room: RoomCode,
        nonce: RoomNonce,
        resume_token: Secret,
        grace: Duration,
    ) -> Self {
        Self { room, nonce, resume_token, grace, roster: None }
    }

    /// Takes in a `Welcome` to the same room. The roster stays true until the next one comes. Returns whether it is the
    /// same room.
    #[must_use = "the membership stays as it is where it is another room"]
    pub(super) fn renew(
        &mut self,
        room: &RoomCode,
        nonce: RoomNonce,
        resume_token: Secret,
        grace: Duration,
    ) -> bool {
        let same = (room, nonce) == (&self.room, self.nonce);
        if same {
            (self.resume_token, self.grace) = (resume_token, grace);
        }
        same
    }

    /// For how long the server keeps the membership without a connection.
    pub(super) fn grace(&self) -> Duration {
        self.grace
    }

    /// The incarnation of the room.
    pub(super) fn nonce(&self) -> RoomNonce {
        self.nonce
    }

    /// The resume token, which is for the servers of its issuer only.
    pub(super) fn resume_token(&self) -> &Secret {
        &self.resume_token
    }

    /// Keeps a roster with its signature.
    pub(super) fn keep_roster(&mut self, roster: SignedRoster) {
        self.roster = Some(roster);
    }

    /// The first message on a new connection.
    pub(super) fn hello(
        &self,
        identity: &Identity,
        server: &ServerName,
        challenge: Challenge,
    ) -> ClientMessage {
        let room = self.room.to_string();
        let context = JoinContext { action: JoinAction::Resume(&room), server, challenge };
        let proof = identity.sign_join(&context);
        ClientMessage::Resume(Resume {
            version: VERSION,
            proof,
            resume: self.resume_token.clone(),
            roster: self.roster.clone(),
            restarted: false,
            room,
        })
    }
}
