//! [`Cues`]: what is to be seen and heard of a frame. No part of the state: the rules only write it.

use bevy::prelude::*;

use super::fixed::Point;
use super::pickups::PickupKind;

/// What happens in a frame that is worth a sound or particles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cue {
    /// What happens.
    pub kind: CueKind,
    /// Where. A rollback may move it a little: it is still the same cue.
    pub at: Point,
}

/// What happens, and to which player.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CueKind {
    /// A second of the countdown begins.
    Countdown,
    /// The fight begins.
    Fight,
    /// The round is over.
    Over,
    /// The gun of this player fires.
    Fired(u8),
    /// A shot of this player is gone: it has hit something, or has flown for long enough.
    Burst(u8),
    /// The ship of this player is hit, and still there.
    Hit(u8),
    /// The ship of this player is destroyed.
    Destroyed(u8),
    /// The ship of this player respawns.
    Respawned(u8),
    /// This player finds a pick-up.
    PickedUp(u8, PickupKind),
}

/// The cues of the present frame. Not rolled back: a frame that is simulated again writes its own.
#[derive(Resource, Clone, Debug, Default)]
pub struct Cues(pub Vec<Cue>);

impl Cues {
    pub(super) fn write(&mut self, kind: CueKind, at: Point) {
        self.0.push(Cue { kind, at });
    }
}

/// A frame begins.
pub(super) fn clear(mut cues: ResMut<Cues>) {
    cues.0.clear();
}
