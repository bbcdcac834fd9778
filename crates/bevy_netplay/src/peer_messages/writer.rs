//! [`PeerMessageWriter`]: sending messages.

use std::marker::PhantomData;

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use netplay_core::messages::EncodedMessage;
use netplay_protocol::PeerKey;

use super::{PeerMessage, PeerMessageError, PeerMessageFailed, PeerMessageRegistry};
use crate::session::Session;
use crate::{NetplayState, in_room};

/// A message that was written: to recognise it in [`PeerMessageDelivered`](super::PeerMessageDelivered),
/// [`PeerMessageFailed`] and [`PeerTransfers`](super::PeerTransfers). One that is written to all has one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Reflect)]
#[reflect(Debug, PartialEq, Hash)]
pub struct PeerMessageId(pub(super) u64);

/// Sends messages of a type to peers of the room, in the lobby and during matches. What is written leaves at the end of
/// the update.
///
/// Not in [`NetplayUpdate`](crate::NetplayUpdate): a frame is simulated again after a rollback, and on every peer. There
/// it returns [`PeerMessageError::InSimulation`].
#[derive(SystemParam)]
pub struct PeerMessageWriter<'w, T: PeerMessage> {
    outbox: ResMut<'w, Outbox>,
    registry: Res<'w, PeerMessageRegistry>,
    state: Option<Res<'w, State<NetplayState>>>,
    message: PhantomData<fn(T)>,
}

impl<T: PeerMessage> PeerMessageWriter<'_, T> {
    /// Sends a message to a peer.
    ///
    /// # Errors
    ///
    /// [`PeerMessageError`] if it cannot be sent, as far as that is known here; otherwise [`PeerMessageFailed`] follows.
    pub fn write(&mut self, to: PeerKey, message: &T) -> Result<PeerMessageId, PeerMessageError> {
        self.queue(Some(to), message)
    }

    /// Sends a message to every other peer of the room that is there at the end of the update. It is encoded and
    /// compressed once.
    ///
    /// # Errors
    ///
    /// Those of [`write`](Self::write).
    pub fn write_to_all(&mut self, message: &T) -> Result<PeerMessageId, PeerMessageError> {
        self.queue(None, message)
    }

    fn queue(
        &mut self,
        to: Option<PeerKey>,
        message: &T,
    ) -> Result<PeerMessageId, PeerMessageError> {
        if self.outbox.simulating {
            if !std::mem::replace(&mut self.outbox.warned, true) {
                error!("a message to peers was written in NetplayUpdate, and is not sent");
            }
            return Err(PeerMessageError::InSimulation);
        }
        if !self.state.as_ref().is_some_and(|state| in_room(Some(Res::clone(state)))) {
            return Err(PeerMessageError::NotInRoom);
        }
        let found = self.registry.find::<T>();
        let (number, message_type) = found.ok_or(PeerMessageError::NotRegistered)?;
        let encodable = |error: postcard::Error| PeerMessageError::NotEncodable(error.to_string());
        let bytes = postcard::to_stdvec(message).map_err(encodable)?;
        let message = EncodedMessage::new(message_type, bytes)?;
        let id = self.outbox.next;
        self.outbox.next += 1;
        self.outbox.queued.push(Queued { to, number, id, message });
        Ok(PeerMessageId(id))
    }
}

/// The messages that were written in this update.
#[derive(Resource, Default)]
pub(crate) struct Outbox {
    next: u64,
    queued: Vec<Queued>,
    /// Whether a frame is simulated.
    simulating: bool,
    /// Whether the game was told that it writes in the simulation.
    warned: bool,
}

struct Queued {
    /// None: to all.
    to: Option<PeerKey>,
    number: u8,
    id: u64,
    message: EncodedMessage,
}

pub(super) fn begin_simulation(mut outbox: ResMut<Outbox>) {
    outbox.simulating = true;
}

pub(super) fn end_simulation(mut outbox: ResMut<Outbox>) {
    outbox.simulating = false;
}

/// A run condition: messages were written.
pub(super) fn has_messages(outbox: Res<Outbox>) -> bool {
    !outbox.queued.is_empty()
}

/// Passes what was written to the room, which sends it.
pub(super) fn send(
    mut outbox: ResMut<Outbox>,
    session: Res<Session>,
    mut failures: MessageWriter<PeerMessageFailed>,
) {
    let queued = std::mem::take(&mut outbox.queued);
    session.tell_room(|room| {
        for Queued { to, number, id, message } in queued {
            let all = || room.peers().map(|peer| peer.key()).collect();
            for peer in to.map_or_else(all, |peer| vec![peer]) {
                if let Err(error) = room.send_message(peer, number, id, &message) {
                    let (id, reason) = (PeerMessageId(id), error.into());
                    failures.write(PeerMessageFailed { id, peer, reason });
                }
            }
        }
    });
}
