//! What is around the games of the examples: a command line, bots without windows, a signaling server beside the
//! window, pages, files, sounds and the font of texts.
//!
//! The arena uses the parts it needs. The smaller games are a [`Game`] each: on a desktop `native::run` makes a program
//! of one, and in a browser `page::play` draws it into a page.

pub mod assets;
#[cfg(any(feature = "audio", target_arch = "wasm32"))]
pub mod audio;
mod colors;
mod game;
pub mod measure;
mod names;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
pub mod overlay;
#[cfg(target_arch = "wasm32")]
pub mod page;
mod request;
pub mod sounds;
pub mod text;
pub mod window;

pub use colors::player_color;
pub use game::{Controls, Game};
pub use names::local_names;
pub use request::RequestChecksum;
