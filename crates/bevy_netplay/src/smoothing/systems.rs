//! When poses are captured and drawn.
//!
//! ```text
//! Receive    restore   what a game rolls back in `Transform` is what was simulated
//! Simulate   capture   after each frame that is one of the two newest
//!            settle    the world is at a frame that was not simulated
//!            draw      `Transform` is what is drawn
//! ```

use std::time::Duration;

use bevy::ecs::component::RequiredComponentsError;
use bevy::ecs::message::Messages;
use bevy::prelude::*;
use bevy_ggrs::{
    AdvanceWorld, AdvanceWorldSystems, LoadWorld, LoadWorldSystems, RollbackFrameCount,
    RollbackFrameRate,
};

use super::drawn::DrawnPose;
use super::interpolation::DisplayRate;
use super::teleported::Teleports;
use super::{Interpolation, OwnedBy, Smoothing, Teleported};
use crate::plugin::SystemsOf;
use crate::session::{FrameClock, Session, frame_length};
use crate::{CurrentMatch, NetplayState, NetplaySystems, RollbackEntity};

/// See the [module](self).
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SmoothingSystems {
    Restore,
    Capture,
    Settle,
    Draw,
}

/// The newest frame that was captured: the state at its start. None before a match is drawn.
#[derive(Resource, Debug, Default)]
struct CapturedFrame(Option<i32>);

/// The moment that is drawn.
#[derive(Resource, Debug, Default)]
struct DrawnTime {
    /// How much time has passed since the update before.
    passed: Duration,
    /// How far it is from the frame before the newest to the newest.
    fraction: f32,
    /// This peer catches up with a match: corrections are made at once.
    snaps: bool,
}

/// A match begins: nothing of it was captured.
pub(crate) fn begin_match(world: &mut World) {
    world.insert_resource(CapturedFrame::default());
    world.insert_resource(Teleports::default());
}

pub(crate) fn plugin(app: &mut App) {
    use SmoothingSystems::{Capture, Draw, Settle};
    let simulate = SystemsOf(NetplaySystems::Simulate);
    app.init_resource::<CapturedFrame>()
        .init_resource::<DisplayRate>()
        .init_resource::<DrawnTime>()
        .init_resource::<Interpolation>()
        .init_resource::<Teleports>()
        // It lasts for a frame, as messages of the simulation do. It makes no difference which one comes first.
        .init_resource::<Messages<Teleported>>()
        .allow_ambiguous_resource::<Messages<Teleported>>()
        .configure_sets(
            AdvanceWorld,
            Capture.after(AdvanceWorldSystems::Last).run_if(is_one_of_the_newest),
        )
        .configure_sets(simulate.clone(), (Settle.run_if(was_not_simulated), Draw).chain())
        .add_systems(LoadWorld, go_back.in_set(LoadWorldSystems::Data))
        .add_systems(AdvanceWorld, end_frame.after(Capture))
        .add_systems(
            simulate,
            (settle_frame.after(Settle), begin_update, choose_moment).chain().before(Draw),
        );
}

/// Draws entities with this component, whose pose follows from it.
pub(crate) fn smooth<T: Component>(app: &mut App, pose: fn(&T) -> Transform, smoothing: Smoothing) {
    // A game may ask for it as well.
    app.try_register_required_components::<T, Transform>().ok();
    if require_pose::<T>(app) {
        add_systems(app, pose, smoothing);
    }
}

/// Draws entities whose `Transform` is rolled back.
pub(crate) fn smooth_transform(app: &mut App, smoothing: Smoothing) {
    if require_pose::<RollbackEntity>(app) {
        add_systems::<Transform>(app, |pose| *pose, smoothing);
        let receive = SystemsOf(NetplaySystems::Receive);
        app.add_systems(receive, restore.in_set(SmoothingSystems::Restore));
    }
}

/// Entities with a component have a [`DrawnPose`] from now on. Returns whether that is new.
///
/// # Panics
///
/// Where there are entities with the component already, as Bevy does.
fn require_pose<T: Component>(app: &mut App) -> bool {
    match app.try_register_required_components::<T, DrawnPose>() {
        Ok(()) => true,
        Err(RequiredComponentsError::DuplicateRegistration(..)) => false,
        Err(error) => panic!("what is smoothed is registered before it is spawned: {error}"),
    }
}

fn add_systems<T: Component>(app: &mut App, pose: fn(&T) -> Transform, smoothing: Smoothing) {
    let capture = move |frame: Res<RollbackFrameCount>,
                        mut entities: Query<(&T, &mut DrawnPose)>| {
        for (simulated, mut drawn) in &mut entities {
            drawn.capture(frame.0, pose(simulated), &smoothing);
        }
    };
    let settle = move |frame: Res<RollbackFrameCount>,
                       mut entities: Query<(&T, &mut DrawnPose)>| {
        for (simulated, mut drawn) in &mut entities {
            drawn.settle(frame.0, pose(simulated), &smoothing);
        }
    };
    app.add_systems(AdvanceWorld, capture.in_set(SmoothingSystems::Capture)).add_systems(
        SystemsOf(NetplaySystems::Simulate),
        (
            settle.in_set(SmoothingSystems::Settle),
            draw::<T>(smoothing).in_set(SmoothingSystems::Draw),
        ),
    );
}

/// The entities that are drawn by a component.
type Drawn<'w, 's, T> = Query<
    'w,
    's,
    (&'static mut DrawnPose, &'static mut Transform, Option<&'static OwnedBy>),
    With<T>,
>;

/// What draws the entities with a component.
fn draw<T: Component>(
    smoothing: Smoothing,
) -> impl FnMut(Res<DrawnTime>, Option<Res<CurrentMatch>>, Drawn<T>) {
    move |time, this_match, mut entities| {
        let [left, own_left] = [false, true].map(|is_own| match time.snaps {
            true => 0.0,
            false => smoothing.left(time.passed, is_own),
        });
        let local = this_match.as_ref().map_or(&[][..], |it| &it.local_players);
        for (mut pose, mut transform, owner) in &mut entities {
            let is_own = owner.is_some_and(|owner| local.contains(&owner.0));
            pose.decay(if is_own { own_left } else { left });
            if let Some(drawn) = pose.draw(time.fraction) {
                transform.set_if_neq(drawn);
            }
        }
    }
}

/// The simulation goes on from what it left, and not from what was drawn of it.
fn restore(mut entities: Query<(&DrawnPose, &mut Transform), With<RollbackEntity>>) {
    for (pose, mut transform) in &mut entities {
        if let Some(simulated) = pose.simulated(&transform) {
            *transform = simulated;
        }
    }
}

/// Nothing is drawn of frames before the two newest.
fn is_one_of_the_newest(frame: Res<RollbackFrameCount>, captured: Res<CapturedFrame>) -> bool {
    captured.0.is_none_or(|newest| frame.0 + 1 >= newest)
}

fn was_not_simulated(frame: Res<RollbackFrameCount>, captured: Res<CapturedFrame>) -> bool {
    captured.0 != Some(frame.0)
}

fn go_back(frame: Res<RollbackFrameCount>, mut teleports: ResMut<Teleports>) {
    teleports.go_back(frame.0);
}

/// A frame was simulated: entities that have jumped on purpose are drawn where they are.
fn end_frame(
    frame: Res<RollbackFrameCount>,
    mut captured: ResMut<CapturedFrame>,
    mut messages: ResMut<Messages<Teleported>>,
    mut teleports: ResMut<Teleports>,
    mut poses: Query<&mut DrawnPose>,
) {
    let frame = frame.0;
    messages.drain().for_each(|it| teleports.add(frame, it.entity));
    let is_again = captured.0.is_some_and(|newest| frame <= newest);
    if is_again && captured.0 != Some(frame) {
        return;
    }
    captured.0 = Some(frame);
    let changed = teleports.take_changed();
    for entity in teleports.at(frame) {
        if let Ok(mut pose) = poses.get_mut(entity) {
            pose.jump();
            if !is_again {
                pose.snap();
            }
        }
    }
    for entity in changed {
        if let Ok(mut pose) = poses.get_mut(entity) {
            pose.snap();
        }
    }
}

fn settle_frame(frame: Res<RollbackFrameCount>, mut captured: ResMut<CapturedFrame>) {
    captured.0 = Some(frame.0);
}

/// An update comes, whether a match is played or not.
fn begin_update(
    time: Res<Time<Real>>,
    rate: Res<RollbackFrameRate>,
    session: Res<Session>,
    mut display: ResMut<DisplayRate>,
    mut drawn: ResMut<DrawnTime>,
) {
    display.handle_update(time.delta(), rate.0);
    drawn.passed = time.delta();
    drawn.snaps = session.frames_behind().is_some_and(|frames| frames > 0);
}

/// Whether what is drawn is between frames.
pub(crate) fn draws_between_frames(world: &World) -> bool {
    world.resource::<Interpolation>().is_on(world.resource())
}

/// Which moment this update draws.
fn choose_moment(
    clock: Res<FrameClock>,
    rate: Res<RollbackFrameRate>,
    state: Res<State<NetplayState>>,
    interpolation: Res<Interpolation>,
    display: Res<DisplayRate>,
    mut drawn: ResMut<DrawnTime>,
) {
    let is_interpolated = interpolation.is_on(&display);
    let is_playing = *state.get() == NetplayState::Playing;
    let is_between = is_playing && is_interpolated;
    drawn.fraction = if is_between { clock.fraction(frame_length(rate.0)) } else { 1.0 };
}
