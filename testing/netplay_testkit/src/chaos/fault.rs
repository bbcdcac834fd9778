//! The faults: which there are, how they are injected and healed, and what each may cost.

use std::time::Duration;

use bevy_netplay::prelude::*;
use netplay_transport::PathKind;
use rand::RngExt;
use rand::seq::IndexedRandom;

use super::Chaos;
use crate::TICK;

/// No fault that separates a player from all others lasts longer than this, in steps: eight seconds.
const LONGEST_SILENCE: u32 = 480;
/// How long the game may stall when a path fails and the server can relay, beside the round trips of the network:
/// half a second until the path counts as dead, and what the previous fault has left.
const STALL: Duration = Duration::from_millis(650);
/// The same where only one direction fails. Missing acknowledgements take longer by the estimated round trip time,
/// which may still be that of a worse network.
const ONE_WAY_STALL: Duration = Duration::from_millis(800);
/// The same while the network is so bad that every path of it stalls the game now and then: two seconds until a path
/// counts as impaired, and the stalls in between.
const BAD_NETWORK_STALL: Duration = Duration::from_secs(3);
/// How long it may take to reconnect to a server that can be reached again: the longest backoff, and the attempt.
const RECONNECTING: Duration = Duration::from_secs(9);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// The connection between two peers is cut, in one direction or both.
    Cut { both: bool },
    /// The connection between two peers is reset.
    Reset,
    /// Nothing gets from one peer to the other on any path.
    Silence,
    /// The network between two peers is bad.
    Network,
    /// The server is down.
    Server,
    /// One peer's packets do not reach the server; neither end is told.
    Socket,
    /// A process is suspended.
    Pause,
}

/// A fault between two Apps.
#[derive(Clone, Debug)]
pub(super) struct InjectedFault {
    fault: Fault,
    apps: [usize; 2],
    /// How many steps it lasts.
    pub(super) steps: u32,
    /// Whether no link needed the server's relay when it began.
    direct: bool,
}

impl InjectedFault {
    /// How often a link may change its path because of it: away and back again, and a connection that is attempted
    /// meanwhile may be lost with it. While nothing at all comes from a peer, every new connection is worth a try.
    pub(super) fn most_path_changes(&self) -> usize {
        match self.fault {
            Fault::Silence | Fault::Pause => 8,
            _ => 4,
        }
    }
}

impl Chaos {
    pub(super) fn choose_fault(&mut self) -> InjectedFault {
        let first = self.random.random_range(0..self.keys.len());
        let second = (first + self.random.random_range(1..self.keys.len())) % self.keys.len();
        let faults = [
            Fault::Cut { both: true },
            Fault::Cut { both: false },
            Fault::Reset,
            Fault::Silence,
            Fault::Network,
            Fault::Server,
            Fault::Pause,
            Fault::Socket,
        ];
        // A memory hub's own server has no sockets.
        let count = faults.len() - usize::from(self.apps.server().is_none());
        let fault = *faults[..count].choose(&mut self.random).unwrap_or(&Fault::Reset);
        let direct = Self::is_direct(&self.apps);
        let most = match fault {
            // Where the server relays, nothing is heard until all have reconnected to it, which takes longer the
            // longer it was down.
            Fault::Server | Fault::Socket if !direct => LONGEST_SILENCE / 4,
            Fault::Silence | Fault::Pause | Fault::Server => LONGEST_SILENCE,
            _ => 900,
        };
        let steps = self.random.random_range(5..most);
        InjectedFault { fault, apps: [first, second], steps, direct }
    }

    pub(super) fn inject(&mut self, injected: &InjectedFault) {
        let [a, b] = injected.apps.map(|index| self.keys[index]);
        let hub = self.apps.hub().clone();
        let server = self.apps.server().cloned();
        match injected.fault {
            Fault::Cut { both } => {
                hub.cut_path(a, b, PathKind::Memory);
                if both {
                    hub.cut_path(b, a, PathKind::Memory);
                }
            }
            Fault::Reset => hub.reset(a, b),
            Fault::Silence => {
                hub.cut(a, b);
                if let Some(server) = server {
                    server.cut_off(a);
                }
            }
            Fault::Network => {
                let bad = NetworkConditions {
                    latency: Duration::from_millis(self.random.random_range(0..250)),
                    jitter: Duration::from_millis(self.random.random_range(0..60)),
                    loss: self.random.random_range(0.0..0.5),
                    burst: self.random.random_range(0.0..6.0),
                    ..NetworkConditions::default()
                };
                hub.set_conditions(a, b, bad.clone());
                hub.set_conditions(b, a, bad);
            }
            Fault::Server => match server {
                Some(server) => server.kill(),
                None => hub.set_server(false),
            },
            Fault::Socket => {
                if let Some(server) = server {
                    server.cut_off(a);
                }
            }
            Fault::Pause => self.apps.pause(injected.apps[0]),
        }
    }

    pub(super) fn heal(&mut self, injected: &InjectedFault) {
        let [a, b] = injected.apps.map(|index| self.keys[index]);
        let hub = self.apps.hub().clone();
        let server = self.apps.server().cloned();
        match injected.fault {
            Fault::Cut { .. } => {
                hub.heal_path(a, b, PathKind::Memory);
                hub.heal_path(b, a, PathKind::Memory);
            }
            Fault::Reset => {}
            Fault::Silence => {
                hub.heal(a, b);
                if let Some(server) = server {
                    server.reconnect(a);
                }
            }
            Fault::Network => hub.set_all_conditions(self.conditions.clone()),
            Fault::Server => match server {
                Some(server) => server.restart(),
                None => hub.set_server(true),
            },
            Fault::Socket => {
                if let Some(server) = server {
                    server.reconnect(a);
                }
            }
            Fault::Pause => self.apps.resume(injected.apps[0]),
        }
    }

    /// How long the game may have stalled because of a fault.
    pub(super) fn longest_stall(&self, injected: &InjectedFault) -> Duration {
        let round_trip = 2 * (self.conditions.latency + self.conditions.jitter);
        let usual = STALL + 2 * round_trip;
        match injected.fault {
            Fault::Cut { both: false } => ONE_WAY_STALL + 2 * round_trip,
            Fault::Cut { both: true } | Fault::Reset => usual,
            Fault::Network => BAD_NETWORK_STALL,
            Fault::Server | Fault::Socket if injected.direct => usual,
            // Nobody can play on meanwhile.
            Fault::Silence | Fault::Pause | Fault::Server | Fault::Socket => {
                let reconnecting = if injected.direct { Duration::ZERO } else { RECONNECTING };
                usual + injected.steps * TICK + reconnecting
            }
        }
    }
}
