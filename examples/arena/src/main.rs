//! The game as a program. On a desktop it has a command line; in a browser, an address.

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
