//! One of the two Apps of a sync test.

use std::collections::BTreeMap;
use std::time::Duration;

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_ggrs::RollbackFrameCount;

use super::disturb::disturb;
use super::socket::WithheldSocket;
use super::{SyncTest, SyncTestError};
use crate::input::NetplayInput;
use crate::rollback::RollbackStore;
use crate::session::{LocalMatch, Session, SyncTestMatch};
use crate::sounds::Muted;
use crate::{
    Checksums, LocalInput, NetplayConfig, PlayerHandle, ReadLocalInput, RollbackMetrics, SpawnOrder,
};

/// The compared values of a frame, by type and entity, and a checksum of it all.
#[derive(Debug, Default)]
struct State {
    values: BTreeMap<(&'static str, Option<SpawnOrder>), u64>,
    checksum: u64,
}

/// One of the two Apps.
pub(super) struct Side {
    app: App,
    /// States that were not compared yet.
    states: BTreeMap<i32, State>,
    next: i32,
}

impl Side {
    pub(super) fn new<I: NetplayInput>(
        test: &SyncTest,
        side: usize,
        socket: WithheldSocket,
        game: &impl Fn(&mut App),
        input: impl Fn(PlayerHandle, i32) -> I + Send + Sync + 'static,
    ) -> Self {
        let mut app = App::new();
        if side == 1 {
            disturb(app.world_mut(), test.seed);
        }
        game(&mut app);
        let config = app.world().resource::<NetplayConfig>();
        let frame_rate = config.frame_rate.max(1) as u64;
        // ggrs waits where it is so far ahead of the last confirmed frame, and goes back to the next one, or with
        // sparse saving to that one.
        let max_prediction = test.check_distance + usize::from(!config.sparse_saving);
        // Inputs are early by the delay: a message has to be late by so much more.
        let socket = socket.withholding(test.check_distance + config.bounded_input_delay());
        let players = (side..test.players).step_by(2).map(PlayerHandle::from);
        let players: Vec<PlayerHandle> = players.collect();
        app.insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_nanos(
            1_000_000_000 / frame_rate,
        )))
        .add_systems(
            ReadLocalInput,
            move |mut local: ResMut<LocalInput<I>>, frame: Res<RollbackFrameCount>| {
                for player in &players {
                    local.set(*player, input(*player, frame.0));
                }
            },
        );
        app.insert_resource(Muted);
        app.finish();
        app.cleanup();
        app.world_mut().resource_mut::<Checksums>().request_every_frame();
        app.world_mut().resource_mut::<Session>().local_match =
            Some(LocalMatch::SyncTest(SyncTestMatch {
                players: test.players,
                side,
                seed: test.seed,
                max_prediction,
                socket: Box::new(socket),
            }));
        Self { app, states: BTreeMap::new(), next: 0 }
    }

    /// Updates the App, and notes the states of the frames that are confirmed by it.
    pub(super) fn update(&mut self) -> Result<(), SyncTestError> {
        self.app.update();
        let world = self.app.world();
        let (store, checksums) = (world.resource::<RollbackStore>(), world.resource::<Checksums>());
        for frame in self.next..=checksums.confirmed_frame() {
            let mut state = State {
                checksum: checksums.confirmed(frame).unwrap_or_default(),
                ..State::default()
            };
            let failed = store.compare(world, frame, |name, entity, hash| {
                state.values.insert((name, entity), hash);
            });
            // A frame that is not kept is not compared.
            let failed = failed.map_err(|_| SyncTestError::Stopped { frame })?;
            if let Some((type_name, reason)) = failed.into_iter().next() {
                return Err(SyncTestError::NotCompared { frame, type_name, reason });
            }
            self.states.insert(frame, state);
        }
        self.next = self.next.max(checksums.confirmed_frame() + 1);
        Ok(())
    }

    /// Compares the states that both have.
    pub(super) fn compare(&mut self, other: &mut Self) -> Result<(), SyncTestError> {
        while let Some((frame, state)) = self.states.pop_first() {
            let Some(theirs) = other.states.remove(&frame) else {
                self.states.insert(frame, state);
                return Ok(());
            };
            if let Some((type_name, entity)) = state.difference(&theirs) {
                return Err(SyncTestError::Differs { frame, type_name, entity });
            }
        }
        Ok(())
    }

    pub(super) fn checksum(&self, frame: i32) -> Option<u64> {
        self.app.world().resource::<Checksums>().confirmed(frame)
    }

    pub(super) fn confirmed(&self) -> i32 {
        self.app.world().resource::<Checksums>().confirmed_frame()
    }

    pub(super) fn metrics(&self) -> &RollbackMetrics {
        self.app.world().resource()
    }
}

impl State {
    /// The first type and entity that differ.
    fn difference(&self, other: &Self) -> Option<(&'static str, Option<SpawnOrder>)> {
        let keys = self.values.keys().chain(other.values.keys());
        let differs = |key: &&(&'static str, Option<SpawnOrder>)| {
            self.values.get(*key) != other.values.get(*key)
        };
        let first = keys.filter(differs).min().copied();
        // Entities without a component that is compared.
        first.or_else(|| {
            (self.checksum != other.checksum).then_some(("the number of entities", None))
        })
    }
}
