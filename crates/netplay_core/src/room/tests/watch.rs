//! What is watched in every test of rooms: that nobody breaks the rules of the seed, and that nobody is reported who
//! plays.

use netplay_protocol::{ControlMessage, ReliableHeader};

use super::network::{Network, TICK, peer};
use crate::path::Channel;
use crate::room::RoomEvent;
use crate::transport::TransportEvent;

/// What a sender says to a receiver, changed.
pub(super) type Tamper = fn((usize, usize), ControlMessage) -> ControlMessage;

fn control_message(packet: &[u8]) -> Option<(ReliableHeader, ControlMessage)> {
    let (header, message) = ReliableHeader::split(packet).ok()?;
    let message = ControlMessage::decode(message).ok().filter(|_| header.sequence > 0)?;
    Some((header, message))
}

/// Who says what, if an event is that.
pub(super) fn said_in(event: &TransportEvent) -> Option<(usize, ControlMessage)> {
    let TransportEvent::Received { peer: from, channel: Channel::Reliable, packet, .. } = event
    else {
        return None;
    };
    control_message(packet).map(|(_, message)| (peer(*from), message))
}

impl Network {
    /// Panics if a peer reveals its nonce without the commitments of all others. Returns the packet to send.
    pub(super) fn check_message(&mut self, (from, to): (usize, usize), packet: Vec<u8>) -> Vec<u8> {
        let Some((header, message)) = control_message(&packet) else { return packet };
        if !self.hostile.contains(&from)
            && let ControlMessage::SeedReveal(reveal) = &message
            && self.revealed.insert((from, reveal.terms))
        {
            let room = &self.nodes[&from].room;
            // Who is to play may have changed since it was queued.
            let is_present =
                room.phase.active_match().is_some() || room.start_hash() == reveal.terms.roster;
            for other in room.participants().into_iter().filter(|_| is_present) {
                let committed = (from, peer(other), reveal.terms);
                assert!(self.committed.contains(&committed), "{committed:?} is missing: {self}");
            }
        }
        match self.tamper {
            Some(tamper) => header.packet(&tamper((from, to), message).encode().unwrap()),
            None => packet,
        }
    }

    /// Panics if a peer said of another one that it stalls, and that one's simulation has gone on for a while.
    #[track_caller]
    pub(super) fn check_stalls(&self, observer: usize, said: usize) {
        for event in &self.nodes[&observer].said[said..] {
            let RoomEvent::PeerStalled { peer: stalled, .. } = event else { continue };
            let node = self.nodes.get(&peer(*stalled));
            let recently = self.now.saturating_sub(self.latency + self.jitter + TICK);
            assert!(
                node.and_then(|node| node.stood_still).is_some_and(|at| at >= recently),
                "peer {observer} says that {stalled:?} stalls: {self}"
            );
        }
    }
}
