//! An emulated bad network for developers, in front of another transport: packets are delayed, lost, doubled, overtaken
//! and held up in a queue, in both directions.

mod wake;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::task::{Context, Poll};
use std::time::Duration;

use netplay_core::emulator::{EmulatedDirection, NetworkConditions, NetworkEmulation};
use netplay_core::path::{Channel, PathId};
use netplay_protocol::PeerKey;

use crate::{SendError, Transport, TransportEvent, TransportRequest};
use wake::WakeAt;

/// A transport behind an emulated network, which can change at any time.
///
/// What the local peer sends waits here until it is due, and so does what it receives: the time of arrival that an
/// event names is the emulated one. Where the transport below runs on real time, packets leave when they are due, and
/// not in the next update. While nothing is emulated, packets pass without a detour.
pub struct ConditionedTransport {
    below: Box<dyn Transport>,
    outgoing: EmulatedDirection<(Channel, Vec<u8>)>,
    incoming: EmulatedDirection<Incoming>,
    /// The paths that the caller knows as up.
    up: BTreeSet<(PeerKey, PathId)>,
    events: VecDeque<TransportEvent>,
    /// The latest moment that is known here.
    now: Duration,
    /// When the last packet came from below.
    arrived: Duration,
    wake: WakeAt,
    /// The room was left: nothing is held back any more.
    left: bool,
}

/// What comes on a path.
#[derive(Clone, Debug)]
enum Incoming {
    Packet(Channel, Vec<u8>),
    /// The path is down, for this reason. It follows the packets that came before.
    Down(String),
}

impl ConditionedTransport {
    /// Puts a network in front of a transport, which is perfect at first. Which packets are lost depends on `seed`.
    pub fn new(below: Box<dyn Transport>, seed: u64) -> Self {
        Self {
            below,
            outgoing: EmulatedDirection::new(seed),
            incoming: EmulatedDirection::new(!seed),
            up: BTreeSet::new(),
            events: VecDeque::new(),
            now: Duration::ZERO,
            arrived: Duration::ZERO,
            wake: WakeAt::default(),
            left: false,
        }
    }

    /// Sends what is due.
    fn transmit(&mut self, now: Duration) {
        while let Some(due) = self.outgoing.pop(now) {
            let (channel, packet) = due.content;
            // If the path has gone down since the packet was sent, an event says so.
            let _ = self.below.send(now, due.peer, due.path, channel, &packet);
        }
    }

    /// Takes in an event of the transport below.
    fn handle_event(&mut self, now: Duration, event: TransportEvent) {
        match event {
            TransportEvent::Received { peer, path, at, channel, packet }
                if !self.incoming.is_open(peer, path) =>
            {
                let bytes = packet.len();
                // Packets of different paths may come out of order by a little.
                self.arrived = self.arrived.max(at);
                let packet = Incoming::Packet(channel, packet);
                self.incoming.push(self.arrived, (peer, path), channel, bytes, packet);
                self.take_arrived(self.arrived);
            }
            TransportEvent::PathDown { peer, path, reason } => {
                self.outgoing.close(peer, path);
                if self.incoming.holds(peer, path) {
                    let (path, down) = ((peer, path), Incoming::Down(reason));
                    self.incoming.push(now, path, Channel::Reliable, 0, down);
                } else {
                    self.give(now, (peer, path), Incoming::Down(reason));
                }
            }
            TransportEvent::PathUp { peer, path, kind } => {
                // A path with the same id was there before: that comes to its end first.
                for content in self.incoming.close(peer, path) {
                    self.give(now, (peer, path), content);
                }
                self.up.insert((peer, path));
                self.events.push_back(TransportEvent::PathUp { peer, path, kind });
            }
            event => self.events.push_back(event),
        }
    }

    /// Gives the caller what has arrived by `now`.
    fn take_arrived(&mut self, now: Duration) {
        while let Some(arrival) = self.incoming.pop(now) {
            self.give(arrival.at, (arrival.peer, arrival.path), arrival.content);
        }
    }

    /// Gives the caller what arrived on a path.
    fn give(&mut self, at: Duration, (peer, path): (PeerKey, PathId), content: Incoming) {
        self.events.push_back(match content {
            Incoming::Packet(channel, packet) => {
                TransportEvent::Received { peer, path, at, channel, packet }
            }
            Incoming::Down(reason) => {
                self.incoming.close(peer, path);
                self.up.remove(&(peer, path));
                TransportEvent::PathDown { peer, path, reason }
            }
        });
    }

    fn close(&mut self, peer: PeerKey, path: PathId) {
        self.up.remove(&(peer, path));
        self.outgoing.close(peer, path);
        self.incoming.close(peer, path);
    }

    /// Has the task woken in time for what is on its way.
    fn wake_in_time(&mut self) {
        self.wake.note(self.outgoing.next_due());
        self.wake.note(self.incoming.next_due());
    }
}

impl Transport for ConditionedTransport {
    fn poll(&mut self, now: Duration) {
        self.transmit(now);
        self.below.poll(now);
        while let Some(event) = self.below.poll_event() {
            self.handle_event(now, event);
        }
        self.now = self.now.max(now);
        self.take_arrived(now);
        self.wake_in_time();
    }

    fn poll_event(&mut self) -> Option<TransportEvent> {
        self.events.pop_front()
    }

    fn send(
        &mut self,
        now: Duration,
        to: PeerKey,
        path: PathId,
        channel: Channel,
        packet: &[u8],
    ) -> Result<usize, SendError> {
        if self.left || self.outgoing.is_open(to, path) {
            return match self.below.send(now, to, path, channel, packet) {
                // It is down, and what came before is still on its way to the caller.
                Err(SendError::NoPath) if self.up.contains(&(to, path)) => Ok(0),
                sent => sent,
            };
        }
        if !self.up.contains(&(to, path)) {
            return Err(SendError::NoPath);
        }
        let content = (channel, packet.to_vec());
        self.outgoing.push(now, (to, path), channel, packet.len(), content);
        self.transmit(now);
        self.wake_in_time();
        // Packets in flight do not wait to be sent.
        Ok(0)
    }

    fn buffered(&self, to: PeerKey, path: PathId) -> Option<usize> {
        match self.left || self.outgoing.is_open(to, path) {
            true => self.below.buffered(to, path),
            // Packets in flight do not wait to be sent.
            false => Some(0),
        }
    }

    fn request(&mut self, request: TransportRequest) {
        match request {
            TransportRequest::Close(peer, path) => self.close(peer, path),
            TransportRequest::Forget(peer) => {
                let paths = self.up.range((peer, PathId(0))..=(peer, PathId(u64::MAX)));
                for (peer, path) in paths.copied().collect::<Vec<_>>() {
                    self.close(peer, path);
                }
            }
            _ => {}
        }
        self.below.request(request);
    }

    fn leave(&mut self) {
        self.release();
        self.left = true;
        self.below.leave();
    }

    fn set_emulation(&mut self, now: Duration, emulation: &NetworkEmulation) {
        let NetworkEmulation { outgoing, incoming, peers } = emulation;
        let own = |of: fn(&_) -> &Option<NetworkConditions>| -> BTreeMap<_, _> {
            peers.iter().filter_map(|(peer, own)| Some((*peer, of(own).clone()?))).collect()
        };
        let now = now.max(self.now);
        self.outgoing.set(now, outgoing.clone(), own(|peer| &peer.outgoing));
        self.incoming.set(now, incoming.clone(), own(|peer| &peer.incoming));
        self.transmit(now);
        self.wake_in_time();
    }

    fn release(&mut self) {
        for (peer, path) in self.outgoing.paths() {
            for (channel, packet) in self.outgoing.close(peer, path) {
                let _ = self.below.send(self.now, peer, path, channel, &packet);
            }
        }
    }

    fn runs_on_real_time(&self) -> bool {
        self.below.runs_on_real_time()
    }

    fn poll_due(&mut self, now: Duration, context: &mut Context<'_>) {
        self.now = self.now.max(now);
        self.transmit(now);
        // What has arrived waits for the caller.
        let arrives = self.incoming.next_due().filter(|due| *due > now);
        let due = self.outgoing.next_due().into_iter().chain(arrives).min();
        self.wake.arm(now, due, context);
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.incoming.next_due().is_some_and(|due| due <= self.now) {
            return Poll::Ready(());
        }
        self.below.poll_ready(context)
    }
}

#[cfg(test)]
mod tests;
