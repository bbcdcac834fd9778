//! The game that is played: ships that always move, in directions that are held for a while.

use std::hash::{DefaultHasher, Hash, Hasher};

use bevy::app::ScheduleRunnerPlugin;
use bevy::ecs::schedule::SingleThreadedExecutor;
use bevy::prelude::*;

/// The buttons of a player.
const RIGHT: u8 = 1;
const UP: u8 = 2;

/// How far a ship moves in a frame, in either direction.
const SPEED: f32 = 4.0;

/// For how many frames a player holds a direction.
const HELD: i32 = 12;

/// What is simulated.
#[derive(Component, Clone, Reflect)]
pub struct Ship {
    pub player: usize,
    at: Vec2,
}

impl Ship {
    pub fn of(player: usize) -> Self {
        Self { player, at: Vec2::ZERO }
    }

    /// A frame in which its player holds these buttons.
    pub fn fly(&mut self, buttons: u8) {
        let sign = |button| if buttons & button != 0 { SPEED } else { -SPEED };
        self.at += Vec2::new(sign(RIGHT), sign(UP));
    }

    /// What is drawn of it.
    pub fn pose(&self) -> Transform {
        Transform::from_translation(self.at.extend(0.0))
    }
}

/// What the inputs follow from.
#[derive(Resource, Clone, Copy)]
pub struct Seed(pub u64);

impl Seed {
    /// The buttons of a player in a frame.
    pub fn buttons(self, player: usize, frame: i32) -> u8 {
        let mut hasher = DefaultHasher::new();
        (self.0, player, frame / HELD).hash(&mut hasher);
        hasher.finish() as u8 & (RIGHT | UP)
    }
}

/// An App without a runner.
pub fn app(seed: Seed) -> App {
    let mut app = App::new();
    app.add_plugins(MinimalPlugins.build().disable::<ScheduleRunnerPlugin>()).insert_resource(seed);
    app
}

/// The App is complete: what is left to be done before its first update.
pub fn finish(app: &mut App) {
    app.finish();
    app.cleanup();
    for (_, schedule) in app.world_mut().resource_mut::<Schedules>().iter_mut() {
        schedule.set_executor(SingleThreadedExecutor::new());
    }
}
