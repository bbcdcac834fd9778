//! The picture with both graphs: [`Column`]s of pixels, one for each update, the newest on the right.
//!
//! From top to bottom: the depth of rollbacks, marks of what happened, the time spent to simulate again.

use std::time::Duration;

use bevy::prelude::*;

use crate::PlayerHandle;

/// The size of the picture, in pixels.
pub(super) const WIDTH: usize = 300;
pub(super) const HEIGHT: usize = DEPTH + MARKS + TIME;
/// The heights of its three parts.
const DEPTH: usize = 48;
const MARKS: usize = 8;
const TIME: usize = 48;

const BYTES: usize = 4;
const ROW: usize = WIDTH * BYTES;

/// Red, green, blue, opacity, as sRGB.
type Pixel = [u8; BYTES];

const CLEAR: Pixel = [0, 0, 0, 0];
const DARK: Pixel = [255, 255, 255, 5];
const LINE: Pixel = [255, 255, 255, 90];
const CLIPPED: Pixel = [255, 255, 255, 255];
/// Darker than the bars, which are seen before it.
const STALL: Pixel = [150, 16, 16, 255];
const CHEAP: Pixel = [110, 200, 120, 255];
const COSTLY: Pixel = [240, 200, 70, 255];
const TOO_LONG: Pixel = [235, 50, 50, 255];

/// The colors of players in the order of the players, none of them red, and of rollbacks that nobody's inputs caused.
const PLAYERS: [Pixel; 8] = [
    [84, 186, 255, 255],
    [255, 176, 92, 255],
    [224, 255, 97, 255],
    [200, 140, 255, 255],
    [60, 230, 230, 255],
    [255, 170, 210, 255],
    [215, 200, 160, 255],
    [110, 220, 150, 255],
];
const NOBODY: Pixel = [200, 200, 200, 255];

fn player_pixel(player: PlayerHandle) -> Pixel {
    PLAYERS[player.index() % PLAYERS.len()]
}

/// The color of a player in the graphs.
pub(super) fn player_color(player: PlayerHandle) -> Color {
    let [red, green, blue, _] = player_pixel(player);
    Color::srgb_u8(red, green, blue)
}

/// What one update was.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Column {
    /// Of the deepest rollback, in frames.
    pub(super) depth: u32,
    pub(super) caused_by: Option<PlayerHandle>,
    pub(super) stalled: bool,
    pub(super) rollback_time: Duration,
    pub(super) mark: Option<Mark>,
}

/// Something that happened in an update, the least important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// Peers compare the checksum of a frame.
    Compared,
    /// Time was lost: the machine is too slow.
    LostTime,
    /// The input delay is another one.
    Delay,
    /// Another path is the primary one.
    Path,
    /// The states of two peers differ.
    Desync,
}

impl Mark {
    /// All that are explained below the graphs.
    pub(super) const ALL: [Self; 5] =
        [Self::Compared, Self::Path, Self::Delay, Self::LostTime, Self::Desync];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Compared => "checksum",
            Self::LostTime => "slow",
            Self::Delay => "delay",
            Self::Path => "path",
            Self::Desync => "desync",
        }
    }

    pub(super) fn pixel(self) -> Pixel {
        match self {
            Self::Compared => [140, 150, 160, 255],
            Self::LostTime => [255, 150, 40, 255],
            Self::Delay => [250, 230, 90, 255],
            Self::Path => [90, 180, 255, 255],
            Self::Desync => [255, 80, 220, 255],
        }
    }
}

/// What the heights stand for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    /// The depth of a rollback that is as high as the graph, in frames; 1 or more.
    pub(super) depth: u32,
    /// The time of a frame. A third of the graph is above it.
    pub(super) budget: Duration,
}

/// The pixels of the picture, row by row.
#[derive(Debug)]
pub(super) struct Picture<'a>(pub(super) &'a mut [u8]);

impl Picture<'_> {
    /// Moves all columns to the left. As many on the right are to be drawn next.
    pub(super) fn scroll(&mut self, columns: usize) {
        let moved = columns.min(WIDTH) * BYTES;
        for row in self.0.chunks_exact_mut(ROW) {
            row.copy_within(moved.., 0);
        }
    }

    /// Draws the column that is so many before the newest.
    pub(super) fn draw(&mut self, before_newest: usize, column: &Column, scale: Scale) {
        let Some(x) = (WIDTH - 1).checked_sub(before_newest) else { return };
        let is_desync = column.mark == Some(Mark::Desync);
        let depth = height(column.depth as f32 / scale.depth.max(1) as f32, DEPTH);
        let took = column.rollback_time.as_secs_f32() / scale.budget.as_secs_f32().max(1e-6);
        let time = height(took / 1.5, TIME);
        let bar = column.caused_by.map_or(NOBODY, player_pixel);
        let cost = match took {
            took if took >= 1.0 => TOO_LONG,
            took if took >= 0.5 => COSTLY,
            _ => CHEAP,
        };
        for (y, row) in self.0.chunks_exact_mut(ROW).enumerate() {
            let pixel = match y {
                _ if is_desync => Mark::Desync.pixel(),
                y if y < DEPTH => match DEPTH - y {
                    above if above <= depth && above == DEPTH && column.depth > scale.depth => {
                        CLIPPED
                    }
                    above if above <= depth => bar,
                    _ if column.stalled => STALL,
                    1 => LINE,
                    _ => DARK,
                },
                y if y < DEPTH + MARKS => column.mark.map_or(CLEAR, Mark::pixel),
                y => match HEIGHT - y {
                    above if above <= time => cost,
                    above if above == 1 || above == TIME * 2 / 3 => LINE,
                    _ => DARK,
                },
            };
            row[x * BYTES..(x + 1) * BYTES].copy_from_slice(&pixel);
        }
    }

    /// Clears all of it.
    pub(super) fn clear(&mut self, scale: Scale) {
        for before_newest in 0..WIDTH {
            self.draw(before_newest, &Column::default(), scale);
        }
    }
}

/// A part of a height, in pixels: at least one for anything that is not nothing.
fn height(part: f32, whole: usize) -> usize {
    ((part * whole as f32).ceil().max(0.0) as usize).min(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: Scale = Scale { depth: 8, budget: Duration::from_millis(16) };

    fn picture() -> Vec<u8> {
        let mut pixels = vec![0; ROW * HEIGHT];
        Picture(&mut pixels).clear(SCALE);
        pixels
    }

    fn pixel(pixels: &[u8], x: usize, y: usize) -> Pixel {
        let at = y * ROW + x * BYTES;
        pixels[at..at + BYTES].try_into().unwrap()
    }

    /// How many pixels of a color the newest column has.
    fn count(column: &Column, color: Pixel) -> usize {
        let mut pixels = picture();
        Picture(&mut pixels).draw(0, column, SCALE);
        (0..HEIGHT).filter(|y| pixel(&pixels, WIDTH - 1, *y) == color).count()
    }

    #[test]
    fn a_bar_is_as_high_as_its_value_and_not_higher_than_the_graph() {
        let of_depth =
            |depth| Column { depth, caused_by: Some(PlayerHandle(1)), ..Column::default() };
        let heights = [0, 1, 4, 8].map(|depth| count(&of_depth(depth), PLAYERS[1]));
        assert_eq!(heights, [0, DEPTH / 8, DEPTH / 2, DEPTH]);
        assert_eq!(count(&of_depth(30), PLAYERS[1]), DEPTH - 1);
        assert_eq!(count(&of_depth(30), CLIPPED), 1);

        let of_ms =
            |ms: u64| Column { rollback_time: Duration::from_millis(ms), ..Column::default() };
        assert_eq!(count(&of_ms(4), CHEAP), TIME / 6);
        assert_eq!(count(&of_ms(12), COSTLY), TIME / 2);
        assert_eq!(count(&of_ms(100), TOO_LONG), TIME);
    }

    #[test]
    fn a_stall_is_red_above_the_rollback_and_a_desync_goes_through_all() {
        let stalled = Column { depth: 4, stalled: true, ..Column::default() };
        assert_eq!(count(&stalled, STALL), DEPTH / 2);
        assert_eq!(count(&stalled, NOBODY), DEPTH / 2);
        let desync = Column { mark: Some(Mark::Desync), ..stalled };
        assert_eq!(count(&desync, Mark::Desync.pixel()), HEIGHT);
        for mark in [Mark::Compared, Mark::LostTime, Mark::Delay, Mark::Path] {
            let column = Column { mark: Some(mark), ..Column::default() };
            assert_eq!(count(&column, mark.pixel()), MARKS);
        }
    }

    #[test]
    fn columns_move_to_the_left_and_out_of_the_picture() {
        let mut pixels = picture();
        let column = Column { depth: 8, ..Column::default() };
        Picture(&mut pixels).draw(0, &column, SCALE);
        Picture(&mut pixels).scroll(10);
        assert_eq!(pixel(&pixels, WIDTH - 11, 0), NOBODY);
        Picture(&mut pixels).scroll(WIDTH * 2);
        Picture(&mut pixels).draw(WIDTH, &column, SCALE);
        assert_eq!(pixel(&pixels, 0, 0), DARK, "what is before the first column is not drawn");
    }
}
