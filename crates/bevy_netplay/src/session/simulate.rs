//! Runs bevy_ggrs: one call for each frame that is due, by real time, and one call in every update that takes in what
//! has arrived.
//!
//! bevy_ggrs simulates as many frames as fit into the delta of the world's [`Time`]. It gets a `Time` of its own for
//! the duration of a call, so that its accumulator is always empty and the frames that it simulates are those that
//! [`FrameClock`] says. Everybody else sees the world's time: the local input is read before the call, and for a game's
//! systems in bevy_ggrs' `ReadInputs`, which run inside of it, that time is back.

use std::time::Duration;

use bevy::ecs::schedule::ScheduleLabel;
use bevy::prelude::*;
use bevy_ggrs::{LocalPlayers, RollbackFrameCount, Session as GgrsSession};

use super::{FrameClock, Session};
use crate::input::{self, MatchTypes};
use crate::lobby::finish_match;
use crate::stats::{self, RollbackProgress};
use crate::{NetplayState, rollback};

/// How many frames are simulated in one update while this peer catches up with a match.
const MAX_CATCH_UP_FRAMES: u32 = 120;

/// The schedule that bevy_ggrs runs in.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RunGgrs;

/// The world's time while bevy_ggrs runs; none outside a call.
#[derive(Resource, Debug, Default)]
pub(crate) struct GgrsClock(Option<Time>);

/// A run condition: a match is played, and its state is entered. So `OnEnter(NetplayState::Playing)` comes before frame
/// 0.
pub(crate) fn is_simulating(
    state: Res<State<NetplayState>>,
    next: Res<NextState<NetplayState>>,
) -> bool {
    *state.get() == NetplayState::Playing && matches!(*next, NextState::Unchanged)
}

/// Simulates the frames that are due.
pub(crate) fn simulate<C: MatchTypes>(world: &mut World) {
    if !world.contains_resource::<GgrsSession<C>>() {
        return;
    }
    run(world, Duration::ZERO);
    let frame_rate = world.resource::<bevy_ggrs::RollbackFrameRate>().0.max(1) as u64;
    let passed = world.resource::<Time<Real>>().delta();
    let lost = world.resource_mut::<FrameClock>().handle_time(passed);
    world.resource_mut::<RollbackProgress>().handle_lost_time(lost);
    let length = Duration::from_nanos(1_000_000_000 / frame_rate);
    let mut catch_up =
        world.resource::<Session>().frames_behind().unwrap_or(0).min(MAX_CATCH_UP_FRAMES);
    loop {
        // Who is ahead of the others waits a tenth longer for each frame, as bevy_ggrs does it.
        let is_ahead = world.resource::<Session>().frames_ahead() > 0;
        let wait = if is_ahead { length * 11 / 10 } else { length };
        let is_behind = catch_up > 0;
        catch_up = catch_up.saturating_sub(1);
        if !is_behind && !world.resource_mut::<FrameClock>().poll_frame(wait) {
            return;
        }
        let before = world.resource::<RollbackFrameCount>().0;
        input::give_inputs::<C>(world);
        run(world, length);
        compare(world);
        if finish_match::<C>(world) {
            return;
        }
        if world.resource::<RollbackFrameCount>().0 == before {
            world.resource_mut::<FrameClock>().handle_stall(wait);
            // It has declared parameters, and fails as any system would.
            let _ = world.run_system_cached(stats::count_stall);
            return;
        }
    }
}

/// Runs bevy_ggrs with so much time.
fn run(world: &mut World, delta: Duration) {
    let real = *world.resource::<Time>();
    world.resource_mut::<GgrsClock>().0 = Some(real);
    let mut time = <Time>::default();
    time.advance_by(delta);
    world.insert_resource(time);
    world.run_schedule(RunGgrs);
    world.resource_mut::<GgrsClock>().0 = None;
    world.insert_resource(real);
}

/// Passes the checksums of frames that have become final to the room.
fn compare(world: &mut World) {
    let compared = rollback::confirm_frames(world);
    if compared.is_empty() {
        return;
    }
    let now = world.resource::<Time<Real>>().elapsed();
    if let Some(joined) = &world.resource::<Session>().joined {
        let mut driver = joined.room.lock();
        let (room, _) = driver.room_at(now);
        compared.into_iter().for_each(|(frame, sum)| room.handle_checksum(frame, sum));
    }
}

/// Gives the world's time back before bevy_ggrs runs `ReadInputs`: right before, it says which players are local. A
/// system in `ReadInputs` could not be ordered before those of the game.
pub(crate) fn restore_time(
    _players: On<Insert, LocalPlayers>,
    clock: Res<GgrsClock>,
    mut time: ResMut<Time>,
) {
    if let Some(real) = clock.0 {
        *time = real;
    }
}
