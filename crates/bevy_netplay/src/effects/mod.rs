//! Effects of the simulation, shown once: what is predicted, what never was, and what is certain.
//!
//! ```text
//! registration ─ writer     a game registers a type, and its simulation writes effects of a frame
//! ledger                    compares the effects of frames that were simulated again
//! message                   what a game is told of them
//! ```
//!
//! The effects of a frame are taken when the frame ends. They are compared after all frames of an update, in
//! [`ShowEffects`], so that a rollback and the frames after it are one step for all who look.

mod ledger;
mod message;
mod registration;
mod writer;

use bevy::ecs::schedule::ScheduleLabel;
use bevy::prelude::*;
use bevy_ggrs::{ConfirmedFrameCount, RollbackFrameCount, Session as GgrsSession};

use crate::input::MatchTypes;
use crate::session::Session;

pub(crate) use message::EffectIds;
pub use message::{EffectId, EffectMessage};
pub use registration::NetplayEffectApp;
pub use writer::EffectWriter;

/// Compares what was written with what was shown, and tells the game. Runs once after the frames of an update, and once
/// when a match is over.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ShowEffects;

/// The order in [`ShowEffects`].
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ShowEffectsSystems {
    /// Writes [`EffectMessage`]s.
    Compare,
    /// Reads them.
    Play,
}

/// How far the simulation is, while [`ShowEffects`] runs. There if anything is shown by it.
#[derive(Resource, Clone, Copy, Debug)]
pub(crate) struct ShownProgress {
    /// The last frame that is not simulated again.
    confirmed: i32,
    /// The newest frame that anybody in the match has simulated, as far as that is known.
    newest: i32,
    /// The frames of this update are those that the others have played already.
    pub(crate) is_catching_up: bool,
    /// No match is simulated: none has begun, or the last one has ended with the frame `confirmed`.
    pub(crate) is_over: bool,
}

impl Default for ShownProgress {
    fn default() -> Self {
        Self { confirmed: -1, newest: -1, is_catching_up: false, is_over: true }
    }
}

/// Has [`ShowEffects`] run from now on.
pub(crate) fn init(app: &mut App) {
    app.init_resource::<ShownProgress>().init_resource::<EffectIds>().configure_sets(
        ShowEffects,
        (ShowEffectsSystems::Compare, ShowEffectsSystems::Play).chain(),
    );
}

/// The frames of an update are about to be simulated: they may be the last ones that this peer is behind.
pub(crate) fn begin(session: Res<Session>, mut progress: ResMut<ShownProgress>) {
    progress.is_catching_up = frames_behind(&session) > 0;
}

/// The frames of an update were simulated, or there are none to simulate.
pub(crate) fn show<C: MatchTypes>(world: &mut World) {
    if !world.contains_resource::<GgrsSession<C>>() {
        return end_match(world, confirmed_frame(world));
    }
    let behind = frames_behind(world.resource());
    let was_behind = world.resource::<ShownProgress>().is_catching_up;
    let progress = ShownProgress {
        confirmed: confirmed_frame(world),
        newest: newest_frame(world).saturating_add_unsigned(behind),
        is_catching_up: was_behind || behind > 0,
        is_over: false,
    };
    run(world, progress);
}

/// The match is not simulated any more. All that was predicted after its last frame never was.
pub(crate) fn end_match(world: &mut World, last: i32) {
    let Some(before) = world.get_resource::<ShownProgress>().filter(|it| !it.is_over) else {
        return;
    };
    let (newest, is_catching_up) = (before.newest.max(newest_frame(world)), before.is_catching_up);
    run(world, ShownProgress { confirmed: last, newest, is_catching_up, is_over: true });
}

/// The last frame whose inputs are all known and that was simulated with them.
pub(crate) fn confirmed_frame(world: &World) -> i32 {
    world.resource::<ConfirmedFrameCount>().0.min(newest_frame(world))
}

fn frames_behind(session: &Session) -> u32 {
    session.frames_behind().unwrap_or(0)
}

fn newest_frame(world: &World) -> i32 {
    world.resource::<RollbackFrameCount>().0 - 1
}

fn run(world: &mut World, progress: ShownProgress) {
    world.insert_resource(progress);
    world.run_schedule(ShowEffects);
}
