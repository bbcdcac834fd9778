//! What a test does to the network and to peers.

use netplay_core::emulator::NetworkConditions;
use netplay_core::path::{Channel, PathKind};
use netplay_protocol::PeerKey;

use super::state::{Member, State};
use super::wire::Wire;

impl State {
    pub(super) fn set_conditions(
        &mut self,
        from: PeerKey,
        to: PeerKey,
        conditions: NetworkConditions,
    ) {
        let concerned = |wire: &&mut Wire| (wire.from, wire.to) == (from, to);
        self.wires.values_mut().filter(concerned).for_each(|wire| wire.set(self.now, &conditions));
        self.overrides.insert((from, to), conditions);
    }

    pub(super) fn set_all_conditions(&mut self, conditions: NetworkConditions) {
        self.wires.values_mut().for_each(|wire| wire.set(self.now, &conditions));
        self.overrides.clear();
        self.conditions = conditions;
    }

    /// Cuts paths of a kind, from one peer to another.
    pub(super) fn cut(&mut self, from: PeerKey, to: PeerKey, kind: PathKind) {
        self.obstacles.cut.insert((from, to, kind));
        let concerned = |wire: &&mut Wire| (wire.from, wire.to, wire.kind) == (from, to, kind);
        self.wires.values_mut().filter(concerned).for_each(Wire::interrupt);
    }

    pub(super) fn heal(&mut self, from: PeerKey, to: PeerKey, kind: PathKind) {
        self.obstacles.cut.remove(&(from, to, kind));
        self.release();
    }

    pub(super) fn mute(&mut self, peer: PeerKey) {
        self.obstacles.muted.insert(peer);
    }

    pub(super) fn unmute(&mut self, peer: PeerKey) {
        self.obstacles.muted.remove(&peer);
        self.release();
    }

    /// Sends what waited on wires that nothing blocks any more.
    fn release(&mut self) {
        for wire in self.wires.values_mut() {
            if !self.obstacles.block(wire.from, wire.to, wire.kind) {
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

    pub(super) fn last_packet(
        &self,
        from: PeerKey,
        to: PeerKey,
        channel: Channel,
    ) -> Option<Vec<u8>> {
        let mut wires = self.wires.values().filter(|wire| wire.from == from && wire.to == to);
        wires.next_back()?.last(channel).cloned()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.wires.values().map(|wire| wire.in_flight()).sum()
    }
}
