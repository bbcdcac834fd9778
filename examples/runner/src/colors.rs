//! The colors of players.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

/// The color of a player, one of four.
pub fn player_color(player: PlayerHandle) -> Color {
    match player.0 % 4 {
        0 => Color::srgb(0.25, 0.72, 1.0),
        1 => Color::srgb(1.0, 0.42, 0.42),
        2 => Color::srgb(0.50, 0.90, 0.45),
        _ => Color::srgb(1.0, 0.78, 0.30),
    }
}
