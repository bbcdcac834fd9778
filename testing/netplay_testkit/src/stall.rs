//! [`Stalls`]: how long the simulation of an App stalls.

use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use crate::playing::playing;

/// How long the game of one App stalled, by its own clock.
#[derive(Debug, Default)]
pub(crate) struct Stalls {
    frame: Option<i32>,
    stalled: Duration,
    longest: Duration,
}

impl Stalls {
    /// To be called after every update.
    pub(crate) fn follow(&mut self, world: &World, passed: Duration) {
        let playing = playing(world).is_some();
        let frame = world.get_resource::<RollbackFrameCount>().map(|frame| frame.0);
        if !playing || frame != self.frame {
            (self.frame, self.stalled) = (frame, Duration::ZERO);
            return;
        }
        self.stalled += passed;
        self.longest = self.longest.max(self.stalled);
    }

    pub(crate) fn take_longest(&mut self) -> Duration {
        std::mem::take(&mut self.longest)
    }
}
