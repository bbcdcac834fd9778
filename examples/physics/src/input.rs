//! [`PusherInput`]: what a player does in a frame. Plain bytes.

use bevy::prelude::*;
use bytemuck::{Pod, Zeroable};

/// What a player does in a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct PusherInput {
    /// Where the player goes, -127 to 127 to the right and upwards.
    pub stick: [i8; 2],
    /// 1 if the player has pressed the key for a dash since the last frame.
    pub dash: u8,
}

impl PusherInput {
    /// Where the player goes, at most 1.0 long.
    pub fn direction(self) -> Vec2 {
        let [x, y] = self.stick.map(|axis| f32::from(axis) / 127.0);
        Vec2::new(x, y).clamp_length_max(1.0)
    }
}
