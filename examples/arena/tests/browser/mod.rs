//! The game in real browsers, against each other and against native bots.
//!
//! The page must have been built: `trunk build --release` in `web/`. Pictures are written to
//! `target/browser/`.

mod firefox;
mod matches;
mod page;
mod setup;
mod trouble;
