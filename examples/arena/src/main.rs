//! The game as a program: with a command line on a desktop, and called by the page in a browser.

use std::process::ExitCode;

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod web;
mod window;

/// The libraries below WebRTC and the renderer log a lot, and warn about things that are in order, such as an ICE
/// check before there are candidates.
const LOG_FILTER: &str =
    "wgpu=error,naga=warn,rtc=error,rtc_dtls=error,rtc_ice=error,rtc_sctp=error,webrtc=error";

fn main() -> ExitCode {
    #[cfg(not(target_arch = "wasm32"))]
    return native::run();
    #[cfg(target_arch = "wasm32")]
    return web::run();
}
