use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_netplay::Checksums;
use bevy_netplay::prelude::*;
use netplay_protocol::PeerKey;
use netplay_transport::memory::MemoryHub;

use crate::stall::Stalls;
use crate::{ClusterBuilder, Heard, Record, Script, ServedHub};

/// How much time a step is: a sixtieth of a second, rounded up so that every step has a frame in it.
pub const TICK: Duration = Duration::from_nanos(16_666_667);

/// Apps in lock step. See the [crate](crate).
pub struct Cluster {
    pub(crate) builder: ClusterBuilder,
    hub: MemoryHub,
    server: Option<ServedHub>,
    pub(crate) seats: Vec<Seat>,
    steps: u64,
}

/// One App and how time passes for it.
pub(crate) struct Seat {
    pub(crate) app: App,
    key: Arc<Mutex<Option<PeerKey>>>,
    pub(crate) tick: Duration,
    pub(crate) paused: bool,
    /// Nothing is expected of it any more.
    pub(crate) excluded: bool,
    /// Time that has passed while the App was paused.
    pub(crate) missed: Duration,
    pub(crate) stalls: Stalls,
}

impl Seat {
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
        let Some(epoch) = world.get_resource::<Match>().map(|game| game.epoch) else { return };
        world.resource_scope(|world, mut record: Mut<Record>| {
            record.follow(epoch, world.resource::<Checksums>());
        });
    }
}

impl Cluster {
    /// A cluster of which everything random follows from this seed.
    pub fn builder(seed: u64) -> ClusterBuilder {
        ClusterBuilder::new(seed)
    }

    pub(crate) fn new(
        builder: ClusterBuilder,
        hub: MemoryHub,
        server: Option<ServedHub>,
        seats: Vec<Seat>,
    ) -> Self {
        Self { builder, hub, server, seats, steps: 0 }
    }

    /// How many steps have been made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The network of the cluster, and its server unless that is a [`ServedHub`].
    pub fn hub(&self) -> &MemoryHub {
        &self.hub
    }

    /// The real server between the Apps, if it was asked for.
    pub fn server(&self) -> Option<&ServedHub> {
        self.server.as_ref()
    }

    /// The longest time that the game has stood still on any App, in a match, since the last time this was
    /// asked. An App that is paused does not see its own.
    pub fn take_longest_stall(&mut self) -> Duration {
        let longest = self.seats.iter_mut().map(|seat| seat.stalls.take_longest());
        longest.max().unwrap_or_default()
    }

    /// Whether the game of the cluster writes down what it is given, as the duel does.
    pub(crate) fn writes_down(&self) -> bool {
        self.seats().all(|seat| !self.record(seat).states.is_empty())
    }

    /// What the players press.
    pub fn script(&self) -> Script {
        Script { seed: self.builder.seed }
    }

    /// The numbers of the Apps.
    pub fn seats(&self) -> std::ops::Range<usize> {
        0..self.seats.len()
    }

    /// The numbers of the Apps of which something is expected.
    pub(crate) fn expected(&self) -> impl Iterator<Item = usize> + Clone {
        self.seats().filter(|seat| !self.seats[*seat].excluded)
    }

    /// The world of an App.
    pub fn world(&self, seat: usize) -> &World {
        self.seats[seat].app.world()
    }

    /// The world of an App, to change it.
    pub fn world_mut(&mut self, seat: usize) -> &mut World {
        self.seats[seat].app.world_mut()
    }

    /// Who an App is; it must have joined a room.
    pub fn key(&self, seat: usize) -> PeerKey {
        let key = *self.seats[seat].key.lock().unwrap_or_else(PoisonError::into_inner);
        key.unwrap_or_else(|| panic!("App {seat} has not joined a room: {self}"))
    }

    /// Where an App is on the way to a match.
    pub fn state(&self, seat: usize) -> &NetplayState {
        self.world(seat).resource::<State<NetplayState>>().get()
    }

    /// The match an App is in, if any.
    pub fn epoch(&self, seat: usize) -> Option<u16> {
        self.world(seat).get_resource::<Match>().map(|game| game.epoch)
    }

    /// What an App wrote down.
    pub fn record(&self, seat: usize) -> &Record {
        self.world(seat).resource()
    }

    /// The messages an App has heard.
    pub fn heard(&self, seat: usize) -> &Heard {
        self.world(seat).resource()
    }

    /// The last frame whose state is final on every App, in the match that all are in; -1 if there is
    /// none.
    pub fn confirmed(&self) -> i32 {
        let confirmed = |seat| self.record(seat).confirmed.get(&self.epoch(seat)?).copied();
        self.expected().map(|seat| confirmed(seat).unwrap_or(-1)).min().unwrap_or(-1)
    }

    /// Whether every App is in a match.
    pub fn all_playing(&self) -> bool {
        self.expected().all(|seat| *self.state(seat) == NetplayState::Playing)
    }

    /// Whether every App has been told that it is out of its room.
    pub fn all_ended(&self) -> bool {
        self.expected().all(|seat| matches!(self.state(seat), NetplayState::Ended(_)))
    }

    /// Lets a [`TICK`] pass in every App that is not paused.
    pub fn step(&mut self) {
        self.steps += 1;
        if let Some(server) = &self.server {
            server.pass(TICK);
        }
        self.seats.iter_mut().for_each(Seat::step);
    }

    /// Steps this often.
    pub fn run(&mut self, steps: u32) {
        (0..steps).for_each(|_| self.step());
    }

    /// Steps until it is so.
    ///
    /// # Panics
    ///
    /// If it is not so after `max_steps`; says what was waited for, the seed and where every App is.
    #[track_caller]
    pub fn run_until(&mut self, what: &str, max_steps: u32, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..max_steps {
            if is_so(self) {
                return;
            }
            self.step();
        }
        assert!(is_so(self), "waited {max_steps} steps until {what}: {self}");
    }

    /// Steps until a frame of the match is confirmed on every App.
    ///
    /// # Panics
    ///
    /// If it is not after `max_steps`.
    #[track_caller]
    pub fn run_until_confirmed(&mut self, frame: i32, max_steps: u32) {
        let what = format!("frame {frame} is confirmed");
        self.run_until(&what, max_steps, |cluster| cluster.confirmed() >= frame);
    }
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "seed {}, step {}, {} in flight",
            self.builder.seed,
            self.steps,
            self.hub.in_flight()
        )?;
        for seat in self.seats() {
            let frame = self.world(seat).get_resource::<RollbackFrameCount>().map(|frame| frame.0);
            let confirmed = &self.record(seat).confirmed;
            write!(
                f,
                "\n  App {seat}: {:?}, frame {frame:?}, confirmed by match {confirmed:?}",
                self.state(seat)
            )?;
            if let Some(game) = self.world(seat).get_resource::<Match>() {
                write!(f, ", {game:?}")?;
            }
        }
        Ok(())
    }
}
