//! Negotiation of paths: what the peers of a room signal to each other, and what the driver does about it.
//!
//! A [`Negotiator`] stands between a room and its driver. It owns the [client](crate::signaling) of the signaling
//! server and a state for each other peer, and decides
//!
//! * **attempts**: each is one try at a WebRTC connection under an id of its own. Either peer may begin one. When
//!   two offers cross, one attempt goes on: the [polite](PeerKey::is_polite_to) peer gives its own up and answers (perfect
//!   negotiation, as WebRTC's specification calls it), the other ignores what it is offered;
//! * **what passes**: offers, answers and candidates are signed by the identities that the peers' names are fingerprints
//!   of, for this room, and checked here. Signals of an attempt that was given up or is open already, offers that came before, and floods
//!   are dropped. What a WebRTC stack is handed went through a filter;
//! * **the relay**: packets that the server carries are encrypted with keys that the peers agree on by a
//!   Noise handshake, so that nobody has to trust the server. The peer with the lower key begins the handshake, and
//!   begins another when a part of it is lost or a peer restarts;
//! * **when to leave**: a peer without a connection to anybody leaves when the server has not been there for the
//!   grace period; with one, the game goes on without the server.
//!
//! ```text
//!        TransportRequest              SocketCommand, Frame
//! room ──────────────────►           ──────────────────────► WebSocket
//!      ◄────────────────── Negotiator ◄────────────────────
//!        TransportEvent               SocketEvent
//!                            │   ▲
//!           AttemptCommand   ▼   │ AttemptSignal, opened, ended
//!                       WebRTC stack, one per attempt
//! ```
//!
//! # What the driver owes
//!
//! The negotiator is sans-IO: after every call the driver takes [`Negotiator::poll_socket`],
//! [`Negotiator::poll_transmit`], [`Negotiator::poll_attempt`] and [`Negotiator::poll_event`] until there is
//! nothing left (see the [client](crate::signaling) for the socket's part), and calls
//! [`Negotiator::handle_timeout`] when [`Negotiator::poll_timeout`] is due. It carries out every
//! [`AttemptCommand`] at once. [`TransportEvent::PathUp`] of an attempt reaches the room before the path's first
//! packet: the driver forwards what arrives on a connection only after that event.

mod attempts;
mod command;
pub mod conceal;
mod evidence;
mod filter;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod ice;
mod negotiator;
mod noise;
mod peer;
mod relay;
mod replay;
mod room;
pub mod sdp;
#[cfg(test)]
mod tests;

pub use command::AttemptCommand;
pub use filter::{AttemptSignal, Role};
pub use negotiator::Negotiator;

#[cfg(doc)]
use netplay_protocol::PeerKey;

#[cfg(doc)]
use crate::transport::TransportEvent;
