//! How long the simulation waited for other players, and how long the process did not run.
//!
//! A bot updates every few milliseconds. When much more time has passed since the last update, the machine ran
//! something else meanwhile: a pause, which says nothing about the network. The report of a bot has both figures, so
//! that a test can tell a slow failover from a busy machine.

use std::time::Duration;

use bevy::prelude::*;
use bevy::time::Real;
use bevy_netplay::prelude::*;

/// The longest time between two updates of a process that runs.
const RUNNING: Duration = Duration::from_millis(50);

/// What was measured since the match began.
#[derive(Resource, Debug, Default)]
pub struct Waits {
    frame: i32,
    /// How long the present frame has been the newest one, without pauses.
    current: Duration,
    /// The longest time without a new frame, without pauses.
    pub longest: Duration,
    /// How long the process did not run, in all.
    pub paused: Duration,
}

pub fn plugin(app: &mut App) {
    app.init_resource::<Waits>().add_systems(Last, measure.run_if(in_state(NetplayState::Playing)));
}

fn measure(mut waits: ResMut<Waits>, time: Res<Time<Real>>, frame: Res<RollbackFrameCount>) {
    waits.update(time.delta(), frame.0);
}

impl Waits {
    /// An update, this long after the last one.
    fn update(&mut self, passed: Duration, frame: i32) {
        self.paused += passed.saturating_sub(RUNNING);
        if std::mem::replace(&mut self.frame, frame) != frame {
            self.current = Duration::ZERO;
        } else {
            self.current += passed.min(RUNNING);
            self.longest = self.longest.max(self.current);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_pause_of_the_process_is_no_wait_for_the_others() {
        let mut waits = Waits::default();
        waits.update(MS * 4, 1);
        for passed in [4, 4, 1000, 4] {
            waits.update(MS * passed, 1);
        }
        waits.update(MS * 4, 2);
        assert_eq!((waits.longest, waits.paused), (MS * 62, MS * 950));
    }
}
