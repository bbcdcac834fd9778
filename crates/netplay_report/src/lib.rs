//! The files that a match of bevy_netplay leaves, for people to look at: session reports and desync bundles.
//!
//! Such a file may come from anybody. Reading one is bounded, and what is wrong with it is said in a sentence.

pub mod desync;
mod error;
#[cfg(feature = "html")]
pub mod html;
pub mod json;
pub mod session;

pub use error::ReadError;
