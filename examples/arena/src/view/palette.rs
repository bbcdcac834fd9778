//! The colours of the view.

use bevy::prelude::*;
use bevy_netplay::prelude::PlayerHandle;

/// The background outside the arena.
pub const NIGHT: Color = Color::srgb(0.020, 0.024, 0.055);
/// The floor of the arena.
pub const FLOOR: Color = Color::srgb(0.042, 0.050, 0.100);
/// Lines on the floor.
pub const GRID: Color = Color::srgb(0.085, 0.105, 0.205);
/// The inside of a wall.
pub const WALL: Color = Color::srgb(0.115, 0.140, 0.270);
/// The edge of a wall.
pub const WALL_EDGE: Color = Color::srgb(0.340, 0.420, 0.780);
/// Texts.
pub const TEXT: Color = Color::srgb(0.90, 0.93, 1.0);
/// Texts of less importance.
pub const FAINT: Color = Color::srgb(0.52, 0.57, 0.72);
/// Keys to press, and warnings.
pub const ACCENT: Color = Color::srgb(1.0, 0.83, 0.35);
/// The background of texts.
pub const PANEL: Color = Color::srgba(0.030, 0.036, 0.080, 0.92);

/// The background and the border of a panel with texts.
pub fn panel() -> (BackgroundColor, BorderColor) {
    (BackgroundColor(PANEL), BorderColor::all(WALL_EDGE))
}

/// The colour of a player.
pub fn player(player: u8) -> Color {
    example_runner::player_color(PlayerHandle(player))
}

/// The colour of a player in CSS.
pub fn css(player: u8) -> String {
    self::player(player).to_srgba().to_hex()
}

/// A brighter version of a colour.
pub fn bright(color: Color) -> Color {
    color.mix(&Color::WHITE, 0.45)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contrast of two colours, as the Web Content Accessibility Guidelines define it.
    fn contrast(one: Color, other: Color) -> f32 {
        let [one, other] =
            [one, other].map(|color| Luminance::luminance(&color.to_linear()) + 0.05);
        one.max(other) / one.min(other)
    }

    #[test]
    fn the_colours_of_players_stand_out_from_the_floor() {
        for index in 0..8 {
            // What texts need, by the same guidelines.
            let contrast = contrast(player(index), FLOOR);
            assert!(contrast >= 4.5, "player {index}: {contrast}");
        }
    }
}
