//! [`Session`]: the room and its transport, as a resource.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bevy::prelude::*;
use netplay_core::match_::{FramePace, SharedTraffic};
use netplay_core::messages::MessageEvent;
use netplay_core::room::{LobbyOverview, Room, RoomEvent, RoomTimes};
use netplay_protocol::{Identity, PeerKey};
use netplay_transport::doctor::DoctorTask;
use netplay_transport::rtc::RoomListTask;
use netplay_transport::{DrivenRoom, Leaving};

use super::LocalMatch;
use super::entropy::system_bytes;
use crate::desync::BundleInputs;
use crate::rollback::Simulation;
use crate::{JoinRoom, RoomList};

/// The session of this peer. A game sees it in resources of its own, such as [`CurrentRoom`](crate::CurrentRoom).
#[derive(Resource)]
pub(crate) struct Session {
    /// None if the system gave no randomness for one, and the game has not set any.
    pub(super) identity: Option<Identity>,
    /// The game's commands that are not carried out yet.
    pub(super) requests: Vec<Request>,
    pub(super) joined: Option<JoinedRoom>,
    /// The milestones of the room that was left or has ended, until another one is joined: for the report of its last
    /// match.
    pub(super) left: Option<RoomTimes>,
    /// The inputs of the match that is simulated.
    traffic: Option<SharedTraffic>,
    /// The room's events that are not applied to the world yet.
    pub(super) events: VecDeque<RoomEvent>,
    /// Rooms that were left, kept until the others know.
    leaving: Vec<Leaving>,
    /// What happened to messages between peers, and messages that came, which the game was not told yet: the peer and its
    /// player.
    pub(super) message_events: Vec<(PeerKey, Option<usize>, MessageEvent)>,
    /// A match without a room that is about to start.
    pub(crate) local_match: Option<LocalMatch>,
    /// The inputs of the desync bundle that is simulated again.
    pub(crate) replayed: Option<Arc<BundleInputs>>,
    /// Counts the matches without a room.
    pub(super) local_epoch: u16,
    /// The page of the list of public rooms that is being read.
    pub(super) listing: Option<RoomListTask>,
    /// The examination that is under way.
    pub(crate) doctor: Option<DoctorTask>,
}

/// A command of the game.
pub(crate) enum Request {
    Join(JoinRoom),
    Leave,
    Rematch,
    /// This player is ready, or no longer is.
    Ready(bool),
    /// Start a match with those who are there.
    Start,
    /// Take that back.
    CancelStart,
    PlayAlone {
        players: usize,
    },
    Kick {
        peer: PeerKey,
        ban: bool,
    },
    Open(bool),
    ListRooms(RoomList),
    RunDoctor,
}

/// A room and its transport.
pub(super) struct JoinedRoom {
    pub(super) room: DrivenRoom,
    /// How many players this peer brings.
    pub(super) local_players: u8,
    /// How its matches are simulated.
    pub(super) simulation: Simulation,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            identity: system_bytes().as_ref().map(Identity::from_secret),
            requests: Vec::new(),
            joined: None,
            left: None,
            traffic: None,
            events: VecDeque::new(),
            leaving: Vec::new(),
            message_events: Vec::new(),
            local_match: None,
            replayed: None,
            local_epoch: 0,
            listing: None,
            doctor: None,
        }
    }
}

impl Session {
    /// Has the next [`handle_requests`](super::handle_requests) carry this out.
    pub(crate) fn request(&mut self, request: Request) {
        self.requests.push(request);
    }

    /// The name of this peer.
    pub(super) fn local_peer(&self) -> Option<PeerKey> {
        self.identity.as_ref().map(Identity::peer_key)
    }

    /// The milestones of the room, or of the last one.
    pub(crate) fn times(&self) -> Option<RoomTimes> {
        let times = |joined: &JoinedRoom| *joined.room.lock().room().times();
        self.joined.as_ref().map(times).or(self.left)
    }

    /// How long until a match starts, while a countdown runs.
    pub(crate) fn time_to_start(&self, now: Duration) -> Option<Duration> {
        self.joined.as_ref()?.room.lock().room().time_to_start(now)
    }

    /// What the room shows of its lobby.
    pub(super) fn lobby(&self) -> Option<LobbyOverview> {
        Some(self.joined.as_ref()?.room.lock().room().lobby())
    }

    /// How many players this peer brings to its room.
    pub(crate) fn local_players(&self) -> usize {
        self.joined.as_ref().map_or(1, |joined| joined.local_players.into())
    }

    /// Sets the values of the lobby. The error says why they cannot be shared.
    pub(crate) fn set_lobby_values(
        &self,
        now: Duration,
        local: Vec<u8>,
        of_room: Vec<u8>,
    ) -> Result<(), String> {
        let Some(joined) = &self.joined else { return Ok(()) };
        let mut driver = joined.room.lock();
        let (room, _) = driver.room_at(now);
        let set = room.set_lobby_player(local).and_then(|()| room.set_lobby_room(of_room));
        set.map_err(|error| error.to_string())
    }

    /// The simulation has ended the match with this frame. Returns whether it was one of a room.
    pub(crate) fn match_ended(&mut self, now: Duration, frame: i32) -> bool {
        self.traffic = None;
        let Some(joined) = &self.joined else { return false };
        let mut driver = joined.room.lock();
        let (room, now) = driver.room_at(now);
        room.handle_match_ended(now, frame);
        driver.flush(now);
        drop(driver);
        self.take_events();
        true
    }

    /// The match is no longer simulated.
    pub(super) fn stop_simulating(&mut self) {
        self.traffic = None;
    }

    /// The match of this room is simulated from now on.
    pub(super) fn simulate(&mut self, traffic: SharedTraffic) {
        self.traffic = Some(traffic);
        self.replayed = None;
    }

    /// The local input at a frame of a match that is simulated again, as its bytes.
    pub(crate) fn replayed_input(&self, frame: i32) -> Option<Vec<u8>> {
        self.traffic.as_ref()?.lock().replayed_input(frame).map(<[u8]>::to_vec)
    }

    /// How many frames the local player's input waits at present.
    pub(crate) fn input_delay(&self) -> Option<usize> {
        Some(self.traffic.as_ref()?.lock().input_delay())
    }

    /// The input delay to change to before the local input of a frame is given.
    pub(crate) fn poll_input_delay(&self, frame: i32, input: &[u8]) -> Option<usize> {
        self.traffic.as_ref()?.lock().poll_input_delay(frame, input)
    }

    /// How many frames the simulation is behind the others, while it catches up with a match that this peer rejoined.
    pub(crate) fn frames_behind(&self) -> Option<u32> {
        self.traffic.as_ref()?.lock().frames_behind()
    }

    /// How many frames the simulation is ahead of the one that is the farthest behind, averaged over half a second.
    pub(crate) fn frame_advantage(&self) -> f32 {
        self.traffic.as_ref().map_or(0.0, |traffic| traffic.lock().frame_advantage_max())
    }

    /// How the next frame is simulated; one lasts so long. Once for each frame.
    pub(super) fn poll_pace(&self, frame: Duration) -> FramePace {
        let traffic = self.traffic.as_ref();
        traffic.map_or(FramePace::Speed(1.0), |traffic| traffic.lock().poll_pace(frame))
    }

    /// The machine could not simulate this share of the last second: the others are told.
    pub(crate) fn tell_lost_time(&self, share: f32) {
        if let Some(traffic) = &self.traffic {
            traffic.lock().handle_lost_time(share);
        }
    }

    /// Takes what the room has said.
    pub(super) fn take_events(&mut self) {
        if let Some(joined) = &self.joined {
            let mut driver = joined.room.lock();
            self.events.extend(std::iter::from_fn(|| driver.poll_event()));
            while let Some((peer, event)) = driver.poll_message_event() {
                let player = driver.room().handles(peer).map(|handles| handles.start);
                self.message_events.push((peer, player, event));
            }
        }
    }

    /// Takes what happened to messages between peers.
    pub(crate) fn take_message_events(&mut self) -> Vec<(PeerKey, Option<usize>, MessageEvent)> {
        std::mem::take(&mut self.message_events)
    }

    /// Tells the room something, if there is one, at this moment and not at that of the update, and sends what follows.
    pub(crate) fn tell_room(&self, tell: impl FnOnce(&mut Room)) {
        if let Some(joined) = &self.joined {
            joined.room.lock().tell(tell);
        }
    }

    /// Reads something of the room, if there is one.
    pub(crate) fn read_room(&self, read: impl FnOnce(&Room)) {
        if let Some(joined) = &self.joined {
            read(joined.room.lock().room());
        }
    }

    /// Leaves the room, if there is one, and tells the others why. A match without a room does not start either.
    pub(super) fn leave(&mut self, now: Duration, reason: &str) {
        self.local_match = None;
        self.events.clear();
        self.message_events.clear();
        self.traffic = None;
        if let Some(joined) = self.joined.take() {
            let mut driver = joined.room.lock();
            self.leaving.extend(driver.leave(now, reason));
            self.left = Some(*driver.room().times());
        }
    }

    /// Tells the others of rooms that were left.
    pub(super) fn finish_leaving(&mut self, now: Duration) {
        self.leaving.retain_mut(|leaving| !leaving.poll(now));
    }

    /// Leaves the room, and waits until the others are told: the process is about to end.
    pub(super) fn leave_for_good(&mut self, now: Duration) {
        self.leave(now, "they closed the game");
        Leaving::finish(std::mem::take(&mut self.leaving));
    }
}

/// An App that ends without [`AppExit`] leaves its room as well. One that panics says nothing: it may be started again
/// and rejoin its match. In a page, the App is dropped when the page goes away, of which its room hears from the browser:
/// it may be loaded again.
impl Drop for Session {
    fn drop(&mut self) {
        if cfg!(target_arch = "wasm32") {
            // Its connections end with the page: to close them would discard what was sent last.
            std::mem::forget((self.joined.take(), std::mem::take(&mut self.leaving)));
            return;
        }
        let runs = |joined: &JoinedRoom| joined.room.runs_on_real_time();
        let says_something = self.joined.as_ref().is_some_and(runs) || !self.leaving.is_empty();
        if says_something && !std::thread::panicking() {
            // The latest moment that the room knows of counts.
            self.leave_for_good(Duration::ZERO);
        }
    }
}
