//! How the values of a registered type are compared between peers and encoded.
//!
//! What a type offers decides:
//!
//! | registered by | compared | encoded |
//! | --- | --- | --- |
//! | serde | [`canonical`] bytes | postcard |
//! | `Reflect` | [`canonical`] bytes of its fields | postcard |
//! | `Hash` | what it [gives to a hasher](hashed) | no |
//! | nothing | no | no |
//!
//! A type that contains itself, or a list of elements that take no bytes, is not encoded: decoding could make a value
//! of a few bytes that is too deep for the stack or too long for the memory.

mod canonical;
mod described;
mod exact;
mod hashed;
mod keyed;
mod reflected;
mod reflected_shape;
mod shape;

use std::hash::Hash;

use bevy::reflect::{FromReflect, GetTypeRegistration, TypeRegistry, Typed};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use shape::{Shape, of as serde_shape};

use canonical::CanonicalError;

/// Why a value cannot be compared, encoded or decoded.
#[derive(Debug, thiserror::Error)]
pub(super) enum CodecError {
    /// Its `Serialize` failed, or a part of it has none.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// It could not be encoded, or the bytes are not of such a value.
    #[error(transparent)]
    Postcard(#[from] postcard::Error),
    /// The bytes are of a value with other fields than the type has.
    #[error("the encoded value does not have the fields of its type")]
    Fields,
}

pub(super) type Write<T> = fn(&T, &TypeRegistry, &mut Vec<u8>) -> Result<(), CodecError>;
/// Appends text, a line for each part.
type Describe<T> = fn(&T, &TypeRegistry, &mut String) -> Result<(), CodecError>;
type Read<T> = fn(&mut &[u8], &TypeRegistry) -> Result<T, CodecError>;

/// How the values of a type are compared and encoded.
pub(super) struct Codec<T> {
    /// By what the values are compared, as peers compare it before a match.
    pub(super) compared_by: &'static str,
    /// The parts of the type, as far as they are known: peers compare them as well.
    pub(super) shape: String,
    /// Appends what peers compare.
    pub(super) compared: Option<Write<T>>,
    /// Appends what is compared in words.
    pub(super) described: Option<Describe<T>>,
    /// Appends an encoding, and takes one off the front of bytes.
    pub(super) encoded: Option<(Write<T>, Read<T>)>,
    /// Whether two values are the same, so that replacing one by the other changes nothing. May say that they are not
    /// if it cannot tell.
    pub(super) same: fn(&T, &T) -> bool,
}

impl<T> Codec<T> {
    /// Values are kept in snapshots and neither compared nor encoded.
    pub(super) fn none() -> Self {
        Self {
            compared_by: "nothing",
            shape: String::new(),
            compared: None,
            described: None,
            encoded: None,
            same: |_, _| false,
        }
    }

    pub(super) fn serde() -> Self
    where
        T: Serialize + DeserializeOwned,
    {
        let encoded: (Write<T>, Read<T>) = (
            |value, _, bytes| append_postcard(value, bytes),
            |bytes, _| {
                let (value, rest) = postcard::take_from_bytes(bytes)?;
                *bytes = rest;
                Ok(value)
            },
        );
        let shape = shape::of::<T>();
        Self {
            compared_by: "serde",
            compared: Some(|value, _, bytes| Ok(canonical::write(value, bytes)?)),
            described: Some(|value, _, text| Ok(described::write(value, text)?)),
            encoded: shape.is_bounded.then_some(encoded),
            shape: shape.text,
            // Not by what is compared, which has one zero and one NaN.
            same: |a, b| {
                let [mut bytes_a, mut bytes_b] = [Vec::new(), Vec::new()];
                append_postcard(a, &mut bytes_a).is_ok()
                    && append_postcard(b, &mut bytes_b).is_ok()
                    && bytes_a == bytes_b
            },
        }
    }

    pub(super) fn hash() -> Self
    where
        T: Hash,
    {
        Self {
            compared_by: "Hash",
            shape: String::new(),
            compared: Some(|value, _, bytes| {
                hashed::write(value, bytes);
                Ok(())
            }),
            described: Some(|value, _, text| {
                let mut bytes = Vec::new();
                hashed::write(value, &mut bytes);
                described::write_bytes(&bytes, text);
                Ok(())
            }),
            encoded: None,
            same: |a, b| {
                let [mut bytes_a, mut bytes_b] = [Vec::new(), Vec::new()];
                hashed::write(a, &mut bytes_a);
                hashed::write(b, &mut bytes_b);
                bytes_a == bytes_b
            },
        }
    }

    pub(super) fn reflect() -> Self
    where
        T: FromReflect + Typed + GetTypeRegistration,
    {
        let encoded: (Write<T>, Read<T>) = (
            |value, registry, bytes| {
                let value = reflected::serializable(value.as_partial_reflect(), registry);
                append_postcard(&value, bytes)
            },
            reflected::read,
        );
        let (shape, is_bounded) = reflected_shape::of::<T>();
        Self {
            compared_by: "Reflect",
            shape,
            compared: Some(|value, registry, bytes| {
                let value = reflected::serializable(value.as_partial_reflect(), registry);
                Ok(canonical::write(&value, bytes)?)
            }),
            described: Some(|value, registry, text| {
                let value = reflected::serializable(value.as_partial_reflect(), registry);
                Ok(described::write(&value, text)?)
            }),
            encoded: is_bounded.then_some(encoded),
            same: |a, b| exact::same(a.as_partial_reflect(), b.as_partial_reflect()),
        }
    }
}

fn append_postcard<T: Serialize + ?Sized>(
    value: &T,
    bytes: &mut Vec<u8>,
) -> Result<(), CodecError> {
    *bytes = postcard::to_extend(value, std::mem::take(bytes))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use bevy::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Clone, Copy, Reflect, Serialize, Deserialize)]
    struct Speed(f32);

    #[test]
    fn the_same_values_have_the_same_bits() {
        for same in [Codec::<Speed>::serde().same, Codec::<Speed>::reflect().same] {
            assert!(same(&Speed(f32::NAN), &Speed(f32::NAN)));
            assert!(!same(&Speed(f32::NAN), &Speed(-f32::NAN)));
            assert!(same(&Speed(-0.0), &Speed(-0.0)) && !same(&Speed(0.0), &Speed(-0.0)));
        }
    }

    #[test]
    fn a_type_that_contains_itself_is_compared_and_not_encoded() {
        #[derive(Reflect, Serialize, Deserialize)]
        #[reflect(no_field_bounds)]
        struct Tree(Vec<Tree>);
        for codec in [Codec::<Tree>::serde(), Codec::<Tree>::reflect()] {
            assert!(codec.encoded.is_none());
            let mut bytes = Vec::new();
            let tree = Tree(vec![Tree(vec![]), Tree(vec![Tree(vec![])])]);
            let mut registry = TypeRegistry::new();
            registry.register::<Tree>();
            codec.compared.unwrap()(&tree, &registry, &mut bytes).unwrap();
            assert_eq!(bytes.len(), 4 * size_of::<u64>());
        }
    }
}
