//! What a test does to running Apps.

use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use netplay_transport::Channel;

use crate::{MessageLog, Record, TestApps};

impl TestApps {
    /// The room that [`Self::join_all`] joins.
    pub const ROOM: &str = "TESTKIT";

    /// All Apps join the same room, in the order of their indices.
    pub fn join_all(&mut self) {
        let players = self.indices().len() as u8;
        for index in self.indices() {
            self.join(index, JoinRoom::code(Self::ROOM).players(players));
            // Each App joins before the next one: the order of joining is the order of the players.
            self.apps[index].step();
        }
    }

    /// An App joins a room.
    pub fn join(&mut self, index: usize, room: JoinRoom) {
        self.command(index, |commands| commands.join_room(room));
    }

    /// An App runs a command.
    pub fn command(&mut self, index: usize, command: impl FnOnce(&mut Commands)) {
        let world = self.world_mut(index);
        command(&mut world.commands());
        world.flush();
    }

    /// Suspends an App, as an operating system does with a process: it is not updated while time passes.
    pub fn pause(&mut self, index: usize) {
        self.apps[index].paused = true;
    }

    /// Resumes an App. All the time that it missed passes in its next update.
    pub fn resume(&mut self, index: usize) {
        self.apps[index].paused = false;
    }

    /// Resumes an App as if no time had passed meanwhile.
    pub fn resume_without_catching_up(&mut self, index: usize) {
        self.resume(index);
        self.apps[index].missed = Duration::ZERO;
    }

    /// Ends the process of an App without a goodbye, and [excludes](Self::exclude) it.
    pub fn crash(&mut self, index: usize) {
        self.hub().crash(self.key(index));
        if let Some(server) = self.server() {
            server.crash(self.key(index));
        }
        self.pause(index);
        self.exclude(&[index]);
    }

    /// Restarts the process of an App without a goodbye: the new one has its identity and its resume token, and
    /// nothing else.
    pub fn restart(&mut self, index: usize) {
        self.restart_into(index, JoinRoom::code(Self::ROOM).players(self.indices().len() as u8));
    }

    /// The same with what the new process joins.
    pub fn restart_into(&mut self, index: usize, room: JoinRoom) {
        let token = self.world(index).resource::<CurrentRoom>().resume_token.clone();
        let room = token.iter().fold(room, |room, token| room.resume_token(token.clone()));
        self.crash(index);
        self.apps[index] = self.builder.app(index, self.hub(), self.server());
        self.join(index, room);
    }

    /// Excludes Apps from all that is waited for and asserted from now on.
    pub fn exclude(&mut self, indices: &[usize]) {
        indices.iter().for_each(|index| self.apps[*index].excluded = true);
    }

    /// Includes all Apps again, and clears their records and message logs.
    pub fn reset_records(&mut self) {
        for app in &mut self.apps {
            app.excluded = false;
            app.app.insert_resource(Record::default());
            app.app.insert_resource(MessageLog::default());
        }
    }

    /// Sets how much time passes for an App in a step, instead of [`TICK`](crate::TICK): its clock runs fast or slow.
    pub fn set_tick(&mut self, index: usize, tick: Duration) {
        self.apps[index].tick = tick;
    }

    /// Drops all packets of an App.
    pub fn mute(&self, index: usize) {
        self.hub().mute(self.key(index));
    }

    /// Delivers the packets of an App again.
    pub fn unmute(&self, index: usize) {
        self.hub().unmute(self.key(index));
    }

    /// Delivers a packet to an App as if another one had sent it.
    pub fn inject(&self, from: usize, to: usize, channel: Channel, packet: Vec<u8>) {
        self.hub().inject(self.key(from), self.key(to), channel, packet);
    }
}
