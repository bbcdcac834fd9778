//! Sending and receiving packets.

use std::hash::Hash;
use std::time::Duration;

use netplay_core::path::{Channel, PathId};
use netplay_protocol::PeerKey;
use netplay_protocol::limits::{MAX_CONTROL_BYTES, MAX_DATAGRAM_BYTES};

use super::state::{MemberId, State, WireId};
use super::wire::Transmission;
use crate::{SendError, TransportEvent};

impl State {
    pub(super) fn poll(&mut self, id: MemberId, now: Duration) {
        let Some(member) = self.members.get_mut(&id) else { return };
        let offset = *member.offset.get_or_insert(self.now.saturating_sub(now));
        self.now = self.now.max(now + offset);
        let (hub_now, before) = (self.now, member.polled);
        member.polled = now.max(before);

        for (peer, channel, packet) in member.injected.drain(..) {
            let mut paths = member.paths.keys().filter(|(other, _)| *other == peer);
            let path = paths.next_back().map_or(PathId::RELAY, |(_, path)| *path);
            let received = TransportEvent::Received { peer, path, at: now, channel, packet };
            member.events.push_back(received);
        }
        self.finish_attempts();
        let mut arrived = Vec::new();
        let mine = (id, MemberId::MIN, PathId(0))..=(id, MemberId::MAX, PathId(u64::MAX));
        for ((_, from, path), wire) in self.wires.range_mut(mine) {
            while let Some((due, transmission)) = wire.network.pop_with_due(hub_now) {
                arrived.push((due, *from, *path, wire.from, transmission));
            }
        }
        // The sort is stable: packets of one path stay in order.
        arrived.sort_by_key(|(due, ..)| *due);
        for (due, from, path, peer, transmission) in arrived {
            // Nothing arrives on a path after it went down, not even what its end overtook.
            if !self.wires.contains_key(&(id, from, path)) {
                continue;
            }
            // A peer that was paused is behind the hub: the packet arrived while it did not poll.
            let at = now.saturating_sub(hub_now.saturating_sub(due)).max(before).min(now);
            let Some(member) = self.members.get_mut(&id) else { return };
            match transmission {
                Transmission::Packet(channel, packet) => {
                    let received = TransportEvent::Received { peer, path, at, channel, packet };
                    member.events.push_back(received);
                }
                Transmission::Down(reason) => {
                    self.wires.remove(&(id, from, path));
                    if member.paths.get(&(peer, path)) == Some(&from) {
                        member.paths.remove(&(peer, path));
                        let reason = reason.to_owned();
                        member.events.push_back(TransportEvent::PathDown { peer, path, reason });
                    }
                }
            }
        }
    }

    pub(super) fn poll_event(&mut self, id: MemberId) -> Option<TransportEvent> {
        self.members.get_mut(&id)?.events.pop_front()
    }

    pub(super) fn send(
        &mut self,
        id: MemberId,
        now: Duration,
        to: PeerKey,
        path: PathId,
        channel: Channel,
        packet: &[u8],
    ) -> Result<usize, SendError> {
        let member = self.members.get(&id).ok_or(SendError::NoPath)?;
        let receiver = *member.paths.get(&(to, path)).ok_or(SendError::NoPath)?;
        let limit = match channel {
            Channel::Datagram => MAX_DATAGRAM_BYTES,
            Channel::Reliable => MAX_CONTROL_BYTES,
        };
        if packet.len() > limit {
            return Err(SendError::TooLarge(packet.len()));
        }
        self.now = self.now.max(now + member.offset.unwrap_or_default());
        self.put((receiver, id, path), Transmission::Packet(channel, packet.to_vec()));
        // Packets in flight do not wait to be sent.
        Ok(0)
    }

    /// Puts a transmission on a wire. Without a wire, because the receiver has left, it is lost.
    pub(super) fn put(&mut self, wire: WireId, transmission: Transmission) {
        let Some(wire) = self.wires.get_mut(&wire) else { return };
        if let Transmission::Packet(channel, packet) = &transmission {
            (self.now, wire.from, wire.to, wire.kind, channel, packet).hash(&mut self.sent);
        }
        let blocked = self.obstacles.block(wire.from, wire.to, wire.kind);
        wire.put(self.now, transmission, blocked);
    }
}
