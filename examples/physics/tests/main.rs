//! The game on its own, over WebRTC between processes, and in browsers.

#[cfg(target_os = "linux")]
mod browsers;
mod processes;
mod sync_test;

use game_driver::Program;

const GAME: Program = Program {
    name: "physics",
    file: env!("CARGO_BIN_EXE_physics"),
    folder: env!("CARGO_TARGET_TMPDIR"),
};
