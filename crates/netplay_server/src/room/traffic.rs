//! What passes between the members.

use netplay_protocol::signaling::{Refusal, ServerMessage, Signal};
use netplay_protocol::{ConnectionId, PeerKey};

use super::{Delivery, Parcel, Place, Room, Rules, SocketId};

/// What became of a signal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Signaled {
    /// The receiver is there.
    Deliver(Delivery),
    /// The receiver is away: it is kept.
    Kept,
    /// The receiver is away, and nothing more is kept for it.
    Dropped,
    /// There is no such member. It may just have left: then nothing is wrong.
    Nobody,
}

/// Where a relayed packet comes from and where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) from: PeerKey,
    pub(crate) to: SocketId,
}

impl Room {
    /// Passes a signal on to another member.
    pub(crate) fn signal(
        &mut self,
        rules: Rules<'_>,
        socket: SocketId,
        to: PeerKey,
        connection: ConnectionId,
        signal: Signal,
    ) -> Result<Signaled, Refusal> {
        let from = self.at(socket).ok_or(Refusal::OutOfOrder)?.key;
        let receiver = self.members.iter_mut().find(|member| member.key == to && to != from);
        let Some(receiver) = receiver else { return Ok(Signaled::Nobody) };
        let message = ServerMessage::Signal { from, connection, signal };
        Ok(match &mut receiver.place {
            Place::Online(socket) => {
                Signaled::Deliver(Delivery { to: vec![*socket], parcel: Parcel::Message(message) })
            }
            Place::Away { mailbox, .. } => match mailbox.keep(rules, message) {
                true => Signaled::Kept,
                false => Signaled::Dropped,
            },
        })
    }

    /// Remembers whether a member is in a running match. While one is, nobody new is let in.
    pub(crate) fn playing(&mut self, socket: SocketId, playing: bool) -> Result<(), Refusal> {
        self.at(socket).ok_or(Refusal::OutOfOrder)?.playing = playing;
        Ok(())
    }

    /// Opens or closes the relay from a member to another one, who is told.
    pub(crate) fn relay(
        &mut self,
        socket: SocketId,
        to: PeerKey,
        open: bool,
    ) -> Result<Option<Delivery>, Refusal> {
        let there = self.member(to).map(super::Member::socket);
        let member = self.at(socket).ok_or(Refusal::OutOfOrder)?;
        let from = member.key;
        let Some(receiver) = there.filter(|_| to != from) else { return Ok(None) };
        member.relays.retain(|peer| *peer != to);
        if open {
            member.relays.push(to);
        }
        // Who is away hears of it on coming back.
        Ok(receiver.map(|receiver| Delivery {
            to: vec![receiver],
            parcel: Parcel::Message(ServerMessage::Relay { from, open }),
        }))
    }

    /// Where a packet of a member goes that is to be relayed: nowhere, unless the member has opened that
    /// relay and the receiver is there.
    pub(crate) fn route(&self, socket: SocketId, to: PeerKey) -> Option<Route> {
        let sender = self.members.iter().find(|member| member.socket() == Some(socket))?;
        if !sender.relays.contains(&to) {
            return None;
        }
        let to = self.member(to)?.socket()?;
        Some(Route { from: sender.key, to })
    }
}
