//! The connection between a peer and the server: in order, without loss, with latency.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use bevy_netplay::prelude::NetworkConditions;
use netplay_core::emulator::NetworkEmulator;
use netplay_server::simulation::Frame;

/// Both directions of a connection.
pub(super) struct Pipe {
    up: NetworkEmulator<Up>,
    down: NetworkEmulator<Frame>,
    /// Whether nothing gets through.
    pub(super) cut: bool,
    /// Of everything that was sent to the server, and when.
    sent: DefaultHasher,
}

/// What a peer does with its socket.
#[derive(Clone)]
pub(super) enum Up {
    Frame(Frame),
    /// The peer closes it, or its process has ended.
    Close,
}

impl Pipe {
    /// A pipe with half of the latency between two peers.
    pub(super) fn new(conditions: &NetworkConditions, seed: u64) -> Self {
        let half = NetworkConditions {
            latency: conditions.latency / 2 + Duration::from_micros(500),
            jitter: conditions.jitter / 2,
            ..NetworkConditions::default()
        };
        Self {
            up: NetworkEmulator::new(half.clone(), seed),
            down: NetworkEmulator::new(half, !seed),
            cut: false,
            sent: DefaultHasher::new(),
        }
    }

    /// A hash of everything that was sent to the server.
    pub(super) fn traffic_hash(&self) -> u64 {
        self.sent.finish()
    }

    pub(super) fn send_up(&mut self, now: Duration, what: Up) {
        match &what {
            Up::Frame(Frame::Text(text)) => (now, text).hash(&mut self.sent),
            Up::Frame(Frame::Binary(bytes)) => (now, bytes).hash(&mut self.sent),
            Up::Frame(Frame::Ping | Frame::Pong) | Up::Close => now.hash(&mut self.sent),
        }
        self.up.push_reliable(now, 0, what);
    }

    pub(super) fn send_down(&mut self, now: Duration, frame: Frame) {
        self.down.push_reliable(now, 0, frame);
    }

    pub(super) fn arrived_up(&mut self, now: Duration) -> Option<Up> {
        (!self.cut).then(|| self.up.pop(now)).flatten()
    }

    pub(super) fn arrived_down(&mut self, now: Duration) -> Option<(Duration, Frame)> {
        (!self.cut).then(|| self.down.pop_with_due(now)).flatten()
    }

    /// Drops everything in flight: the socket is closed.
    pub(super) fn reset(&mut self) {
        drop(self.up.drain());
        drop(self.down.drain());
    }
}
