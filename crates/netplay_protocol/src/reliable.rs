//! The header of reliable messages between two peers.

use crate::limits::MAX_CONTROL_BYTES;

/// The header of every reliable message between two peers: 18 bytes, little endian. The message follows.
///
/// | bytes | field | meaning |
/// | --- | --- | --- |
/// | 0..2 | version | [`ReliableHeader::VERSION`] |
/// | 2..6 | `sequence` | counts the messages of this direction of the link from 1; 0: no message follows, the packet only acknowledges |
/// | 6..10 | `ack` | the number up to which the sender has received every message |
/// | 10..14 | `from` | the sender's incarnation |
/// | 14..18 | `to` | the incarnation that the packet is for; 0: the sender has received nothing from the receiver |
///
/// A path is reliable and ordered while it is open. The numbers serve when it closes: the sender sends messages
/// that were not acknowledged again on the next path, and the receiver drops those that it has already.
///
/// An incarnation is a random number other than 0, which a peer keeps as long as its process is in the room. A process
/// that restarted has another one. Numbers and acknowledgements then begin again, and both sides drop packets from
/// and for the previous incarnation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReliableHeader {
    /// The number of the message that follows; 0 if none follows.
    pub sequence: u32,
    /// The number up to which the sender has received every message of the other direction.
    pub ack: u32,
    /// The sender's incarnation.
    pub from: u32,
    /// The incarnation of the receiver; 0 if the sender knows none.
    pub to: u32,
}

/// The bytes are not a reliable message of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReliableError {
    /// Of another version.
    #[error(
        "the other player's game speaks protocol version {0}, this one version {version}: update the older one",
        version = ReliableHeader::VERSION
    )]
    Version(u16),
    /// Shorter than the header, or longer than [`MAX_CONTROL_BYTES`].
    #[error("a reliable packet of {0} bytes")]
    Size(usize),
}

impl ReliableHeader {
    /// The version of the protocol between peers.
    pub const VERSION: u16 = 6;
    /// The size of the header, in bytes.
    pub const BYTES: usize = 18;

    /// The header followed by the message: a packet as it is sent.
    #[must_use = "the packet is not sent"]
    pub fn packet(self, message: &[u8]) -> Vec<u8> {
        let mut packet = Vec::with_capacity(Self::BYTES + message.len());
        packet.extend_from_slice(&Self::VERSION.to_le_bytes());
        for field in [self.sequence, self.ack, self.from, self.to] {
            packet.extend_from_slice(&field.to_le_bytes());
        }
        packet.extend_from_slice(message);
        packet
    }

    /// Splits a packet into its header and its message. Reads the version first, so that a peer of another version
    /// is refused for its version and not for its layout.
    ///
    /// # Errors
    ///
    /// [`ReliableError`] where the bytes are not a packet of this version.
    pub fn split(packet: &[u8]) -> Result<(Self, &[u8]), ReliableError> {
        let size = || ReliableError::Size(packet.len());
        let (version, rest) = packet.split_first_chunk().ok_or_else(size)?;
        let version = u16::from_le_bytes(*version);
        if version != Self::VERSION {
            return Err(ReliableError::Version(version));
        }
        let (fields, message) = rest.split_first_chunk::<16>().ok_or_else(size)?;
        if packet.len() > MAX_CONTROL_BYTES {
            return Err(size());
        }
        let field = |at: usize| {
            u32::from_le_bytes([fields[at], fields[at + 1], fields[at + 2], fields[at + 3]])
        };
        let header = Self { sequence: field(0), ack: field(4), from: field(8), to: field(12) };
        Ok((header, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_packet_is_split_into_what_it_was_made_of() {
        let header = ReliableHeader { sequence: 0x0102, ack: 7, from: 0x0304, to: 9 };
        let packet = header.packet(b"hi");
        let fields = [2, 1, 0, 0, 7, 0, 0, 0, 4, 3, 0, 0, 9, 0, 0, 0];
        assert_eq!(packet, [&[6, 0], &fields[..], b"hi"].concat());
        assert_eq!(ReliableHeader::split(&packet), Ok((header, &b"hi"[..])));
    }

    #[test]
    fn another_version_is_refused_before_anything_else_is_read() {
        assert_eq!(ReliableHeader::split(&[1, 0]), Err(ReliableError::Version(1)));
        for length in (0..2).chain(2..ReliableHeader::BYTES) {
            let packet = [&ReliableHeader::VERSION.to_le_bytes()[..], &[0; 16]].concat();
            assert_eq!(ReliableHeader::split(&packet[..length]), Err(ReliableError::Size(length)));
        }
        let header = ReliableHeader { sequence: 1, ack: 0, from: 1, to: 0 };
        let huge = header.packet(&[0; MAX_CONTROL_BYTES]);
        assert_eq!(ReliableHeader::split(&huge), Err(ReliableError::Size(huge.len())));
    }
}
