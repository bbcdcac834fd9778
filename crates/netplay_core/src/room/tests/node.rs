//! A peer's process, and how its time passes.

use std::time::Duration;

use super::simulation::Simulation;
use crate::room::{Room, RoomEvent};

/// How the time of a peer's process passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Clock {
    #[default]
    Runs,
    /// Its simulation runs every second frame.
    HalfSpeed,
    /// Its simulation stands still, and its rollback session still receives and sends.
    Paused,
    /// Only its room goes on.
    SessionStopped,
    /// Its process stands still, as in a debugger. What arrives is kept for it.
    ProcessStopped,
}

/// A peer's process.
pub(super) struct Node {
    pub(super) room: Room,
    pub(super) simulation: Option<Simulation>,
    pub(super) clock: Clock,
    /// When its simulation stood still last.
    pub(super) stood_still: Option<Duration>,
    /// What its room said, oldest first.
    pub(super) said: Vec<RoomEvent>,
    /// Its simulations of the matches before.
    pub(super) before: Vec<Simulation>,
}

impl Clock {
    /// Lets a simulation do what it does in an update.
    pub(super) fn drive(self, simulation: &mut Simulation, ticks: u32) {
        match self {
            Self::HalfSpeed if ticks.is_multiple_of(2) => {}
            Self::Runs | Self::HalfSpeed => simulation.update(),
            Self::Paused => simulation.poll(),
            Self::SessionStopped | Self::ProcessStopped => {}
        }
    }
}

impl Node {
    pub(super) fn new(room: Room) -> Self {
        let (said, before) = (Vec::new(), Vec::new());
        Self { room, simulation: None, clock: Clock::Runs, stood_still: None, said, before }
    }

    /// Takes note of a simulation that stands still.
    pub(super) fn note_clock(&mut self, now: Duration) {
        if matches!(self.clock, Clock::Paused | Clock::SessionStopped) {
            self.stood_still = Some(now);
        }
    }

    /// Does what its room says.
    pub(super) fn take_events(&mut self) {
        while let Some(event) = self.room.poll_event() {
            match &event {
                RoomEvent::StartMatch(start) => {
                    let traffic = self.room.traffic().unwrap().clone();
                    let simulation = Simulation::new(start.clone(), traffic, self.room.config());
                    self.before.extend(self.simulation.replace(simulation));
                }
                RoomEvent::Ended(_) => self.simulation = None,
                _ => {}
            }
            self.said.push(event);
        }
    }
}
