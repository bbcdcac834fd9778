//! What is counted of an App, in the same way on either stack.

use bevy::prelude::*;
use bevy_ggrs::{AdvanceWorld, LoadWorld, LocalPlayers, RollbackFrameCount};
use serde_json::{Value, json};

use crate::game::Ship;

/// What has happened in an App since it was counted from zero.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    updates: u32,
    /// Updates without a frame that is new.
    repeated: u32,
    rollbacks: u32,
    /// How many frames rollbacks went back, together.
    frames_back: i32,
    /// The farthest that the ship of the other player was drawn from where the update before had drawn it.
    pub longest_jump: f32,
}

impl Counts {
    pub fn mean_rollback(&self) -> f64 {
        f64::from(self.frames_back) / f64::from(self.rollbacks)
    }

    /// Of updates that come `rate` times a second.
    pub fn repeated_per_second(&self, rate: f64) -> f64 {
        f64::from(self.repeated) * rate / f64::from(self.updates)
    }

    pub fn json(&self) -> Value {
        let Self { updates, repeated, rollbacks, longest_jump, .. } = self;
        json!({
            "updates": updates, "repeated": repeated, "longest_jump": longest_jump,
            "rollbacks": rollbacks, "mean_rollback": self.mean_rollback(),
        })
    }
}

/// The counts of an App.
#[derive(Resource, Default)]
pub struct Figures {
    pub counts: Counts,
    /// The newest frame that was simulated.
    pub newest: i32,
    /// The same at the end of the update before.
    newest_before: i32,
    drawn: Option<Vec2>,
}

pub fn plugin(app: &mut App) {
    app.init_resource::<Figures>()
        .add_systems(LoadWorld, count_rollback)
        .add_systems(AdvanceWorld, count_frame)
        .add_systems(Last, count_update);
}

fn count_rollback(frame: Res<RollbackFrameCount>, mut figures: ResMut<Figures>) {
    figures.counts.rollbacks += 1;
    figures.counts.frames_back += figures.newest - frame.0;
}

fn count_frame(frame: Res<RollbackFrameCount>, mut figures: ResMut<Figures>) {
    figures.newest = figures.newest.max(frame.0);
}

fn count_update(
    ships: Query<(&Ship, &Transform)>,
    local: Res<LocalPlayers>,
    mut figures: ResMut<Figures>,
) {
    let Figures { counts, newest, newest_before, drawn } = &mut *figures;
    counts.updates += 1;
    counts.repeated += u32::from(newest == newest_before);
    *newest_before = *newest;
    let other = ships.iter().find(|(ship, _)| !local.0.contains(&ship.player));
    let now = other.map(|(_, transform)| transform.translation.truncate());
    if let Some((before, now)) = drawn.zip(now) {
        counts.longest_jump = counts.longest_jump.max(before.distance(now));
    }
    *drawn = now;
}
