//! The input of a player in a frame: one byte of buttons.

use bevy::prelude::*;
use bevy_netplay::prelude::Inputs;
use bytemuck::{Pod, Zeroable};

use super::netcode::MatchSetup;

/// Fly upwards.
pub const UP: u8 = 1;
/// Fly downwards.
pub const DOWN: u8 = 2;
/// Fly to the left.
pub const LEFT: u8 = 4;
/// Fly to the right.
pub const RIGHT: u8 = 8;
/// Shoot, as fast as the gun allows.
pub const FIRE: u8 = 16;
/// Dash in the direction the ship faces. A dashing ship cannot be hit.
pub const DASH: u8 = 32;

/// The buttons a player holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct ArenaInput {
    /// The sum of [`UP`], [`DOWN`], [`LEFT`], [`RIGHT`], [`FIRE`] and [`DASH`].
    pub buttons: u8,
}

impl ArenaInput {
    /// Whether a button is held.
    pub fn holds(self, button: u8) -> bool {
        self.buttons & button != 0
    }

    /// The direction (see [`super::direction`]) of the direction buttons held, if they do not cancel out.
    pub fn heading(self) -> Option<u8> {
        let axis = |plus, minus| i8::from(self.holds(plus)) - i8::from(self.holds(minus));
        match (axis(RIGHT, LEFT), axis(UP, DOWN)) {
            (1, 0) => Some(0),
            (1, 1) => Some(4),
            (0, 1) => Some(8),
            (-1, 1) => Some(12),
            (-1, 0) => Some(16),
            (-1, -1) => Some(20),
            (0, -1) => Some(24),
            (1, -1) => Some(28),
            _ => None,
        }
    }
}

/// The buttons of all players in the present frame. Not rolled back: it is written before every frame, including
/// resimulated ones.
#[derive(Resource, Clone, Debug, Default)]
pub struct Controls(pub Vec<ArenaInput>);

impl Controls {
    /// The buttons of a player. A player who does not exist holds none.
    pub fn of(&self, player: u8) -> ArenaInput {
        self.0.get(usize::from(player)).copied().unwrap_or_default()
    }
}

pub(super) fn take(
    inputs: Inputs<ArenaInput>,
    setup: Res<MatchSetup>,
    mut controls: ResMut<Controls>,
) {
    controls.0.clear();
    controls.0.extend((0..setup.players).map(|player| inputs.get(player)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opposite_directions_cancel_out() {
        assert_eq!(ArenaInput { buttons: LEFT | RIGHT }.heading(), None);
        assert_eq!(ArenaInput { buttons: LEFT | RIGHT | UP }.heading(), Some(8));
        assert_eq!(ArenaInput { buttons: UP | RIGHT | FIRE }.heading(), Some(4));
    }
}
