//! Admits a connection to a room: joining and resuming.

use netplay_protocol::limits::{MAX_PLAYERS, MIN_PLAYERS};
use netplay_protocol::signaling::{
    DEFAULT_ROOM_SIZE, Entry, IceServer, Join, Refusal, Resume, RoomOptions, SignedRoster,
    check_local_players,
};
use netplay_protocol::{PeerKey, RoomCode};

use super::{Membership, Peer};
use crate::backbone::Backbone;
use crate::limits::Spent;
use crate::password::PasswordDigest;
use crate::room::{JoinRequest, ResumeRequest, Room};

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
    /// The peer is a member. `created`: it is the first one.
    Member { created: bool },
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
        // Counted first: after too many failures the answer is the same, whether the guess is right or wrong.
        let attempt = self.permit.try_join(matches!(join.entry, Entry::Room(_)))?;
        let created = self.join_entry(join).await?;
        attempt.succeeded(created);
        self.hub.metrics.joins.inc();
        Ok(())
    }

    /// Returns whether it created a room under the code that the join names.
    async fn join_entry(&self, join: Join) -> Result<bool, Refusal> {
        let sizes = MIN_PLAYERS..=MAX_PLAYERS;
        if let Some(size) = join.size.filter(|size| !sizes.contains(size)) {
            return Err(Refusal::BadRoomSize { size });
        }
        let most = join.size.unwrap_or(DEFAULT_ROOM_SIZE);
        // A room that exists may be larger than the one that would be created.
        check_local_players(join.players, join.size.unwrap_or(MAX_PLAYERS))?;
        if let Some(least) = join.least.filter(|least| !(MIN_PLAYERS..=most).contains(least)) {
            return Err(Refusal::BadRoomSize { size: least });
        }
        if let Entry::Room(code) | Entry::Existing(code) = &join.entry {
            parse_code(code)?;
        }
        // After everything that costs less, and before everything that costs more: tokens, hashing, rooms.
        self.check_proof(&join.proof, join.entry.action())?;
        self.hub.authenticator.check_join(&join)?;
        let (code, creation) = match &join.entry {
            Entry::Queue { skill } => {
                let skill = *skill;
                return self.join_queue(join, skill).await.map(|()| false);
            }
            Entry::New => return self.join_new_room(&join).await.map(|()| false),
            Entry::Room(code) => (parse_code(code)?, Creation::IfMissing),
            Entry::Existing(code) => (parse_code(code)?, Creation::Never),
        };
        // Counted for the room before anything is hashed or looked up, whether there is such a room or not.
        self.hub.limits.guess(&code)?;
        let joined = self.join_room(&code, &join, creation).await;
        if joined != Err(Refusal::NoSuchRoom) {
            self.hub.limits.right_guess(&code);
        }
        joined.map(|outcome| outcome == JoinOutcome::Member { created: true })
    }

    /// Creates a room under a random code.
    async fn join_new_room(&self, join: &Join) -> Result<(), Refusal> {
        loop {
            let code = self.hub.random.room_code();
            if self.join_room(&code, join, Creation::Always).await? != JoinOutcome::CodeTaken {
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
            Some(password) => {
                let place = self.permit.hash()?;
                Some(hub.hasher.digest(place, &hub.signer, code, password).await?)
            }
            None => None,
        };
        let (ice_servers, credential) = self.turn.offer(hub, join.peer());
        let request = self.join_request(join, password, ice_servers);
        let options = &join.options;
        let change = |room: &mut Option<Room>| match (&room, creation) {
            (Some(_), Creation::Always) => Ok(JoinOutcome::CodeTaken),
            (None, Creation::Never) => Err(Refusal::NoSuchRoom),
            _ => {
                let created = room.is_none();
                self.join_or_create(room, code, options, request.clone())?;
                Ok(JoinOutcome::Member { created })
            }
        };
        let joined = hub.backbone.change(code, change).await;
        match (&joined, credential) {
            (Ok(JoinOutcome::Member { .. }), credential) => {
                self.turn.accepted(credential);
                self.set_membership(code, join.peer());
            }
            // It was offered to nobody.
            (_, Some(credential)) => credential.give_back(),
            (_, None) => {}
        }
        joined
    }

    fn join_or_create(
        &self,
        room: &mut Option<Room>,
        code: &RoomCode,
        options: &RoomOptions,
        request: JoinRequest,
    ) -> Result<(), Refusal> {
        let rules = self.hub.rules();
        if let Some(room) = room {
            return room.handle_join(rules, request);
        }
        let size = request.size.unwrap_or(DEFAULT_ROOM_SIZE);
        check_local_players(request.players, size)?;
        let permit = Some(match options.public {
            Some(_) => self.permit.public_room()?,
            None => self.permit.room()?,
        });
        let (game, password) = (request.game.clone(), request.password);
        let (nonce, options) = (self.hub.random.room_nonce(), options.clone());
        let new = Room::new(code.clone(), nonce, size, game, password, options, permit);
        room.insert(new.starting_with(request.least)).handle_join(rules, request)
    }

    fn join_request(
        &self,
        join: &Join,
        password: Option<PasswordDigest>,
        ice_servers: Vec<IceServer>,
    ) -> JoinRequest {
        JoinRequest {
            socket: self.socket,
            key: join.peer(),
            address: self.turn.address(),
            size: join.size,
            players: join.players,
            least: join.least,
            game: join.game.clone(),
            password,
            ice_servers,
        }
    }

    /// Returns to a slot in a room.
    pub(crate) async fn resume(&self, resume: Resume) -> Result<(), Refusal> {
        if self.has_joined() {
            return Err(Refusal::OutOfOrder);
        }
        let attempt = self.permit.try_join(false)?;
        let resumed = self.resume_room(resume).await;
        self.hub.metrics.count_resume(resumed.is_ok());
        if resumed.is_ok() {
            attempt.succeeded(false);
        }
        resumed
    }

    async fn resume_room(&self, resume: Resume) -> Result<(), Refusal> {
        let hub = &self.hub;
        let code = parse_code(&resume.room)?;
        // An HMAC costs less than a signature. Neither is worth anything without the other.
        let token = hub.signer.check_resume(&code, resume.peer(), &resume.resume);
        let token = token.filter(|token| hub.is_recent(token.issued));
        let token = token.ok_or(Refusal::CannotResume)?;
        let key = self.check_proof(&resume.proof, resume.action())?;
        // A roster counts only if this server, or one with the same secret, signed it for the same incarnation of the
        // room, and not too long ago.
        let roster = resume.roster.filter(|signed| {
            hub.signer.check_roster(&code, signed)
                && signed.nonce == token.nonce
                && hub.is_recent(signed.issued)
                && signed.roster.place(key).is_some()
        });
        let (ice_servers, credential) = self.turn.offer(hub, key);
        let request = ResumeRequest {
            socket: self.socket,
            key,
            address: self.turn.address(),
            nonce: token.nonce,
            restarted: resume.restarted,
            ice_servers,
        };
        let change = |room: &mut Option<Room>| {
            let resumed = self.get_or_restore(room, &code, roster.as_ref());
            let resumed = resumed.and_then(|room| room.handle_resume(hub.rules(), request.clone()));
            hub.schedule_expiry(&code, room.as_ref());
            resumed
        };
        if let Err(refusal) = hub.backbone.change(&code, change).await {
            // It was offered to nobody.
            credential.into_iter().for_each(Spent::give_back);
            return Err(refusal);
        }
        self.turn.accepted(credential);
        self.set_membership(&code, key);
        Ok(())
    }

    /// The room, restored from the roster if it does not exist. A restored room follows the newest roster.
    fn get_or_restore<'a>(
        &self,
        room: &'a mut Option<Room>,
        code: &RoomCode,
        roster: Option<&SignedRoster>,
    ) -> Result<&'a mut Room, Refusal> {
        match room {
            Some(room) => {
                if let Some(roster) = roster {
                    room.handle_newer_roster(self.hub.rules(), roster);
                }
                Ok(room)
            }
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
