use std::time::Duration;

use netplay_protocol::PeerKey;
use netplay_protocol::limits::{MAX_CONTROL_BYTES, MAX_DATAGRAM_BYTES};

use super::state::{MemberId, State};
use super::wire::Parcel;
use crate::{Channel, SendError, TransportEvent};

impl State {
    pub(super) fn poll(&mut self, id: MemberId, now: Duration) {
        let Some(member) = self.members.get_mut(&id) else { return };
        let offset = *member.offset.get_or_insert(self.now.saturating_sub(now));
        self.now = self.now.max(now + offset);
        let (hub_now, before) = (self.now, member.polled);
        member.polled = now.max(before);

        for (peer, channel, packet) in member.injected.drain(..) {
            member.events.push_back(TransportEvent::Received { peer, at: now, channel, packet });
        }
        let mut arrived = Vec::new();
        for ((_, from), wire) in self.wires.range_mut((id, MemberId::MIN)..=(id, MemberId::MAX)) {
            while let Some((due, parcel)) = wire.network.pop_with_due(hub_now) {
                arrived.push((due, *from, wire.from, parcel));
            }
        }
        // The sort is stable: what one peer sent stays in its order.
        arrived.sort_by_key(|(due, ..)| *due);
        for (due, from, peer, parcel) in arrived {
            // Nothing is heard of a peer after its link went down, not even what was overtaken by that.
            if !self.wires.contains_key(&(id, from)) {
                continue;
            }
            // A peer that was paused is behind the hub: the packet came while it did not look.
            let at = now.saturating_sub(hub_now.saturating_sub(due)).max(before).min(now);
            let received = |channel, packet| TransportEvent::Received { peer, at, channel, packet };
            member.events.push_back(match parcel {
                Parcel::Datagram(packet) => received(Channel::Datagram, packet),
                Parcel::Reliable(packet) => received(Channel::Reliable, packet),
                Parcel::Down(reason) => {
                    self.wires.remove(&(id, from));
                    if member.links.get(&peer) == Some(&from) {
                        member.links.remove(&peer);
                    }
                    TransportEvent::LinkDown { peer, reason: reason.to_owned() }
                }
            });
        }
    }

    pub(super) fn next_event(&mut self, id: MemberId) -> Option<TransportEvent> {
        self.members.get_mut(&id)?.events.pop_front()
    }

    pub(super) fn send(
        &mut self,
        id: MemberId,
        now: Duration,
        to: PeerKey,
        channel: Channel,
        packet: &[u8],
    ) -> Result<(), SendError> {
        let member = self.members.get(&id).ok_or(SendError::NoLink)?;
        let receiver = *member.links.get(&to).ok_or(SendError::NoLink)?;
        let (limit, parcel) = match channel {
            Channel::Datagram => (MAX_DATAGRAM_BYTES, Parcel::Datagram(packet.to_vec())),
            Channel::Reliable => (MAX_CONTROL_BYTES, Parcel::Reliable(packet.to_vec())),
        };
        if packet.len() > limit {
            return Err(SendError::TooLarge(packet.len()));
        }
        self.now = self.now.max(now + member.offset.unwrap_or_default());
        self.put((receiver, id), parcel);
        Ok(())
    }

    /// Puts a parcel on a wire. It goes nowhere if the receiver has left.
    pub(super) fn put(&mut self, wire: (MemberId, MemberId), parcel: Parcel) {
        let Some(wire) = self.wires.get_mut(&wire) else { return };
        let blocked = wire.is_blocked(&self.cut, &self.muted);
        wire.put(self.now, parcel, blocked);
    }
}
