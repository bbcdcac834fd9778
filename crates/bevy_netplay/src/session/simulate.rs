//! Runs bevy_ggrs: one call for each frame that is due, by real time, and one call in every update that takes in what
//! has arrived.
//!
//! bevy_ggrs simulates as many frames as fit into the delta of the world's [`Time`]. It gets a `Time` of its own for
//! the duration of a call, so that its accumulator is always empty and the frames that it simulates are those that
//! [`FrameClock`] says. Everybody else sees the world's time: the local input is read before the call, and for a game's
//! systems in bevy_ggrs' `ReadInputs`, which run inside of it, that time is back.

use std::time::Duration;

use bevy::ecs::schedule::ScheduleLabel;
use bevy::platform::time::Instant;
use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_ggrs::{LocalPlayers, RollbackFrameCount, RollbackFrameRate, Session as GgrsSession};

use super::frame_clock::{FrameRounding, frame_length};
use super::update_budget::UpdateBudget;
use super::{FrameClock, Session};
use crate::input::{self, MatchTypes};
use crate::lobby::finish_match;
use crate::stats::{self, RollbackProgress};
use crate::{NetplayConfig, NetplayState, rollback, smoothing};

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
    let length = frame_length(world.resource::<RollbackFrameRate>().0);
    let passed = world.resource::<Time<Real>>().delta();
    let lost = world.resource_mut::<FrameClock>().handle_time(passed);
    world.resource_mut::<RollbackProgress>().handle_lost_time(lost);
    let mut catch_up =
        world.resource::<Session>().frames_behind().unwrap_or(0).min(MAX_CATCH_UP_FRAMES);
    let rounding = match smoothing::draws_between_frames(world) {
        true => FrameRounding::Down,
        false => FrameRounding::Steady,
    };
    let most = world.resource::<NetplayConfig>().max_frames_per_update;
    let mut budget = UpdateBudget::new(most, is_real_time(world).then(real_now));
    loop {
        let is_behind = catch_up > 0;
        catch_up = catch_up.saturating_sub(1);
        if !is_behind {
            if !budget.has_frames() || !is_due(world, length, rounding) {
                return;
            }
            budget.take_frame();
        }
        let before = world.resource::<RollbackFrameCount>().0;
        input::give_inputs::<C>(world);
        run(world, length);
        compare(world);
        if finish_match::<C>(world) {
            return;
        }
        if world.resource::<RollbackFrameCount>().0 == before {
            world.resource_mut::<FrameClock>().handle_stall(length);
            // It has declared parameters, and fails as any system would.
            let _ = world.run_system_cached(stats::count_stall);
            return;
        }
        if budget.is_over(real_now) {
            return;
        }
    }
}

/// What is bounded is real time, unless time is set by hand.
fn is_real_time(world: &World) -> bool {
    let strategy = world.get_resource::<TimeUpdateStrategy>();
    strategy.is_none_or(|it| matches!(it, TimeUpdateStrategy::Automatic))
}

#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(clippy::disallowed_methods, reason = "how long an update takes is real time")
)]
fn real_now() -> Instant {
    Instant::now()
}

/// Whether a frame is due, at the pace that keeps this peer beside the others.
fn is_due(world: &mut World, length: Duration, rounding: FrameRounding) -> bool {
    world.resource_scope(|world, mut clock: Mut<FrameClock>| {
        let decide = || world.resource::<Session>().poll_pace(length);
        clock.poll_frame(length, rounding, decide)
    })
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
