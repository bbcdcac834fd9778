//! How inputs travel: as their plain bytes, or by serde.
//!
//! Every input of a match has the same number of bytes, so that the input log and the encoding of several frames need
//! no separators. A serde type has as many as its longest value.

use std::any::TypeId;
use std::sync::{PoisonError, RwLock};

use bevy::platform::collections::HashMap;
use bytemuck::Pod;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::NetplayInput;
use crate::rollback::{Shape, serde_shape};

/// How an input is encoded: [`AsBytes`] or [`AsSerde`].
pub trait InputEncoding<I>: private::Sealed + Send + Sync + 'static {
    /// How many bytes an encoded input has. None if that is not the same for all inputs.
    #[doc(hidden)]
    fn len() -> Option<usize>;

    /// Appends the encoding of an input, at most [`len`](Self::len) bytes.
    #[doc(hidden)]
    fn write(input: &I, bytes: &mut Vec<u8>);

    /// The input with this encoding; the default input if there is none, so that every peer reads the same from bytes
    /// that a peer has made up.
    #[doc(hidden)]
    fn read(bytes: &[u8]) -> I;

    /// Whether two inputs have the same encoding.
    #[doc(hidden)]
    fn is_same(input: &I, other: &I) -> bool;

    /// What others read from the encoding of an input.
    #[doc(hidden)]
    fn as_sent(input: I) -> I;

    /// What peers compare before a match.
    #[doc(hidden)]
    fn shape() -> String;
}

/// Inputs are `Pod`, and travel as their bytes in memory.
#[derive(Clone, Copy, Debug)]
pub struct AsBytes;

/// Inputs implement `Serialize` and `Deserialize`, and have a greatest size: numbers, enums, arrays and structs of
/// these, but neither strings nor lists nor maps. What is not serialized, or rounded by it, is so for every player: an
/// input is simulated as the others receive it, which must serialize to the same bytes again.
#[derive(Clone, Copy, Debug)]
pub struct AsSerde;

pub(super) mod private {
    pub trait Sealed {}
    impl Sealed for super::AsBytes {}
    impl Sealed for super::AsSerde {}
}

impl<I: NetplayInput + Pod> InputEncoding<I> for AsBytes {
    fn len() -> Option<usize> {
        Some(size_of::<I>())
    }

    fn write(input: &I, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(bytemuck::bytes_of(input));
    }

    fn read(bytes: &[u8]) -> I {
        bytemuck::try_pod_read_unaligned(bytes).unwrap_or_default()
    }

    fn is_same(input: &I, other: &I) -> bool {
        bytemuck::bytes_of(input) == bytemuck::bytes_of(other)
    }

    fn as_sent(input: I) -> I {
        input
    }

    fn shape() -> String {
        format!("{} bytes", size_of::<I>())
    }
}

impl<I: NetplayInput + Serialize + DeserializeOwned> InputEncoding<I> for AsSerde {
    fn len() -> Option<usize> {
        serde_len::<I>()
    }

    fn write(input: &I, bytes: &mut Vec<u8>) {
        let start = bytes.len();
        let len = serde_len::<I>().unwrap_or_default();
        bytes.resize(start + len, 0);
        // It fits, unless the type serializes what it would not read.
        if postcard::to_slice(input, &mut bytes[start..]).is_err() {
            bytes[start..].fill(0);
        }
    }

    fn read(bytes: &[u8]) -> I {
        postcard::take_from_bytes(bytes).map_or_else(|_| I::default(), |(input, _)| input)
    }

    fn is_same(input: &I, other: &I) -> bool {
        serialized(input) == serialized(other)
    }

    fn as_sent(input: I) -> I {
        Self::read(&serialized(&input))
    }

    fn shape() -> String {
        serde_shape::<I>().text
    }
}

fn serialized<I: NetplayInput + Serialize + DeserializeOwned>(input: &I) -> Vec<u8> {
    let mut bytes = Vec::new();
    AsSerde::write(input, &mut bytes);
    bytes
}

/// The length of the longest encoding of a type. Finding it takes many times as long as encoding an input does, which
/// happens several times per frame: it is found once.
fn serde_len<I: DeserializeOwned + 'static>() -> Option<usize> {
    static LENGTHS: RwLock<Option<HashMap<TypeId, Option<usize>>>> = RwLock::new(None);
    let known = LENGTHS.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(len) = known.as_ref().and_then(|known| known.get(&TypeId::of::<I>())) {
        return *len;
    }
    drop(known);
    let Shape { max_bytes, .. } = serde_shape::<I>();
    let mut known = LENGTHS.write().unwrap_or_else(PoisonError::into_inner);
    known.get_or_insert_default().insert(TypeId::of::<I>(), max_bytes);
    max_bytes
}

#[cfg(test)]
mod tests {
    use bevy::math::Vec2;
    use serde::Deserialize;

    use super::*;

    #[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
    enum Action {
        #[default]
        Stand,
        Walk {
            stick: [f32; 2],
            runs: bool,
        },
        Aim(Option<u16>),
    }

    fn bytes<I: NetplayInput, E: InputEncoding<I>>(input: I) -> Vec<u8> {
        let mut bytes = Vec::new();
        E::write(&input, &mut bytes);
        bytes
    }

    #[test]
    fn an_input_by_serde_has_always_as_many_bytes_and_is_read_as_it_was_written() {
        let stick = Vec2::new(0.5, -1.0).to_array();
        for input in
            [Action::Stand, Action::Walk { stick, runs: true }, Action::Aim(Some(u16::MAX))]
        {
            let bytes = bytes::<_, AsSerde>(input);
            assert_eq!(bytes.len(), 10);
            assert_eq!(<AsSerde as InputEncoding<Action>>::read(&bytes), input);
        }
    }

    #[test]
    fn bytes_that_are_no_input_are_the_default_one() {
        assert_eq!(<AsSerde as InputEncoding<Action>>::read(&[9; 10]), Action::Stand);
        assert_eq!(<AsSerde as InputEncoding<Action>>::read(&[]), Action::Stand);
        assert_eq!(<AsBytes as InputEncoding<u32>>::read(&[1, 2]), 0);
    }

    #[test]
    fn a_pod_input_travels_as_its_bytes() {
        assert_eq!(bytes::<_, AsBytes>([1_u8, 2, 3]), [1, 2, 3]);
        assert_eq!(<AsBytes as InputEncoding<[u8; 3]>>::read(&[1, 2, 3]), [1, 2, 3]);
        assert_eq!(<AsBytes as InputEncoding<[u8; 3]>>::len(), Some(3));
    }

    #[test]
    fn what_machines_have_in_other_widths_has_the_same_on_all() {
        assert_eq!(
            <AsSerde as InputEncoding<usize>>::len(),
            <AsSerde as InputEncoding<u64>>::len()
        );
    }
}
