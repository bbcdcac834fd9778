//! The packets that messages of a game travel in.

use serde::{Deserialize, Serialize, Serializer};

use crate::datagram::DATAGRAM_VERSION;
use crate::limits::MAX_DATAGRAM_BYTES;

/// The most ranges in an acknowledgement.
pub const MAX_ACK_RANGES: usize = 48;

/// A packet with parts of messages: a header of 18 bytes, little endian, and [frames](MessageFrame) in postcard until it
/// ends.
///
/// | bytes | field | meaning |
/// | --- | --- | --- |
/// | 0 | version | [`DATAGRAM_VERSION`] |
/// | 1 | kind | [`MessagePacket::KIND`], which no [`DatagramKind`](crate::DatagramKind) has |
/// | 2..4 | `from` | the lower half of the sender's incarnation |
/// | 4..6 | `to` | the lower half of the receiver's incarnation |
/// | 6..14 | `number` | counts the packets of this direction of the link, whatever path they take; none is sent twice |
/// | 14..18 | `sent` | the sender's clock in µs, wrapping |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessagePacket {
    /// The lower half of the sender's incarnation.
    pub from: u16,
    /// The lower half of the receiver's incarnation.
    pub to: u16,
    /// The number of the packet.
    pub number: u64,
    /// When the sender sent it, on its own clock, in µs, wrapping.
    pub sent: u32,
}

/// One part of a packet. The order of the variants is part of the format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageFrame<'a> {
    /// Packets of the receiver that the sender has.
    Ack(MessageAck),
    /// Bytes of a stream of reliable messages.
    #[serde(borrow)]
    Chunk(MessageChunk<'a>),
    /// A whole message of which only the latest counts.
    #[serde(borrow)]
    Latest(MessageLatest<'a>),
}

/// Which packets were received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageAck {
    /// The received packet with the highest number.
    pub largest: u64,
    /// The receiver's clock when that one arrived, less its `sent`, in µs, wrapping: its one-way delay, but for the
    /// unknown difference of the two clocks.
    pub delay: u32,
    /// Whether the receiver takes further bytes of streams. If not, the sender sends no new ones but a packet now and
    /// then.
    pub ready: bool,
    /// The received packets: from the highest number down, at most [`MAX_ACK_RANGES`] ranges. Those below the last one
    /// may have been received as well.
    pub ranges: Vec<AckRange>,
}

/// Consecutive packets that were received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AckRange {
    /// How many packets between the range before and this one are missing; 0 for the first range, which ends with
    /// [`MessageAck::largest`].
    pub gap: u64,
    /// How many packets there are, at least 1.
    pub length: u64,
}

/// Bytes of a stream. The reliable messages of a type are one stream: each is its length on the way and its length
/// before compression (0: it is not compressed), in 4 bytes each, little endian, and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageChunk<'a> {
    /// The number of the type, in the sender's [`MessageTypes`](crate::MessageTypes).
    pub message_type: u8,
    /// Where in the stream the bytes begin.
    pub offset: u64,
    /// The bytes.
    #[serde(borrow, serialize_with = "as_bytes")]
    pub bytes: &'a [u8],
}

/// A whole message of a type of which only the latest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageLatest<'a> {
    /// The number of the type, in the sender's [`MessageTypes`](crate::MessageTypes).
    pub message_type: u8,
    /// Counts the messages of the type from 1.
    pub sequence: u64,
    /// The message.
    #[serde(borrow, serialize_with = "as_bytes")]
    pub bytes: &'a [u8],
}

/// Writes bytes at once, and not one after the other.
fn as_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

/// The bytes are not a packet of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessagePacketError {
    /// Shorter than the header, or longer than a datagram.
    #[error("a packet of messages of {0} bytes")]
    Size(usize),
    /// Of another version or kind.
    #[error("no packet of messages")]
    Kind,
    /// A frame is malformed.
    #[error("a malformed frame in a packet of messages")]
    Frame,
}

impl MessagePacket {
    /// The second byte of every packet.
    pub const KIND: u8 = 3;
    /// The size of the header, in bytes.
    pub const BYTES: usize = 18;
    /// The most bytes that a [`MessageChunk`] takes besides its own: its variant, type, offset and length.
    pub const CHUNK_BYTES: usize = 1 + 1 + 10 + 2;

    /// Whether a datagram is a packet of messages, of whatever version.
    pub fn is(datagram: &[u8]) -> bool {
        datagram.get(1) == Some(&Self::KIND)
    }

    /// Begins a packet: frames are appended.
    #[must_use = "the packet is not sent"]
    pub fn header(self) -> Vec<u8> {
        let mut packet = Vec::with_capacity(MAX_DATAGRAM_BYTES);
        packet.extend_from_slice(&[DATAGRAM_VERSION, Self::KIND]);
        packet.extend_from_slice(&self.from.to_le_bytes());
        packet.extend_from_slice(&self.to.to_le_bytes());
        packet.extend_from_slice(&self.number.to_le_bytes());
        packet.extend_from_slice(&self.sent.to_le_bytes());
        packet
    }

    /// Splits a packet into its header and its frames.
    ///
    /// # Errors
    ///
    /// [`MessagePacketError`] where the bytes do not begin with a header of this version.
    pub fn split(packet: &[u8]) -> Result<(Self, &[u8]), MessagePacketError> {
        let size = || MessagePacketError::Size(packet.len());
        if packet.len() > MAX_DATAGRAM_BYTES {
            return Err(size());
        }
        let (head, frames) = packet.split_first_chunk::<{ Self::BYTES }>().ok_or_else(size)?;
        let [version, kind, f0, f1, t0, t1, n0, n1, n2, n3, n4, n5, n6, n7, s0, s1, s2, s3] = *head;
        if [version, kind] != [DATAGRAM_VERSION, Self::KIND] {
            return Err(MessagePacketError::Kind);
        }
        let header = Self {
            from: u16::from_le_bytes([f0, f1]),
            to: u16::from_le_bytes([t0, t1]),
            number: u64::from_le_bytes([n0, n1, n2, n3, n4, n5, n6, n7]),
            sent: u32::from_le_bytes([s0, s1, s2, s3]),
        };
        Ok((header, frames))
    }
}

impl<'a> MessageFrame<'a> {
    /// Appends the frame to a packet.
    pub fn push(&self, packet: Vec<u8>) -> Vec<u8> {
        // Writing to memory does not fail, and what is empty is no packet.
        postcard::to_extend(self, packet).unwrap_or_default()
    }

    /// Takes the next frame from the frames of a packet; none at the end.
    ///
    /// # Errors
    ///
    /// [`MessagePacketError::Frame`] if what follows is no frame.
    pub fn take(frames: &mut &'a [u8]) -> Result<Option<Self>, MessagePacketError> {
        if frames.is_empty() {
            return Ok(None);
        }
        let (frame, rest) =
            postcard::take_from_bytes::<Self>(frames).map_err(|_| MessagePacketError::Frame)?;
        if let Self::Ack(ack) = &frame
            && !ack.is_sound()
        {
            return Err(MessagePacketError::Frame);
        }
        *frames = rest;
        Ok(Some(frame))
    }
}

impl MessageAck {
    /// The ranges as first and last number, from the highest down.
    pub fn ranges(&self) -> impl Iterator<Item = (u64, u64)> {
        let mut next = self.largest;
        self.ranges.iter().map(move |range| {
            let last = next.wrapping_sub(range.gap);
            let first = last.wrapping_sub(range.length.wrapping_sub(1));
            next = first.wrapping_sub(1);
            (first, last)
        })
    }

    /// Whether there are ranges, not too many, and none of them reaches below 0.
    fn is_sound(&self) -> bool {
        let mut left = Some(self.largest);
        let fits = self.ranges.iter().enumerate().all(|(place, range)| {
            let gap_fits = (place == 0) == (range.gap == 0);
            let first = left
                .and_then(|left| left.checked_sub(range.gap))
                .and_then(|last| last.checked_sub(range.length.checked_sub(1)?));
            // Nothing may follow a range that begins at 0.
            left = first.and_then(|first| first.checked_sub(1));
            gap_fits && first.is_some()
        });
        fits && (1..=MAX_ACK_RANGES).contains(&self.ranges.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn ack(largest: u64, ranges: &[(u64, u64)]) -> MessageAck {
        let ranges = ranges.iter().map(|(gap, length)| AckRange { gap: *gap, length: *length });
        MessageAck { largest, delay: 7, ready: true, ranges: ranges.collect() }
    }

    #[test]
    fn a_packet_is_split_into_what_it_was_made_of() {
        let header = MessagePacket { from: 0x0102, to: 0x0304, number: 0x0506, sent: 0x0708_090a };
        let frames = [
            MessageFrame::Ack(ack(9, &[(0, 2), (1, 3)])),
            MessageFrame::Chunk(MessageChunk { message_type: 1, offset: 300, bytes: b"abc" }),
            MessageFrame::Latest(MessageLatest { message_type: 2, sequence: 1, bytes: b"" }),
        ];
        let packet = frames.iter().fold(header.header(), |packet, frame| frame.push(packet));
        assert_eq!(packet[..10], [DATAGRAM_VERSION, 3, 2, 1, 4, 3, 6, 5, 0, 0]);
        assert!(MessagePacket::is(&packet));
        let (read, mut rest) = MessagePacket::split(&packet).unwrap();
        assert_eq!(read, header);
        for frame in frames {
            assert_eq!(MessageFrame::take(&mut rest), Ok(Some(frame)));
        }
        assert_eq!(MessageFrame::take(&mut rest), Ok(None));
    }

    #[test]
    fn a_chunk_takes_no_more_than_is_reckoned() {
        let bytes = [0; 1200];
        let chunk = MessageChunk { message_type: 255, offset: u64::MAX, bytes: &bytes };
        let packet = MessageFrame::Chunk(chunk).push(Vec::new());
        assert!(packet.len() - bytes.len() <= MessagePacket::CHUNK_BYTES, "{}", packet.len());
    }

    #[test]
    fn ranges_are_read_from_the_highest_number_down() {
        let ranges: Vec<_> = ack(9, &[(0, 2), (1, 3), (2, 1)]).ranges().collect();
        assert_eq!(ranges, [(8, 9), (4, 6), (1, 1)]);
    }

    #[test]
    fn what_is_no_packet_or_no_acknowledgement_is_refused() {
        assert_eq!(MessagePacket::split(&[]), Err(MessagePacketError::Size(0)));
        assert_eq!(MessagePacket::split(&[2; 1201]), Err(MessagePacketError::Size(1201)));
        assert_eq!(MessagePacket::split(&[2; 18]), Err(MessagePacketError::Kind));
        let take = |mut bytes: &[u8]| MessageFrame::take(&mut bytes).map(|_| ());
        assert_eq!(take(&[9]), Err(MessagePacketError::Frame));
        for bad in [
            ack(1, &[]),
            ack(1, &[(0, 0)]),
            ack(1, &[(1, 1)]),
            ack(1, &[(0, 3)]),
            ack(5, &[(0, 1), (0, 1)]),
            ack(0, &[(0, 1), (u64::MAX, 1)]),
            ack(900, &[(0, 1); 49]),
            ack(900, &[(0, u64::MAX), (1, u64::MAX)]),
        ] {
            let bytes = MessageFrame::Ack(bad.clone()).push(Vec::new());
            assert_eq!(take(&bytes), Err(MessagePacketError::Frame), "{bad:?}");
        }
        for good in [ack(0, &[(0, 1)]), ack(1, &[(0, 2)]), ack(9, &[(0, 1), (8, 1)])] {
            assert_eq!(take(&MessageFrame::Ack(good).push(Vec::new())), Ok(()));
        }
    }
}
