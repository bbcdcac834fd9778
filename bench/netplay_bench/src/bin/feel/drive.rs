//! Apps in one loop, on real time.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::thread::sleep;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;

/// An App, and when it is updated.
pub struct DrivenApp {
    pub app: App,
    pace: UpdatePace,
    /// How many updates it has had.
    updates: u32,
    /// When the next one is due.
    next: Duration,
}

/// When an App is updated.
#[derive(Clone, Copy)]
pub struct UpdatePace {
    /// The time from one update to the next one, on average.
    pub interval: Duration,
    /// By which part of that it differs from update to update, at most: machines never meet in the same way for long.
    pub uneven: f64,
    /// How fast its clock runs.
    pub clock: f64,
}

impl DrivenApp {
    pub fn new(app: App, pace: UpdatePace) -> Self {
        Self { app, pace, updates: 0, next: Duration::ZERO }
    }

    fn update(&mut self) {
        let mut hasher = DefaultHasher::new();
        self.updates.hash(&mut hasher);
        let random = hasher.finish() as f64 / u64::MAX as f64;
        let passed = self.pace.interval.mul_f64(1.0 + self.pace.uneven * (2.0 * random - 1.0));
        let passed_here = TimeUpdateStrategy::ManualDuration(passed.mul_f64(self.pace.clock));
        self.app.insert_resource(passed_here);
        self.app.update();
        self.updates += 1;
        self.next += passed;
    }
}

/// Apps that are updated when it is time.
pub struct Drive {
    pub apps: Vec<DrivenApp>,
    begun: Instant,
    now: Duration,
}

impl Drive {
    pub fn new(apps: Vec<DrivenApp>) -> Self {
        Self { apps, begun: Instant::now(), now: Duration::ZERO }
    }

    pub fn run(&mut self, time: Duration) {
        self.now += time;
        while let Some(next) = self.apps.iter_mut().min_by_key(|app| app.next)
            && next.next < self.now
        {
            let due = self.begun + next.next;
            let now = Instant::now();
            sleep(due.saturating_duration_since(now));
            // A late update does not make the next ones shorter.
            self.begun += now.saturating_duration_since(due);
            next.update();
        }
    }
}
