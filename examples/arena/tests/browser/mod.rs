//! The game in real browsers, against each other and against native bots.
//!
//! The page must have been built: `trunk build --release` in `web/`. Pictures are written to
//! `target/browser/`.

mod consent;
mod doctor;
mod firefox;
mod hostile;
mod invite;
mod leaving;
mod lobby;
mod matches;
mod page;
mod policy;
mod setup;
mod trouble;
