//! A player who tells different peers different things: two processes with one identity, of which each peer hears one.

use std::collections::BTreeSet;

use super::network::{Network, key, peer};
use super::node::{Clock, Node};
use crate::link::Transmit;
use crate::room::Room;
use crate::transport::TransportEvent;

/// The second process of a peer.
pub(super) struct Twin {
    pub(super) of: usize,
    /// The peers who hear it, and not the first process.
    hears_it: BTreeSet<usize>,
    node: Node,
    /// From which frame on it gives other inputs than the first process.
    lies_from: i32,
}

impl Network {
    /// A peer joins that begins to lie at a frame: to these peers it says something else than to the others.
    pub(super) fn join_liar(&mut self, liar: usize, to: &[usize], lies_from: i32) {
        self.join(liar);
        let config = self.nodes[&liar].room.config().clone();
        let node = Node::new(Room::new(config, self.now), self.now);
        let hears_it = to.iter().copied().collect();
        self.twin = Some(Twin { of: liar, hears_it, node, lies_from });
    }

    /// Whether a peer hears the second process of another one.
    pub(super) fn hears_twin(&self, from: usize, to: usize) -> bool {
        self.twin.as_ref().is_some_and(|twin| twin.of == from && twin.hears_it.contains(&to))
    }

    /// An event happens to both processes.
    pub(super) fn pass_to_twin(&mut self, to: usize, event: &TransportEvent) {
        if let Some(twin) = self.twin.as_mut().filter(|twin| twin.of == to) {
            twin.node.room.handle_event(self.now, event.clone());
        }
    }

    /// One update of the second process.
    pub(super) fn update_twin(&mut self) {
        let now = self.now;
        let Some(Twin { of, hears_it, node, lies_from }) = &mut self.twin else { return };
        node.room.handle_timeout(now);
        node.take_events();
        if let Some(simulation) = &mut node.simulation {
            simulation.lies_from = Some(*lies_from);
            Clock::Runs.drive(simulation, 0);
            simulation.confirm(None);
            let (frame, confirmed) = (simulation.frame, simulation.confirmed());
            node.room.handle_frame(now, frame, confirmed);
        }
        let mut said = Vec::new();
        while let Some((to, transmit)) = node.room.poll_transmit() {
            node.room.handle_sent(now, to, transmit.path, Ok(0));
            if hears_it.contains(&peer(to)) {
                said.push((peer(to), transmit));
            }
        }
        // The first process makes and closes the paths of both.
        while node.room.poll_request().is_some() {}
        let of = *of;
        for (to, Transmit { path, channel, packet }) in said {
            self.hash_packet((of, to), path, channel, &packet);
            let event = TransportEvent::Received { peer: key(of), path, at: now, channel, packet };
            self.deliver(to, event);
        }
    }
}
