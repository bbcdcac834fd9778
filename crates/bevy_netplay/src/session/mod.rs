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
//! * [`apply_events`] applies the room's events to the world, if there are any: also those that came between the updates.
//!
//! In [`NetplaySystems::Simulate`](crate::NetplaySystems::Simulate): [`simulate`] runs bevy_ggrs for every frame that
//! is due. In [`NetplaySystems::Send`](crate::NetplaySystems::Send): [`send`], [`refresh_links`],
//! and [`apply_events`] once more.
//!
//! Room and transport are in a [`DrivenRoom`](netplay_transport::DrivenRoom). Between [`send`] and the next [`receive`],
//! and while the game sets a match up, a task in the background drives them, where the transport runs on real time. The
//! lock is held for as long as one call of the room takes, and never while systems of the game run.

mod drive;
#[cfg(feature = "emulator")]
mod emulation;
mod entropy;
mod events;
mod frame_clock;
mod local;
mod requests;
mod resource;
mod room_list;
mod simulate;
mod start;
mod transport_factory;
mod update_budget;

pub(crate) use drive::{change_input_delay, leave_at_exit, receive, refresh_links, send};
#[cfg(feature = "emulator")]
pub use emulation::CurrentEmulation;
#[cfg(feature = "emulator")]
pub(crate) use emulation::change_emulation;
pub use entropy::EntropySource;
pub(crate) use events::{apply_events, end, has_events, has_message_events};
pub(crate) use frame_clock::{FrameClock, frame_length};
pub(crate) use local::{
    LocalMatch, ReplayMatch, SyncTestMatch, has_local_match, start_local_match,
};
pub(crate) use requests::handle_requests;
pub(crate) use resource::{Request, Session};
pub(crate) use room_list::{is_listing, read_room_list};
pub(crate) use simulate::{GgrsClock, RunGgrs, is_simulating, restore_time, simulate};
pub use transport_factory::TransportFactory;
