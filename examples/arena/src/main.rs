//! The game as a program: with a command line on a desktop, and called by the page in a browser.

use std::process::ExitCode;

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod web;
mod window;

fn main() -> ExitCode {
    #[cfg(not(target_arch = "wasm32"))]
    return native::run();
    #[cfg(target_arch = "wasm32")]
    return web::run();
}
