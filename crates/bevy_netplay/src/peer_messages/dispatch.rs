//! Gives the game what peers have sent, and tells it what became of its own messages.

use bevy::prelude::*;
use netplay_core::messages::MessageEvent;

use super::{
    INTERNAL_ID, PeerMessageDelivered, PeerMessageFailed, PeerMessageId, PeerMessageRegistry,
    PeerTransfers,
};
use crate::session::Session;
use crate::{PlayerHandle, desync};

/// Writes the messages of peers for the game to read. Exclusive, because each type has its own.
pub(super) fn dispatch(world: &mut World) {
    let mut session = world.resource_mut::<Session>();
    for (peer, player, event) in session.take_message_events() {
        let player = player.map(PlayerHandle::from);
        match event {
            MessageEvent::Received { message_type, message } => {
                let registry = world.resource::<PeerMessageRegistry>();
                let Some((name, dispatch)) = registry.get(message_type) else { continue };
                let name = name.to_owned();
                if !dispatch(world, peer, player, &message) {
                    world.resource_mut::<PeerTransfers>().note_undecodable(&name);
                }
            }
            MessageEvent::Delivered { id: INTERNAL_ID }
            | MessageEvent::Failed { id: INTERNAL_ID, .. } => {
                desync::handle_delivered(world, peer);
            }
            MessageEvent::Delivered { id } => {
                world.write_message(PeerMessageDelivered { id: PeerMessageId(id), peer });
            }
            MessageEvent::Failed { id, reason } => {
                let (id, reason) = (PeerMessageId(id), reason.into());
                world.write_message(PeerMessageFailed { id, peer, reason });
            }
            _ => {}
        }
    }
}
