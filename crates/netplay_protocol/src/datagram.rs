//! The header of unreliable datagrams between two peers.

use bytemuck::{Pod, Zeroable};

use crate::limits::MAX_DATAGRAM_BYTES;

/// The version of the datagram layout, the first byte of every datagram.
pub const DATAGRAM_VERSION: u8 = 7;

/// The header of every datagram between two peers: 16 bytes, little endian, without padding. The payload follows.
///
/// | bytes | field | meaning |
/// | --- | --- | --- |
/// | 0 | `version` | [`DATAGRAM_VERSION`] |
/// | 1 | `kind` | a [`DatagramKind`] |
/// | 2..4 | `epoch` | the match that the payload belongs to |
/// | 4..6 | `sequence` | counts the datagrams of this direction of the link, wrapping; a datagram that is sent on two paths has the same number on both |
/// | 6..8 | `incarnation` | the lower half of the sender's incarnation ([`ReliableHeader`](crate::ReliableHeader)) |
/// | 8..16 | `stamp` | a [`PathStamp`] of the path |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct DatagramHeader {
    version: u8,
    kind: u8,
    epoch: [u8; 2],
    sequence: [u8; 2],
    incarnation: [u8; 2],
    stamp: [[u8; 2]; 4],
}

/// The numbers and times from which both ends of a path measure its loss and round-trip time: 8 bytes, little
/// endian.
///
/// | bytes | field | meaning |
/// | --- | --- | --- |
/// | 0..2 | `sequence` | counts the datagrams of this direction of the path, wrapping: a gap is a loss |
/// | 2..4 | `sent` | the sender's clock in units of 250 µs, wrapping after 16.4 s |
/// | 4..6 | `ack` | the highest `sequence` received on the path |
/// | 6..8 | `ack_delay` | how long ago that datagram arrived, in units of 250 µs; [`Self::NO_ACK`]: none has arrived |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathStamp {
    /// The number of this datagram in its direction of the path.
    pub sequence: u16,
    /// When the sender sent it, on its own clock, in units of 250 µs, wrapping.
    pub sent: u16,
    /// The highest number that the sender has received on the path, and how long ago in units of 250 µs. None if
    /// it has received nothing.
    pub ack: Option<(u16, u16)>,
}

impl PathStamp {
    /// The `ack_delay` of a sender that has received nothing on the path.
    pub const NO_ACK: u16 = u16::MAX;
}

/// The kind of a datagram's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DatagramKind {
    /// No payload. The datagram keeps the path open and its measurements current.
    KeepAlive = 0,
    /// Messages of the match.
    Match = 1,
    /// A packet of the reliable channel ([`ReliableHeader`](crate::ReliableHeader)). The last message of a process
    /// travels this way as well: a reliable channel repeats what was lost only as long as the process lives.
    Reliable = 2,
}

/// The bytes are not a datagram of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatagramError {
    /// Shorter than the header.
    #[error("a datagram of {0} bytes is shorter than its header")]
    Truncated(usize),
    /// Longer than [`MAX_DATAGRAM_BYTES`].
    #[error("a datagram of {0} bytes is longer than {MAX_DATAGRAM_BYTES}")]
    TooLong(usize),
    /// Of another version.
    #[error(
        "the other player uses datagram version {0}, this game {DATAGRAM_VERSION}: update the older one"
    )]
    Version(u8),
    /// Of a kind that this version does not know.
    #[error("unknown datagram kind {0}")]
    Kind(u8),
}

impl DatagramHeader {
    /// The size of the header, in bytes.
    pub const BYTES: usize = size_of::<Self>();

    /// A header of this version.
    pub fn new(
        kind: DatagramKind,
        epoch: u16,
        sequence: u16,
        incarnation: u16,
        stamp: PathStamp,
    ) -> Self {
        let (ack, ack_delay) = stamp.ack.unwrap_or((0, PathStamp::NO_ACK));
        Self {
            version: DATAGRAM_VERSION,
            kind: kind as u8,
            epoch: epoch.to_le_bytes(),
            sequence: sequence.to_le_bytes(),
            incarnation: incarnation.to_le_bytes(),
            stamp: [stamp.sequence, stamp.sent, ack, ack_delay].map(u16::to_le_bytes),
        }
    }

    /// Splits a datagram into its header, its kind and its payload.
    ///
    /// # Errors
    ///
    /// [`DatagramError`] where the bytes are not a datagram of this version.
    pub fn split(datagram: &[u8]) -> Result<(Self, DatagramKind, &[u8]), DatagramError> {
        if datagram.len() > MAX_DATAGRAM_BYTES {
            return Err(DatagramError::TooLong(datagram.len()));
        }
        let Some((head, payload)) = datagram.split_at_checked(Self::BYTES) else {
            return Err(DatagramError::Truncated(datagram.len()));
        };
        let header: Self = bytemuck::pod_read_unaligned(head);
        if header.version != DATAGRAM_VERSION {
            return Err(DatagramError::Version(header.version));
        }
        let kind = match header.kind {
            0 => DatagramKind::KeepAlive,
            1 => DatagramKind::Match,
            2 => DatagramKind::Reliable,
            other => return Err(DatagramError::Kind(other)),
        };
        Ok((header, kind, payload))
    }

    /// The match that the payload belongs to.
    pub fn epoch(&self) -> u16 {
        u16::from_le_bytes(self.epoch)
    }

    /// The number of this datagram in its direction of the link.
    pub fn sequence(&self) -> u16 {
        u16::from_le_bytes(self.sequence)
    }

    /// The lower half of the sender's incarnation.
    pub fn incarnation(&self) -> u16 {
        u16::from_le_bytes(self.incarnation)
    }

    /// The stamp of the path that the datagram was sent on.
    pub fn stamp(&self) -> PathStamp {
        let [sequence, sent, ack, ack_delay] = self.stamp.map(u16::from_le_bytes);
        let ack = (ack_delay != PathStamp::NO_ACK).then_some((ack, ack_delay));
        PathStamp { sequence, sent, ack }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_header_is_sixteen_bytes_in_little_endian() {
        let stamp = PathStamp { sequence: 0x0506, sent: 0x0708, ack: Some((0x090a, 11)) };
        let header = DatagramHeader::new(DatagramKind::Match, 0x0102, 0x0304, 0x0c0d, stamp);
        let bytes = [DATAGRAM_VERSION, 1, 2, 1, 4, 3, 13, 12, 6, 5, 8, 7, 10, 9, 11, 0];
        assert_eq!(bytemuck::bytes_of(&header), &bytes);
        let datagram = [&bytes[..], &[42]].concat();
        let (read, kind, payload) = DatagramHeader::split(&datagram).unwrap();
        assert_eq!((read, kind, payload), (header, DatagramKind::Match, &[42][..]));
        assert_eq!((read.epoch(), read.sequence(), read.stamp()), (0x0102, 0x0304, stamp));
        assert_eq!(read.incarnation(), 0x0c0d);
        let nothing_yet = PathStamp { ack: None, ..stamp };
        let header = DatagramHeader::new(DatagramKind::Match, 1, 1, 1, nothing_yet);
        assert_eq!(header.stamp(), nothing_yet);
    }

    #[test]
    fn what_is_not_a_datagram_is_refused_with_the_reason() {
        let with = |version, kind| {
            let mut bytes = [0; DatagramHeader::BYTES];
            (bytes[0], bytes[1]) = (version, kind);
            DatagramHeader::split(&bytes).map(|_| ())
        };
        assert_eq!(with(DATAGRAM_VERSION, 0), Ok(()));
        assert_eq!(with(5, 0), Err(DatagramError::Version(5)));
        assert_eq!(with(DATAGRAM_VERSION, 9), Err(DatagramError::Kind(9)));
        assert_eq!(
            DatagramHeader::split(&[DATAGRAM_VERSION; 15]),
            Err(DatagramError::Truncated(15))
        );
        assert_eq!(
            DatagramHeader::split(&[DATAGRAM_VERSION; 1201]),
            Err(DatagramError::TooLong(1201))
        );
    }
}
