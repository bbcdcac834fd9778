//! The network between two plain sessions: the emulator that the memory transport has as well.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::core::emulator::{NetworkConditions, NetworkEmulator};
use ggrs::{Message, NonBlockingSocket};

/// A network of two players. Clones are the same one.
#[derive(Resource, Clone)]
pub struct Network(Arc<Mutex<Wires>>);

struct Wires {
    /// The latest time of any player, as on the memory transport.
    now: Duration,
    /// To each player.
    to: [NetworkEmulator<Message>; 2],
}

/// One player's end of a [`Network`].
pub struct Socket {
    network: Network,
    player: usize,
}

impl Network {
    pub fn new(conditions: &NetworkConditions, seed: u64) -> Self {
        let wire = |to: u64| NetworkEmulator::new(conditions.clone(), seed << 1 | to);
        Self(Arc::new(Mutex::new(Wires { now: Duration::ZERO, to: [wire(0), wire(1)] })))
    }

    pub fn socket(&self, player: usize) -> Socket {
        Socket { network: self.clone(), player }
    }

    fn wires(&self) -> MutexGuard<'_, Wires> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes the time of an App to its network.
pub fn pass_time(network: Res<Network>, time: Res<Time<Real>>) {
    let mut wires = network.wires();
    wires.now = wires.now.max(time.elapsed());
}

impl NonBlockingSocket<usize> for Socket {
    fn send_to(&mut self, message: &Message, to: &usize) {
        let mut wires = self.network.wires();
        let now = wires.now;
        // Bandwidth is not limited: the size makes no difference.
        wires.to[*to].push(now, 0, message.clone());
    }

    fn receive_all_messages(&mut self) -> Vec<(usize, Message)> {
        let mut wires = self.network.wires();
        let now = wires.now;
        let wire = &mut wires.to[self.player];
        let from = 1 - self.player;
        std::iter::from_fn(|| Some((from, wire.pop(now)?))).collect()
    }
}
