//! Signals, relays and announcements between the members of a room.

use netplay_protocol::signaling::{Refusal, RoomState, ServerMessage, Signal};
use netplay_protocol::{ConnectionId, PeerKey};

use super::{Member, MemberConnection, Room, Rules, SocketId};

/// What happened to a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignalOutcome {
    /// The receiver is connected and receives it.
    Sent,
    /// The receiver is disconnected: its mailbox keeps the signal.
    Kept,
    /// The receiver is disconnected and its mailbox is full.
    Dropped,
    /// There is no such member. That is no error: the member may just have left.
    NoReceiver,
}

/// The sender and the receiver of a relayed packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) from: PeerKey,
    pub(crate) to: SocketId,
}

impl Room {
    /// Forwards a signal to another member.
    pub(crate) fn handle_signal(
        &mut self,
        rules: Rules<'_>,
        socket: SocketId,
        to: PeerKey,
        connection: ConnectionId,
        signal: Signal,
    ) -> Result<SignalOutcome, Refusal> {
        let from = self.member_on(socket).ok_or(Refusal::OutOfOrder)?.key;
        let receiver = self.members.iter_mut().find(|member| member.key == to && to != from);
        let Some(receiver) = receiver else { return Ok(SignalOutcome::NoReceiver) };
        let message = ServerMessage::Signal { from, connection, signal };
        Ok(match &mut receiver.connection {
            MemberConnection::Online(socket) => {
                let socket = *socket;
                self.send(vec![socket], message);
                SignalOutcome::Sent
            }
            MemberConnection::Away { mailbox, .. } => match mailbox.push(rules, from, message) {
                true => SignalOutcome::Kept,
                false => SignalOutcome::Dropped,
            },
        })
    }

    /// Stores whether a member is in a running match. The room admits no new peers while one is. Once more than half of
    /// the members play, all are told that there was a match: who takes a place later has to know.
    pub(crate) fn handle_playing(
        &mut self,
        socket: SocketId,
        playing: bool,
    ) -> Result<(), Refusal> {
        self.member_on(socket).ok_or(Refusal::OutOfOrder)?.playing = playing;
        let players = self.members.iter().filter(|member| member.playing).count();
        if !self.has_played && RoomState::is_match(players, self.members.len()) {
            self.has_played = true;
            self.send_state();
        }
        Ok(())
    }

    /// Opens or closes the relay from a member to another one, and tells the receiver.
    pub(crate) fn handle_relay(
        &mut self,
        socket: SocketId,
        to: PeerKey,
        open: bool,
    ) -> Result<(), Refusal> {
        let receiver = self.member(to).map(Member::socket);
        let member = self.member_on(socket).ok_or(Refusal::OutOfOrder)?;
        let from = member.key;
        let Some(receiver) = receiver.filter(|_| to != from) else { return Ok(()) };
        member.relays.retain(|peer| *peer != to);
        if open {
            member.relays.push(to);
            self.statistics.handle_relay(from, to);
        }
        // A disconnected receiver is told when it resumes.
        if let Some(receiver) = receiver {
            self.send(vec![receiver], ServerMessage::Relay { from, open });
        }
        Ok(())
    }

    /// The route of a packet to relay. None unless its sender opened the relay and its receiver is connected.
    pub(crate) fn relay_route(&self, socket: SocketId, to: PeerKey) -> Option<Route> {
        let sender = self.members.iter().find(|member| member.socket() == Some(socket))?;
        if !sender.relays.contains(&to) {
            return None;
        }
        let to = self.member(to)?.socket()?;
        Some(Route { from: sender.key, to })
    }
}
