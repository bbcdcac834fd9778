//! The sockets of a match. This crate does, and never decides.
//!
//! A [`Transport`] brings the peers of one room together and carries packets between them, on paths that its
//! caller asks for:
//!
//! * [`rtc`] joins a room on a signaling server, opens WebRTC connections and has the server relay;
//! * [`memory`] connects peers inside one process, through a seeded emulation of a bad network;
//! * [`conditioned`] puts that emulation in front of another transport.
//!
//! A caller polls its transport once a frame, reads what happened and sends; nothing blocks.

pub mod conditioned;
pub mod memory;
pub mod rtc;
mod transport;

pub use netplay_core::path::{
    BadPathPolicy, CandidateKind, Candidates, Channel, PathId, PathKind, PathPolicy,
};
pub use netplay_core::transport::{
    JoinRequest, LeaveReason, SendError, TransportEvent, TransportRequest,
};
pub use transport::Transport;
