//! Arrays of bytes in JSON: hexadecimal digits, two for each byte.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// For `#[serde(serialize_with)]`.
pub(crate) fn serialize<S: Serializer, const N: usize>(
    bytes: &[u8; N],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(bytes))
}

/// For `#[serde(deserialize_with)]`. Exactly so many digits.
pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
    deserializer: D,
) -> Result<[u8; N], D::Error> {
    let text = String::deserialize(deserializer)?;
    let mut bytes = [0; N];
    let digits = 2 * N;
    hex::decode_to_slice(&text, &mut bytes)
        .map_err(|_| Error::custom(format_args!("not {digits} hexadecimal digits")))?;
    Ok(bytes)
}
