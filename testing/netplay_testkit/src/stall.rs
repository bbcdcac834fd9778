use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::prelude::*;

/// How long the game of one App stood still, by its own clock.
#[derive(Debug, Default)]
pub(crate) struct Stalls {
    frame: Option<i32>,
    standing: Duration,
    longest: Duration,
}

impl Stalls {
    /// Looks at the App after an update.
    pub(crate) fn follow(&mut self, world: &World, passed: Duration) {
        let playing = world.contains_resource::<Match>();
        let frame = world.get_resource::<RollbackFrameCount>().map(|frame| frame.0);
        if !playing || frame != self.frame {
            (self.frame, self.standing) = (frame, Duration::ZERO);
            return;
        }
        self.standing += passed;
        self.longest = self.longest.max(self.standing);
    }

    pub(crate) fn take_longest(&mut self) -> Duration {
        std::mem::take(&mut self.longest)
    }
}
