//! [`TestApps`]: Bevy Apps that are stepped together on virtual time.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_netplay::Checksums;
use bevy_netplay::prelude::*;
use netplay_protocol::PeerKey;
use netplay_transport::memory::MemoryHub;

use crate::playing::playing;
use crate::stall::Stalls;
use crate::{MessageLog, Record, Script, ServedHub, TestAppsBuilder};

/// The time of a step: a sixtieth of a second, rounded up so that every step contains a frame.
pub const TICK: Duration = Duration::from_nanos(16_666_667);

/// Apps that are stepped together. See the [crate](crate).
pub struct TestApps {
    pub(crate) builder: TestAppsBuilder,
    hub: MemoryHub,
    server: Option<ServedHub>,
    pub(crate) apps: Vec<TestApp>,
    steps: u64,
}

/// One App and how time passes for it.
pub(crate) struct TestApp {
    pub(crate) app: App,
    key: Arc<Mutex<Option<PeerKey>>>,
    pub(crate) tick: Duration,
    pub(crate) paused: bool,
    /// Excluded from what is waited for and asserted.
    pub(crate) excluded: bool,
    /// Time that passed while the App was paused.
    pub(crate) missed: Duration,
    pub(crate) stalls: Stalls,
}

impl TestApp {
    pub(crate) fn new(app: App, key: Arc<Mutex<Option<PeerKey>>>) -> Self {
        let (missed, stalls) = (Duration::ZERO, Stalls::default());
        Self { app, key, tick: TICK, paused: false, excluded: false, missed, stalls }
    }

    pub(crate) fn step(&mut self) {
        self.missed += self.tick;
        if self.paused {
            return;
        }
        let passed = std::mem::take(&mut self.missed);
        self.app.insert_resource(TimeUpdateStrategy::ManualDuration(passed));
        self.app.update();
        self.stalls.follow(self.app.world(), passed);

        let world = self.app.world_mut();
        let Some(epoch) = playing(world).map(|game| game.epoch) else { return };
        world.resource_scope(|world, mut record: Mut<Record>| {
            record.follow(epoch, world.resource::<Checksums>());
        });
    }
}

impl TestApps {
    /// Apps of which everything random follows from this seed.
    pub fn builder(seed: u64) -> TestAppsBuilder {
        TestAppsBuilder::new(seed)
    }

    pub(crate) fn new(
        builder: TestAppsBuilder,
        hub: MemoryHub,
        server: Option<ServedHub>,
        apps: Vec<TestApp>,
    ) -> Self {
        Self { builder, hub, server, apps, steps: 0 }
    }

    /// How many steps have been made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The network between the Apps, and their server unless that is a [`ServedHub`].
    pub fn hub(&self) -> &MemoryHub {
        &self.hub
    }

    /// The real server, if the Apps were built with it.
    pub fn server(&self) -> Option<&ServedHub> {
        self.server.as_ref()
    }

    /// A hash of everything that any App has sent so far, to another one or to the server, and when. A seed that is
    /// played again gives the same one.
    pub fn traffic_hash(&self) -> u64 {
        let server = self.server.as_ref().map_or(0, ServedHub::traffic_hash);
        self.hub.traffic_hash() ^ server.rotate_left(1)
    }

    /// The longest stall of any App in a match since the last call. An App that is paused does not see its own.
    pub fn take_longest_stall(&mut self) -> Duration {
        let longest = self.apps.iter_mut().map(|index| index.stalls.take_longest());
        longest.max().unwrap_or_default()
    }

    /// Whether the game records its frames, as the duel does.
    pub(crate) fn records_frames(&self) -> bool {
        self.indices().all(|index| !self.record(index).states.is_empty())
    }

    /// The inputs of the players.
    pub fn script(&self) -> Script {
        Script { seed: self.builder.seed }
    }

    /// The indices of the Apps.
    pub fn indices(&self) -> std::ops::Range<usize> {
        0..self.apps.len()
    }

    /// The indices of the Apps that are not [excluded](Self::exclude).
    pub(crate) fn included(&self) -> impl Iterator<Item = usize> + Clone {
        self.indices().filter(|index| !self.apps[*index].excluded)
    }

    /// The world of an App.
    pub fn world(&self, index: usize) -> &World {
        self.apps[index].app.world()
    }

    /// The world of an App, to change it.
    pub fn world_mut(&mut self, index: usize) -> &mut World {
        self.apps[index].app.world_mut()
    }

    /// The peer key of an App, which must have joined a room.
    pub fn key(&self, index: usize) -> PeerKey {
        let key = *self.apps[index].key.lock().unwrap_or_else(PoisonError::into_inner);
        key.unwrap_or_else(|| panic!("App {index} has not joined a room: {self}"))
    }

    /// The state of an App.
    pub fn state(&self, index: usize) -> NetplayState {
        *self.world(index).resource::<State<NetplayState>>().get()
    }

    /// Why the last room of an App ended, if one has.
    pub fn end_reason(&self, index: usize) -> Option<&EndReason> {
        self.world(index).resource::<LastEndReason>().0.as_ref()
    }

    /// The match that an App plays, if any.
    fn playing(&self, index: usize) -> Option<&CurrentMatch> {
        playing(self.world(index))
    }

    /// The epoch of the match that an App plays, if any.
    pub fn epoch(&self, index: usize) -> Option<u16> {
        self.playing(index).map(|game| game.epoch)
    }

    /// What an App recorded.
    pub fn record(&self, index: usize) -> &Record {
        self.world(index).resource()
    }

    /// The messages that an App has received.
    pub fn messages(&self, index: usize) -> &MessageLog {
        self.world(index).resource()
    }

    /// The last frame that is confirmed on every App, in the match that all play; -1 if there is none.
    pub fn confirmed(&self) -> i32 {
        let confirmed = |index| self.record(index).confirmed.get(&self.epoch(index)?).copied();
        self.included().map(|index| confirmed(index).unwrap_or(-1)).min().unwrap_or(-1)
    }

    /// Whether every App plays a match.
    pub fn all_playing(&self) -> bool {
        self.included().all(|index| self.state(index) == NetplayState::Playing)
    }

    /// Whether the room has ended for every App.
    pub fn all_ended(&self) -> bool {
        self.included().all(|index| self.state(index) == NetplayState::Ended)
    }

    /// Updates every App that is not paused with a [`TICK`] of time.
    pub fn step(&mut self) {
        self.steps += 1;
        if let Some(server) = &self.server {
            server.pass(TICK);
        }
        self.apps.iter_mut().for_each(TestApp::step);
    }

    /// Steps so many times.
    pub fn run(&mut self, steps: u32) {
        (0..steps).for_each(|_| self.step());
    }

    /// Steps until a condition is met.
    ///
    /// # Panics
    ///
    /// If it is not met after `max_steps`; names what was waited for, the seed and the state of every App.
    #[track_caller]
    pub fn run_until(&mut self, what: &str, max_steps: u32, is_met: impl Fn(&Self) -> bool) {
        for _ in 0..max_steps {
            if is_met(self) {
                return;
            }
            self.step();
        }
        assert!(is_met(self), "waited {max_steps} steps until {what}: {self}");
    }

    /// Steps until a frame of the match is confirmed on every App.
    ///
    /// # Panics
    ///
    /// If it is not after `max_steps`.
    #[track_caller]
    pub fn run_until_confirmed(&mut self, frame: i32, max_steps: u32) {
        let what = format!("frame {frame} is confirmed");
        self.run_until(&what, max_steps, |apps| apps.confirmed() >= frame);
    }
}

impl fmt::Display for TestApps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "seed {}, step {}, {} in flight",
            self.builder.seed,
            self.steps,
            self.hub.in_flight()
        )?;
        for index in self.indices() {
            let frame = self.world(index).get_resource::<RollbackFrameCount>().map(|frame| frame.0);
            let confirmed = &self.record(index).confirmed;
            write!(
                f,
                "\n  App {index}: {:?}, frame {frame:?}, confirmed by match {confirmed:?}",
                self.state(index)
            )?;
            if let Some(game) = self.playing(index) {
                write!(f, ", {game:?}")?;
            }
            if let Some(reason) = self.end_reason(index) {
                write!(f, ", a room has ended: {reason}")?;
            }
        }
        Ok(())
    }
}
