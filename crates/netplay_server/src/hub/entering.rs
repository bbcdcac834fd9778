//! How a connection comes to a seat.

use netplay_protocol::limits::{MAX_PLAYERS, MIN_PLAYERS};
use netplay_protocol::signaling::{DEFAULT_ROOM_SIZE, Entry, Join, Refusal, Resume, SignedRoster};
use netplay_protocol::{PeerKey, RoomCode};

use super::{Peer, Seat};
use crate::backbone::Backbone;
use crate::password::PasswordDigest;
use crate::room::{Delivery, Newcomer, Returner, Room};
use crate::seals::room_code;

/// When a room is made for somebody who joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Make {
    IfMissing,
    Never,
    Always,
}

/// The code that was made up is that of a room already.
struct Taken;

impl Peer {
    /// Joins a room or a queue.
    pub(crate) async fn join(&self, join: Join) -> Result<(), Refusal> {
        if self.has_entered() {
            return Err(Refusal::OutOfOrder);
        }
        if self.hub.lifecycle.is_draining() {
            return Err(Refusal::Draining);
        }
        // Who guessed too often is told so whatever the guess is, before it is looked at.
        self.permit.may_try_join()?;
        let entered = self.enter(join).await;
        if entered.is_ok() {
            self.hub.metrics.joins.inc();
        } else {
            self.permit.failed_join();
        }
        entered
    }

    async fn enter(&self, join: Join) -> Result<(), Refusal> {
        if let Some(size) = join.size.filter(|size| !(MIN_PLAYERS..=MAX_PLAYERS).contains(size)) {
            return Err(Refusal::BadRoomSize { size });
        }
        self.hub.authenticator.join(&join)?;
        match &join.entry {
            Entry::Queue { skill } => {
                let skill = *skill;
                self.enter_queue(join, skill).await
            }
            Entry::Room(code) => {
                let code = read(code)?;
                self.sit_down(&code, &join, Make::IfMissing).await?.or(Err(Refusal::NoSuchRoom))
            }
            Entry::Existing(code) => {
                let code = read(code)?;
                self.sit_down(&code, &join, Make::Never).await?.or(Err(Refusal::NoSuchRoom))
            }
            Entry::New => loop {
                let code = room_code().map_err(|error| {
                    tracing::error!("no room code: {error}");
                    Refusal::ShuttingDown
                })?;
                if let Ok(()) = self.sit_down(&code, &join, Make::Always).await? {
                    return Ok(());
                }
            },
        }
    }

    /// Takes a seat in a room.
    async fn sit_down(
        &self,
        code: &RoomCode,
        join: &Join,
        make: Make,
    ) -> Result<Result<(), Taken>, Refusal> {
        let hub = &self.hub;
        let password = match &join.password {
            Some(password) => Some(hub.hasher.digest(&hub.seals, code, password).await?),
            None => None,
        };
        let newcomer = self.newcomer(join, password);
        let step = |slot: &mut Option<Room>| match (&slot, make) {
            (Some(_), Make::Always) => (Ok(Err(Taken)), Vec::new()),
            (None, Make::Never) => (Err(Refusal::NoSuchRoom), Vec::new()),
            _ => match self.join_or_make(slot, code, newcomer.clone()) {
                Ok(deliveries) => (Ok(Ok(())), deliveries),
                Err(refusal) => (Err(refusal), Vec::new()),
            },
        };
        let seated = hub.backbone.change(code, step).await?;
        if seated.is_ok() {
            self.sits(code, join.key);
        }
        Ok(seated)
    }

    fn join_or_make(
        &self,
        slot: &mut Option<Room>,
        code: &RoomCode,
        newcomer: Newcomer,
    ) -> Result<Vec<Delivery>, Refusal> {
        let rules = self.hub.rules();
        if slot.is_none() {
            let permit = Some(self.permit.room()?);
            let (game, password) = (newcomer.game.clone(), newcomer.password);
            let size = newcomer.size.unwrap_or(DEFAULT_ROOM_SIZE);
            *slot = Some(Room::new(code.clone(), size, game, password, permit));
        }
        slot.as_mut().map_or(Ok(Vec::new()), |room| room.join(rules, newcomer))
    }

    fn newcomer(&self, join: &Join, password: Option<PasswordDigest>) -> Newcomer {
        Newcomer {
            socket: self.socket,
            key: join.key,
            size: join.size,
            game: join.game.clone(),
            password,
            ice_servers: self.hub.ice_servers(join.key),
        }
    }

    /// Comes back to a seat.
    pub(crate) async fn resume(&self, resume: Resume) -> Result<(), Refusal> {
        if self.has_entered() {
            return Err(Refusal::OutOfOrder);
        }
        self.permit.may_try_join()?;
        let resumed = self.come_back(resume).await;
        self.hub.metrics.resumed(resumed.is_ok());
        if resumed.is_err() {
            self.permit.failed_join();
        }
        resumed
    }

    async fn come_back(&self, resume: Resume) -> Result<(), Refusal> {
        let hub = &self.hub;
        let code = read(&resume.room)?;
        if !hub.seals.check_resume(&code, resume.key, &resume.resume) {
            return Err(Refusal::CannotResume);
        }
        // A roster that this server, or one with the same secret, has not signed is no roster.
        let roster = resume.roster.filter(|signed| {
            hub.seals.check_roster(&code, signed) && signed.roster.player(resume.key).is_some()
        });
        let returner = Returner {
            socket: self.socket,
            key: resume.key,
            restarted: resume.restarted,
            ice_servers: hub.ice_servers(resume.key),
        };
        let step = |slot: &mut Option<Room>| {
            let outcome = self.revive(slot, &code, roster.as_ref()).and_then(|room| {
                let deliveries = room.resume(hub.rules(), returner.clone())?;
                Ok((room.next_expiry(), deliveries))
            });
            match outcome {
                Ok((expiry, deliveries)) => (Ok(expiry), deliveries),
                Err(refusal) => (Err(refusal), Vec::new()),
            }
        };
        let expiry = hub.backbone.change(&code, step).await?;
        self.sits(&code, resume.key);
        if let Some(at) = expiry {
            hub.look_again(&code, at);
        }
        Ok(())
    }

    /// The room, which is made again from a roster if it is not there.
    fn revive<'a>(
        &self,
        slot: &'a mut Option<Room>,
        code: &RoomCode,
        roster: Option<&SignedRoster>,
    ) -> Result<&'a mut Room, Refusal> {
        if slot.is_none() {
            let roster = roster.ok_or(Refusal::CannotResume)?;
            let permit = Some(self.permit.room()?);
            *slot = Some(Room::revived(self.hub.rules(), code.clone(), roster, permit));
        }
        slot.as_mut().ok_or(Refusal::CannotResume)
    }

    fn sits(&self, code: &RoomCode, key: PeerKey) {
        // Nobody else seats a connection that is not in a queue, so the cell is empty.
        let _ = self.seat.set(Seat { code: code.clone(), key });
    }
}

fn read(code: &str) -> Result<RoomCode, Refusal> {
    code.parse().map_err(|_| Refusal::BadRoomCode)
}
