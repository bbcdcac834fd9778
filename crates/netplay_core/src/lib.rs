//! Decides, never does: what a bevy_netplay link knows and concludes.
//!
//! This crate is sans-IO: there is no socket, clock, randomness, Bevy or async in it. The moment (`now`,
//! a [`Duration`](std::time::Duration) since any fixed point), seeds and packets are passed in; packets to
//! send, commands and events come out. That is what lets whole matches run on virtual time, repeatable by
//! seed.
//!
//! * [`path`]: one way to carry packets, and what is known of it;
//! * [`agent`]: which path carries, when that changes, and when a new one is attempted;
//! * [`link`]: everything between us and one peer, made of the two;
//! * [`signaling`]: the client of the signaling server;
//! * [`match_`]: one match over the links: inputs, and how a player is dropped from it;
//! * [`room`]: the peers of a room, and the way from joining it into its matches;
//! * [`rate`]: how often something may happen;
//! * [`transport`]: what a room and its driver say to each other;
//! * [`emulator`]: a bad network.

pub mod agent;
pub mod emulator;
pub mod link;
pub mod match_;
pub mod path;
pub mod rate;
pub mod room;
pub mod signaling;
pub mod transport;
