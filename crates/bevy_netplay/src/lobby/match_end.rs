//! The end of a match, which the simulation calls: all leave it after the same confirmed frame.
//!
//! A call in a predicted frame may be wrong. It counts once its frame is confirmed; a rollback to that frame or to one
//! before it takes it back.

use bevy::prelude::*;
use bevy_ggrs::{
    AdvanceWorld, AdvanceWorldSystems, ConfirmedFrameCount, LoadWorld, LoadWorldSystems,
    RollbackFrameCount, Session as GgrsSession,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::input::MatchTypes;
use crate::messages::MatchEnded;
use crate::session::Session;
use crate::{CurrentMatch, NetplayState, effects, rollback};

/// What the simulation gave to [`end_match`](crate::NetplayCommands::end_match).
#[derive(Clone, Debug, Default, PartialEq, Eq, Reflect)]
#[reflect(Debug, Default, PartialEq)]
pub struct MatchResult(Option<Vec<u8>>);

impl MatchResult {
    /// The value. None if the simulation did not end the match, or gave a value of another type.
    pub fn get<T: DeserializeOwned>(&self) -> Option<T> {
        postcard::from_bytes(self.0.as_ref()?).ok()
    }

    /// Whether the simulation has ended the match.
    pub fn is_some(&self) -> bool {
        self.0.is_some()
    }
}

/// The end that the simulation has called.
#[derive(Resource, Debug, Default)]
pub(crate) struct MatchEnd {
    /// The frame in which it was called first, and the value.
    called: Option<(i32, Vec<u8>)>,
    /// Whether a frame is simulated.
    is_simulating: bool,
}

impl MatchEnd {
    /// A value as it is kept.
    pub(crate) fn encode<T: Serialize>(result: &T) -> Vec<u8> {
        postcard::to_stdvec(result).unwrap_or_else(|error| {
            error!("the result of the match cannot be encoded ({error}): it ends without one");
            Vec::new()
        })
    }

    /// The simulation of a frame ends the match. The first call counts.
    pub(crate) fn call(world: &mut World, result: Vec<u8>) {
        let frame = world.resource::<RollbackFrameCount>().0 - 1;
        let mut end = world.resource_mut::<Self>();
        if !end.is_simulating {
            return warn!("a match is ended by its simulation, in NetplayUpdate: it goes on");
        }
        end.called.get_or_insert((frame, result));
    }

    /// Takes the value out.
    pub(crate) fn take_result(&mut self) -> MatchResult {
        MatchResult(self.called.take().map(|(_, bytes)| bytes))
    }

    /// The frame with which the match ends, once nothing before it can change any more.
    fn confirmed(&self, frame: i32, confirmed: i32) -> Option<i32> {
        let (at, _) = self.called.as_ref()?;
        (*at <= confirmed.min(frame - 1)).then_some(*at)
    }

    /// Whether a frame is the first one after the end: the state at its start may have to be restored.
    pub(crate) fn is_before(&self, frame: i32) -> bool {
        self.called.as_ref().is_some_and(|(at, _)| *at + 1 == frame)
    }
}

pub(crate) fn plugin(app: &mut App) {
    app.init_resource::<MatchEnd>()
        .add_systems(LoadWorld, roll_back.in_set(LoadWorldSystems::Data))
        .add_systems(
            AdvanceWorld,
            (
                (|mut end: ResMut<MatchEnd>| end.is_simulating = true)
                    .in_set(AdvanceWorldSystems::First),
                (|mut end: ResMut<MatchEnd>| end.is_simulating = false)
                    .in_set(AdvanceWorldSystems::Last),
            ),
        );
}

/// The state of the start of a frame is restored: what was called in that frame or later was not.
fn roll_back(frame: Res<RollbackFrameCount>, mut end: ResMut<MatchEnd>) {
    if end.called.as_ref().is_some_and(|(at, _)| *at >= frame.0) {
        end.called = None;
    }
}

/// Ends the match if its end is confirmed. Returns whether it is over.
pub(crate) fn finish_match<C: MatchTypes>(world: &mut World) -> bool {
    let frame = world.resource::<RollbackFrameCount>().0;
    let confirmed = world.resource::<ConfirmedFrameCount>().0;
    let Some(at) = world.resource::<MatchEnd>().confirmed(frame, confirmed) else { return false };
    // While it is known how far the simulation was.
    effects::end_match(world, at);
    // Everybody is left with the state right after the last frame.
    rollback::go_back(world, at + 1);
    world.remove_resource::<GgrsSession<C>>();
    let now = world.resource::<Time<Real>>().elapsed();
    let is_in_room = world.resource_mut::<Session>().match_ended(now, at);
    if !is_in_room {
        let epoch = world.resource::<CurrentMatch>().epoch;
        let result = world.resource_mut::<MatchEnd>().take_result();
        world.write_message(MatchEnded { epoch, frame: Some(at), result });
        world.insert_resource(NextState::PendingIfNeq(NetplayState::Offline));
    }
    true
}
