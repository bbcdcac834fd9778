//! The transports of a match. This crate carries out what `netplay_core` decides.
//!
//! A [`Transport`] brings the peers of one room together and sends packets between them, on paths that its caller
//! requests:
//!
//! * [`rtc`] joins a room on a signaling server, opens WebRTC connections and has the server relay;
//! * [`memory`] connects peers inside one process, through a seeded emulation of a bad network;
//! * [`conditioned`] puts that emulation in front of another transport.
//!
//! A caller polls its transport once a frame, takes its events and sends packets; nothing blocks.

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
