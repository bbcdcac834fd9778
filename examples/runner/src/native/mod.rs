//! A game as a program: with a command line, in a window or without one.

pub mod bot;
pub mod cli;
pub mod console;
pub mod desync;
pub mod doctor;
pub mod local_host;
mod program;
pub mod progress;
mod termination;
mod waits;

pub use program::run;
pub(crate) use termination::exit_on_termination;

/// Whether a window can be opened. Bevy is built for X11 only, which nearly every Wayland desktop offers as well.
pub fn has_display() -> bool {
    !cfg!(target_os = "linux")
        || std::env::var_os("DISPLAY").is_some_and(|display| !display.is_empty())
}
