//! The sockets of a match. This crate does, and never decides.
//!
//! A [`Transport`] brings the peers of one room together and carries packets between them:
//!
//! * [`rtc`] joins a room on a signaling server and opens a WebRTC connection to every other peer;
//! * [`memory`] connects peers inside one process, through a seeded emulation of a bad network;
//! * [`conditioned`] puts that emulation in front of another transport.
//!
//! A caller polls its transport once a frame, reads what happened and sends; nothing blocks.

pub mod conditioned;
pub mod memory;
pub mod rtc;
mod transport;

pub use transport::{
    CandidateKind, Candidates, Channel, JoinRequest, LeaveReason, PathKind, PathPolicy, SendError,
    Transport, TransportEvent,
};
