//! Arena: two to four ships, seen from above, in a walled arena; a minute of flying, dashing and shooting.
//!
//! The game is in two halves that do not know each other well. [`sim`] is what every peer computes: whole
//! numbers only, everything rolled back, the same bits on every machine. [`view`] looks at it and draws; it
//! may be as inexact as it likes, because nothing flows back. [`bot`] stands in for a human.
//!
//! It is a library so that tests and benchmarks can run the very same simulation as the game.

pub mod bot;
pub mod measure;
pub mod sim;
pub mod sync_test;
pub mod view;

/// What peers compare before a match: change it together with the rules.
pub const GAME: &str = "arena 1";
