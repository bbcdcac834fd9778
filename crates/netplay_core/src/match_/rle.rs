//! A bounded decoder of the run-length encoding that ggrs uses (the crate `bitfield-rle`).
//!
//! The decoder in that crate allocates whatever the bytes claim and indexes past the end of a truncated length, so
//! nothing reaches it that was not decoded here first.
//!
//! The encoding is a sequence of runs. Each begins with a variable-length integer: an odd one is a run of zeros, or
//! of ones if its second bit is set, of a quarter of its value in bytes; an even one is followed by half its value
//! in literal bytes.

/// Decodes `code` if the result has at most `max_bytes`.
pub(super) fn decode(mut code: &[u8], max_bytes: usize) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    while !code.is_empty() {
        let head = take_varint(&mut code)?;
        let run = head & 1 == 1;
        let length = usize::try_from(if run { head >> 2 } else { head >> 1 }).ok()?;
        if length > max_bytes - decoded.len() {
            return None;
        }
        if run {
            let byte = if head & 2 == 2 { 255 } else { 0 };
            decoded.resize(decoded.len() + length, byte);
        } else {
            let (literal, rest) = code.split_at_checked(length)?;
            decoded.extend_from_slice(literal);
            code = rest;
        }
    }
    Some(decoded)
}

/// Seven bits a byte, lowest first; the top bit is set if more follow.
fn take_varint(code: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = code.split_first()?;
        *code = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn what_the_encoder_writes_is_decoded() {
        let samples: [&[u8]; 6] =
            [&[], &[0; 300], &[255; 7], &[1, 2, 3], &[0, 0, 9, 255, 255, 4], &[8; 200]];
        for sample in samples {
            let code = bitfield_rle::encode(sample);
            assert_eq!(decode(&code, sample.len()).as_deref(), Some(sample));
        }
    }

    #[test]
    fn truncated_runs_and_results_beyond_the_limit_are_refused() {
        assert_eq!(decode(&bitfield_rle::encode([0; 300]), 299), None);
        assert_eq!(decode(&[0x80], 10), None, "a truncated length");
        assert_eq!(decode(&[0xff; 12], 10), None, "an endless length");
        assert_eq!(decode(&[20, 1, 2], 100), None, "ten literal bytes, of which two are there");
        assert_eq!(decode(&[0xfd, 0xff, 0xff, 0xff, 0x7f], 100), None, "eight gigabytes of zeros");
    }
}
