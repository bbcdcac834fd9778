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

    /// This many times the rate and the burst.
    pub(super) fn times(self, times: u32) -> Self {
        let times = NonZeroU32::new(times).unwrap_or(NonZeroU32::MIN);
        Self { rate: self.rate.saturating_mul(times), burst: self.burst.saturating_mul(times) }
    }
}

/// Limits per connection and per address. The server closes a connection that exceeds a limit and tells it which
/// limit.
///
/// An address is an IPv4 address or the /64 network of an IPv6 address. The /56 network of an IPv6 address has four
/// times the limits of an address, its /48 network sixteen times. Players behind one router share an address, so the
/// limits per address are multiples of those per connection.
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
    /// Connections that are not WebSockets yet: before and during TLS and the upgrade. Default: 4,096. More are cut
    /// off unread.
    pub handshakes: usize,
    /// Connections of one address that are not WebSockets yet. Default: 64. Those of trusted proxies count only in
    /// [`handshakes`](Self::handshakes).
    pub handshakes_per_address: usize,
    /// Open WebSockets. Default: 100,000. Raise the limit on open files with it.
    pub connections: usize,
    /// Open WebSockets of one address. Default: 256.
    pub connections_per_address: usize,
    /// Rooms that one address created and that still exist. Default: 64.
    pub rooms_per_address: usize,
    /// Public rooms that one address created and that still exist. They are among
    /// [`rooms_per_address`](Self::rooms_per_address). Default: 16. With 0 this server has no public rooms.
    pub public_rooms_per_address: usize,
    /// Requests of one address for a page of the list of public rooms, per minute. Default: 120, 30
    /// at once.
    pub lists_per_address: Rate,
    /// How many peers a room keeps out, by key and address. When there are as many, the room is closed for good. Default:
    /// 64.
    pub bans_per_room: usize,
    /// New WebSockets of one address, per second. Default: 20, 100 at once. Of connections, twice as many are
    /// accepted; more are cut off unread.
    pub connects_per_address: Rate,
    /// Refused joins of one address, per minute, which limits guessing. Counted before a join is checked, and not if
    /// it succeeds. Default: 30, 30 at once.
    pub failures_per_address: Rate,
    /// Joins of one address that created a room under a code of their own choice, per minute: each shows that there
    /// was no such room. Default: 64, 64 at once.
    pub creations_per_address: Rate,
    /// Joins of one room that all addresses together guess wrong, code or password, per minute. Who holds a resume
    /// token still resumes. Default: 60, 120 at once.
    pub failures_per_room: Rate,
    /// Passwords that wait to be hashed or are being hashed. Default: 64.
    pub hashes: usize,
    /// Passwords of one address that wait to be hashed or are being hashed. Default: 16.
    pub hashes_per_address: usize,
    /// Passwords of one address, right or wrong, per minute, for each of which the server works tens of milliseconds.
    /// Default: 120, 120 at once.
    pub passwords_per_address: Rate,
    /// TURN credentials of one address, per minute, apart from new ones for members that have one. Members beyond that
    /// play without TURN until there is one for them. Default: 60, 120 at once.
    pub credentials_per_address: Rate,
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
    /// How many relayed datagrams of one sender may wait for one receiver. Beyond that its oldest is dropped.
    /// Default: 64, which is a second of a match.
    pub relay_queue_datagrams: usize,
    /// How many bytes of relayed reliable packets of one sender may wait for one receiver. Beyond that its packets
    /// are dropped, and the link between the peers sends them again. Default: 128 KiB.
    pub relay_queue_bytes: usize,
    /// How many bytes of signals and relayed packets may wait for all connections of one address. Beyond that one of
    /// each sender waits for each receiver, and the others are dropped. Default: 32 MiB.
    pub waiting_bytes_per_address: usize,
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
            handshakes: 4_096,
            handshakes_per_address: 64,
            connections: 100_000,
            connections_per_address: 256,
            rooms_per_address: 64,
            public_rooms_per_address: 16,
            lists_per_address: Rate::new(120, 30),
            bans_per_room: 64,
            connects_per_address: Rate::new(20, 100),
            failures_per_address: Rate::new(30, 30),
            creations_per_address: Rate::new(64, 64),
            failures_per_room: Rate::new(60, 120),
            hashes: 64,
            hashes_per_address: 16,
            passwords_per_address: Rate::new(120, 120),
            credentials_per_address: Rate::new(60, 120),
            messages: Rate::new(50, 400),
            messages_per_address: Rate::new(1_000, 4_000),
            packets: Rate::new(2_000, 2_000),
            packets_per_address: Rate::new(20_000, 20_000),
            bytes: Rate::new(1 << 20, 1 << 20),
            bytes_per_address: Rate::new(8 << 20, 8 << 20),
            relay_queue_datagrams: 64,
            relay_queue_bytes: 128 * 1024,
            waiting_bytes_per_address: 32 << 20,
        }
    }
}
