//! Messages of a game from peer to peer, beside the simulation: chat, what players choose in the lobby, a map.
//!
//! ```text
//! PeerMessageWriter ──► outbox ──► room (netplay_core::messages) ──► FromPeer<T>, PeerMessageDelivered, PeerMessageFailed
//! ```

mod counters;
mod dispatch;
mod error;
mod message;
mod options;
mod registry;
mod transfers;
mod writer;

use bevy::prelude::*;
use bevy_ggrs::{AdvanceWorld, AdvanceWorldSystems};
use netplay_protocol::{MessageDelivery, MessageType};
use netplay_report::desync::MAX_SIDE_BYTES;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::plugin::SystemsOf;
use crate::{NetplaySystems, desync, session};

pub use counters::PeerMessageCounters;
pub use error::PeerMessageError;
pub use message::{FromPeer, PeerMessageDelivered, PeerMessageFailed};
pub use options::PeerMessageOptions;
pub use registry::PeerMessageApp;
pub(crate) use registry::PeerMessageRegistry;
pub use transfers::{IncomingTransfer, OutgoingTransfer, PeerTransfers};
pub use writer::{PeerMessageId, PeerMessageWriter};

/// The id of what bevy_netplay itself sends.
pub(crate) const INTERNAL_ID: u64 = u64::MAX;

/// What can be sent as a message: everything that serde can write and read.
pub trait PeerMessage: Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> PeerMessage for T {}

pub(crate) fn plugin(app: &mut App) {
    app.init_resource::<PeerMessageRegistry>()
        .init_resource::<writer::Outbox>()
        .init_resource::<PeerTransfers>()
        .register_type::<PeerTransfers>()
        .add_message::<PeerMessageDelivered>()
        .register_type::<PeerMessageDelivered>()
        .add_message::<PeerMessageFailed>()
        .register_type::<PeerMessageFailed>()
        .add_systems(
            AdvanceWorld,
            (
                writer::begin_simulation.in_set(AdvanceWorldSystems::First),
                writer::end_simulation.in_set(AdvanceWorldSystems::Last),
            ),
        )
        // What is written in `Update` leaves in the same update.
        .add_systems(Last, writer::send.run_if(writer::has_messages));
    app.world_mut().resource_mut::<PeerMessageRegistry>().add_internal(
        MessageType {
            name: desync::MESSAGE_NAME.to_owned(),
            version: desync::MESSAGE_VERSION,
            delivery: MessageDelivery::Reliable,
            max_bytes: MAX_SIDE_BYTES as u32,
        },
        |world, peer, _, bytes| {
            desync::received(world, peer, bytes.to_vec());
            true
        },
    );
    for set in [NetplaySystems::Receive, NetplaySystems::Send] {
        let dispatch = dispatch::dispatch.run_if(session::has_message_events);
        app.add_systems(SystemsOf(set), dispatch.after(session::receive).after(session::send));
    }
    app.add_systems(SystemsOf(NetplaySystems::Send), transfers::update.after(session::send));
}
