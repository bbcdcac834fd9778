//! What is kept of each update, and of each quarter of a second.

use std::time::Duration;

use bevy::prelude::*;

use super::player_set::PlayerSet;
use crate::{LinkPath, LinkQuality};

/// How long a sample of [`MatchSample`] and [`LinkSample`] lasts.
pub(super) const SAMPLE: Duration = Duration::from_millis(250);

/// How many samples a rate per second is taken of.
pub(super) const SECOND: usize = 4;

/// One update of the app, while a match is played.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UpdateSample {
    /// The frame that is simulated next.
    pub frame: i32,
    /// Frames that were simulated for the first time.
    pub frames: u32,
    /// How often the simulation went back.
    pub rollbacks: u32,
    /// The depth of the deepest rollback, in frames; 0 where there was none.
    pub depth: u32,
    /// Frames simulated again.
    pub resimulated: u32,
    /// Time spent going back and simulating again.
    pub rollback_time: Duration,
    /// The players whose late inputs caused it.
    pub caused_by: PlayerSet,
    /// Whether a frame was due, and waited for inputs of other players.
    pub stalled: bool,
    /// The time since the update before.
    pub interval: Duration,
    /// How much of it could not be simulated, because the machine is too slow.
    pub lost_time: Duration,
}

/// The simulation in an interval: a quarter of a second, longer if updates are, and longer in a report of a long match.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct MatchSample {
    /// The end of the interval, counted from joining the room, or from the start of a match without one.
    pub at: Duration,
    /// The length of the interval.
    pub length: Duration,
    /// The frame that is simulated next, at the end.
    pub frame: i32,
    /// Frames that were simulated for the first time.
    pub frames: u32,
    /// Updates of the app.
    pub updates: u32,
    /// The longest time between two updates.
    pub longest_update: Duration,
    /// How often the simulation went back.
    pub rollbacks: u32,
    /// The deepest rollback, in frames.
    pub depth: u32,
    /// Frames simulated again.
    pub resimulated: u32,
    /// Time spent going back and simulating again.
    pub rollback_time: Duration,
    /// The players whose late inputs caused it.
    pub caused_by: PlayerSet,
    /// Frames that were due and waited for inputs of other players.
    pub stalled: u32,
    /// Time that could not be simulated, because the machine is too slow.
    pub lost_time: Duration,
    /// The most frames by which the simulation was ahead of what is confirmed.
    pub confirmed_lag: i32,
    /// How many frames the simulation is ahead of the player who is the farthest behind.
    pub frame_advantage: f32,
    /// How many frames the local input waits.
    pub input_delay: usize,
}

/// A link in an interval: a quarter of a second, longer if updates are, and longer in a report of a long match.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LinkSample {
    /// The end of the interval, counted from joining the room.
    pub at: Duration,
    /// The length of the interval.
    pub length: Duration,
    /// How packets travel, at the end.
    pub path: Option<LinkPath>,
    /// The worst quality.
    pub quality: LinkQuality,
    /// The largest smoothed round trip time.
    pub rtt: Duration,
    /// The largest jitter.
    pub jitter: Duration,
    /// The largest loss, 0 to 1.
    pub loss: f32,
    /// What was sent.
    pub sent: LinkTraffic,
    /// What was received.
    pub received: LinkTraffic,
    /// Inputs of the peer that came, one for each frame.
    pub inputs: u64,
    /// How many frames the local simulation is ahead of the peer's, at the end.
    pub frame_advantage: f32,
    /// The most frames for which an input of the peer was waited: the frame that is simulated, minus the last one of
    /// which its input is known.
    pub input_lag: i32,
}

/// An amount of traffic on a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Reflect)]
#[reflect(Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LinkTraffic {
    /// Datagrams. One that travels on two paths counts twice.
    pub datagrams: u64,
    /// Bytes, with the headers of the link and without those below it.
    pub bytes: u64,
}

impl LinkTraffic {
    /// What was counted since it was `before`.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            datagrams: self.datagrams.saturating_sub(before.datagrams),
            bytes: self.bytes.saturating_sub(before.bytes),
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.datagrams += other.datagrams;
        self.bytes += other.bytes;
    }
}

impl MatchSample {
    /// An update is a part of the interval.
    pub(super) fn add_update(&mut self, update: &UpdateSample) {
        self.length += update.interval;
        self.frame = update.frame;
        self.frames += update.frames;
        self.updates += 1;
        self.longest_update = self.longest_update.max(update.interval);
        self.rollbacks += update.rollbacks;
        self.depth = self.depth.max(update.depth);
        self.resimulated += update.resimulated;
        self.rollback_time += update.rollback_time;
        self.caused_by.extend(update.caused_by);
        self.stalled += u32::from(update.stalled);
        self.lost_time += update.lost_time;
    }

    /// The interval goes on with the one after it.
    pub(crate) fn merge(&mut self, next: &Self) {
        *self = Self {
            at: next.at,
            length: self.length + next.length,
            frame: next.frame,
            frames: self.frames + next.frames,
            updates: self.updates + next.updates,
            longest_update: self.longest_update.max(next.longest_update),
            rollbacks: self.rollbacks + next.rollbacks,
            depth: self.depth.max(next.depth),
            resimulated: self.resimulated + next.resimulated,
            rollback_time: self.rollback_time + next.rollback_time,
            caused_by: self.caused_by,
            stalled: self.stalled + next.stalled,
            lost_time: self.lost_time + next.lost_time,
            confirmed_lag: self.confirmed_lag.max(next.confirmed_lag),
            frame_advantage: next.frame_advantage,
            input_delay: next.input_delay,
        };
        self.caused_by.extend(next.caused_by);
    }
}

impl LinkSample {
    /// The interval goes on with the one after it.
    pub(crate) fn merge(&mut self, next: &Self) {
        self.sent.add(next.sent);
        self.received.add(next.received);
        *self = Self {
            at: next.at,
            length: self.length + next.length,
            path: next.path,
            quality: self.quality.max(next.quality),
            rtt: self.rtt.max(next.rtt),
            jitter: self.jitter.max(next.jitter),
            loss: self.loss.max(next.loss),
            sent: self.sent,
            received: self.received,
            inputs: self.inputs + next.inputs,
            frame_advantage: next.frame_advantage,
            input_lag: self.input_lag.max(next.input_lag),
        };
    }
}
