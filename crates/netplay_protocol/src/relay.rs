//! The header of packets that the server relays between two peers.

use bytemuck::{Pod, Zeroable};

use crate::PeerKey;
use crate::limits::{MAX_CONTROL_BYTES, MAX_DATAGRAM_BYTES};

/// The header of a packet that the server relays from one peer of a room to another: 18 bytes. The packet follows.
/// Both together are one binary message on the signaling WebSocket.
///
/// | bytes | field | meaning |
/// | --- | --- | --- |
/// | 0 | version | [`RelayHeader::VERSION`] |
/// | 1 | channel | a [`RelayChannel`] |
/// | 2..18 | peer | to the server: the receiver; from the server: the sender, set by the server |
///
/// The server does not read the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct RelayHeader {
    version: u8,
    channel: u8,
    peer: [u8; 16],
}

/// How the server relays a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RelayChannel {
    /// For a slow receiver the server drops the sender's oldest packet. At most [`MAX_DATAGRAM_BYTES`].
    Datagram = 0,
    /// For a slow receiver the server drops what exceeds the sender's share of its queue. What arrives is in order. At
    /// most [`MAX_CONTROL_BYTES`].
    Reliable = 1,
}

/// The bytes are not a relayed packet of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// Shorter than the header.
    #[error("a relayed packet of {0} bytes is shorter than its header")]
    Truncated(usize),
    /// Longer than its channel allows.
    #[error("a relayed packet of {0} bytes is longer than its channel allows")]
    TooLong(usize),
    /// Of another version.
    #[error("relay version {0} instead of {version}", version = RelayHeader::VERSION)]
    Version(u8),
    /// On a channel that this version does not know.
    #[error("unknown relay channel {0}")]
    Channel(u8),
}

impl RelayHeader {
    /// The version of this layout, the first byte of every relayed packet.
    pub const VERSION: u8 = 1;
    /// The size of the header, in bytes.
    pub const BYTES: usize = size_of::<Self>();

    /// A header of this version. `peer` is the receiver in a packet to the server, and the sender in a packet from
    /// the server.
    pub fn new(channel: RelayChannel, peer: PeerKey) -> Self {
        Self { version: Self::VERSION, channel: channel as u8, peer: peer.to_bytes() }
    }

    /// The header followed by the packet: a frame as it is sent.
    #[must_use = "the frame is not sent"]
    pub fn frame(self, packet: &[u8]) -> Vec<u8> {
        let mut frame = Vec::with_capacity(Self::BYTES + packet.len());
        frame.extend_from_slice(bytemuck::bytes_of(&self));
        frame.extend_from_slice(packet);
        frame
    }

    /// Splits a frame into its channel, its peer and its packet.
    ///
    /// # Errors
    ///
    /// [`RelayError`] where the bytes are not a frame of this version, or the packet is too long for its channel.
    pub fn split(frame: &[u8]) -> Result<(RelayChannel, PeerKey, &[u8]), RelayError> {
        let Some((head, packet)) = frame.split_at_checked(Self::BYTES) else {
            return Err(RelayError::Truncated(frame.len()));
        };
        let header: Self = bytemuck::pod_read_unaligned(head);
        if header.version != Self::VERSION {
            return Err(RelayError::Version(header.version));
        }
        let (channel, most) = match header.channel {
            0 => (RelayChannel::Datagram, MAX_DATAGRAM_BYTES),
            1 => (RelayChannel::Reliable, MAX_CONTROL_BYTES),
            other => return Err(RelayError::Channel(other)),
        };
        if packet.len() > most {
            return Err(RelayError::TooLong(packet.len()));
        }
        Ok((channel, PeerKey::from_bytes(header.peer), packet))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_frame_is_split_into_what_it_was_made_of() {
        let peer = PeerKey::from_bytes([7; 16]);
        let frame = RelayHeader::new(RelayChannel::Reliable, peer).frame(b"hello");
        assert_eq!(frame.len(), RelayHeader::BYTES + 5);
        assert_eq!(frame[..3], [1, 1, 7]);
        assert_eq!(RelayHeader::split(&frame), Ok((RelayChannel::Reliable, peer, &b"hello"[..])));
    }

    #[test]
    fn what_is_no_frame_is_refused_with_the_reason() {
        let frame = |channel, length| {
            let header = RelayHeader::new(channel, PeerKey::from_bytes([7; 16]));
            header.frame(&vec![0; length])
        };
        let refused = |frame: &[u8]| RelayHeader::split(frame).unwrap_err();
        assert_eq!(refused(&[]), RelayError::Truncated(0));
        assert_eq!(refused(&[1; 17]), RelayError::Truncated(17));
        assert_eq!(refused(&[2; 18]), RelayError::Version(2));
        let mut unknown = frame(RelayChannel::Datagram, 1);
        unknown[1] = 2;
        assert_eq!(refused(&unknown), RelayError::Channel(2));
        assert!(RelayHeader::split(&frame(RelayChannel::Datagram, MAX_DATAGRAM_BYTES)).is_ok());
        let long = frame(RelayChannel::Datagram, MAX_DATAGRAM_BYTES + 1);
        assert_eq!(refused(&long), RelayError::TooLong(MAX_DATAGRAM_BYTES + 1));
        let long = frame(RelayChannel::Reliable, MAX_CONTROL_BYTES + 1);
        assert_eq!(refused(&long), RelayError::TooLong(MAX_CONTROL_BYTES + 1));
    }
}
