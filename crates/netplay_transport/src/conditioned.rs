//! An emulated bad network for developers: packets are delayed, lost, duplicated and reordered before they reach the
//! transport below.

use std::collections::{BTreeMap, VecDeque};
use std::task::{Context, Poll};
use std::time::Duration;

use netplay_core::emulator::{NetworkConditions, NetworkEmulator};
use netplay_core::path::{Channel, PathId};
use netplay_protocol::PeerKey;

use crate::{SendError, Transport, TransportEvent, TransportRequest};

/// The network of one path.
type Emulator = NetworkEmulator<(Channel, Vec<u8>)>;

/// A transport behind emulated conditions. They apply to what the local peer sends; for a bad network in both
/// directions both peers set them. Packets leave when the transport is polled, so delays are as precise as the
/// caller's frames.
pub struct ConditionedTransport {
    below: Box<dyn Transport>,
    conditions: NetworkConditions,
    seed: u64,
    paths: BTreeMap<(PeerKey, PathId), Emulator>,
    events: VecDeque<TransportEvent>,
}

impl ConditionedTransport {
    /// Puts `conditions` in front of a transport. Which packets are lost depends on `seed`.
    pub fn new(below: Box<dyn Transport>, conditions: NetworkConditions, seed: u64) -> Self {
        Self { below, conditions, seed, paths: BTreeMap::new(), events: VecDeque::new() }
    }
}

impl Transport for ConditionedTransport {
    fn poll(&mut self, now: Duration) {
        for ((peer, path), emulator) in &mut self.paths {
            while let Some((channel, packet)) = emulator.pop(now) {
                // If the path has gone down since the packet was sent, an event says so.
                let _ = self.below.send(now, *peer, *path, channel, &packet);
            }
        }
        self.below.poll(now);
        while let Some(event) = self.below.poll_event() {
            match &event {
                TransportEvent::PathUp { peer, path, .. } => {
                    // Each path has a random sequence of its own.
                    let seed = self.seed.wrapping_add(self.paths.len() as u64);
                    let emulator = || NetworkEmulator::new(self.conditions.clone(), seed);
                    self.paths.entry((*peer, *path)).or_insert_with(emulator);
                }
                TransportEvent::PathDown { peer, path, .. } => {
                    self.paths.remove(&(*peer, *path));
                }
                _ => {}
            }
            self.events.push_back(event);
        }
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
        let emulator = self.paths.get_mut(&(to, path)).ok_or(SendError::NoPath)?;
        let packet = (channel, packet.to_vec());
        match channel {
            Channel::Datagram => emulator.push(now, packet),
            Channel::Reliable => emulator.push_reliable(now, packet),
        }
        // Packets in flight do not wait to be sent.
        Ok(0)
    }

    fn request(&mut self, request: TransportRequest) {
        match request {
            TransportRequest::Close(peer, path) => drop(self.paths.remove(&(peer, path))),
            TransportRequest::Forget(peer) => self.paths.retain(|(known, _), _| *known != peer),
            _ => {}
        }
        self.below.request(request);
    }

    fn leave(&mut self) {
        // The last packets are not delayed.
        for ((peer, path), emulator) in &mut self.paths {
            for (channel, packet) in emulator.drain() {
                let _ = self.below.send(Duration::ZERO, *peer, *path, channel, &packet);
            }
        }
        self.below.leave();
    }

    fn runs_on_real_time(&self) -> bool {
        self.below.runs_on_real_time()
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.below.poll_ready(context)
    }
}
