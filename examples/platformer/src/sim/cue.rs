//! [`Cue`]: an effect of the simulation, which is shown and heard once, however often its frame is simulated again.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

/// Something happens that is worth a sound or a flash.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cue {
    /// What happens. This is the key: a rollback may move the place a little.
    pub kind: CueKind,
    /// Where, in pixels.
    pub at: Vec2,
}

/// What happens, and to whose fighter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CueKind {
    /// A fight begins.
    Fight,
    /// A fight is over.
    Over,
    /// A fighter jumps.
    Jump(PlayerHandle),
    /// A fighter lands.
    Land(PlayerHandle),
    /// A fighter throws a bomb.
    Throw(PlayerHandle),
    /// A fighter is hit.
    Hit(PlayerHandle),
    /// A fighter has fallen off the stage.
    Knockout(PlayerHandle),
    /// A fighter comes onto the stage again.
    Respawn(PlayerHandle),
    /// A bomb explodes.
    Explosion,
}

impl CueKind {
    /// It happens at this place, in pixels.
    pub(super) fn at(self, at: Vec2) -> Cue {
        Cue { kind: self, at }
    }
}
