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
//! * [`handle_requests`] carries out the game's commands;
//! * [`receive`] passes the transport's events to the room, and sends the room's packets and requests;
//! * [`apply_events`] applies the room's events to the world, if there are any;
//! * [`fast_forward`] lets bevy_ggrs simulate many frames at once while the local peer catches up with a match.
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
pub(crate) use requests::handle_requests;
pub(crate) use resource::{Request, Session};
pub use transport_factory::TransportFactory;
pub(crate) use transport_factory::entropy;
