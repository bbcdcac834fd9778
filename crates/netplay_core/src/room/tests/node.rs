//! A peer's process, and how its time passes.

use std::time::Duration;

use super::simulation::Simulation;
use crate::room::{BetweenFrames, BetweenFramesWork, Room, RoomActivity, RoomEvent};

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
    /// An update of its game takes long, and its room goes on as far as it does between frames.
    Hitches,
    /// Its process stands still, as in a debugger, or a page in an update that takes long. What arrives is kept for it.
    ProcessStopped,
}

/// A peer's process.
pub(super) struct Node {
    pub(super) room: Room,
    pub(super) simulation: Option<Simulation>,
    pub(super) clock: Clock,
    between: BetweenFrames,
    /// When its simulation stood still last.
    pub(super) stood_still: Option<Duration>,
    /// The frame with which its simulation ends the match, once that is confirmed.
    pub(super) ends_after: Option<i32>,
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
            Self::SessionStopped | Self::Hitches | Self::ProcessStopped => {}
        }
    }
}

impl Node {
    pub(super) fn new(room: Room, now: Duration) -> Self {
        Self {
            room,
            simulation: None,
            clock: Clock::Runs,
            between: BetweenFrames::new(BetweenFrames::LONGEST_HITCH, now),
            stood_still: None,
            ends_after: None,
            said: Vec::new(),
            before: Vec::new(),
        }
    }

    /// Whether its room is driven now. `ready`: something has come.
    pub(super) fn is_driven(&mut self, now: Duration, ready: bool) -> bool {
        match self.clock {
            Clock::ProcessStopped => false,
            Clock::Hitches => {
                let playing = self.room.traffic().is_some();
                self.between.poll(now, RoomActivity { playing, messages: false }, ready)
                    == BetweenFramesWork::Everything
            }
            _ => {
                self.between.handle_update_ended(now);
                true
            }
        }
    }

    /// Takes note of a simulation that stands still.
    pub(super) fn note_clock(&mut self, now: Duration) {
        if matches!(self.clock, Clock::Paused | Clock::SessionStopped | Clock::Hitches) {
            self.stood_still = Some(now);
        }
    }

    /// Ends the match if its simulation has come to the end.
    pub(super) fn end_match(&mut self, now: Duration) {
        let Some(simulation) = &self.simulation else { return };
        let confirmed = simulation.confirmed().min(simulation.frame - 1);
        if let Some(frame) = self.ends_after.filter(|frame| *frame <= confirmed) {
            self.ends_after = None;
            self.room.handle_match_ended(now, frame);
        }
    }

    /// Does what its room says: its game does, in the next update.
    pub(super) fn take_events(&mut self) {
        if self.clock == Clock::Hitches {
            return;
        }
        while let Some(event) = self.room.poll_event() {
            match &event {
                RoomEvent::StartMatch(start) => {
                    let before = self.simulation.as_ref().map(|simulation| simulation.start.epoch);
                    self.ends_after = self.ends_after.filter(|_| before == Some(start.epoch));
                    let traffic = self.room.traffic().unwrap().clone();
                    let simulation = Simulation::new(start.clone(), traffic, self.room.config());
                    self.before.extend(self.simulation.replace(simulation));
                }
                RoomEvent::Ended(_) => self.simulation = None,
                RoomEvent::MatchEnded { .. } => self.before.extend(self.simulation.take()),
                _ => {}
            }
            self.said.push(event);
        }
    }
}
