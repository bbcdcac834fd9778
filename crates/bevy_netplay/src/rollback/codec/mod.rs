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

mod canonical;
mod hashed;
mod reflected;
mod shape;

use std::hash::Hash;

use bevy::reflect::{FromReflect, GetTypeRegistration, TypeRegistry, Typed};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(in crate::rollback) use reflected::shape as reflected_shape;
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

type Write<T> = fn(&T, &TypeRegistry, &mut Vec<u8>) -> Result<(), CodecError>;
type Read<T> = fn(&mut &[u8], &TypeRegistry) -> Result<T, CodecError>;

/// How the values of a type are compared and encoded.
pub(super) struct Codec<T> {
    /// Appends what peers compare.
    pub(super) compared: Option<Write<T>>,
    /// Appends an encoding, and takes one off the front of bytes.
    pub(super) encoded: Option<(Write<T>, Read<T>)>,
    /// Whether two values are the same. May say that they are not if it cannot tell.
    pub(super) same: fn(&T, &T) -> bool,
}

impl<T> Clone for Codec<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Codec<T> {}

impl<T> Codec<T> {
    /// Values are kept in snapshots and neither compared nor encoded.
    pub(super) fn none() -> Self {
        Self { compared: None, encoded: None, same: |_, _| false }
    }

    pub(super) fn serde() -> Self
    where
        T: Serialize + DeserializeOwned,
    {
        Self {
            compared: Some(|value, _, bytes| Ok(canonical::write(value, bytes)?)),
            encoded: Some((
                |value, _, bytes| append_postcard(value, bytes),
                |bytes, _| {
                    let (value, rest) = postcard::take_from_bytes(bytes)?;
                    *bytes = rest;
                    Ok(value)
                },
            )),
            same: |a, b| {
                let [mut bytes_a, mut bytes_b] = [Vec::new(), Vec::new()];
                canonical::write(a, &mut bytes_a).is_ok()
                    && canonical::write(b, &mut bytes_b).is_ok()
                    && bytes_a == bytes_b
            },
        }
    }

    pub(super) fn hash() -> Self
    where
        T: Hash,
    {
        Self {
            compared: Some(|value, _, bytes| {
                hashed::write(value, bytes);
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
        Self {
            compared: Some(|value, registry, bytes| {
                Ok(canonical::write(&reflected::serializable(value, registry), bytes)?)
            }),
            encoded: Some((
                |value, registry, bytes| {
                    append_postcard(&reflected::serializable(value, registry), bytes)
                },
                reflected::read,
            )),
            same: |a, b| a.reflect_partial_eq(b.as_partial_reflect()) == Some(true),
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
