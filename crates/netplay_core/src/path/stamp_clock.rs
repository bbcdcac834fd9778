//! The times in a [`PathStamp`](netplay_protocol::PathStamp): 16 bits that wrap, in units of 250 µs.

use std::time::Duration;

/// The unit.
pub(super) const UNIT: Duration = Duration::from_micros(250);

/// A duration in units, saturating.
pub(super) fn units(span: Duration) -> u16 {
    u16::try_from(span.as_micros() / UNIT.as_micros()).unwrap_or(u16::MAX)
}

/// A point in time in units, wrapping: only differences mean anything.
pub(super) fn clock(now: Duration) -> u16 {
    (now.as_micros() / UNIT.as_micros()) as u16
}
