use bytemuck::{Pod, Zeroable};

use crate::limits::MAX_DATAGRAM_BYTES;

/// The version of the datagram layout, the first byte of every datagram.
pub const DATAGRAM_VERSION: u8 = 1;

/// What stands before the payload of every datagram between two peers: 12 bytes, little endian, no
/// padding.
///
/// | bytes | field | meaning |
/// | --- | --- | --- |
/// | 0 | `version` | [`DATAGRAM_VERSION`] |
/// | 1 | `kind` | a [`DatagramKind`] |
/// | 2..4 | `epoch` | the match the payload belongs to |
/// | 4..6 | `sequence` | counts the datagrams of this direction of the link, wrapping |
/// | 6..8 | `sent` | the sender's clock in units of 250 µs, wrapping after 16.4 s |
/// | 8..10 | `ack` | the highest `sequence` received |
/// | 10..12 | `ack_delay` | how long ago that one came, in units of 250 µs; [`Self::NO_ACK`]: none came |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct DatagramHeader {
    version: u8,
    kind: u8,
    epoch: [u8; 2],
    sequence: [u8; 2],
    sent: [u8; 2],
    ack: [u8; 2],
    ack_delay: [u8; 2],
}

/// What the payload of a datagram is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DatagramKind {
    /// Nothing: the datagram keeps the link and its estimates alive.
    KeepAlive = 0,
    /// Messages of the match.
    Match = 1,
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
    /// `ack_delay` of a sender that has not received anything yet.
    pub const NO_ACK: u16 = u16::MAX;

    /// A header of this version.
    pub fn new(
        kind: DatagramKind,
        epoch: u16,
        sequence: u16,
        sent: u16,
        ack: u16,
        ack_delay: u16,
    ) -> Self {
        Self {
            version: DATAGRAM_VERSION,
            kind: kind as u8,
            epoch: epoch.to_le_bytes(),
            sequence: sequence.to_le_bytes(),
            sent: sent.to_le_bytes(),
            ack: ack.to_le_bytes(),
            ack_delay: ack_delay.to_le_bytes(),
        }
    }

    /// The header and the payload of a datagram.
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
            other => return Err(DatagramError::Kind(other)),
        };
        Ok((header, kind, payload))
    }

    /// The match that the payload belongs to.
    pub fn epoch(&self) -> u16 {
        u16::from_le_bytes(self.epoch)
    }

    /// The number of this datagram in its direction.
    pub fn sequence(&self) -> u16 {
        u16::from_le_bytes(self.sequence)
    }

    /// When it was sent, on the sender's clock, in units of 250 µs.
    pub fn sent(&self) -> u16 {
        u16::from_le_bytes(self.sent)
    }

    /// The highest sequence that the sender had received, and how many units of 250 µs ago.
    pub fn ack(&self) -> Option<(u16, u16)> {
        let delay = u16::from_le_bytes(self.ack_delay);
        (delay != Self::NO_ACK).then_some((u16::from_le_bytes(self.ack), delay))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_twelve_bytes_in_little_endian() {
        let header = DatagramHeader::new(DatagramKind::Match, 0x0102, 0x0304, 0x0506, 0x0708, 9);
        assert_eq!(bytemuck::bytes_of(&header), &[1, 1, 2, 1, 4, 3, 6, 5, 8, 7, 9, 0]);
        let (read, kind, payload) =
            DatagramHeader::split(&[1, 1, 2, 1, 4, 3, 6, 5, 8, 7, 9, 0, 42]).unwrap();
        assert_eq!((read, kind, payload), (header, DatagramKind::Match, &[42][..]));
        assert_eq!(read.ack(), Some((0x0708, 9)));
    }

    #[test]
    fn what_is_not_a_datagram_is_refused_with_the_reason() {
        let with = |version, kind| {
            let mut bytes = [0; DatagramHeader::BYTES];
            (bytes[0], bytes[1]) = (version, kind);
            DatagramHeader::split(&bytes).map(|_| ())
        };
        assert_eq!(with(1, 0), Ok(()));
        assert_eq!(with(2, 0), Err(DatagramError::Version(2)));
        assert_eq!(with(1, 9), Err(DatagramError::Kind(9)));
        assert_eq!(DatagramHeader::split(&[1; 11]), Err(DatagramError::Truncated(11)));
        assert_eq!(DatagramHeader::split(&[1; 1201]), Err(DatagramError::TooLong(1201)));
    }
}
