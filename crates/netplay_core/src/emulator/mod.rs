//! A bad network, made of a seed.
//!
//! * [`NetworkConditions`] say what one direction of a network is like: latency, jitter, loss in bursts, duplicates,
//!   packets that are overtaken, and a limited bandwidth with a queue in front of it. Common ones have names
//!   ([`NetworkConditions::PRESETS`]).
//! * A [`NetworkEmulator`] is one direction of one path. Packets are pushed in as they are sent and popped as they
//!   arrive.
//! * A [`NetworkEmulation`] says how the network of one machine is emulated, in both directions and for single peers.
//!   All its paths share the machine's bandwidth.
//! * An [`EmulatedDirection`] is one direction of that.
//!
//! The same seed and the same pushes give the same arrivals, on every machine. A change of the conditions takes effect
//! at once, and loses nothing.
//!
//! The driver's obligation: `now` never goes back, `pop` is called until it has nothing more, and again at `next_due`.

mod bottleneck;
mod conditions;
mod conditions_text;
mod direction;
mod emulation;
mod network;

pub use conditions::NetworkConditions;
pub use conditions_text::BadConditions;
pub use direction::{EmulatedArrival, EmulatedDirection};
pub use emulation::{NetworkEmulation, PeerConditions};
pub use network::{NetworkEmulator, REORDER_HOLD, RETRANSMIT_DELAY};

#[cfg(test)]
mod bandwidth_tests;
#[cfg(test)]
mod tests;
