//! The window of a game, on a display that nobody sees.

use browser_driver::Screen;

use crate::{LIMIT, Process, Program};

/// A window that is started in a working directory where nothing is, without cargo, loads its files.
#[track_caller]
pub fn finds_its_files(game: &Program) {
    let screen = Screen::start().unwrap();
    let mut command = game.command();
    command
        .arg("--no-bot")
        .current_dir(game.directory("elsewhere"))
        .env("DISPLAY", screen.name())
        .env("RUST_LOG", "info,example_runner=debug,wgpu=error")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("BEVY_ASSET_ROOT")
        .env_remove("CARGO_MANIFEST_DIR");
    let mut window = Process::start(game.name, command);
    window.wait_for("the font is loaded", LIMIT, |line| {
        line.contains("fonts/NotoSansMono.ttf is loaded").then_some(())
    });
    window.kill();
    let output = window.output();
    let is_missed = |line: &&str| line.contains("bevy_asset") && !line.contains("INFO");
    let missed: Vec<_> = output.lines().filter(is_missed).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}
