//! Fixed-point vectors. One unit is 1/256 pixel: a ship at full speed moves about 1,000 units per frame, and the
//! arena is about 300,000 units wide, so that the product of two coordinates fits in an `i64`.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use bevy::prelude::*;

/// Units in a pixel.
pub const PX: i32 = 256;

/// How many directions a shot can have. A ship faces one of every fourth.
pub const DIRECTIONS: u8 = 32;

/// A place or a velocity, in 1/256 pixel (per frame). `y` grows upwards, as in Bevy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Reflect)]
pub struct Point {
    /// To the right.
    pub x: i32,
    /// Upwards.
    pub y: i32,
}

impl Point {
    /// A point given in units.
    pub const fn new(x: i32, y: i32) -> Self {
        Self { x, y }
    }

    /// A point given in pixels.
    pub const fn px(x: i32, y: i32) -> Self {
        Self { x: x * PX, y: y * PX }
    }

    /// The squared length, in square units.
    pub fn length_squared(self) -> i64 {
        let (x, y) = (i64::from(self.x), i64::from(self.y));
        x * x + y * y
    }

    /// Whether two places are at most `distance` units apart.
    pub fn is_within(self, other: Self, distance: i32) -> bool {
        (self - other).length_squared() <= i64::from(distance) * i64::from(distance)
    }

    /// The same direction, with a length of at most `length` units.
    pub fn clamp_length(self, length: i32) -> Self {
        let squared = self.length_squared();
        if squared <= i64::from(length) * i64::from(length) {
            return self;
        }
        // `isqrt` is exact and at least `length` here: this does not divide by zero.
        let current = squared.isqrt();
        let scale = |value: i32| (i64::from(value) * i64::from(length) / current) as i32;
        Self { x: scale(self.x), y: scale(self.y) }
    }
}

/// The unit vector (of 256 units) of a direction: 0 is right, 8 is up, 16 is left, 24 is down.
pub fn direction(index: u8) -> Point {
    // 256 × cos of 0°, 11.25°, … 90°.
    const QUARTER: [i32; 9] = [256, 251, 237, 213, 181, 142, 98, 50, 0];
    let step = usize::from(index % 8);
    let (along, across) = (QUARTER[step], QUARTER[8 - step]);
    match index % DIRECTIONS / 8 {
        0 => Point::new(along, across),
        1 => Point::new(-across, along),
        2 => Point::new(-along, -across),
        _ => Point::new(across, -along),
    }
}

impl Add for Point {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { x: self.x + other.x, y: self.y + other.y }
    }
}

impl AddAssign for Point {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Point {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { x: self.x - other.x, y: self.y - other.y }
    }
}

impl Neg for Point {
    type Output = Self;
    fn neg(self) -> Self {
        Self { x: -self.x, y: -self.y }
    }
}

impl Mul<i32> for Point {
    type Output = Self;
    fn mul(self, factor: i32) -> Self {
        Self { x: self.x * factor, y: self.y * factor }
    }
}

/// Rounds towards zero, so that friction is the same in all directions.
impl Div<i32> for Point {
    type Output = Self;
    fn div(self, divisor: i32) -> Self {
        Self { x: self.x / divisor, y: self.y / divisor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_go_round_once_and_have_unit_length() {
        assert_eq!(direction(0), Point::new(256, 0));
        assert_eq!(direction(8), Point::new(0, 256));
        assert_eq!(direction(16), Point::new(-256, 0));
        assert_eq!(direction(24), Point::new(0, -256));
        assert_eq!(direction(33), direction(1));
        for index in 0..DIRECTIONS {
            let length = direction(index).length_squared().isqrt();
            assert!((255..=256).contains(&length), "direction {index} is {length} long");
            assert_eq!(direction(index + 16), -direction(index));
        }
    }

    #[test]
    fn a_clamped_vector_keeps_its_direction() {
        assert_eq!(Point::new(3000, -4000).clamp_length(500), Point::new(300, -400));
        assert_eq!(Point::new(3, -4).clamp_length(500), Point::new(3, -4));
    }
}
