//! A page that is nothing but a transport: tests of WebRTC between pages drive it by `window.player`. With `game` in its
//! address it is a room instead, in which messages are measured: `window.game`.

mod game;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use netplay_protocol::signaling::Entry;
use netplay_protocol::{Identity, PeerKey};
use netplay_transport::rtc::RtcTransport;
use netplay_transport::{
    Channel, JoinRequest, PathId, Transport, TransportEvent, TransportRequest,
};
use wasm_bindgen::prelude::*;

/// A page has no other beginning: tests make a [`Player`].
fn main() {}

/// The key of the player of this number.
fn key(number: u8) -> PeerKey {
    Identity::from_secret(&[number; 32]).peer_key()
}

/// A transport, and what came of it.
#[wasm_bindgen]
pub struct Player {
    transport: RtcTransport,
    now: Duration,
    paths: BTreeMap<PeerKey, BTreeSet<PathId>>,
    members: usize,
    received: u32,
    failures: Vec<String>,
    network_changes: u32,
}

#[wasm_bindgen]
impl Player {
    /// Joins a room for two.
    ///
    /// # Errors
    ///
    /// A policy that is not one.
    #[wasm_bindgen(constructor)]
    pub fn new(server: String, number: u8, policy: &str) -> Result<Self, JsError> {
        let identity = Identity::from_secret(&[number; 32]);
        let entry = Entry::Room("PAGES".into());
        let transport = RtcTransport::join(JoinRequest {
            servers: vec![server],
            seed: number.into(),
            policy: policy.parse()?,
            ..JoinRequest::new(entry, 2, identity)
        });
        Ok(Self {
            transport,
            now: Duration::ZERO,
            paths: BTreeMap::new(),
            members: 0,
            received: 0,
            failures: Vec::new(),
            network_changes: 0,
        })
    }

    /// Takes what has happened. `now` is in milliseconds.
    pub fn poll(&mut self, now: f64) {
        self.now = Duration::from_secs_f64(now / 1000.0);
        self.transport.poll(self.now);
        while let Some(event) = self.transport.poll_event() {
            match event {
                TransportEvent::Roster(roster) => self.members = roster.members.len(),
                TransportEvent::PathUp { peer, path, .. } => {
                    self.paths.entry(peer).or_default().insert(path);
                }
                TransportEvent::PathDown { peer, path, .. } => {
                    self.paths.entry(peer).or_default().remove(&path);
                }
                TransportEvent::Received { .. } => self.received += 1,
                TransportEvent::AttemptFailed { reason, .. } => self.failures.push(reason),
                TransportEvent::NetworkChanged => self.network_changes += 1,
                _ => {}
            }
        }
    }

    /// How many players are in the room.
    pub fn members(&self) -> usize {
        self.members
    }

    /// Begins an attempt.
    pub fn attempt(&mut self, to: u8) {
        self.transport.request(TransportRequest::Attempt(key(to)));
    }

    /// The paths to a player that are up.
    pub fn paths(&self, to: u8) -> Vec<String> {
        let paths = self.paths.get(&key(to)).into_iter().flatten();
        paths.map(|path| format!("{:016x}", path.0)).collect()
    }

    /// Closes every path to a player.
    pub fn close(&mut self, to: u8) {
        for path in self.paths.remove(&key(to)).into_iter().flatten() {
            self.transport.request(TransportRequest::Close(key(to), path));
        }
    }

    /// Sends a packet on each path to a player, on the reliable channel.
    pub fn send(&mut self, to: u8) {
        for path in self.paths.get(&key(to)).into_iter().flatten() {
            // A path that has just closed is reported as such.
            let _ = self.transport.send(self.now, key(to), *path, Channel::Reliable, b"a packet");
        }
    }

    /// How many packets have come.
    pub fn received(&self) -> u32 {
        self.received
    }

    /// Why attempts failed.
    pub fn failures(&self) -> Vec<String> {
        self.failures.clone()
    }

    /// How often the machine has changed its network.
    #[wasm_bindgen(js_name = networkChanges)]
    pub fn network_changes(&self) -> u32 {
        self.network_changes
    }
}
