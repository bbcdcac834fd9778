//! [`PeerTransfers`]: the progress of messages.

use bevy::prelude::*;
use netplay_core::room::Room;
use netplay_protocol::PeerKey;

use super::registry::INTERNAL_PREFIX;
use super::{INTERNAL_ID, PeerMessageId, PeerMessageRegistry};
use crate::reflect::ReflectedPeerKey;
use crate::session::Session;

/// The messages that are on their way, for a progress bar, or to send no more before they have arrived. Refreshed in every
/// update.
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq, Reflect)]
#[reflect(Resource, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PeerTransfers {
    /// Reliable messages that a peer has not acknowledged.
    pub outgoing: Vec<OutgoingTransfer>,
    /// Messages of which a part has come.
    pub incoming: Vec<IncomingTransfer>,
    /// How many messages of peers were none of their type: they did not decode.
    pub undecodable: u64,
    /// The types of which that was logged.
    logged: Vec<String>,
}

/// A message on its way to a peer.
#[derive(Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Debug, PartialEq)]
#[non_exhaustive]
pub struct OutgoingTransfer {
    /// The message.
    pub id: PeerMessageId,
    /// The peer. A message to all is one transfer for each.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// The name of its type.
    pub name: String,
    /// How many bytes the peer has acknowledged, as they travel: compressed, with a header.
    pub acknowledged: u64,
    /// How many it has, as it travels.
    pub total: u64,
}

/// A message on its way from a peer.
#[derive(Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Debug, PartialEq)]
#[non_exhaustive]
pub struct IncomingTransfer {
    /// The peer.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// The name of its type.
    pub name: String,
    /// How many bytes have come, as they travel: compressed.
    pub received: usize,
    /// How many it has, as it travels.
    pub total: usize,
}

impl PeerTransfers {
    /// A message of a peer did not decode.
    pub(super) fn note_undecodable(&mut self, name: &str) {
        self.undecodable += 1;
        if !self.logged.iter().any(|logged| logged == name) {
            self.logged.push(name.to_owned());
            warn!(
                "a message of the type {name:?} from a peer could not be decoded: if its fields have changed, change its version"
            );
        }
    }

    fn refresh(&mut self, room: &Room, registry: &PeerMessageRegistry) {
        self.outgoing.clear();
        self.incoming.clear();
        let is_internal = |number| {
            registry.get(number).is_some_and(|(name, _)| name.starts_with(INTERNAL_PREFIX))
        };
        let name = |number| registry.get(number).map_or_else(String::new, |(name, _)| name.into());
        for peer in room.peers() {
            let (peer, messages) = (peer.key(), peer.link().messages());
            self.outgoing.extend(messages.outgoing().filter(|it| it.id != INTERNAL_ID).map(|it| {
                OutgoingTransfer {
                    id: PeerMessageId(it.id),
                    peer,
                    name: name(it.message_type),
                    acknowledged: it.acknowledged,
                    total: it.total,
                }
            }));
            self.incoming.extend(
                messages.incoming().filter(|it| !is_internal(it.message_type)).map(|it| {
                    IncomingTransfer {
                        peer,
                        name: name(it.message_type),
                        received: it.received,
                        total: it.total,
                    }
                }),
            );
        }
    }
}

/// Refreshes [`PeerTransfers`].
pub(super) fn update(
    mut transfers: ResMut<PeerTransfers>,
    session: Res<Session>,
    registry: Res<PeerMessageRegistry>,
) {
    session.read_room(|room| transfers.refresh(room, &registry));
}
