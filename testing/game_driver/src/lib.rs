//! Games as their players run them: as programs beside the signaling server, and in pages of real browsers.
//!
//! A test names the [`Program`] of its game, which cargo has built beside it. [`Program::play`] lets bots play a match
//! and returns their reports; [`gallery`] has the page of the smaller games, [`window`] their windows. Whatever does not come to pass fails the
//! test, and says what the processes wrote.
#![expect(clippy::unwrap_used, reason = "a panic is the verdict of a test")]

mod bot;
#[cfg(target_os = "linux")]
pub mod gallery;
#[cfg(target_os = "linux")]
pub mod page;
mod process;
mod program;
pub mod report;
mod server;
#[cfg(target_os = "linux")]
pub mod window;

use std::time::Duration;

pub use bot::{Bot, Room};
pub use process::Process;
pub use program::Program;
pub use server::Server;

/// How long a process may take for a step that takes a moment. Only a process that hangs takes longer.
pub const LIMIT: Duration = Duration::from_secs(90);

/// How long a match of this many frames may take, from the start of its processes to their end. It is far more
/// than the match takes: only a process that hangs takes longer.
pub fn match_limit(frames: u32) -> Duration {
    LIMIT * 2 + Duration::from_secs(frames.div_ceil(60).into()) * 4
}
