use netplay_core::emulator::NetworkConditions;
use netplay_protocol::PeerKey;

use super::state::{Member, State};
use super::wire::pair;
use crate::Channel;

impl State {
    pub(super) fn set_conditions(
        &mut self,
        from: PeerKey,
        to: PeerKey,
        conditions: NetworkConditions,
    ) {
        for wire in self.wires.values_mut().filter(|wire| wire.from == from && wire.to == to) {
            wire.network.set_conditions(conditions.clone());
        }
        self.overrides.insert((from, to), conditions);
    }

    pub(super) fn set_all_conditions(&mut self, conditions: NetworkConditions) {
        for wire in self.wires.values_mut() {
            wire.network.set_conditions(conditions.clone());
        }
        self.overrides.clear();
        self.conditions = conditions;
    }

    pub(super) fn cut(&mut self, a: PeerKey, b: PeerKey) {
        self.cut.insert(pair(a, b));
        for wire in self.wires.values_mut().filter(|wire| pair(wire.from, wire.to) == pair(a, b)) {
            wire.interrupt();
        }
    }

    pub(super) fn heal(&mut self, a: PeerKey, b: PeerKey) {
        self.cut.remove(&pair(a, b));
        self.release();
    }

    pub(super) fn mute(&mut self, peer: PeerKey) {
        self.muted.insert(peer);
    }

    pub(super) fn unmute(&mut self, peer: PeerKey) {
        self.muted.remove(&peer);
        self.release();
    }

    /// Sends what waited, wherever nothing is in its way any more.
    fn release(&mut self) {
        for wire in self.wires.values_mut() {
            if !wire.is_blocked(&self.cut, &self.muted) {
                wire.release(self.now);
            }
        }
    }

    pub(super) fn inject(&mut self, from: PeerKey, to: PeerKey, channel: Channel, packet: Vec<u8>) {
        let receiver = |member: &&mut Member| member.key == to && member.room.is_some();
        if let Some(member) = self.members.values_mut().find(receiver) {
            member.injected.push((from, channel, packet));
        }
    }

    pub(super) fn last_datagram(&self, from: PeerKey, to: PeerKey) -> Option<Vec<u8>> {
        let mut wires = self.wires.values().filter(|wire| wire.from == from && wire.to == to);
        wires.next_back()?.last_datagram.clone()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.wires.values().map(|wire| wire.in_flight()).sum()
    }
}
