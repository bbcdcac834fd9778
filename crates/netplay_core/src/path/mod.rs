//! A path: one way to carry packets on a link, and everything that is known of it.
//!
//! Every datagram carries a stamp of its path ([`PathStamp`](netplay_protocol::PathStamp)): a sequence number,
//! the time of sending and an acknowledgement. From the stamps both ends estimate, without a message of
//! their own,
//!
//! * the round trip time: now, minus when the acknowledged datagram was sent, minus how long the peer held
//!   the acknowledgement back (smoothed as in RFC 6298, and the minimum over a sliding window);
//! * the jitter: how unevenly datagrams arrive (RFC 3550 section 6.4.1);
//! * the loss: gaps in the sequence numbers over a sliding window;
//! * the silence, and for how long nothing that was sent has been acknowledged.
//!
//! A `PathSample` holds these estimates at one moment. A `HealthMonitor` turns samples into a
//! `PathHealth`: healthy, impaired or dead, with the [`UnhealthyReason`]. It applies the thresholds of
//! [`PathConfig`] and their hysteresis. What follows from the health of several paths is decided by the
//! [agent](crate::agent).

mod channel;
mod config;
mod estimator;
mod health;
mod jitter;
mod kind;
mod loss;
#[expect(clippy::module_inception, reason = "the type that the module is named after")]
mod path;
mod paths;
mod peer_use;
mod policy;
mod rtt;
mod sent_bytes;
mod stamp_clock;
mod window;

pub use channel::Channel;
pub use config::PathConfig;
pub use health::UnhealthyReason;
pub use kind::{CandidateKind, Candidates, PathId, PathKind};
pub use policy::{BadPathPolicy, PathPolicy};

pub(crate) use health::PathHealth;
pub(crate) use path::{InputCounts, Path};
pub(crate) use paths::Paths;
pub(crate) use peer_use::PeerUse;
pub(crate) use window::{Arrival, ReceiveWindow};

#[cfg(doc)]
use health::{HealthMonitor, PathSample};
