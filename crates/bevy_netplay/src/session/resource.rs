//! [`Session`]: the room and its transport, as a resource.

use std::collections::VecDeque;
use std::time::Duration;

use bevy::prelude::*;
use netplay_core::link::Transmit;
use netplay_core::room::{Room, RoomEvent, RoomTimes};
use netplay_protocol::Identity;
use netplay_transport::{Transport, TransportEvent};

use super::LocalMatch;
use crate::JoinRoom;
use crate::rollback::Simulation;

/// The session of this peer. A game sees it in resources of its own, such as [`CurrentRoom`](crate::CurrentRoom).
#[derive(Resource)]
pub(crate) struct Session {
    pub(super) identity: Identity,
    /// The game's commands that are not carried out yet.
    pub(super) requests: Vec<Request>,
    pub(super) joined: Option<JoinedRoom>,
    /// The room that was left or has ended, until another one is joined: for the report of its last match.
    pub(super) left: Option<Room>,
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
    pub(super) room: Room,
    pub(super) transport: Box<dyn Transport>,
    /// How its matches are simulated.
    pub(super) simulation: Simulation,
}

impl Default for Session {
    fn default() -> Self {
        let mut secret = [0; 32];
        if let Err(error) = getrandom::fill(&mut secret) {
            error!(
                "the system gives no randomness ({error}): others can guess the key of this peer"
            );
        }
        Self {
            identity: Identity::from_secret(&secret),
            requests: Vec::new(),
            joined: None,
            left: None,
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

    /// The milestones of the room, or of the last one.
    pub(crate) fn times(&self) -> Option<&RoomTimes> {
        self.room().or(self.left.as_ref()).map(Room::times)
    }

    /// The local input at a frame of a match that is simulated again, as its bytes.
    pub(crate) fn replayed_input(&self, frame: i32) -> Option<Vec<u8>> {
        let traffic = self.room()?.traffic()?;
        traffic.lock().replayed_input(frame).map(<[u8]>::to_vec)
    }

    /// How many frames the local player's input waits at present.
    pub(super) fn input_delay(&self) -> Option<usize> {
        Some(self.room()?.traffic()?.lock().input_delay())
    }

    /// The input delay to change to before the local input of a frame is given.
    pub(crate) fn poll_input_delay(&self, frame: i32, input: &[u8]) -> Option<usize> {
        self.room()?.traffic()?.lock().poll_input_delay(frame, input)
    }

    /// How many frames the simulation is behind the others, while it catches up with a match that this peer rejoined.
    pub(super) fn frames_behind(&self) -> Option<u32> {
        self.room()?.traffic()?.lock().frames_behind()
    }

    pub(super) fn room(&self) -> Option<&Room> {
        self.joined.as_ref().map(|joined| &joined.room)
    }

    /// Sends the room's packets, passes its requests to the transport, and takes its events.
    pub(super) fn flush(&mut self, now: Duration) {
        if let Some(joined) = &mut self.joined {
            joined.flush(now);
            self.events.extend(std::iter::from_fn(|| joined.room.poll_event()));
        }
    }

    /// Leaves the room, if there is one, and tells the others why. A match without a room does not start either.
    pub(super) fn leave(&mut self, now: Duration, reason: &str) {
        self.local_match = None;
        self.events.clear();
        if let Some(mut joined) = self.joined.take() {
            joined.room.leave(now, reason);
            joined.flush(now);
            joined.transport.leave();
            self.leaving = Some(joined.transport);
            self.left = Some(joined.room);
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

impl JoinedRoom {
    /// Sends the room's packets and passes its requests to the transport.
    pub(super) fn flush(&mut self, now: Duration) {
        while let Some((peer, transmit)) = self.room.poll_transmit() {
            let Transmit { path, channel, packet } = transmit;
            let sent = self.transport.send(now, peer, path, channel, &packet);
            self.room.handle_sent(now, peer, path, sent);
        }
        while let Some(request) = self.room.poll_request() {
            self.transport.request(request);
        }
    }
}
