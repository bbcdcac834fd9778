//! Decides, never does: what a bevy_netplay link knows and concludes.
//!
//! This crate is sans-IO: there is no socket, clock, randomness, Bevy or async in it. The moment (`now`,
//! a [`Duration`](std::time::Duration) since any fixed point), seeds and packets are passed in; packets to
//! send and events come out. That is what lets whole matches run on virtual time, repeatable by seed.

pub mod emulator;
pub mod link;
