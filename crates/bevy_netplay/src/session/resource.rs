//! [`Session`]: the room and its transport, as a resource.

use std::collections::VecDeque;
use std::time::Duration;

use bevy::prelude::*;
use netplay_core::match_::SharedTraffic;
use netplay_core::room::{RoomEvent, RoomTimes};
use netplay_protocol::{Identity, PeerKey};
use netplay_transport::{DrivenRoom, Transport, TransportEvent};

use super::LocalMatch;
use super::entropy::system_bytes;
use crate::JoinRoom;
use crate::rollback::Simulation;

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
    /// The transport of a room that was left, kept until it has said goodbye.
    leaving: Option<Box<dyn Transport>>,
    /// A match without a room that is about to start.
    pub(crate) local_match: Option<LocalMatch>,
    /// Counts the matches without a room.
    pub(super) local_epoch: u16,
}

/// A command of the game.
pub(crate) enum Request {
    Join(JoinRoom),
    Leave,
    Rematch,
    PlayAlone { players: usize },
}

/// A room and its transport.
pub(super) struct JoinedRoom {
    pub(super) room: DrivenRoom,
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
            leaving: None,
            local_match: None,
            local_epoch: 0,
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

    /// The match of this room is simulated from now on.
    pub(super) fn simulate(&mut self, traffic: SharedTraffic) {
        self.traffic = Some(traffic);
    }

    /// The local input at a frame of a match that is simulated again, as its bytes.
    pub(crate) fn replayed_input(&self, frame: i32) -> Option<Vec<u8>> {
        self.traffic.as_ref()?.lock().replayed_input(frame).map(<[u8]>::to_vec)
    }

    /// How many frames the local player's input waits at present.
    pub(super) fn input_delay(&self) -> Option<usize> {
        Some(self.traffic.as_ref()?.lock().input_delay())
    }

    /// The input delay to change to before the local input of a frame is given.
    pub(crate) fn poll_input_delay(&self, frame: i32, input: &[u8]) -> Option<usize> {
        self.traffic.as_ref()?.lock().poll_input_delay(frame, input)
    }

    /// How many frames the simulation is behind the others, while it catches up with a match that this peer rejoined.
    pub(super) fn frames_behind(&self) -> Option<u32> {
        self.traffic.as_ref()?.lock().frames_behind()
    }

    /// How many frames the simulation is ahead of the others.
    pub(super) fn frames_ahead(&self) -> i32 {
        self.traffic.as_ref().map_or(0, |traffic| traffic.lock().frames_ahead())
    }

    /// Takes what the room has said.
    pub(super) fn take_events(&mut self) {
        if let Some(joined) = &self.joined {
            let mut driver = joined.room.lock();
            self.events.extend(std::iter::from_fn(|| driver.poll_event()));
        }
    }

    /// Leaves the room, if there is one, and tells the others why. A match without a room does not start either.
    pub(super) fn leave(&mut self, now: Duration, reason: &str) {
        self.local_match = None;
        self.events.clear();
        self.traffic = None;
        if let Some(joined) = self.joined.take() {
            let mut driver = joined.room.lock();
            self.leaving = driver.leave(now, reason);
            self.left = Some(*driver.room().times());
        }
    }

    /// Lets the transport of a room that was left say goodbye.
    pub(super) fn finish_leaving(&mut self, now: Duration) {
        let Some(transport) = &mut self.leaving else { return };
        transport.poll(now);
        while let Some(event) = transport.poll_event() {
            if matches!(event, TransportEvent::Left(_)) {
                self.leaving = None;
                return;
            }
        }
    }
}
