//! What a test does to a running cluster.

use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use netplay_transport::Channel;

use crate::{Cluster, Heard, Record};

impl Cluster {
    /// The room that [`Self::join_all`] joins.
    pub const ROOM: &str = "TESTKIT";

    /// Every App joins the same room, in the order of their numbers.
    pub fn join_all(&mut self) {
        let players = self.seats().len() as u8;
        for seat in self.seats() {
            self.join(seat, Room::new(Self::ROOM).players(players));
            // The App must have asked before the next one does: the order of joining is the order of
            // the players.
            self.seats[seat].step();
        }
    }

    /// An App asks to join a room.
    pub fn join(&mut self, seat: usize, room: Room) {
        self.command(seat, |commands| commands.join_room(room));
    }

    /// An App does something.
    pub fn command(&mut self, seat: usize, command: impl FnOnce(&mut Commands)) {
        let world = self.world_mut(seat);
        command(&mut world.commands());
        world.flush();
    }

    /// An App stands still, as a suspended process does: it is not updated, while time passes.
    pub fn pause(&mut self, seat: usize) {
        self.seats[seat].paused = true;
    }

    /// An App goes on. In its next update, all the time passes that it missed.
    pub fn resume(&mut self, seat: usize) {
        self.seats[seat].paused = false;
    }

    /// An App goes on as if it had missed nothing.
    pub fn resume_where_it_was(&mut self, seat: usize) {
        self.resume(seat);
        self.seats[seat].missed = Duration::ZERO;
    }

    /// An App's process ends without a word. Nothing is expected of it any more.
    pub fn crash(&mut self, seat: usize) {
        self.hub().crash(self.key(seat));
        if let Some(server) = self.server() {
            server.crash(self.key(seat));
        }
        self.pause(seat);
        self.exclude(&[seat]);
    }

    /// An App's process ends without a word, and another one takes its seat: it knows who it is, and the seat,
    /// and nothing else.
    pub fn restart(&mut self, seat: usize) {
        let token = self.world(seat).resource::<CurrentRoom>().seat.clone();
        let room = Room::new(Self::ROOM).players(self.seats().len() as u8);
        let room = token.iter().fold(room, |room, token| room.seat(token.expose()));
        self.crash(seat);
        self.seats[seat] = self.builder.seat(seat, self.hub(), self.server());
        self.join(seat, room);
    }

    /// Nothing is expected of these Apps any more: they need not agree with the others.
    pub fn exclude(&mut self, seats: &[usize]) {
        seats.iter().for_each(|seat| self.seats[*seat].excluded = true);
    }

    /// Everything is expected of every App again, and nothing of what was written down.
    pub fn forget_the_past(&mut self) {
        for seat in &mut self.seats {
            seat.excluded = false;
            seat.app.insert_resource(Record::default());
            seat.app.insert_resource(Heard::default());
        }
    }

    /// How much time passes for an App in a step, instead of [`TICK`](crate::TICK): its clock runs fast
    /// or slow.
    pub fn set_tick(&mut self, seat: usize, tick: Duration) {
        self.seats[seat].tick = tick;
    }

    /// Nothing that an App sends arrives any more.
    pub fn mute(&self, seat: usize) {
        self.hub().mute(self.key(seat));
    }

    /// What an App sends arrives again.
    pub fn unmute(&self, seat: usize) {
        self.hub().unmute(self.key(seat));
    }

    /// An App gets a packet as if another had sent it.
    pub fn inject(&self, from: usize, to: usize, channel: Channel, packet: Vec<u8>) {
        self.hub().inject(self.key(from), self.key(to), channel, packet);
    }
}
