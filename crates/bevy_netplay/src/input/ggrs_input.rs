//! The input as ggrs sees it, and the types of its session.

use std::fmt;
use std::marker::PhantomData;

use ggrs::PredictRepeatLast;
use netplay_protocol::PeerKey;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::NetplayInput;

/// The ggrs types of a match: inputs are plain bytes, addresses are stable peer keys.
pub struct NetplayGgrs<I>(PhantomData<I>);

impl<I> fmt::Debug for NetplayGgrs<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NetplayGgrs")
    }
}

impl<I: NetplayInput> ggrs::Config for NetplayGgrs<I> {
    type Input = GgrsInput<I>;
    type InputPredictor = PredictRepeatLast;
    type State = u8;
    type Address = PeerKey;
}

/// The input of a player as ggrs wants it: serialised as its bytes, always [`GgrsInput::BYTES`] of them.
///
/// That a player is disconnected is part of its input: so it rolls back like any other change of input, and is true
/// from the same frame on for every peer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GgrsInput<I> {
    /// The input.
    pub input: I,
    /// The player has been dropped from the match.
    pub disconnected: bool,
}

impl<I> GgrsInput<I> {
    /// The size of an input, in bytes.
    pub const BYTES: usize = size_of::<I>() + 1;
}

impl<I: NetplayInput> GgrsInput<I> {
    /// The input with these bytes, if there are as many as there must be.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (disconnected, input) = bytes.split_last()?;
        let input = bytemuck::try_pod_read_unaligned(input).ok()?;
        Some(Self { input, disconnected: *disconnected != 0 })
    }
}

impl<I: NetplayInput> Serialize for GgrsInput<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeTuple;
        // A tuple of bytes has no length prefix.
        let mut tuple = serializer.serialize_tuple(Self::BYTES)?;
        bytemuck::bytes_of(&self.input)
            .iter()
            .try_for_each(|byte| tuple.serialize_element(byte))?;
        tuple.serialize_element(&u8::from(self.disconnected))?;
        tuple.end()
    }
}

impl<'de, I: NetplayInput> Deserialize<'de> for GgrsInput<I> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes<I>(PhantomData<I>);

        impl<'de, I: NetplayInput> Visitor<'de> for Bytes<I> {
            type Value = GgrsInput<I>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} bytes of input", GgrsInput::<I>::BYTES)
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut sequence: A,
            ) -> Result<Self::Value, A::Error> {
                let mut next = |place| -> Result<u8, A::Error> {
                    let missing = || Error::invalid_length(place, &"more bytes of input");
                    sequence.next_element()?.ok_or_else(missing)
                };
                let mut input = I::default();
                for (place, byte) in bytemuck::bytes_of_mut(&mut input).iter_mut().enumerate() {
                    *byte = next(place)?;
                }
                Ok(GgrsInput { input, disconnected: next(size_of::<I>())? != 0 })
            }
        }

        deserializer.deserialize_tuple(Self::BYTES, Bytes(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use netplay_core::match_::disconnected_input;

    use super::*;

    #[test]
    fn an_input_travels_as_its_bytes_and_whether_the_player_is_disconnected() {
        let ours = GgrsInput { input: [1u8, 2, 3], disconnected: false };
        let bytes = postcard::to_stdvec(&ours).unwrap();
        assert_eq!(bytes, [1, 2, 3, 0]);
        assert_eq!(postcard::from_bytes::<GgrsInput<[u8; 3]>>(&bytes).unwrap(), ours);
        assert_eq!(GgrsInput::from_bytes(&bytes), Some(ours));
        assert!(postcard::from_bytes::<GgrsInput<[u8; 3]>>(&bytes[..3]).is_err());
        assert_eq!(GgrsInput::<[u8; 3]>::from_bytes(&bytes[..3]), None);
        let disconnected =
            postcard::from_bytes::<GgrsInput<[u8; 3]>>(&disconnected_input(4)).unwrap();
        assert_eq!(disconnected, GgrsInput { input: [0; 3], disconnected: true });
    }
}
