//! The transports of a match. This crate carries out what `netplay_core` decides.
//!
//! A [`Transport`] brings the peers of one room together and sends packets between them, on paths that its caller
//! requests:
//!
//! * [`rtc`] joins a room on a signaling server, opens WebRTC connections and has the server relay;
//! * [`memory`] connects peers inside one process, through a seeded emulation of a bad network;
//! * [`conditioned`] puts that emulation in front of another transport;
//! * [`doctor`] takes the steps to a match one after the other and says what is wrong.
//!
//! A caller polls its transport once a frame, takes its events and sends packets; nothing blocks. [`DrivenRoom`] does so
//! for a room, in the updates of a game and between them.

pub mod conditioned;
pub mod doctor;
mod driven_room;
pub mod memory;
pub mod rtc;
mod transport;

pub use driven_room::{DrivenRoom, Leaving, RoomDriver};
pub use netplay_core::path::{
    BadPathPolicy, CandidateKind, Candidates, Channel, PathId, PathKind, PathPolicy,
};
pub use netplay_core::transport::{
    IceSource, JoinRequest, LeaveReason, SendError, TransportEvent, TransportOptions,
    TransportRequest,
};
pub use transport::Transport;
