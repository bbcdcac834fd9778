//! Admits a connection to a room: joining and resuming.

use netplay_protocol::limits::{MAX_PLAYERS, MIN_PLAYERS};
use netplay_protocol::signaling::{DEFAULT_ROOM_SIZE, Entry, Join, Refusal, Resume, SignedRoster};
use netplay_protocol::{PeerKey, RoomCode};

use super::{Membership, Peer};
use crate::backbone::Backbone;
use crate::password::PasswordDigest;
use crate::room::{JoinRequest, ResumeRequest, Room};
use crate::token_signer::random_room_code;

/// When a join creates a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Creation {
    IfMissing,
    Never,
    Always,
}

/// How a join that no room refused ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JoinOutcome {
    /// The peer is a member.
    Member,
    /// Another room has the code that was meant for the new room.
    CodeTaken,
}

impl Peer {
    /// Joins a room or a queue.
    pub(crate) async fn join(&self, join: Join) -> Result<(), Refusal> {
        if self.has_joined() {
            return Err(Refusal::OutOfOrder);
        }
        if self.hub.lifecycle.is_draining() {
            return Err(Refusal::Draining);
        }
        // Checked first: after too many failures the answer is the same, whether the guess is right or wrong.
        self.permit.may_try_join()?;
        let joined = self.join_entry(join).await;
        if joined.is_ok() {
            self.hub.metrics.joins.inc();
        } else {
            self.permit.failed_join();
        }
        joined
    }

    async fn join_entry(&self, join: Join) -> Result<(), Refusal> {
        let sizes = MIN_PLAYERS..=MAX_PLAYERS;
        if let Some(size) = join.size.filter(|size| !sizes.contains(size)) {
            return Err(Refusal::BadRoomSize { size });
        }
        self.hub.authenticator.check_join(&join)?;
        let (code, creation) = match &join.entry {
            Entry::Queue { skill } => {
                let skill = *skill;
                return self.join_queue(join, skill).await;
            }
            Entry::New => return self.join_new_room(&join).await,
            Entry::Room(code) => (parse_code(code)?, Creation::IfMissing),
            Entry::Existing(code) => (parse_code(code)?, Creation::Never),
        };
        self.join_room(&code, &join, creation).await.map(drop)
    }

    /// Creates a room under a random code.
    async fn join_new_room(&self, join: &Join) -> Result<(), Refusal> {
        loop {
            let code = random_room_code().map_err(|error| {
                tracing::error!("cannot create a room code: {error}");
                Refusal::ShuttingDown
            })?;
            if self.join_room(&code, join, Creation::Always).await? == JoinOutcome::Member {
                return Ok(());
            }
        }
    }

    async fn join_room(
        &self,
        code: &RoomCode,
        join: &Join,
        creation: Creation,
    ) -> Result<JoinOutcome, Refusal> {
        let hub = &self.hub;
        let password = match &join.password {
            Some(password) => Some(hub.hasher.digest(&hub.signer, code, password).await?),
            None => None,
        };
        let request = self.join_request(join, password);
        let change = |room: &mut Option<Room>| match (&room, creation) {
            (Some(_), Creation::Always) => Ok(JoinOutcome::CodeTaken),
            (None, Creation::Never) => Err(Refusal::NoSuchRoom),
            _ => self.join_or_create(room, code, request.clone()).map(|()| JoinOutcome::Member),
        };
        let joined = hub.backbone.change(code, change).await?;
        if joined == JoinOutcome::Member {
            self.set_membership(code, join.key);
        }
        Ok(joined)
    }

    fn join_or_create(
        &self,
        room: &mut Option<Room>,
        code: &RoomCode,
        request: JoinRequest,
    ) -> Result<(), Refusal> {
        let rules = self.hub.rules();
        if let Some(room) = room {
            return room.handle_join(rules, request);
        }
        let permit = Some(self.permit.room()?);
        let size = request.size.unwrap_or(DEFAULT_ROOM_SIZE);
        let (game, password) = (request.game.clone(), request.password);
        room.insert(Room::new(code.clone(), size, game, password, permit))
            .handle_join(rules, request)
    }

    fn join_request(&self, join: &Join, password: Option<PasswordDigest>) -> JoinRequest {
        JoinRequest {
            socket: self.socket,
            key: join.key,
            size: join.size,
            game: join.game.clone(),
            password,
            ice_servers: self.hub.ice_servers(join.key),
        }
    }

    /// Returns to a slot in a room.
    pub(crate) async fn resume(&self, resume: Resume) -> Result<(), Refusal> {
        if self.has_joined() {
            return Err(Refusal::OutOfOrder);
        }
        self.permit.may_try_join()?;
        let resumed = self.resume_room(resume).await;
        self.hub.metrics.count_resume(resumed.is_ok());
        if resumed.is_err() {
            self.permit.failed_join();
        }
        resumed
    }

    async fn resume_room(&self, resume: Resume) -> Result<(), Refusal> {
        let hub = &self.hub;
        let code = parse_code(&resume.room)?;
        if !hub.signer.check_resume(&code, resume.key, &resume.resume) {
            return Err(Refusal::CannotResume);
        }
        // A roster counts only if this server, or one with the same secret, signed it.
        let roster = resume.roster.filter(|signed| {
            hub.signer.check_roster(&code, signed) && signed.roster.player(resume.key).is_some()
        });
        let request = ResumeRequest {
            socket: self.socket,
            key: resume.key,
            restarted: resume.restarted,
            ice_servers: hub.ice_servers(resume.key),
        };
        let change = |room: &mut Option<Room>| {
            let room = self.get_or_restore(room, &code, roster.as_ref())?;
            room.handle_resume(hub.rules(), request.clone())?;
            Ok(room.poll_timeout())
        };
        let expiry = hub.backbone.change(&code, change).await?;
        self.set_membership(&code, resume.key);
        if let Some(at) = expiry {
            hub.schedule_expiry(&code, at);
        }
        Ok(())
    }

    /// The room, restored from the roster if it does not exist.
    fn get_or_restore<'a>(
        &self,
        room: &'a mut Option<Room>,
        code: &RoomCode,
        roster: Option<&SignedRoster>,
    ) -> Result<&'a mut Room, Refusal> {
        match room {
            Some(room) => Ok(room),
            None => {
                let roster = roster.ok_or(Refusal::CannotResume)?;
                let permit = Some(self.permit.room()?);
                Ok(room.insert(Room::restored(self.hub.rules(), code.clone(), roster, permit)))
            }
        }
    }

    fn set_membership(&self, room: &RoomCode, key: PeerKey) {
        // Only matchmaking sets it for another connection, and only for one in the queue: the cell is empty.
        let _ = self.membership.set(Membership { room: room.clone(), key });
    }
}

fn parse_code(code: &str) -> Result<RoomCode, Refusal> {
    code.parse().map_err(|_| Refusal::BadRoomCode)
}
