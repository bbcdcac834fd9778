//! The walls: a rectangle with blocks in it. It is symmetric, so that no player has a better start.

use super::fixed::{PX, Point};

/// Half the width of the arena inside its outer wall, in pixels.
pub const HALF_WIDTH: i32 = 608;
/// Half the height of the arena inside its outer wall, in pixels.
pub const HALF_HEIGHT: i32 = 296;

/// A block, in pixels.
#[derive(Clone, Copy, Debug)]
pub struct Wall {
    /// The middle.
    pub center: (i32, i32),
    /// Half the width and half the height. No block is thinner than 24 pixels, so that nothing that moves
    /// less than that in a frame passes through it.
    pub half: (i32, i32),
}

const fn wall(x: i32, y: i32, half_width: i32, half_height: i32) -> Wall {
    Wall { center: (x, y), half: (half_width, half_height) }
}

/// All blocks.
pub const WALLS: [Wall; 11] = [
    wall(0, 0, 60, 20),
    wall(0, 190, 14, 52),
    wall(0, -190, 14, 52),
    wall(-240, 110, 56, 14),
    wall(240, 110, 56, 14),
    wall(-240, -110, 56, 14),
    wall(240, -110, 56, 14),
    wall(-420, 0, 14, 64),
    wall(420, 0, 14, 64),
    wall(-250, 0, 16, 16),
    wall(250, 0, 16, 16),
];

/// On which sides a moving square hit a wall.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// A wall to the left or right.
    pub x: bool,
    /// A wall above or below.
    pub y: bool,
}

impl Contact {
    /// Whether anything was hit.
    pub fn any(self) -> bool {
        self.x || self.y
    }
}

/// Whether a square of half width `radius` (in units) at `at` overlaps a wall or leaves the arena.
pub fn blocked(at: Point, radius: i32) -> bool {
    let outside = at.x.abs() + radius > HALF_WIDTH * PX || at.y.abs() + radius > HALF_HEIGHT * PX;
    outside
        || WALLS.iter().any(|wall| {
            (at.x - wall.center.0 * PX).abs() < wall.half.0 * PX + radius
                && (at.y - wall.center.1 * PX).abs() < wall.half.1 * PX + radius
        })
}

/// Moves a square by `step`, first horizontally and then vertically, and stops it at walls: a ship that flies
/// diagonally into a wall slides along it. It stops less than one step before the wall, which is not visible.
pub fn slide(at: &mut Point, step: Point, radius: i32) -> Contact {
    let mut contact = Contact::default();
    let horizontal = Point::new(at.x + step.x, at.y);
    if blocked(horizontal, radius) {
        contact.x = true;
    } else {
        *at = horizontal;
    }
    let vertical = Point::new(at.x, at.y + step.y);
    if blocked(vertical, radius) {
        contact.y = true;
    } else {
        *at = vertical;
    }
    contact
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arena_is_symmetric() {
        for x in (-HALF_WIDTH..=HALF_WIDTH).step_by(7) {
            for y in (-HALF_HEIGHT..=HALF_HEIGHT).step_by(7) {
                let here = blocked(Point::px(x, y), 14 * PX);
                assert_eq!(here, blocked(Point::px(-x, y), 14 * PX), "({x}, {y})");
                assert_eq!(here, blocked(Point::px(x, -y), 14 * PX), "({x}, {y})");
            }
        }
    }

    #[test]
    fn no_wall_is_thinner_than_the_longest_step() {
        assert!(WALLS.iter().all(|wall| wall.half.0 >= 12 && wall.half.1 >= 12));
    }

    #[test]
    fn a_ship_that_flies_diagonally_slides_along_the_wall() {
        let mut at = Point::px(0, HALF_HEIGHT - 14);
        let contact = slide(&mut at, Point::px(3, 3), 14 * PX);
        assert_eq!(contact, Contact { x: false, y: true });
        assert_eq!(at, Point::px(3, HALF_HEIGHT - 14));
    }
}
