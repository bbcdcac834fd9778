//! The settings of the limits.

use std::num::NonZeroU32;

use netplay_protocol::limits::{MAX_DATAGRAM_BYTES, MAX_SIGNALING_BYTES};

use crate::ServerError;

/// The rate and the burst of a token bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "config-file", derive(serde::Deserialize))]
#[cfg_attr(feature = "config-file", serde(deny_unknown_fields))]
pub struct Rate {
    /// How many per period on average.
    pub rate: NonZeroU32,
    /// How many at once, from a full bucket.
    pub burst: NonZeroU32,
}

impl Rate {
    const fn new(rate: u32, burst: u32) -> Self {
        let (Some(rate), Some(burst)) = (NonZeroU32::new(rate), NonZeroU32::new(burst)) else {
            panic!("a rate of zero")
        };
        Self { rate, burst }
    }
}

/// Limits per connection and per address. The server closes a connection that exceeds a limit and tells it which
/// limit.
///
/// An address is an IPv4 address or the /64 network of an IPv6 address. Players behind one router share an
/// address, so the limits per address are multiples of those per connection.
///
/// Sizes can only be reduced: the defaults are the limits of the protocol, which clients keep
/// ([`netplay_protocol::limits`]).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "config-file", derive(serde::Deserialize))]
#[cfg_attr(feature = "config-file", serde(default, deny_unknown_fields))]
pub struct LimitsConfig {
    /// Bytes of a signaling message. Default and maximum: 64 KiB.
    pub message_bytes: usize,
    /// Bytes of a relayed datagram, without its header. Default and maximum: 1,200.
    pub datagram_bytes: usize,
    /// Open connections. Default: 100,000. Raise the limit on open files with it.
    pub connections: usize,
    /// Open connections of one address. Default: 256.
    pub connections_per_address: usize,
    /// Rooms that one address created and that still exist. Default: 64.
    pub rooms_per_address: usize,
    /// New connections of one address, per second. Default: 20, 100 at once.
    pub connects_per_address: Rate,
    /// Refused joins of one address, per minute, which limits guessing. Default: 30, 30 at once.
    pub failures_per_address: Rate,
    /// Signaling messages of one connection, per second. Default: 50, 400 at once: a full mesh of eight
    /// signals in bursts.
    pub messages: Rate,
    /// Signaling messages of one address, per second. Default: 1,000, 4,000 at once.
    pub messages_per_address: Rate,
    /// Relayed packets of one connection, per second. Default: 2,000, 2,000 at once: four times what a match
    /// sends to seven peers.
    pub packets: Rate,
    /// Relayed packets of one address, per second. Default: 20,000, 20,000 at once.
    pub packets_per_address: Rate,
    /// Relayed bytes of one connection, headers included, per second. Default: 1 MiB, 1 MiB at once.
    pub bytes: Rate,
    /// Relayed bytes of one address, headers included, per second. Default: 8 MiB, 8 MiB at once.
    pub bytes_per_address: Rate,
    /// How many relayed datagrams may wait for one connection. Beyond that the oldest is dropped. Default: 256.
    pub relay_queue_datagrams: usize,
    /// How many bytes of relayed reliable packets may wait for one connection. Beyond that the sender waits.
    /// Default: 256 KiB.
    pub relay_queue_bytes: usize,
}

impl LimitsConfig {
    pub(crate) fn check(&self) -> Result<(), ServerError> {
        for (name, size, most) in [
            ("message_bytes", self.message_bytes, MAX_SIGNALING_BYTES),
            ("datagram_bytes", self.datagram_bytes, MAX_DATAGRAM_BYTES),
        ] {
            if size == 0 || size > most {
                return Err(ServerError::SizeOutOfRange { name, size, most });
            }
        }
        Ok(())
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            message_bytes: MAX_SIGNALING_BYTES,
            datagram_bytes: MAX_DATAGRAM_BYTES,
            connections: 100_000,
            connections_per_address: 256,
            rooms_per_address: 64,
            connects_per_address: Rate::new(20, 100),
            failures_per_address: Rate::new(30, 30),
            messages: Rate::new(50, 400),
            messages_per_address: Rate::new(1_000, 4_000),
            packets: Rate::new(2_000, 2_000),
            packets_per_address: Rate::new(20_000, 20_000),
            bytes: Rate::new(1 << 20, 1 << 20),
            bytes_per_address: Rate::new(8 << 20, 8 << 20),
            relay_queue_datagrams: 256,
            relay_queue_bytes: 256 * 1024,
        }
    }
}
