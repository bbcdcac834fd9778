use std::time::Duration;

use bevy_netplay::prelude::NetworkConditions;
use netplay_core::emulator::NetworkEmulator;
use netplay_server::simulation::Frame;

/// A socket between a client and the server, seen from outside: late, in order, and nothing is lost.
pub(super) struct Pipe {
    up: NetworkEmulator<Up>,
    down: NetworkEmulator<Frame>,
    /// Nothing gets through.
    pub(super) cut: bool,
}

/// What a client does with its socket.
#[derive(Clone)]
pub(super) enum Up {
    Frame(Frame),
    /// It closes it, or its process is gone.
    Close,
}

impl Pipe {
    /// Half of the way between two peers leads to the server.
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
        }
    }

    pub(super) fn send_up(&mut self, now: Duration, what: Up) {
        self.up.push_reliable(now, what);
    }

    pub(super) fn send_down(&mut self, now: Duration, frame: Frame) {
        self.down.push_reliable(now, frame);
    }

    pub(super) fn arrived_up(&mut self, now: Duration) -> Option<Up> {
        (!self.cut).then(|| self.up.pop(now)).flatten()
    }

    pub(super) fn arrived_down(&mut self, now: Duration) -> Option<(Duration, Frame)> {
        (!self.cut).then(|| self.down.pop_with_due(now)).flatten()
    }

    /// The socket is gone, and what was in it.
    pub(super) fn reset(&mut self) {
        drop(self.up.drain());
        drop(self.down.drain());
    }
}
