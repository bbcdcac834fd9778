//! The decisions of bevy_netplay, without IO: paths, links, rooms and matches.
//!
//! This crate is sans-IO: there is no socket, clock, randomness, Bevy or async in it. The time (`now`, a
//! [`Duration`](std::time::Duration) since any fixed point), seeds, packets and events are passed in with `handle_*`;
//! packets to send, requests and events are taken out with `poll_*`. So whole matches run on virtual time in tests,
//! repeatable by seed.
//!
//! * [`path`]: one way to carry packets, its estimates and its health;
//! * [`agent`]: which path is primary, failover, connection attempts, and demand for the relay;
//! * [`link`]: everything between the local peer and one other peer, over any number of paths;
//! * [`messages`]: messages of the game between two peers, of any length;
//! * [`negotiation`]: attempts at connections that the peers signal about, and the keys of the relay;
//! * [`signaling`]: the client of the signaling server;
//! * [`room`]: the peers of a room, and its phases from joining to a match and a rematch;
//! * [`match_`]: one match over the links: inputs, drop consensus, catch-up;
//! * [`rate`]: token buckets;
//! * [`log_limiter`]: lines of the log that could be repeated without end;
//! * [`transport`]: the interface between a room and its transport;
//! * [`doctor`]: why a connection does not work, from evidence;
//! * [`emulator`]: a seeded bad network.

pub mod agent;
pub mod doctor;
pub mod emulator;
pub mod link;
#[cfg(test)]
mod log_capture;
pub mod log_limiter;
pub mod match_;
pub mod messages;
pub mod negotiation;
pub mod path;
pub mod rate;
pub mod room;
pub mod signaling;
pub mod transport;
