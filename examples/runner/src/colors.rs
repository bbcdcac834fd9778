//! The colors of players.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

/// In the order of the players: sky blue, red, yellow, orange, cyan, purple, grey, teal. They differ in lightness as well,
/// so that people who see two of the three primary colors can tell them apart.
const COLORS: [Color; 8] = [
    Color::srgb(0.33, 0.73, 1.0),
    Color::srgb(0.93, 0.20, 0.23),
    Color::srgb(0.88, 1.0, 0.38),
    Color::srgb(1.0, 0.57, 0.0),
    Color::srgb(0.0, 1.0, 1.0),
    Color::srgb(0.71, 0.30, 0.94),
    Color::srgb(0.68, 0.71, 0.63),
    Color::srgb(0.08, 0.57, 0.57),
];

/// The color of a player, one of eight.
pub fn player_color(player: PlayerHandle) -> Color {
    COLORS[player.index() % COLORS.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How people see who have all three kinds of cones, and those without one of them: matrices for linear RGB, by rows
    /// (Machado, Oliveira and Fernandes 2009, severity 1.0).
    const EYES: [(&str, [[f32; 3]; 3]); 4] = [
        ("all", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "protanopia",
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
        ),
        (
            "deuteranopia",
            [
                [0.367_322, 0.860_646, -0.227_968],
                [0.280_085, 0.672_501, 0.047_413],
                [-0.011_820, 0.042_940, 0.968_881],
            ],
        ),
        (
            "tritanopia",
            [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        ),
    ];

    fn seen(color: Color, rows: [[f32; 3]; 3]) -> Vec3 {
        let linear = color.to_linear().to_vec3();
        let [red, green, blue] = rows.map(|row| Vec3::from_array(row).dot(linear).clamp(0.0, 1.0));
        let seen = Oklaba::from(LinearRgba::rgb(red, green, blue));
        Vec3::new(seen.lightness, seen.a, seen.b)
    }

    #[test]
    fn everybody_can_tell_the_players_apart() {
        for (who, rows) in EYES {
            let seen = COLORS.map(|color| seen(color, rows));
            for (one, first) in seen.iter().enumerate() {
                for (other, second) in seen.iter().enumerate().skip(one + 1) {
                    // Five times what is just noticeable side by side.
                    let distance = first.distance(*second);
                    assert!(distance > 0.1, "{who}: players {one} and {other}: {distance}");
                }
            }
        }
    }
}
