//! A path: one way to carry packets on a link, and what is known of it.
//!
//! Every datagram carries a stamp of its path: a number, when it was sent and what has been received.
//! From these the two ends know, without sending anything extra,
//!
//! * the round trip time: now, minus when the acknowledged datagram was sent, minus how long the peer
//!   held the acknowledgement (the estimator of RFC 6298, and the minimum over a sliding window);
//! * the jitter: how unevenly datagrams arrive (RFC 3550 section 6.4.1);
//! * the loss: gaps in the numbers over a sliding window;
//! * how long nothing has come, and how long nothing that was sent has been acknowledged.

mod estimator;
mod jitter;
mod kind;
mod loss;
mod rtt;
mod window;

pub use kind::{BadPathPolicy, Channel, PathId, PathKind, PathPolicy};

pub(crate) use estimator::Estimator;
pub(crate) use window::{Arrival, ReceiveWindow};
