//! Numbers of an encoded state.

use super::DecodeError;

/// Appends a number, seven bits to a byte, the least significant first.
pub(super) fn put(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number off the front of bytes.
pub(super) fn take(bytes: &mut &[u8]) -> Result<u32, DecodeError> {
    let (number, rest) = postcard::take_from_bytes(bytes)?;
    *bytes = rest;
    Ok(number)
}
