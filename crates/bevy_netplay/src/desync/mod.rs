//! What is done about a desync: finding out what differs, keeping it for the developer, and simulating it again.
//!
//! ```text
//! confirmed, compared frame ──► Capture: checksums by type, the state of the latest of them
//! RoomEvent::Desync ──► exchange: both peers send each other their side (netplay_core::messages)
//!     └──► conclude: DesyncBundle ──► log, DesyncExplained, DesyncBundles, a file
//! DesyncBundle ──► replay_desync, shrink_desync
//! ```

mod bundle;
mod capture;
mod config;
mod exchange;
mod file;
mod replay;
mod runner;
mod shrink;
mod side;

use bevy::prelude::*;

use crate::NetplaySystems;
use crate::input::MatchTypes;
use crate::plugin::SystemsOf;
use crate::session;

pub use bundle::DesyncBundles;
pub(crate) use capture::Capture;
pub use config::{AfterDesync, DesyncCapture, DesyncConfig};
pub(crate) use exchange::{detected, handle_delivered, received};
pub use file::{DesyncFile, DesyncFileError};
pub use netplay_report::desync::DesyncBundle;
pub use replay::{DesyncReplay, ReplayError, ReplayVerdict, replay_desync};
pub(crate) use runner::BundleInputs;
pub use shrink::{ShrunkDesync, shrink_desync};

/// What the message is called in which peers send each other their side.
pub(crate) const MESSAGE_NAME: &str = "netplay.desync";
/// The version of that message.
pub(crate) const MESSAGE_VERSION: u16 = 1;

pub(crate) fn plugin<C: MatchTypes>(app: &mut App) {
    app.init_resource::<Capture>()
        .init_resource::<DesyncBundles>()
        .insert_resource(runner::InputBytes::of::<C>())
        .register_type::<DesyncBundles>()
        .add_systems(
            SystemsOf(NetplaySystems::Send),
            exchange::conclude_due::<C>.run_if(exchange::is_pending).after(session::send),
        )
        .add_systems(
            Last,
            exchange::conclude_all.run_if(on_message::<AppExit>).before(session::leave_at_exit),
        );
}
