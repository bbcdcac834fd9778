//! A bad network for developers: what is sent is delayed, lost, doubled and reordered before it reaches
//! the transport below.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use netplay_core::emulator::{NetworkConditions, NetworkEmulator};
use netplay_protocol::PeerKey;

use crate::{Channel, SendError, Transport, TransportEvent};

/// A transport behind emulated conditions. They hold for what we send: both sides set them to make a
/// round trip bad in both directions. Packets leave when the transport is polled, so delays are as fine
/// as the caller's frames.
pub struct ConditionedTransport {
    below: Box<dyn Transport>,
    conditions: NetworkConditions,
    seed: u64,
    peers: BTreeMap<PeerKey, NetworkEmulator<(Channel, Vec<u8>)>>,
    events: VecDeque<TransportEvent>,
}

impl ConditionedTransport {
    /// Puts `conditions` in front of a transport; what is lost depends on `seed`.
    pub fn new(below: Box<dyn Transport>, conditions: NetworkConditions, seed: u64) -> Self {
        Self { below, conditions, seed, peers: BTreeMap::new(), events: VecDeque::new() }
    }
}

impl Transport for ConditionedTransport {
    fn poll(&mut self, now: Duration) {
        for (peer, emulator) in &mut self.peers {
            while let Some((channel, packet)) = emulator.pop(now) {
                // The link was up when the packet was sent; that it no longer is comes as an event.
                let _ = self.below.send(now, *peer, channel, &packet);
            }
        }
        self.below.poll(now);
        while let Some(event) = self.below.next_event() {
            match &event {
                TransportEvent::LinkUp { peer, .. } => {
                    // Each peer its own sequence of accidents.
                    let seed = self.seed.wrapping_add(self.peers.len() as u64);
                    let emulator = || NetworkEmulator::new(self.conditions.clone(), seed);
                    self.peers.entry(*peer).or_insert_with(emulator);
                }
                TransportEvent::LinkDown { peer, .. } => {
                    self.peers.remove(peer);
                }
                _ => {}
            }
            self.events.push_back(event);
        }
    }

    fn next_event(&mut self) -> Option<TransportEvent> {
        self.events.pop_front()
    }

    fn send(
        &mut self,
        now: Duration,
        to: PeerKey,
        channel: Channel,
        packet: &[u8],
    ) -> Result<(), SendError> {
        let emulator = self.peers.get_mut(&to).ok_or(SendError::NoLink)?;
        let packet = (channel, packet.to_vec());
        match channel {
            Channel::Datagram => emulator.push(now, packet),
            Channel::Reliable => emulator.push_reliable(now, packet),
        }
        Ok(())
    }

    fn set_playing(&mut self, playing: bool) {
        self.below.set_playing(playing);
    }

    fn leave(&mut self) {
        // Goodbyes are not worth delaying.
        for (peer, emulator) in &mut self.peers {
            for (channel, packet) in emulator.drain() {
                let _ = self.below.send(Duration::ZERO, *peer, channel, &packet);
            }
        }
        self.below.leave();
    }
}
