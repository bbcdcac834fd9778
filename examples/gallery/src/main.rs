//! The smaller examples as one page. trunk builds it (`index.html`); on a desktop each game has a program of its own.
//!
//! It is one page because Bevy is the largest part of each, and is linked once this way.

#[cfg(target_arch = "wasm32")]
mod page;

/// Does nothing: the page calls the functions of `page.rs`.
fn main() {}
