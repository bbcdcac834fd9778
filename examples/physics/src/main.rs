//! The physics example as a program. In a browser it is part of the gallery.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(not(target_arch = "wasm32"))]
    return example_runner::native::run(&physics::GAME);
    #[cfg(target_arch = "wasm32")]
    return ExitCode::SUCCESS;
}
