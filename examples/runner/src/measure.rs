//! Measures what a frame costs on the main thread, apart from the game itself.
//!
//! [`FrameCost`] measures the time of every update of the app, or of the netcode in it, minus the time of the
//! systems in `NetplayUpdate`. Reports have it, and benchmarks compare the arena on this stack and on the plain one.
//!
//! Only frames without a rollback count. The time of an update that simulates no frame is added to the next frame,
//! so that the result does not depend on how often an app updates.
//!
//! In a browser this uses the clock of the page, which is coarse unless the page is cross-origin isolated.

use std::time::Duration;

use bevy::app::MainScheduleOrder;
use bevy::ecs::schedule::ScheduleLabel;
use bevy::input::InputSystems;
use bevy::platform::time::Instant;
use bevy::prelude::*;
use bevy_ggrs::{AdvanceWorld, AdvanceWorldSystems, RollbackFrameCount, RunGgrsSystems};
use bevy_netplay::NetplaySystems;

/// These first frames are not measured: caches are cold, and the peers synchronize.
const WARM_UP_FRAMES: i32 = 120;

/// Measures the cost of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameCostPlugin {
    /// The whole update: the netcode and the engine.
    Update,
    /// The netcode alone: bevy_ggrs, and the systems of bevy_netplay before and after it, if the app has them.
    Netcode,
}

/// A plugin that turns off drawing. Without a graphics card, drawing takes most of the processor's time.
pub fn undrawn(app: &mut App) {
    app.add_systems(PostStartup, |mut cameras: Query<&mut Camera>| {
        cameras.iter_mut().for_each(|mut camera| camera.is_active = false);
    });
}

/// The cost of frames since the match began. Only [`FrameCostPlugin`] writes it.
#[derive(Resource, Default)]
pub struct FrameCost {
    /// In µs, one entry per update that simulated a frame.
    costs: Vec<f64>,
    /// The same without bevy_ggrs, for [`FrameCostPlugin::Netcode`].
    costs_beside_ggrs: Vec<f64>,
    /// When the update began, and the frame at that time.
    began: Option<(Instant, i32)>,
    ggrs_began: Option<Instant>,
    game_began: Option<Instant>,
    /// In this update: the time of bevy_ggrs, the time of the game within it, and how many frames it simulated.
    ggrs: Duration,
    game: Duration,
    runs: i32,
    /// The time to be added to the next frame; the second one without bevy_ggrs.
    pending: [Duration; 2],
}

/// Runs before all other schedules of an update.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
struct Begin;

/// Runs after all other schedules of an update.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
struct End;

impl Plugin for FrameCostPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<FrameCost>().add_systems(
            AdvanceWorld,
            (
                begin_game
                    .after(AdvanceWorldSystems::DespawnConfirmed)
                    .before(AdvanceWorldSystems::Main),
                end_game.after(AdvanceWorldSystems::Main).before(AdvanceWorldSystems::Last),
            ),
        );
        match self {
            Self::Update => {
                app.add_systems(Begin, begin).add_systems(End, end);
                let mut order = app.world_mut().resource_mut::<MainScheduleOrder>();
                order.insert_before(First, Begin);
                order.insert_after(Last, End);
            }
            Self::Netcode => {
                app.add_systems(
                    PreUpdate,
                    (
                        begin
                            .after(InputSystems)
                            .before(NetplaySystems::Receive)
                            .before(begin_ggrs),
                        // Of the two sets an app has the one of its stack.
                        begin_ggrs
                            .after(NetplaySystems::Receive)
                            .before(NetplaySystems::Simulate)
                            .before(RunGgrsSystems),
                        end_ggrs
                            .after(NetplaySystems::Simulate)
                            .after(RunGgrsSystems)
                            .before(NetplaySystems::Send),
                        end.after(end_ggrs).after(NetplaySystems::Send),
                    ),
                );
            }
        }
    }
}

impl FrameCost {
    /// The mean cost of a frame, in µs; `None` before a frame was measured.
    pub fn mean_us(&self) -> Option<f64> {
        let count = self.costs.len() as f64;
        (count > 0.0).then(|| self.costs.iter().sum::<f64>() / count)
    }

    /// The median cost of a frame, in µs. When another program takes the processor for a moment, this affects the
    /// mean, but hardly the median.
    pub fn median_us(&self) -> Option<f64> {
        median(self.costs.clone())
    }

    /// The median cost of a frame without the time of bevy_ggrs, in µs; for [`FrameCostPlugin::Netcode`].
    pub fn median_beside_ggrs_us(&self) -> Option<f64> {
        median(self.costs_beside_ggrs.clone())
    }

    /// Adds an update that took `whole` and advanced the match by `frames` frames, to `frame`.
    fn add(&mut self, whole: Duration, frame: i32, frames: i32) {
        self.pending[0] += whole.saturating_sub(self.game);
        self.pending[1] += whole.saturating_sub(self.ggrs);
        if self.runs > 0 {
            let pending = std::mem::take(&mut self.pending);
            // More runs than frames: some frames were resimulated.
            if self.runs == frames && frame > WARM_UP_FRAMES {
                let [cost, beside_ggrs] =
                    pending.map(|time| time.as_secs_f64() * 1e6 / f64::from(frames));
                self.costs.push(cost);
                self.costs_beside_ggrs.push(beside_ggrs);
            }
        }
        (self.ggrs, self.game, self.runs) = (Duration::ZERO, Duration::ZERO, 0);
    }
}

fn median(mut costs: Vec<f64>) -> Option<f64> {
    costs.sort_by(f64::total_cmp);
    costs.get(costs.len() / 2).copied()
}

#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(clippy::disallowed_methods, reason = "measuring time is what this is for")
)]
fn now() -> Instant {
    Instant::now()
}

fn begin(mut cost: ResMut<FrameCost>, frame: Option<Res<RollbackFrameCount>>) {
    cost.began = Some((now(), frame.map_or(0, |frame| frame.0)));
}

fn begin_ggrs(mut cost: ResMut<FrameCost>) {
    cost.ggrs_began = Some(now());
}

fn end_ggrs(mut cost: ResMut<FrameCost>) {
    if let Some(began) = cost.ggrs_began.take() {
        cost.ggrs += now() - began;
    }
}

fn begin_game(mut cost: ResMut<FrameCost>) {
    cost.game_began = Some(now());
}

fn end_game(mut cost: ResMut<FrameCost>) {
    if let Some(began) = cost.game_began.take() {
        cost.game += now() - began;
        cost.runs += 1;
    }
}

fn end(mut cost: ResMut<FrameCost>, frame: Option<Res<RollbackFrameCount>>) {
    if let Some((began, before)) = cost.began.take() {
        let frame = frame.map_or(0, |frame| frame.0);
        cost.add(now() - began, frame, frame - before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: fn(u64) -> Duration = Duration::from_micros;

    fn update(cost: &mut FrameCost, whole: u64, game: u64, runs: i32, frames: i32) {
        (cost.game, cost.runs) = (US(game), runs);
        cost.add(US(whole), WARM_UP_FRAMES + 1, frames);
    }

    #[test]
    fn the_game_does_not_count_and_idle_updates_do() {
        let mut cost = FrameCost::default();
        update(&mut cost, 100, 0, 0, 0);
        cost.ggrs = US(450);
        update(&mut cost, 500, 200, 1, 1);
        assert_eq!((cost.costs, cost.costs_beside_ggrs), (vec![400.0], vec![150.0]));
    }

    #[test]
    fn a_rollback_is_not_measured_and_two_frames_in_one_update_share_its_cost() {
        let mut cost = FrameCost::default();
        update(&mut cost, 9000, 5000, 4, 1);
        update(&mut cost, 600, 400, 2, 2);
        assert_eq!(cost.costs, [100.0]);
        assert_eq!((cost.mean_us(), cost.median_us()), (Some(100.0), Some(100.0)));
    }

    #[test]
    fn there_is_no_mean_before_the_first_frame() {
        assert_eq!(FrameCost::default().mean_us(), None);
        assert_eq!(FrameCost::default().median_us(), None);
    }
}
