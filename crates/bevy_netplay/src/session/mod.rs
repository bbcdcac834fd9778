//! The driver of a room: between Bevy's world, the room of the core and its transport.
//!
//! ```text
//! game ── commands ──► requests ──► Room ──► events ──► world: state, messages, matches
//!                                    ▲ │
//!                  transport: events │ ▼ packets, requests
//! ```
//!
//! [`Room`](netplay_core::room::Room) decides what happens; the systems here carry it out. In
//! [`NetplaySystems::Receive`](crate::NetplaySystems::Receive):
//!
//! * [`handle_requests`] does what the game asked for;
//! * [`receive`] passes what has arrived to the room, and sends what the room answers;
//! * [`apply_events`] does to the world what the room says, in an update in which it says something;
//! * [`fast_forward`] lets bevy_ggrs simulate many frames at once where the local peer catches up with a match.
//!
//! In [`NetplaySystems::Send`](crate::NetplaySystems::Send): [`restore_time`], [`confirm_frames`], [`send`], and
//! [`apply_events`] once more.

mod drive;
mod events;
mod fast_forward;
mod requests;
mod resource;
mod start;
mod transport_factory;

pub(crate) use drive::{confirm_frames, receive, send};
pub(crate) use events::{apply_events, has_events};
pub(crate) use fast_forward::{fast_forward, restore_time};
pub(crate) use requests::{Request, handle_requests};
pub(crate) use resource::Session;
pub use transport_factory::TransportFactory;
pub(crate) use transport_factory::entropy;
