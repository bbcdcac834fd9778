//! Why connections do not work, in sentences: each step to a match is tried in turn, and findings follow from evidence.
//!
//! A [`Doctor`] asks its driver for one step after the other: the name of the server, TCP, TLS, the WebSocket, the
//! challenge of the server, a new room, and then every STUN and TURN server that the room or the game names. The driver
//! hands back what it saw as [`DoctorEvidence`]. Steps are given out as they end ([`Doctor::poll_step`]); at the end there is
//! a [`DoctorReport`].
//!
//! A [`Finding`] is made of evidence only, and says what to do. Where a page cannot tell causes apart, one finding names
//! them all. What no evidence decides is no finding: one silent STUN server is a server that does not answer, and only
//! two of them, or one that answers over TCP, are a network that drops UDP.
//!
//! # What the driver owes
//!
//! The doctor is sans-IO. After every call the driver takes [`Doctor::poll_command`] until there is none and begins each;
//! it hands in the evidence of each, and calls [`Doctor::handle_timeout`] when [`Doctor::poll_timeout`] is due. Evidence
//! that comes after its step was given up is ignored.

mod client;
mod command;
mod evidence;
mod finding;
mod ice;
mod ice_address;
mod nat;
mod report;
mod server;
#[cfg(test)]
mod tests;

pub use client::{Doctor, DoctorRequest, Surroundings};
pub use command::DoctorCommand;
pub use evidence::{
    DoctorEvidence, IceAnswer, IceFailure, OpenFailure, StunMapping, TcpFailure, TlsFailure,
};
pub use finding::{Finding, Severity};
pub use ice_address::IceAddress;
pub use nat::NatMapping;
pub use report::{DoctorReport, Step, StepKind, StepOutcome};
