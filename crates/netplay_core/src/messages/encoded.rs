//! A message as it travels: its length, its length before compression, and its bytes.

use std::sync::Arc;

use netplay_protocol::{MessageDelivery, MessageType};

use super::MessageError;

/// From this length on, compression is tried, in bytes.
const COMPRESS_FROM: usize = 512;
/// A message travels compressed if that makes it shorter by at least one part in so many.
const WORTH: usize = 16;

/// The bytes before each message in its stream: its length on the way, and that before compression.
pub(super) const HEADER_BYTES: usize = 8;

/// A message that was made ready to be sent, to one peer or to several: they share its bytes.
#[derive(Clone, Debug)]
pub struct EncodedMessage {
    /// How long it is before compression.
    length: usize,
    /// 0 if it is not compressed.
    compressed_from: u32,
    bytes: Arc<[u8]>,
}

impl EncodedMessage {
    /// Makes a message of a type ready. A long one that is reliable is compressed (LZ4) if that makes it shorter.
    ///
    /// # Errors
    ///
    /// [`MessageError::TooLong`] if it is longer than its type allows.
    pub fn new(message_type: &MessageType, message: Vec<u8>) -> Result<Self, MessageError> {
        let (length, most) = (message.len(), message_type.max_bytes);
        if length > most as usize {
            return Err(MessageError::TooLong { bytes: length, most });
        }
        let compresses = message_type.delivery == MessageDelivery::Reliable;
        if let Ok(compressed_from) = u32::try_from(length)
            && length >= COMPRESS_FROM
            && compresses
        {
            let compressed = lz4_flex::block::compress(&message);
            if compressed.len() < length - length / WORTH {
                return Ok(Self { length, compressed_from, bytes: compressed.into() });
            }
        }
        Ok(Self { length, compressed_from: 0, bytes: message.into() })
    }

    /// How many bytes the message has before compression.
    pub fn message_bytes(&self) -> usize {
        self.length
    }

    /// How many bytes it has on the way.
    pub fn wire_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The message as it travels in a packet of its own.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes of a stream it takes.
    pub(super) fn stream_bytes(&self) -> u64 {
        (HEADER_BYTES + self.bytes.len()) as u64
    }

    /// Appends bytes of what it is in a stream: from `from` on, at most so many.
    pub(super) fn append(&self, from: u64, most: usize, to: &mut Vec<u8>) {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let end = from.saturating_add(most);
        let header = StreamHeader {
            length: u32::try_from(self.bytes.len()).unwrap_or(u32::MAX),
            compressed_from: self.compressed_from,
        };
        let header = header.to_bytes();
        if let Some(part) = header.get(from..end.min(HEADER_BYTES)) {
            to.extend_from_slice(part);
        }
        let (start, end) =
            (from.max(HEADER_BYTES) - HEADER_BYTES, end.max(HEADER_BYTES) - HEADER_BYTES);
        if let Some(part) = self.bytes.get(start..end.min(self.bytes.len())) {
            to.extend_from_slice(part);
        }
    }
}

/// What stands before a message in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StreamHeader {
    /// How many bytes follow.
    pub(super) length: u32,
    /// How many they are before compression; 0 if they are not compressed.
    pub(super) compressed_from: u32,
}

impl StreamHeader {
    fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let [a, b, c, d] = self.length.to_le_bytes();
        let [e, f, g, h] = self.compressed_from.to_le_bytes();
        [a, b, c, d, e, f, g, h]
    }

    pub(super) fn from_bytes([a, b, c, d, e, f, g, h]: [u8; HEADER_BYTES]) -> Self {
        Self {
            length: u32::from_le_bytes([a, b, c, d]),
            compressed_from: u32::from_le_bytes([e, f, g, h]),
        }
    }

    /// Whether a message like that may come, of a type whose messages have at most so many bytes.
    pub(super) fn is_allowed(self, max_bytes: u32) -> bool {
        let is_shorter = self.compressed_from == 0 || self.length < self.compressed_from;
        self.length <= max_bytes && self.compressed_from <= max_bytes && is_shorter
    }
}

/// A message that has arrived, as it travelled.
#[derive(Debug)]
pub(super) struct Arrived {
    /// 0 if it is not compressed.
    pub(super) compressed_from: u32,
    pub(super) bytes: Vec<u8>,
}

impl Arrived {
    /// How many bytes the message has once it is decoded, if it is what it claims.
    pub(super) fn message_bytes(&self) -> usize {
        self.bytes.len().max(self.compressed_from as usize)
    }

    /// The message. None if it is not what was compressed to it: then no more memory was taken than it had claimed,
    /// which [`StreamHeader::is_allowed`].
    pub(super) fn decode(self) -> Option<Vec<u8>> {
        if self.compressed_from == 0 {
            return Some(self.bytes);
        }
        let length = self.compressed_from as usize;
        let mut message = vec![0; length];
        let written = lz4_flex::block::decompress_into(&self.bytes, &mut message).ok()?;
        (written == length).then_some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn reliable() -> MessageType {
        let delivery = MessageDelivery::Reliable;
        MessageType { name: "test".into(), version: 1, delivery, max_bytes: 100_000 }
    }

    fn through(message: &[u8]) -> (usize, Option<Vec<u8>>) {
        let encoded = EncodedMessage::new(&reliable(), message.to_vec()).unwrap();
        let mut stream = Vec::new();
        // In pieces of which one ends in the header.
        let mut from = 0;
        for most in [3, 7, usize::MAX / 2] {
            encoded.append(from, most, &mut stream);
            from = stream.len() as u64;
        }
        assert_eq!(encoded.stream_bytes(), stream.len() as u64);
        let (header, bytes) = stream.split_first_chunk().unwrap();
        let header = StreamHeader::from_bytes(*header);
        assert!(header.is_allowed(message.len() as u32));
        assert_eq!(header.length as usize, bytes.len());
        let arrived = Arrived { compressed_from: header.compressed_from, bytes: bytes.to_vec() };
        (encoded.wire_bytes(), arrived.decode())
    }

    #[test]
    fn a_message_comes_back_and_a_long_one_is_compressed_if_that_is_worth_it() {
        for length in [0, 1, COMPRESS_FROM - 1, COMPRESS_FROM, 100_000] {
            let even = vec![7; length];
            let (on_the_way, back) = through(&even);
            assert_eq!(back, Some(even));
            assert_eq!(on_the_way < length, length >= COMPRESS_FROM, "{length}");
        }
        let noise: Vec<u8> =
            (0..4000u64).flat_map(|n| seahash::hash(&n.to_le_bytes()).to_le_bytes()).collect();
        assert_eq!(through(&noise), (noise.len(), Some(noise.clone())));
    }

    #[test]
    fn a_message_that_is_longer_than_its_type_allows_is_refused() {
        let refused = EncodedMessage::new(&reliable(), vec![0; 100_001]).unwrap_err();
        assert_eq!(refused, MessageError::TooLong { bytes: 100_001, most: 100_000 });
    }

    #[test]
    fn a_message_of_which_only_the_latest_counts_is_not_compressed() {
        let latest = MessageType { delivery: MessageDelivery::Latest, ..reliable() };
        assert_eq!(EncodedMessage::new(&latest, vec![7; 1000]).unwrap().bytes(), [7; 1000]);
    }

    #[test]
    fn what_claims_another_length_than_it_has_is_no_message() {
        let compressed = lz4_flex::block::compress(&[7; 100_000]);
        for claimed in [100, 99_999, 100_001] {
            let arrived = Arrived { compressed_from: claimed, bytes: compressed.clone() };
            assert_eq!(arrived.decode(), None, "{claimed}");
        }
        let garbage = Arrived { compressed_from: 1000, bytes: vec![0xff; 100] };
        assert_eq!(garbage.decode(), None);
    }

    #[test]
    fn a_header_may_claim_no_more_than_the_type_allows() {
        let header = |length, compressed_from| StreamHeader { length, compressed_from };
        assert!(header(100, 0).is_allowed(100));
        assert!(header(99, 100).is_allowed(100));
        for refused in [header(101, 0), header(50, 101), header(100, 100), header(100, 1)] {
            assert!(!refused.is_allowed(100), "{refused:?}");
        }
    }
}
