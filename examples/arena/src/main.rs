//! The game as a program. On a desktop it has a command line; in a browser, an address.

use std::process::ExitCode;

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod web;
mod window;

/// The layers below WebRTC and the renderer talk a lot, and warn of what is in order, such as a check
/// before there are candidates.
const LOG_FILTER: &str =
    "wgpu=error,naga=warn,rtc=error,rtc_dtls=error,rtc_ice=error,rtc_sctp=error,webrtc=error";

fn main() -> ExitCode {
    #[cfg(not(target_arch = "wasm32"))]
    return native::run();
    #[cfg(target_arch = "wasm32")]
    return web::run();
}
