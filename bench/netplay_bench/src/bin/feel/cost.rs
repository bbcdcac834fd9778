//! What smoothing and interpolation cost: the same game with and without, played alone on a display of 144 Hz.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_netplay::prelude::*;
use clap::Args;
use netplay_bench::percentile;
use serde_json::{Value, json};

use crate::game::{self, Seed, Ship};
use crate::ours;

/// The time between two updates at 144 Hz.
const INTERVAL: Duration = Duration::from_nanos(6_944_444);
/// How many updates come before those that are timed: the match begins, and buffers stop growing.
const WARM_UP: u32 = 600;

#[derive(Args)]
pub struct Cost {
    /// How many entities are drawn
    #[arg(long, default_value_t = 1000)]
    entities: usize,
    /// How many updates are timed
    #[arg(long, default_value_t = 7200, value_parser = clap::value_parser!(u32).range(100..))]
    updates: u32,
}

impl Cost {
    pub fn measure(&self) -> Result<Value, String> {
        let mut smoothed = self.app(|app| {
            app.smooth(Ship::pose, Smoothing::default()).insert_resource(Interpolation::On);
        });
        let mut plain = self.app(|_| {});
        for app in [&mut smoothed, &mut plain] {
            (0..WARM_UP).for_each(|_| app.update());
        }
        let (mut with, mut without) = (Times::default(), Times::default());
        for _ in 0..self.updates {
            with.update(&mut smoothed);
            without.update(&mut plain);
        }
        let (with, without) = (with.medians()?, without.medians()?);
        Ok(json!({
            "between_frames_us": with[0] - without[0],
            "frame_us": with[1] - without[1],
            "with_us": with, "without_us": without,
        }))
    }

    fn app(&self, extend: impl FnOnce(&mut App)) -> App {
        let mut app = game::app(Seed(1));
        app.insert_resource(TimeUpdateStrategy::ManualDuration(INTERVAL));
        ours::add_game(&mut app, self.entities);
        extend(&mut app);
        game::finish(&mut app);
        let world = app.world_mut();
        world.commands().play_alone(1);
        world.flush();
        app
    }
}

/// How long updates have taken.
#[derive(Default)]
struct Times {
    between_frames: Vec<Duration>,
    frame: Vec<Duration>,
}

impl Times {
    fn update(&mut self, app: &mut App) {
        let frame = |app: &App| app.world().resource::<RollbackFrameCount>().0;
        let before = frame(app);
        let begun = Instant::now();
        app.update();
        let took = begun.elapsed();
        let times = if frame(app) == before { &mut self.between_frames } else { &mut self.frame };
        times.push(took);
    }

    /// In microseconds: of updates between frames, and of those with one.
    fn medians(self) -> Result<[f64; 2], String> {
        let median = |mut times: Vec<Duration>| {
            times.sort_unstable();
            if times.is_empty() { Err("no match was played") } else { Ok(percentile(&times, 0.5)) }
        };
        Ok([median(self.between_frames)?, median(self.frame)?])
    }
}
